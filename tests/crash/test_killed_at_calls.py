"""Killed at each system call that leaves something on disk, a command harms nothing and can be done again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests import figures
from tests.crash.conftest import Staged
from tests.crash.stages import COMMANDS
from tests.crash.traced import Point, traced
from tests.crash.warm import Warm

CHUNKS = figures.size(1, 4)
EACH = {"pull": 1, "pull begun": 3, "audit": 1, "report": 1, "seal": 2, "review import": 1}
"""How many of a command's calls are tried on a commit."""


def spread(points: list[Point], command: str, chunk: int) -> list[Point]:
    """At night every one of the chunk; otherwise some, as far apart as can be."""
    if figures.NIGHTLY:
        return points[chunk::CHUNKS]
    step = len(points) / EACH[command]
    return [points[int(step * (number + 0.5))] for number in range(EACH[command])]


@pytest.mark.reliability
@pytest.mark.needs("strace")
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("command", COMMANDS)
def test_a_kill_at_a_call(command: str, chunk: int, staged: Staged, warm: Warm, tmp_path: Path) -> None:
    stage = staged(command)
    points = stage.points(warm, tmp_path / "log")
    kills, harm, lost = 0, [], []
    for point in spread(points, command, chunk):
        company = stage.fresh()
        died = traced(warm, stage.arguments(company), tmp_path / "log", at=point, how="signal=KILL")
        if died.done.code != -signal.SIGKILL:
            continue
        kills += 1
        harm += [(point, each) for each in company.wrong(dict(stage.kept))]
        begun, there = company.begun(), {each.id for each in company.snapshots()}
        again = warm.run(*stage.arguments(company))
        if again.code != stage.code or company.wrong(dict(stage.kept)):
            lost.append((point, died.hit, again.complained))
        elif command.startswith("pull"):
            names = {each.id for each in company.snapshots()} - there
            # A pull that was at its end when it was killed is done, and the next one is another.
            whole = company.collected().items() <= stage.leaves.items() and names == set(begun or names)
            lost += [] if whole else [(point, died.hit, "another snapshot")]
        elif not stage.whole(company):
            lost.append((point, died.hit, "another outcome"))
    counts = {"kills": kills, "harmed or half taken for whole": len(harm), "that could not be done again": len(lost)}
    figures.record("Killed at a system call", counts=counts)
    assert kills >= 1
    assert harm == []
    assert lost == []
