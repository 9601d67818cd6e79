"""A listing that moved is pulled again: two passes that are equal by the server's log, or it is not called complete."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final

import pytest

from scimaudit.sources import Listing
from tests import figures
from tests.faults import paging
from tests.faults.compose import Behaviour, compose
from tests.faults.drawn_paging import PAGING
from tests.faults.in_process import listed
from tests.faults.passes import Passes
from tests.faults.sink import MemorySink
from tests.faults.truth import History
from tests.faults.world import make

SEED: Final = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
RUNS: Final = figures.size(400, 20_000)
CHUNKS: Final = 4
MOVING: Final = tuple(fault for fault in PAGING if fault.kind == "moving")


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_moved_is_pulled_again_or_not_called_complete(chunk: int) -> None:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    number = chunk
    while counts["runs that moved"] < RUNS // CHUNKS:
        story, came, names, history, passes = _played(number)
        number += CHUNKS
        if not history.moved:
            continue
        counts["runs that moved"] += 1
        if not isinstance(came, Listing) or came.walk.state != "complete":
            counts["not called complete"] += 1
            continue
        equal, at_once = passes.equal(names), passes.at_once(names)
        counts["complete by two equal passes"] += equal
        counts["of them by a walk that was begun again"] += any("begun again" in note for note in came.notes)
        counts["complete by one reply with everyone"] += at_once and not equal
        if not (equal or at_once) or history.always - names or names - history.ever:
            wrong.append(f"seed {SEED}, run {number - CHUNKS}: {story}; {sorted(history.always - names)}; {came.walk}")
    figures.record(
        "Directories that move while they are paged (in process)",
        counts={**counts, "neither two equal passes nor incomplete": len(wrong)},
        told={"seed": str(SEED)},
    )
    assert not wrong, "\n".join(wrong[:10])
    assert counts["complete by two equal passes"] >= RUNS // CHUNKS // 20
    assert counts["of them by a walk that was begun again"] >= RUNS // CHUNKS // 20
    assert counts["not called complete"] >= RUNS // CHUNKS // 20


def _played(number: int) -> tuple[str, object, set[str], History, Passes]:
    """One run; the same for the same number."""
    chance = Random(f"{SEED}:{number}")
    size, cap, by_cursor = chance.randint(2, 24), chance.choice([1, 2, 3, 5, 7, 10]), chance.random() < 0.4
    paged: Behaviour = paging.cursor(max(cap, 2)) if by_cursor else paging.cap(cap)
    faults = [chance.choice(MOVING) for _ in range(chance.randint(1, 2))]
    history, passes = History(), Passes()
    world = make(size, seed=number)
    moves = [fault.draw(chance) for fault in faults]
    handler = compose(world, [paged, passes.watch, *moves, history.watch])
    sink = MemorySink(Path())
    came = listed(handler, sink, page_size=chance.choice([None, 5, 10]))
    names = {row["account_id"] for row in sink.table("accounts")}
    story = f"{size} accounts, {'cursors' if by_cursor else 'pages'} of {cap}, {', '.join(f.name for f in faults)}"
    return story, came, names, history, passes
