"""A command under strace, which lets one system call of it fail, or kills it there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.crash.warm import Done, Warm

LEAVE: Final = (
    "write", "pwrite64", "writev", "rename", "renameat", "renameat2", "fsync", "fdatasync", "link", "linkat", "unlink",
    "unlinkat", "mkdir", "mkdirat", "ftruncate", "rmdir",
)  # fmt: skip
"""System calls that leave something on disk, beside those that open a file to write it."""
_CALL: Final = re.compile(r"^(\d+)\s+(\w+)\((.*)$")
_PATIENCE: Final = 60.0


@dataclass(frozen=True)
class Point:
    """The nth time that a thread makes a call; ``path``: only calls on that file count."""

    call: str
    number: int
    path: str = ""


@dataclass(frozen=True)
class Traced:
    """How the command ended, and the calls that it made: thread, name and the rest of the line."""

    done: Done
    calls: tuple[tuple[str, str, str], ...]

    @property
    def hit(self) -> str:
        """The call that was made to fail, or at which it was killed; empty where it never came to that."""
        for _, name, rest in self.calls:
            if "(INJECTED)" in rest:
                return f"{name}({rest}"
        return ""

    def points(self, *, by_path: bool) -> list[Point]:
        """Every point that a thread came to, in order; of several calls in a row on one file the first and the last.

        :param by_path: count each file's calls for themselves. Threads side by side come to the nth call of all in any
            order, and the later ones would never be hit; but the names of the files must be the same the next time.
        """
        counted: Counter[tuple[str, str, str]] = Counter()
        last: dict[str, tuple[str, str]] = {}
        rows: list[list[Point]] = []
        open_row: dict[str, list[Point]] = {}
        for thread, name, rest in self.calls:
            path = _path(name, rest)
            counted[thread, name, path if by_path else ""] += 1
            if name == "openat" and "O_CREAT" not in rest:
                continue
            point = Point(name, counted[thread, name, path if by_path else ""], path if by_path else "")
            if last.get(thread) != (name, path):
                open_row[thread] = []
                rows.append(open_row[thread])
            last[thread] = (name, path)
            open_row[thread].append(point)
        return list(dict.fromkeys(point for row in rows for point in (row[0], row[-1])))


@cache
def installed() -> bool:
    """Whether strace is here and may trace."""
    try:
        return subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def traced(warm: Warm, arguments: Sequence[str], log: Path, *, at: Point | None = None, how: str = "") -> Traced:
    """Play a command.

    :param how: what happens at the point: ``signal=KILL`` or ``error=EIO``.
    """
    child = warm.start(*arguments, stopped=True)
    _until(lambda: Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    asked = "trace=" + ",".join(f"?{name}" for name in (*LEAVE, "openat"))
    told = ["strace", "-f", "-qq", "-y", "-s", "40", "-o", str(log), "-e", asked]
    if at is not None:
        told += ["-P", at.path] if at.path else []
        told += ["-e", f"inject={at.call}:{how}:when={at.number}"]
    tracer = subprocess.Popen([*told, "-p", str(child.pid)], stderr=subprocess.DEVNULL)
    _until(lambda: "TracerPid:\t0\n" not in Path(f"/proc/{child.pid}/status").read_text())
    child.go_on()
    done = child.ended()
    tracer.wait()
    lines = log.read_text("utf-8", "replace").splitlines()
    calls = [found.groups() for line in lines if (found := _CALL.match(line))]
    if done.code == -signal.SIGKILL and calls and at is not None:
        # Of a call at which it was killed strace writes no end.
        last = [number for number, each in enumerate(calls) if each[1] == at.call][-1]
        thread, name, rest = calls[last]
        calls[last] = (thread, name, f"{rest} (INJECTED)")
    return Traced(done, tuple((thread, name, rest) for thread, name, rest in calls))


def _path(name: str, rest: str) -> str:
    """The file that a call is about: of a descriptor as strace names it, else the first that is spelt out."""
    found = re.search(r'"([^"]*)"', rest) if name == "openat" else re.search(r'<([^>]*)>|"([^"]*)"', rest)
    return next((part for part in found.groups() if part is not None), "") if found else ""


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, "the process cannot be traced"
        time.sleep(0.001)
