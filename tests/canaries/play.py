"""Command lines played in a process of their own, whose command line and children are watched."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.canaries.company import Company


@dataclass
class Played:
    """What came of it.

    :param codes: the exit code of each command line. ``lines``: every command line seen of it and its children.
    """

    codes: list[int]
    said: Path
    samples: int = 0
    lines: set[bytes] = field(default_factory=set)


def play(company: Company, commands: Sequence[Mapping[str, object]], name: str) -> Played:
    """Run command lines, one after the other, in the company's folder."""
    said = company.private.parent / "said"
    said.mkdir(exist_ok=True)
    codes = company.private / f"{name}.codes"
    orders = "".join(json.dumps(command) + "\n" for command in commands)
    with (said / f"{name}.out").open("wb") as out, (said / f"{name}.err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.canaries.drive", str(codes)],
            cwd=company.folder, env=company.environment, stdin=subprocess.PIPE, stdout=out, stderr=err,
        )  # fmt: skip
        played = Played([], said)
        with _watched(process.pid, played):
            process.communicate(orders.encode(), timeout=900)
    played.codes = [int(line) for line in codes.read_text().split()]
    return played


@contextmanager
def _watched(pid: int, played: Played) -> Iterator[None]:
    """Read the command lines of a process and of all below it, again and again, until this ends."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.005):
            played.samples += 1
            for each in _family(pid):
                with suppress(OSError):
                    played.lines.add(Path(f"/proc/{each}/cmdline").read_bytes())

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _family(pid: int) -> Iterator[int]:
    """A process and its descendants, as far as the system tells."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
