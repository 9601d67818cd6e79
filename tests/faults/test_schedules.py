"""Thousands of schedules of faults drawn at random, over real sockets: verdict is truth, or nothing is proven.

``SCIMAUDIT_SEED=7 pytest tests/faults/test_schedules.py -k alone`` with ``SCIMAUDIT_SCHEDULE=123`` plays number 123 of
seed 7 alone and, with ``-s``, prints what came of it; a failure names both numbers.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests import figures
from tests.faults.fault import Kind
from tests.faults.play import TOKEN, Played, hurry, played
from tests.faults.schedule import ALL, drawn
from tests.faults.truth import untrue

SEED: Final = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
SCHEDULES: Final = figures.size(2_000, 10_000)
CHUNKS: Final = figures.size(8, 20)
ROW: Final = "Seeded fault schedules (real sockets)"


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_schedule_has_a_silent_outcome(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: Counter[str] = Counter()
    injected: Counter[str] = Counter()
    strangers = unjustified = 0
    wrong: list[str] = []
    for number in range(chunk, SCHEDULES, CHUNKS):
        schedule = drawn(SEED, number)
        hurry(monkeypatch, schedule.scenario)
        with played(schedule.scenario, tmp_path) as play:
            ends[_end(play)] += 1
            strangers += play.stage.stranger.connections
            said = [*untrue(play, schedule.history), *_out_of_bounds(play)]
            doubted = schedule.harmless and not schedule.history.moved and _end(play) != "complete"
            unjustified += doubted
            if said or doubted:
                wrong.append(f"seed {SEED}, schedule {number}, {schedule.story}: {said or play.words}")
        injected.update(schedule.tally)
    figures.record(
        ROW,
        counts={
            "schedules": sum(ends.values()),
            "faults injected": sum(injected.values()),
            "silent outcomes": len(wrong) - unjustified,
            "harmless and not called complete": unjustified,
            "ended complete": ends["complete"],
            "incomplete": ends["incomplete"],
            "unprovable": ends["unprovable"],
            "failed": ends["failed"],
            "refused with an error": ends["error"],
            "connections at the stranger's": strangers,
        },
        told={"seed": str(SEED)},
    )
    assert not wrong, "\n".join(wrong[:20])
    assert strangers == 0
    assert injected, "nothing was injected"
    assert _kinds(injected) == {fault.kind for fault in ALL}
    assert ends["complete"] >= sum(ends.values()) // 8, ends
    assert ends["incomplete"] >= sum(ends.values()) // 8, ends
    assert ends["error"] >= sum(ends.values()) // 20, ends


def test_one_schedule_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = int(os.environ.get("SCIMAUDIT_SCHEDULE", "0"))
    schedule = drawn(SEED, number)
    hurry(monkeypatch, schedule.scenario)
    with played(schedule.scenario, tmp_path) as play:
        said = [*untrue(play, schedule.history), *_out_of_bounds(play)]
        asked = [request.target for request in play.stage.server.requests]
        sys.stdout.write(
            f"seed {SEED}, schedule {number}, {schedule.story}: {_end(play)}; {play.words}\n"
            f"spoilt: {dict(schedule.tally)}\nasked: {asked}\n"
        )
        assert said == []


def test_a_number_draws_the_same_schedule_again() -> None:
    assert drawn(7, 123).story == drawn(7, 123).story
    assert len({drawn(7, number).story for number in range(50)}) > 40


def test_what_no_client_can_see_through_is_not_drawn() -> None:
    for number in range(2_000):
        faults = drawn(SEED, number).faults
        hidden, counted = [f for f in faults if f.hides], [f for f in faults if f.counts]
        assert not hidden or not counted or hidden == counted


def _end(play: Played) -> str:
    return "error" if play.listing is None else play.listing.walk.state


def _out_of_bounds(play: Played) -> Iterator[str]:
    requests = play.stage.server.requests
    if len(requests) > play.stage.scenario.requests:
        yield f"{len(requests)} requests"
    if {request.method for request in requests} - {"GET"}:
        yield "not only GET was sent"
    if TOKEN in play.words:
        yield "the token was told"


def _kinds(injected: Counter[str]) -> set[Kind]:
    return {fault.kind for fault in ALL if injected[fault.name]}
