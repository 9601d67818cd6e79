"""Scenarios: cursor paging (RFC 9865) and its dialects, and servers that a profile describes."""

from __future__ import annotations

from dataclasses import replace

from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, is_list, told, when
from tests.faults.directory import LIST_RESPONSE, answer, error
from tests.faults.on_paging import replace_first
from tests.faults.scenario import BROKEN_OFF, COMPLETE, INCOMPLETE, NOT_COMPLETE, UNPROVABLE, Scenario
from tests.faults.server import Answer, Handler, Request
from tests.faults.well_behaved import CAP, well
from tests.faults.world import Resource, World, world_of

ADVERTISED = paging.advertise(
    cursor=True, index=True, defaultPaginationMethod="cursor", defaultPageSize=7, maxPageSize=7
)
CURSOR = (paging.cursor(7), ADVERTISED)
NO_TOTAL = (paging.cursor(7, with_total=False), ADVERTISED)
NO_WITNESS = (shapes.without("/Groups"), paging.refuse(shapes.is_filtered, error(400, "no", "invalidFilter")))


def gap(inner: Handler, world: World) -> Handler:
    """An empty page, with a cursor of its own, stands before the third page."""

    def handle(request: Request) -> Answer:
        if request.query.get("cursor") == "gap":
            return answer(
                {"schemas": [LIST_RESPONSE], "totalResults": len(world.users), "Resources": [], "nextCursor": "c-14"}
            )
        given = inner(request)
        return replace(given, body=given.body.replace(b'"c-14"', b'"gap"')) if is_list(request, "Users") else given

    return handle


