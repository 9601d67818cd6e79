"""A fault that can be drawn at random, and how a server counts the answers it spoilt by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from tests.faults.compose import Behaviour
from tests.faults.directory import directory
from tests.faults.server import Answer, Handler, Request
from tests.faults.world import World

Kind = Literal["order", "paging", "total", "moving", "cursor", "rows", "groups", "filter", "envelope", "transport"]
Stage = Literal["rows known", "rows", "pages", "envelope", "bytes", "world"]
STAGES: tuple[Stage, ...] = ("rows known", "rows", "pages", "envelope", "bytes", "world")
"""From the innermost: what must know every row goes inside the page cap, what breaks the JSON goes outside of it."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    :param draw: makes it, with settings of its own.
    :param stage: how far out it goes.
    :param hides: rows are hidden for good.
    :param conceals: memberships are hidden, which nothing but the users' own groups can tell.
    :param counts: the total is changed or withheld.
    :param alone: no two faults of one schedule may share this word.
    :param harmless: a lister must still call the walk complete.
    """

    name: str
    kind: Kind
    stage: Stage
    draw: Callable[[Random], Behaviour]
    hides: bool = False
    conceals: bool = False
    counts: bool = False
    alone: str = ""
    harmless: bool = False


def counted(name: str, behaviour: Behaviour, tally: Counter[str]) -> Behaviour:
    """The behaviour, with each answer that it spoilt put on the tally.

    Spoilt is an answer that differs from what lay beneath, one that did not ask beneath, one to a request that was
    taken for another which a well-behaved server answers differently, and one before which the world moved.
    """

    def wrap(inner: Handler, world: World) -> Handler:
        plain = directory(world)
        beneath: list[tuple[Request, Answer]] = []

        def listen(request: Request) -> Answer:
            given = inner(request)
            beneath.append((request, given))
            return given

        changed = behaviour(listen, world)

        def handle(request: Request) -> Answer:
            beneath.clear()
            before = [user["id"] for user in world.users]
            given = changed(request)
            moved = before != [user["id"] for user in world.users]
            tally[name] += moved or _spoilt(request, given, beneath, plain)
            return given

        return handle

    return wrap


def _spoilt(request: Request, given: Answer, beneath: list[tuple[Request, Answer]], plain: Handler) -> bool:
    for asked, was in beneath:
        if asked == request:
            return given != was
    return not beneath or given != beneath[-1][1] or plain(beneath[-1][0]) != plain(request)
