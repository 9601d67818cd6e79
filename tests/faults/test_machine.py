"""Paging while the directory moves: whatever is called complete is a set of accounts that was there."""

from __future__ import annotations

import os
from typing import Final

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import figures
from tests.faults.machine import Seen, Stirred

SEED: Final = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
EXAMPLES: Final = figures.size(500, 20_000)
CHUNKS: Final = figures.size(2, 10)


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_paging_through_a_directory_that_moves(chunk: int) -> None:
    seen = Seen()
    machine = seed(SEED + chunk)(type("Chunk", (Stirred,), {"seen": seen}))
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES // CHUNKS,
                stateful_step_count=30,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        figures.record(
            "Paging state machine (in process)",
            counts={
                "examples": sum(seen.ends.values()),
                "moves between requests": sum(seen.moves.values()),
                "silent outcomes": len(seen.silent),
                "ended complete": seen.ends["complete"],
                "incomplete": seen.ends["incomplete"],
                "unprovable": seen.ends["unprovable"],
                "refused with an error": seen.ends["error"],
            },
            told={"seed": str(SEED)},
        )
    assert set(seen.moves) == {"inserted", "deleted", "reordered", "capped", "overlapped"}
    assert seen.ends["complete"] >= EXAMPLES // CHUNKS // 10, seen.ends
