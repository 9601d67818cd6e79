"""Run in a process of its own, whose memory is measured: ``python -m tests.faults.measured STEP`` or ``… pull CONFIG``.

With a number, every so many of the named scenarios are played; with ``pull`` the command line pulls. The last line of
what is printed holds the largest memory in MiB, the longest play in milliseconds and the number of plays.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import pytest

from scimaudit.cli import main
from tests.faults.play import hurry, played
from tests.faults.scenarios import ALL


def _mebibytes() -> int:
    """The most memory this process held; what its parent held before it began does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20


def _play(step: int) -> tuple[int, int]:
    longest = plays = 0
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        for scenario in ALL[::step]:
            # A profile that a scenario describes must not stay for the next one.
            with monkeypatch.context() as own:
                hurry(own, scenario)
                begun = time.monotonic()
                with played(scenario, Path(folder)):
                    longest = max(longest, int(1000 * (time.monotonic() - begun)))
                plays += 1
    return longest, plays


def _pull(config: str) -> tuple[int, int]:
    sys.argv = ["scimaudit", "pull", "--config", config]
    begun = time.monotonic()
    try:
        main()
    except SystemExit as end:
        sys.stdout.write(f"exit {end.code}\n")
    return int(1000 * (time.monotonic() - begun)), 1


if __name__ == "__main__":
    took, count = _pull(sys.argv[2]) if sys.argv[1] == "pull" else _play(int(sys.argv[1]))
    sys.stdout.write(f"{_mebibytes()} {took} {count}\n")
