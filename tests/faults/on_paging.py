"""Scenarios: deviations in index paging and totals."""

from __future__ import annotations

from collections.abc import Callable

from scimaudit.errors import Malformed, Unavailable
from tests.faults import paging, shapes, wire
from tests.faults.compose import Behaviour, after, asked, first, instead, is_list, only, sent, told, when
from tests.faults.directory import error
from tests.faults.scenario import BROKEN_OFF, COMPLETE, INCOMPLETE, NOT_COMPLETE, UNPROVABLE, Scenario
from tests.faults.server import Request
from tests.faults.well_behaved import CAP, EITHER, NO_SORT
from tests.faults.world import Resource, World, user, world_of


def bad(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """A server whose paging deviates."""
    return Scenario(name, catalogue, "paging", story, behaviours, **({"walk": INCOMPLETE} | more))


def _delete(place: int) -> Callable[[World], None]:
    def change(world: World) -> None:
        if len(world.users) > 3:
            world.gone.append(world.users.pop(place))

    return change


def _create(world: World) -> None:
    world.users.append(user(100 + len(world.users)))


def _create_first(world: World) -> None:
    world.users.insert(0, user(100 + len(world.users)))


def replace_first(world: World) -> None:
    """One goes, one comes: the total stays."""
    world.gone.append(world.users.pop(0))
    world.users.append(user(500 + int(world.users[-1]["id"][-4:])))


PAGING = (
    bad(
        "total-is-page-rows",
        "M1",
        "totalResults counts the rows of this page",
        CAP,
        paging.total(lambda _r, rows, _t: rows),
        mentions=("total",),
    ),
    bad(
        "total-is-page-rows-constant",
        "M1",
        "the same, and every page happens to be full",
        CAP,
        paging.total(lambda _r, rows, _t: 7 if rows else 0),
        world=world_of(25),
        mentions=("total",),
    ),
    bad(
        "total-minus-offset",
        "M2",
        "totalResults shrinks by the offset",
        CAP,
        paging.total(lambda r, _n, t: max(0, t - r.number_of("startIndex", 1) + 1)),
        mentions=("total",),
    ),
    bad(
        "total-capped",
        "M3 L1",
        "totalResults is at most 10, the rows go on",
        CAP,
        paging.total(lambda _r, _n, t: min(10, t)),
        mentions=("total",),
    ),
    bad(
        "total-capped-at-page",
        "M3 L1",
        "totalResults is the page cap, the rows go on",
        paging.cap(10),
        paging.total(lambda _r, _n, t: min(10, t)),
        mentions=("total",),
    ),
    bad(
        "total-too-high",
        "M1",
        "totalResults counts one that is never shown",
        CAP,
        paging.total(lambda _r, _n, t: t + 1),
        mentions=("total",),
    ),
    bad(
        "total-zero", "M1", "totalResults is 0 although rows come", CAP, paging.total(lambda *_: 0), mentions=("total",)
    ),
    bad("total-negative", "M1", "totalResults is -1", CAP, paging.total(lambda *_: -1)),
    bad(
        "truncated-with-matching-total",
        "M3 M4 M48",
        "the first ten for any page, and totalResults says ten",
        paging.ceiling(10),
        walk=NOT_COMPLETE,
    ),
    bad(
        "ceiling-hundred",
        "M48",
        "a hundred rows at most for any query, and no paging",
        paging.ceiling(100),
        world=world_of(120),
        walk=NOT_COMPLETE,
    ),
    bad(
        "start-ignored", "M4 L2", "page 1 for ever, with the true total", CAP, paging.ignore("startIndex"), mentions=()
    ),
    bad(
        "start-ignored-echoed",
        "M4 L2",
        "page 1 for ever, while startIndex is echoed as asked",
        CAP,
        paging.ignore("startIndex"),
        told(lambda r, b: b | {"startIndex": r.number_of("startIndex", 1)}),
    ),
    bad(
        "paging-ignored-all-rows",
        "M4",
        "everyone each time, whatever is asked",
        paging.ignore("startIndex", "count"),
        walk=EITHER,
    ),
    bad(
        "count-ignored", "M4", "everyone from startIndex on, whatever count says", paging.ignore("count"), walk=COMPLETE
    ),
    bad("page-starts-early", "M5", "pages after the first begin one row early", CAP, paging.shifted(-1)),
    bad("page-starts-late", "M5", "pages after the first begin one row late", CAP, paging.shifted(1)),
    bad(
        "zero-based", "M6", "startIndex counts from 0", CAP, asked(paging.zero_based), mentions=("origin|first|total",)
    ),
    bad(
        "zero-based-one-page", "M6", "startIndex counts from 0, and everyone fits on one page", asked(paging.zero_based)
    ),
    bad(
        "zero-based-total-agrees",
        "M6",
        "startIndex counts from 0, and the total leaves the skipped row out",
        CAP,
        asked(paging.zero_based),
        paging.total(lambda _r, _n, t: t - 1),
    ),
    bad("page-number", "M7", "startIndex is a page number", paging.page_number(7)),
    bad(
        "page-floor",
        "M8",
        "startIndex is floored to pages of 20",
        paging.page_floor(20),
        world=world_of(45),
        walk=COMPLETE | INCOMPLETE,
    ),
    bad(
        "clamps-past-end",
        "M9",
        "past the end come the last rows again",
        paging.past_end(paging.clamp),
        CAP,
        walk=NOT_COMPLETE,
    ),
    bad(
        "wraps-past-end",
        "M9 L3",
        "past the end comes the first page again",
        paging.past_end(paging.wrap_around),
        CAP,
        walk=NOT_COMPLETE,
    ),
    bad(
        "not-found-past-end",
        "M39",
        "past the end comes 404",
        paging.past_end(lambda _r, _f: error(404, "no such page")),
        CAP,
        walk=COMPLETE | NOT_COMPLETE,
    ),
    bad(
        "error-past-end",
        "M39",
        "past the end comes 500",
        paging.past_end(lambda _r, _f: error(500, "broken")),
        CAP,
        walk=NOT_COMPLETE | BROKEN_OFF,
    ),
    bad("empty-page-in-middle", "M10", "an empty page in the middle", CAP, paging.blank(6, 14)),
    bad("empty-from-second-page", "M10", "nothing after the first page", CAP, paging.blank(2, 999)),
    bad("row-dropped-in-page", "M11", "a row inside a page is dropped and still counted", CAP, paging.holes({11})),
    bad("first-row-dropped", "M11", "the very first row is dropped and still counted", CAP, paging.holes({1})),
    bad("last-row-dropped", "M11", "the very last row is dropped and still counted", CAP, paging.holes({23})),
    bad(
        "row-dropped-not-counted",
        "M11",
        "a row inside a page is dropped and not counted",
        CAP,
        paging.holes({11}, counted=False),
        walk=INCOMPLETE,
    ),
    bad(
        "row-dropped-from-one-page-list",
        "M11",
        "everyone on one page, one row dropped and still counted",
        paging.holes({11}),
    ),
    bad(
        "two-rows-dropped-at-seams", "M11", "rows at the seams of pages are dropped", CAP, paging.holes({7, 8, 13, 14})
    ),
    bad(
        "row-dropped-from-full-pages",
        "M11",
        "a row is dropped only where a page is full",
        CAP,
        paging.holes({11}, least=7),
    ),
    bad("no-order", "M14", "another order for each request, sortBy ignored", paging.unordered(), CAP, *NO_SORT),
    bad(
        "no-order-sort-claimed",
        "M14",
        "another order for each request, although sort is advertised",
        paging.unordered(),
        CAP,
    ),
    bad("order-by-page", "M14", "the order depends on startIndex and count", paging.unordered(each_request=False), CAP),
    bad("stores-skip", "M15", "with two stores a row falls between pages", paging.stores(11), CAP),
    bad(
        "count-over-500",
        "M19",
        "a count above 10 is answered by 500",
        paging.count_over(10, 500),
        walk=COMPLETE | NOT_COMPLETE,
        error=Unavailable,
    ),
    bad(
        "any-count-500",
        "L4",
        "any count is answered by 500, in HTML that calls itself SCIM",
        when(lambda r: "count" in r.query, instead(wire.page_of_html(500, kind="application/scim+json"), None)),
        walk=COMPLETE | NOT_COMPLETE,
        error=(Unavailable, Malformed),
    ),
    bad("start-ceiling", "M20", "startIndex past 12 is refused with 400", CAP, paging.start_over(12), walk=BROKEN_OFF),
    bad(
        "filter-loses-paging",
        "M35",
        "with a filter paging is ignored",
        CAP,
        when(shapes.is_filtered, paging.ignore("startIndex", "count")),
        walk=COMPLETE,
    ),
    bad(
        "deleted-once",
        "M43",
        "an account is deleted during the walk, then all is still",
        CAP,
        paging.moving({3: _delete(0)}),
        walk=COMPLETE | INCOMPLETE,
    ),
    bad(
        "created-once",
        "M43 L15",
        "an account is created during the walk, newest first, then all is still",
        CAP,
        paging.moving({3: _create_first}),
        walk=COMPLETE | INCOMPLETE,
    ),
    bad(
        "replaced-once",
        "M43",
        "one goes and one comes during the walk, the total stays",
        CAP,
        paging.moving({3: replace_first}),
        walk=COMPLETE | INCOMPLETE,
    ),
    bad(
        "always-growing",
        "M43",
        "an account is created before every page",
        CAP,
        paging.moving({}, every=_create),
        mentions=("moving|chang|total",),
    ),
    bad(
        "always-growing-newest-first", "M43 L15", "the same, newest first", CAP, paging.moving({}, every=_create_first)
    ),
    bad(
        "always-replaced",
        "M43",
        "one goes and one comes before every page",
        CAP,
        paging.moving({}, every=replace_first),
    ),
    bad("count-boundary-dup", "M5", "each page repeats the last two rows of the one before", CAP, paging.shifted(-2)),
    bad(
        "same-page-twice",
        "M4",
        "page 2 is page 1, then all goes on",
        CAP,
        when(lambda r: is_list(r, "Users") and 2 <= r.number_of("startIndex", 1) <= 7, paging.ignore("startIndex")),
    ),
    bad(
        "endless",
        "M4 M9",
        "there is always another new account",
        CAP,
        told(lambda r, b: b | {"totalResults": 9_999_999, "Resources": _invented(r)}),
        requests=640,
        mentions=("total|budget|limit|pages|circle|refus|508",),
        walk=BROKEN_OFF,
    ),
    bad("no-accounts", "M16 M22", "a true list of nobody", world=lambda: World([], []), walk=UNPROVABLE),
    bad(
        "no-accounts-but-total",
        "M10",
        "totalResults 23 and no rows at all",
        paging.blank(-9, 999),
        walk=INCOMPLETE,
        error=Malformed,
    ),
    bad(
        "groups-paging-ignored",
        "M4",
        "only the list of groups ignores startIndex",
        only("Groups", paging.cap(2)),
        only("Groups", paging.ignore("startIndex")),
        walk=COMPLETE,
        entitlements=BROKEN_OFF | UNPROVABLE,
    ),
    bad(
        "groups-total-capped",
        "M3",
        "only the list of groups understates its total",
        only("Groups", paging.cap(2)),
        only("Groups", told(lambda _r, b: b | {"totalResults": min(2, b["totalResults"])}, None)),
        walk=COMPLETE,
        entitlements=BROKEN_OFF | UNPROVABLE,
    ),
    bad(
        "second-page-fails",
        "M40",
        "the second page is 500, for ever",
        CAP,
        instead(lambda _r: error(500, "broken"), "Users", after(2)),
        walk=BROKEN_OFF,
        mentions=("500|broken",),
    ),
    bad(
        "fails-then-well",
        "M45",
        "the second page is 503 twice, then all is well",
        CAP,
        when(lambda r: r.number_of("startIndex", 1) > 1, instead(lambda _r: error(503, "busy"), "Users", first(2))),
        walk=COMPLETE,
    ),
    bad(
        "short-page-in-middle",
        "L5",
        "one page has fewer rows than the others",
        CAP,
        when(lambda r: r.number_of("startIndex", 1) > 6, paging.cap(3)),
        walk=COMPLETE,
    ),
    bad("slow-server", "L24", "a twentieth of a second for each page", sent(None, delay=0.05), walk=COMPLETE),
)


def _invented(request: Request) -> list[Resource]:
    start = request.number_of("startIndex", 1)
    return [user(1000 + number) for number in range(start, start + 7)]
