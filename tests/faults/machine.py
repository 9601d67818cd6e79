"""A directory whose rows are inserted, deleted and reordered while a walk pages through it, as a state machine.

The walk runs in a thread of its own and stops before every request; only then may a rule move the directory. The
oracle is set algebra: a listing called complete has every account that was there throughout, and none that never was.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from random import Random
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from scimaudit.errors import ScimAuditError
from scimaudit.sources import Listing
from tests.faults import paging
from tests.faults.compose import compose
from tests.faults.in_process import listed
from tests.faults.server import Answer, Request
from tests.faults.sink import MemorySink
from tests.faults.truth import History
from tests.faults.world import make, user

PLACES = st.floats(0, 1)


@dataclass
class Seen:
    """What all examples came to."""

    ends: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    silent: list[str] = field(default_factory=list)


class Stirred(RuleBasedStateMachine):
    """One walk over one directory."""

    seen: ClassVar[Seen]

    @initialize(
        size=st.integers(1, 12),
        cap=st.sampled_from([1, 2, 3, 5, 30]),
        page_size=st.sampled_from([None, 5]),
        by_cursor=st.booleans(),
        seed=st.integers(0, 1000),
    )
    def begin(self, size: int, cap: int, page_size: int | None, by_cursor: bool, seed: int) -> None:
        """A walk that waits before its first request."""
        self.world = make(size, seed=seed)
        self.cap, self.shift, self.made, self.removed = cap, 0, size, 0
        self.history = History()
        paged = paging.cursor(max(2, cap)) if by_cursor else lambda inner, _world: lambda r: inner(self._window(r))
        handler = compose(self.world, (paged, self.history.watch))
        self._asks: SimpleQueue[bool] = SimpleQueue()
        self._goes: SimpleQueue[None] = SimpleQueue()
        self.sink = MemorySink(Path())
        self.came: Listing | ScimAuditError | BaseException | None = None

        def stops(request: Request) -> Answer:
            self._asks.put(True)
            self._goes.get()
            return handler(request)

        def walk() -> None:
            try:
                self.came = listed(stops, self.sink, page_size=page_size)
            except BaseException as error:  # noqa: BLE001 # shown by teardown: a traceback is a failure
                self.came = error
            self._asks.put(False)

        self.walker = threading.Thread(target=walk, daemon=True)
        self.walker.start()
        self.walking = self._asks.get()

    @rule(requests=st.integers(1, 4))
    def answer(self, requests: int) -> None:
        """The walk goes on."""
        for _ in range(requests):
            self._step()

    @precondition(lambda self: self.walking)
    @rule(place=PLACES)
    def insert(self, place: float) -> None:
        """An account is made; ids are never used again."""
        self.made += 1
        self.world.users.insert(round(place * len(self.world.users)), user(100 + self.made))
        self._moved("inserted")

    @precondition(lambda self: self.walking and len(self.world.users) > 1)
    @rule(place=PLACES)
    def delete(self, place: float) -> None:
        """An account goes."""
        self.world.gone.append(self.world.users.pop(int(place * (len(self.world.users) - 1))))
        self._moved("deleted")

    @precondition(lambda self: self.walking and len(self.world.users) > 1)
    @rule(gone=PLACES, come=PLACES)
    def replace(self, gone: float, come: float) -> None:
        """One goes and one comes: the total stays."""
        self.delete(gone)
        self.insert(come)

    @precondition(lambda self: self.walking)
    @rule(seed=st.integers(0, 1000))
    def reorder(self, seed: int) -> None:
        """The rows change places."""
        Random(seed).shuffle(self.world.users)
        self._moved("reordered")

    @precondition(lambda self: self.walking)
    @rule(cap=st.sampled_from([1, 2, 3, 5, 7, 30]))
    def recap(self, cap: int) -> None:
        """Pages have another size from now on."""
        self.cap = cap
        self._moved("capped")

    @precondition(lambda self: self.walking)
    @rule(shift=st.integers(-2, 1))
    def overlap(self, shift: int) -> None:
        """Later pages begin so many rows off from now on."""
        self.shift = shift
        self._moved("overlapped")

    def teardown(self) -> None:
        """Let the walk end, and judge it."""
        while self.walking:
            self._step()
        self.walker.join()
        said = list(self._untrue())
        self.seen.silent += said
        self.seen.ends[self._end()] += 1
        assert not said, said

    def _step(self) -> None:
        if self.walking:
            self._goes.put(None)
            self.walking = self._asks.get()

    def _moved(self, how: str) -> None:
        self.seen.moves[how] += 1
        self.history.look(self.world)

    def _window(self, request: Request) -> Request:
        start = request.number_of("startIndex", 1)
        count = min(self.cap, request.number_of("count", 100))
        return request.asking(startIndex=str(start + self.shift if start > 1 else start), count=str(count))

    def _end(self) -> str:
        return self.came.walk.state if isinstance(self.came, Listing) else "error"

    def _untrue(self) -> list[str]:
        if isinstance(self.came, ScimAuditError):
            return []
        if not isinstance(self.came, Listing):
            return [f"a traceback: {self.came!r}"]
        names = {row["account_id"] for row in self.sink.table("accounts")}
        said = []
        if names - self.history.ever:
            said.append(f"accounts that never were: {sorted(names - self.history.ever)}")
        if self.came.walk.state == "complete" and self.history.always - names:
            said.append(f"complete ({self.came.walk.reason}), without {sorted(self.history.always - names)}")
        return said
