"""A disk that fails at any call: a command says so and leaves nothing half done, or does the whole of it without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import figures
from tests.crash.conftest import Staged
from tests.crash.stages import COMMANDS
from tests.crash.test_killed_at_calls import CHUNKS, EACH, spread
from tests.crash.traced import traced
from tests.crash.warm import Done, Warm

ERRORS = ("ENOSPC", "EIO", "EROFS")


def loud(done: Done) -> bool:
    """A sentence for people, and a code that no audit ends with by itself."""
    return done.code in (2, 3, 5) and "Traceback" not in done.complained and "scimaudit: " in done.complained


@pytest.mark.reliability
@pytest.mark.needs("strace")
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("command", COMMANDS)
def test_an_error_at_a_call(command: str, chunk: int, staged: Staged, warm: Warm, tmp_path: Path) -> None:
    stage = staged(command)
    points = stage.points(warm, tmp_path / "log")
    failed, went_on, silent, harm, lost = 0, 0, [], [], []
    for number, point in enumerate(spread(points, command, chunk)):
        company = stage.fresh()
        error = ERRORS[(number + list(EACH).index(command)) % len(ERRORS)]
        met = traced(warm, stage.arguments(company), tmp_path / "log", at=point, how=f"error={error}")
        if not met.hit:
            continue
        harm += [(point, each) for each in company.wrong(dict(stage.kept))]
        if loud(met.done):
            failed += 1
            # What was said after the end could not be said; it was the end all the same.
            sealed = len(company.bundles) > len(stage.before.bundles) and not met.hit.startswith("write(1<")
            harm += [(point, "sealed although it failed")] if sealed else []
        elif met.done.code == stage.code and stage.whole(company):
            went_on += 1
        else:
            silent.append((point, error, met.hit, met.done))
        done = warm.run(*stage.arguments(company))
        if done.code != stage.code or company.wrong(dict(stage.kept)):
            lost.append((point, error, done.complained))
    counts = {
        "errors": failed + went_on + len(silent),
        "said in words": failed,
        "made good": went_on,
        "silent or untold": len(silent),
        "harmed or half taken for whole": len(harm),
        "that could not be done again": len(lost),
    }
    figures.record("Disk errors at a system call", counts=counts, told={"errors met": ", ".join(ERRORS)})
    assert counts["errors"] >= 1
    assert silent == []
    assert harm == []
    assert lost == []
