"""What playing a scenario needs: a token in the environment, small budgets, and pauses that cost no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.play import Played, hurry, played
from tests.faults.scenario import Scenario
from tests.faults.sink import MemorySink


@pytest.fixture
def sink(tmp_path: Path) -> MemorySink:
    """A sink in memory."""
    return MemorySink(tmp_path)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Scenario], Played]]:
    """Plays a scenario with the lister; its servers stay up until the test ends."""
    with ExitStack() as stack:

        def run(scenario: Scenario) -> Played:
            hurry(monkeypatch, scenario)
            return stack.enter_context(played(scenario, tmp_path))

        yield run
