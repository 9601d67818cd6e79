"""Schedules of faults drawn at random: a world, a manner of paging, and one to four faults at once.

Left out by construction is what no client can see through: rows hidden for good by a server whose total is changed or
withheld as well (one of the two is dropped from such a draw), and memberships left out of groups where the users do not
name theirs (they do in such a draw).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, asked
from tests.faults.drawn_paging import CURSOR, PAGING
from tests.faults.drawn_rows import ROWS
from tests.faults.drawn_wire import TRANSPORT
from tests.faults.fault import STAGES, Fault, counted
from tests.faults.scenario import Scenario
from tests.faults.truth import History
from tests.faults.world import World, make

ALL: Final = (*PAGING, *CURSOR, *ROWS, *TRANSPORT)
_INDEX: Final = (*PAGING, *ROWS, *TRANSPORT)
_CURSOR: Final = (*CURSOR, *ROWS, *TRANSPORT, *(fault for fault in PAGING if fault.kind in ("total", "moving")))
_SIZES: Final = (1, 2, 3, 5, 7, 8, 13, 14, 20, 21, 22, 23, 24)
_CAPS: Final = (1, 2, 3, 5, 7, 10, 20, 1000)
_HARMLESS: Final = 0.2
"""Share of schedules whose faults a lister must see through."""


@dataclass(frozen=True)
class Schedule:
    """One drawn play.

    :param story: manner and faults, in words.
    :param harmless: every fault is one that a lister must see through, so the walk must be called complete.
    :param tally: how many answers each fault spoilt, once played.
    """

    story: str
    scenario: Scenario
    faults: tuple[Fault, ...]
    harmless: bool
    history: History
    tally: Counter[str] = field(default_factory=Counter)


def drawn(seed: int, number: int) -> Schedule:
    """The schedule of that number: the same for the same seed, whatever was played before."""
    chance = Random(f"{seed}:{number}")
    harmless = chance.random() < _HARMLESS
    size = chance.choice(_SIZES)
    size = max(size, 3) if harmless else size
    page_size = chance.choice([5, 7, 10]) if chance.random() < 0.4 else None
    if page_size == size:
        page_size = None  # a total equal to the page asked for proves nothing
    by_cursor = chance.random() < 0.2
    cap = chance.choice(_CAPS)
    inner, told = _manner(chance, by_cursor=by_cursor, cap=cap)
    pool = [fault for fault in (_CURSOR if by_cursor else _INDEX) if fault.harmless or not harmless]
    faults = _compatible([chance.choice(pool) for _ in range(chance.randint(1, 4))])
    tally: Counter[str] = Counter()
    history = History()
    behaviours: list[Behaviour] = list(inner)
    for stage in STAGES:
        behaviours += [counted(fault.name, fault.draw(chance), tally) for fault in faults if fault.stage == stage]
        if stage == "rows known" and not by_cursor:
            behaviours.append(paging.cap(cap))
    probed = chance.random() < 0.4
    story = f"{size} accounts, {told}: {', '.join(fault.name for fault in faults)}"
    world_seed, named = chance.randrange(1 << 30), chance.random() < 0.6 or any(fault.conceals for fault in faults)
    scenario = Scenario(
        f"drawn-{number}",
        "",
        "paging",
        story,
        (*behaviours, history.watch),
        lambda: make(size, back_references=named, seed=world_seed),
        settings={"page_size": page_size} if page_size else {},
        people=_left if probed else None,
        remembered=_remembered if probed else None,
        requests=640,  # an endless server is cut off after 600; what was begun is then ended
    )
    return Schedule(story, scenario, faults, harmless, history, tally)


def _left(world: World) -> tuple[str, ...]:
    """Leavers on the roster: one whose account is still there, one without."""
    return (world.users[0]["userName"], "long.gone@corp.example")


def _remembered(world: World) -> tuple[str, ...]:
    """The last complete listing: one account of it is gone."""
    return (*(user["id"] for user in world.users), "id-0999")


def _manner(chance: Random, *, by_cursor: bool, cap: int) -> tuple[list[Behaviour], str]:
    """How the server pages where nothing is wrong: conforming, whatever comes out."""
    if by_cursor:
        rows = max(2, min(cap, 10))
        advertised = paging.advertise(cursor=True, index=False, defaultPaginationMethod="cursor", maxPageSize=rows)
        return [paging.cursor(rows), advertised] if chance.random() < 0.5 else [
            paging.cursor(rows)
        ], f"cursors of {rows}"
    unsorted = (asked(lambda r: r.asking(sortBy=None, sortOrder=None)), paging.config(sort={"supported": False}))
    undescribed = (shapes.without("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"),)
    extra = chance.choice([(), unsorted, undescribed])
    return list(extra), f"pages of {cap}"


def _compatible(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Each fault once, without those that stand in each other's way and without what no client can see through."""
    kept: list[Fault] = []
    for fault in faults:
        if fault in kept or (fault.alone and any(fault.alone == other.alone for other in kept)):
            continue
        if fault.hides and any(other.counts for other in kept):
            continue
        if fault.counts and any(other.hides for other in kept):
            continue
        kept.append(fault)
    return tuple(kept)
