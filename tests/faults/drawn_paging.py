"""Faults of paging, totals, order and cursors, to be drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tests.faults import paging
from tests.faults.compose import Behaviour, asked, fields, instead, is_list, only, told, when
from tests.faults.directory import error
from tests.faults.fault import Fault
from tests.faults.world import Resource, World, user

Change = Callable[[World], None]


def _holes(chance: Random) -> Behaviour:
    places = set(chance.sample(range(1, 25), chance.randint(1, 2)))
    return paging.holes(places, least=chance.choice([0, 2, 7]))


def _blank(chance: Random) -> Behaviour:
    low = chance.randint(1, 24)
    return paging.blank(low, low + chance.choice([0, 3, 6, 999]))


def _same_page_twice(chance: Random) -> Behaviour:
    low = chance.randint(2, 12)
    return when(
        lambda r: is_list(r, "Users") and low <= r.number_of("startIndex", 1) <= low + 6, paging.ignore("startIndex")
    )


def _short_page(chance: Random) -> Behaviour:
    at, rows = chance.randint(2, 20), chance.randint(2, 4)
    return when(lambda r: r.number_of("startIndex", 1) >= at, paging.cap(rows))


def _past_end(chance: Random) -> Behaviour:
    status = chance.choice([400, 404, 500])
    refusal = paging.past_end(lambda _r, _f: error(status, "no such page"))
    return chance.choice([paging.past_end(paging.clamp), paging.past_end(paging.wrap_around), refusal])


def _unordered(chance: Random) -> Behaviour:
    return paging.unordered(sortable=chance.random() < 0.5, each_request=chance.random() < 0.5)


def _total(chance: Random) -> Behaviour:
    bound = chance.randint(1, 20)
    claims: list[Callable[[object, int, int], object]] = [
        lambda _r, rows, _t: rows,
        lambda _r, _n, t: min(bound, t),
        lambda _r, _n, t: t + bound,
        lambda _r, _n, t: max(0, t - bound),
        lambda *_: 0,
        lambda *_: -1,
        lambda *_: None,
        lambda *_: "many",
        lambda _r, _n, t: t + 0.5,
    ]
    return paging.total(chance.choice(claims))


def _total_shrinks(_chance: Random) -> Behaviour:
    return paging.total(lambda r, _n, t: max(0, t - r.number_of("startIndex", 1) + 1))


def _delete(chance: Random) -> Change:
    place = chance.random()

    def change(world: World) -> None:
        if len(world.users) > 1:
            world.gone.append(world.users.pop(int(place * len(world.users))))

    return change


def _create(chance: Random) -> Change:
    place = chance.choice([0.0, 1.0, chance.random()])

    def change(world: World) -> None:
        number = 100 + len(world.users) + len(world.gone)
        world.users.insert(round(place * len(world.users)), user(number))

    return change


def _swap(chance: Random) -> Change:
    delete, create = _delete(chance), _create(chance)

    def change(world: World) -> None:
        if len(world.users) > 1:
            delete(world)
            create(world)

    return change


def _reorder(chance: Random) -> Change:
    seed = chance.random()
    return lambda world: Random(seed).shuffle(world.users)


def _moving(kinds: list[Callable[[Random], Change]]) -> Callable[[Random], Behaviour]:
    """Changes before some of the next dozen lists of accounts, or one before each list."""

    def draw(chance: Random) -> Behaviour:
        if chance.random() < 0.2:
            return paging.moving({}, every=chance.choice(kinds)(chance))
        turns = chance.sample(range(2, 14), chance.randint(1, 3))
        return paging.moving({turn: chance.choice(kinds)(chance) for turn in turns})

    return draw


def _cursor_loops(chance: Random) -> Behaviour:
    """A cursor leads back: always to the same page, or from the n-th page to the second."""
    at = chance.randint(2, 9)

    def change(said: str | None, request: object, _body: Resource) -> object:
        if said is None:
            return ...
        return "c-3" if int(said[2:]) > at else said

    return paging.next_cursor(change)


def _cursor_left_out(chance: Random) -> Behaviour:
    at = chance.randint(1, 15)
    return paging.next_cursor(lambda said, *_: ... if said is None or int(said[2:]) >= at else said)


def _cursor_odd(chance: Random) -> Behaviour:
    value = chance.choice([7, True, "c-999", "junk", [], {}])
    return paging.next_cursor(lambda said, *_: ... if said is None else value)


def _cursor_expires(chance: Random) -> Behaviour:
    turns = set(chance.sample(range(1, 9), chance.randint(1, 3)))
    refusal = error(400, "this cursor has expired", "expiredCursor")
    return when(lambda r: bool(r.query.get("cursor")), instead(lambda _r: refusal, "Users", turns.__contains__))


def _groups_paged_badly(chance: Random) -> Behaviour:
    return chance.choice(
        [
            only("Groups", paging.ignore("startIndex")),
            only("Groups", told(lambda _r, b: b | {"totalResults": min(2, b["totalResults"])}, None)),
            only("Groups", asked(paging.zero_based)),
            only("Groups", told(lambda _r, b: b | {"Resources": b["Resources"][:-1]}, None)),
        ]
    )


PAGING: Final = (
    Fault("ignores-start", "paging", "pages", lambda _c: paging.ignore("startIndex")),
    Fault("ignores-count", "paging", "pages", lambda _c: paging.ignore("count")),
    Fault("ignores-sort", "paging", "pages", lambda _c: paging.ignore("sortBy"), harmless=True),
    Fault("shifted", "paging", "pages", lambda c: paging.shifted(c.choice([-2, -1, 1, 2]))),
    Fault("zero-based", "paging", "pages", lambda _c: asked(paging.zero_based), hides=True),
    Fault("page-number", "paging", "pages", lambda c: paging.page_number(c.choice([3, 7]))),
    Fault("page-floor", "paging", "pages", lambda c: paging.page_floor(c.choice([5, 20]))),
    Fault("count-refused", "paging", "pages", lambda c: paging.count_over(c.choice([5, 10, 50]), c.choice([400, 500]))),
    Fault("start-refused", "paging", "pages", lambda c: paging.start_over(c.randint(1, 20))),
    Fault("ceiling", "paging", "pages", lambda c: paging.ceiling(c.randint(3, 20)), hides=True, counts=True),
    Fault("holes", "paging", "pages", _holes, hides=True),
    Fault("blank", "paging", "pages", _blank, hides=True),
    Fault("same-page-twice", "paging", "pages", _same_page_twice),
    Fault("short-page", "paging", "pages", _short_page, harmless=True),
    Fault("groups-paged-badly", "groups", "pages", _groups_paged_badly),
    Fault("past-end", "order", "rows known", _past_end, alone="rows known"),
    Fault("unordered", "order", "rows known", _unordered, alone="rows known"),
    Fault("stores", "order", "rows known", lambda c: paging.stores(c.randint(2, 20)), hides=True, alone="rows known"),
    Fault("total-lies", "total", "pages", _total, counts=True, alone="total"),
    Fault("total-shrinks", "total", "pages", _total_shrinks, counts=True, alone="total"),
    Fault("total-absent", "total", "pages", lambda _c: fields(totalResults=...), counts=True, alone="total"),
    Fault(
        "items-per-page-lies",
        "total",
        "pages",
        lambda c: fields(None, itemsPerPage=c.choice([0, 1000, "x", None])),
        harmless=True,
    ),
    Fault("deleted", "moving", "world", _moving([_delete])),
    Fault("created", "moving", "world", _moving([_create])),
    Fault("swapped", "moving", "world", _moving([_swap])),
    Fault("reordered", "moving", "world", _moving([_reorder])),
    Fault("stirred", "moving", "world", _moving([_delete, _create, _swap, _reorder])),
    Fault("start-zero-refused", "paging", "pages", lambda c: refuse_start(c.choice([400, 422, 500]))),
)

CURSOR: Final = (
    Fault("cursor-loops", "cursor", "pages", _cursor_loops, alone="cursor"),
    Fault("cursor-left-out", "cursor", "pages", _cursor_left_out, hides=True, alone="cursor"),
    Fault("cursor-odd", "cursor", "pages", _cursor_odd, hides=True, alone="cursor"),
    Fault("cursor-expires", "cursor", "bytes", _cursor_expires),
)
"""For servers that page by cursor alone."""


def refuse_start(status: int) -> Behaviour:
    """``startIndex=0`` is refused."""
    return paging.refuse(lambda r: r.number_of("startIndex", 1) < 1, error(status, "startIndex", "invalidValue"))