def bad(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """A server whose cursors deviate."""
    return Scenario(name, catalogue, "cursor", story, behaviours, **({"walk": INCOMPLETE} | more))


WELL_BEHAVED = (
    well("cursor", "RFC 9865, advertised, with totals", *CURSOR, catalogue="L16"),
    well("cursor-unasked", "nextCursor comes unasked and is not advertised", paging.cursor(7), catalogue="L16"),
    well("cursor-without-total", "cursors and no totalResults; groups close", *NO_TOTAL),
    well(
        "cursor-awkward",
        "cursors full of characters that must be percent-encoded",
        ADVERTISED,
        paging.cursor(7, alphabet="a+/=&% :#?ü"),
        catalogue="M21",
    ),
    well(
        "cursor-null-at-end", "the last page says nextCursor null", *CURSOR, paging.next_cursor(lambda said, *_: said)
    ),
    well("cursor-empty-page", "an empty page with a cursor stands in the middle", *CURSOR, gap, catalogue="M10"),
    well(
        "cursor-expires-once",
        "the cursor expires once; a new walk succeeds",
        paging.cursor(7, expire=lambda turn: turn == 2),
        ADVERTISED,
    ),
)


def _twice(said: str | None, _request: Request, _body: Resource) -> object:
    """The third page's cursor leads back to the second page."""
    return "c-7" if said == "c-21" else ... if said is None else said


CURSORS = (
    bad("cursor-repeats", "L16", "nextCursor is the same for ever", *CURSOR, paging.next_cursor(lambda *_: "c-7")),
    bad("cursor-loops", "L16", "the cursor leads back to an earlier page", *CURSOR, paging.next_cursor(_twice)),
    bad(
        "cursor-always-expires",
        "M21",
        "the second cursor has always expired",
        ADVERTISED,
        paging.cursor(7, expire=lambda turn: turn % 2 == 0),
        walk=BROKEN_OFF,
    ),
    bad(
        "cursor-refused",
        "L16",
        "every cursor is refused as invalidCursor",
        *CURSOR,
        paging.refuse(lambda r: r.query.get("cursor", "") != "", error(400, "no", "invalidCursor")),
        walk=BROKEN_OFF,
    ),
    bad(
        "cursor-unsupported-501",
        "L16",
        "cursors are advertised and answered by 501",
        CAP,
        ADVERTISED,
        paging.refuse(lambda r: "cursor" in r.query, error(501, "no cursors")),
        walk=COMPLETE | INCOMPLETE,
    ),
    bad(
        "cursor-missing-early",
        "M21",
        "the second page leaves nextCursor out, rows remain",
        *CURSOR,
        paging.next_cursor(lambda said, *_: ... if said in (None, "c-14") else said),
    ),
    bad(
        "cursor-missing-early-without-total",
        "M21",
        "the same, and no total",
        *NO_TOTAL,
        paging.next_cursor(lambda said, *_: ... if said in (None, "c-14") else said),
        walk=NOT_COMPLETE,
    ),
    bad(
        "cursor-without-total-or-witness",
        "M21",
        "no total, no groups, no filter, no seat count",
        *NO_TOTAL,
        *NO_WITNESS,
        walk=UNPROVABLE,
    ),
    bad(
        "cursor-rows-twice",
        "M5",
        "each page begins with the last row of the one before",
        *CURSOR,
        when(lambda r: is_list(r, "Users"), lambda inner, world: _overlapping(inner)),
        walk=INCOMPLETE,
    ),
    bad(
        "cursor-drops-rows",
        "M11",
        "a row is missing from one page and counted",
        *CURSOR,
        told(lambda r, b: b | {"Resources": b["Resources"][1:]} if r.query.get("cursor") == "c-7" else b),
    ),
    bad(
        "cursor-drops-rows-without-total",
        "M11",
        "a row is missing from one page; a group still names it",
        *NO_TOTAL,
        told(lambda r, b: b | {"Resources": [row for row in b["Resources"] if row["id"] != "id-0001"]}),
        world=world_of(23, lambda world: world.groups[0]["members"].append({"value": "id-0001"})),
        mentions=("W4|group|member|hole",),
    ),
    bad(
        "cursor-is-a-number",
        "M21",
        "nextCursor is a number",
        *CURSOR,
        paging.next_cursor(lambda said, *_: int(said[2:]) if said else ...),
        walk=COMPLETE | BROKEN_OFF,
    ),
    bad(
        "cursor-empty-text-at-end",
        "M21",
        'the last page says nextCursor ""',
        *CURSOR,
        paging.next_cursor(lambda said, *_: said or ""),
        walk=COMPLETE | NOT_COMPLETE,
    ),
    bad(
        "cursor-total-capped",
        "M3",
        "cursors go on past a total of 10",
        *CURSOR,
        paging.total(lambda _r, _n, t: min(10, t)),
        mentions=("total",),
    ),
    bad(
        "cursor-replaced-once",
        "M43",
        "offsets as cursors; one goes and one comes during the walk, so a row is skipped and the total stays",
        paging.cursor(7),
        paging.moving({4: replace_first}),
        walk=COMPLETE,
        mentions=("begun again: unstable: the second pass",),
    ),
    bad(
        "cursor-replaced-before-every-page",
        "M43",
        "the same before every page",
        paging.cursor(7),
        paging.moving({}, every=replace_first),
    ),
    bad(
        "cursor-reordered-once",
        "M14 M43",
        "offsets as cursors; the rows change places during the walk",
        paging.cursor(7),
        paging.moving({4: lambda world: world.users.reverse()}),
    ),
    bad(
        "cursor-endless-empty",
        "M10",
        "empty pages, each with a new cursor, for ever",
        told(
            lambda r, b: (
                b
                | {
                    "Resources": [],
                    "nextCursor": f"c{len(r.query.get('cursor', ''))}" + "x" * len(r.query.get("cursor", "")),
                }
            )
        ),
        requests=640,
        walk=BROKEN_OFF,
    ),
)


def _overlapping(inner: Handler) -> Handler:
    def handle(request: Request) -> Answer:
        found = request.query.get("cursor", "")
        if found.startswith("c-"):
            return inner(request.asking(cursor=f"c-{int(found[2:]) - 1}"))
        return inner(request)

    return handle
