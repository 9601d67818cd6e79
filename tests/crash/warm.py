"""A process that has imported everything already and forks a child for each command: starting Python costs a second.

``Warm`` is the test's side of it. The other side reads a line of JSON for each command from its standard input, answers
with the child's pid and, once the child has ended, with its exit code.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parent.parent.parent
_PR_SET_PTRACER = 0x59616D61


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, or the signal that killed it as a negative number."""

    code: int
    said: str
    complained: str


class Child:
    """A command that runs, or stands still until it is told to go on."""

    def __init__(self, warm: Warm, pid: int, out: Path, err: Path) -> None:
        self.pid, self._warm, self._out, self._err = pid, warm, out, err
        try:
            self._handle: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._handle = None

    def kill(self) -> None:
        """Unless it has ended: by a handle, for its number may be another process's by then."""
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def ended(self) -> Done:
        code = int(self._warm.answer())
        if self._handle is not None:
            os.close(self._handle)
        return Done(code, *(path.read_text("utf-8", "replace") for path in (self._out, self._err)))


class Warm:
    """The process, as a context manager; one command at a time."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="scimaudit-warm-"))
        told = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from tests.crash.warm import serve; serve()"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=told, cwd=ROOT,
        )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Leaving it closes its standard input, which ends it, and waits.
        self._process.__exit__(kind, error, trace)
        shutil.rmtree(self._folder)

    def start(self, *arguments: object, stopped: bool = False, **asked: Any) -> Child:
        """Begin ``scimaudit`` with these arguments.

        :param stopped: it stands still before it does anything.
        :param asked: ``env`` to set; ``limits``: names of :mod:`resource` to numbers; ``headroom``: MiB of memory
            beside what there is; ``learn``: import what it needed.
        """
        out, err = self._folder / "out", self._folder / "err"
        line = {
            "argv": [str(each) for each in arguments],
            "out": str(out),
            "err": str(err),
            "stopped": stopped,
            **asked,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        return Child(self, int(self.answer()), out, err)

    def run(self, *arguments: object, **asked: Any) -> Done:
        """The same, to its end."""
        return self.start(*arguments, **asked).ended()

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def serve() -> None:
    """The other side; it does nothing itself but import, so that no thread of its own is lost when it forks."""
    for line in sys.stdin:
        asked = json.loads(line)
        learnt = Path(asked["out"] + ".modules")
        pid = os.fork()
        if pid == 0:
            os._exit(_child(asked, learnt))
        _tell(pid)
        _, status = os.waitpid(pid, 0)
        if asked.get("learn"):
            for name in learnt.read_text().split():
                # Some extension modules put parts of theirs there that have no file of their own.
                with suppress(ModuleNotFoundError):
                    importlib.import_module(name)
        _tell(os.waitstatus_to_exitcode(status))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _child(asked: dict[str, Any], learnt: Path) -> int:
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, asked["out"], _NEW), (2, asked["err"], _NEW)):
        os.dup2(os.open(path, flags, 0o600), number)
    sys.argv = ["scimaudit", *asked["argv"]]
    os.environ.update(asked.get("env", {}))
    if asked["stopped"]:
        # A system may let only its parent trace a process, unless that process says otherwise.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
    code = _ends(_main, asked)
    if asked.get("learn"):
        learnt.write_text("\n".join(name for name in list(sys.modules) if name != "__main__"))
    return code


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def _main(asked: dict[str, Any]) -> None:
    import resource

    from scimaudit.cli import main

    limits = dict(asked.get("limits", {}))
    if "headroom" in asked:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits["RLIMIT_AS"] = pages * resource.getpagesize() + (asked["headroom"] << 20)
    for name, most in limits.items():
        resource.setrlimit(getattr(resource, name), (most, most))
    main()


def _ends(run: Callable[[dict[str, Any]], None], asked: dict[str, Any]) -> int:
    """What Python itself would end with, streams flushed as it would flush them."""
    code = 0
    try:
        run(asked)
    except SystemExit as end:
        code = int(str(end.code or 0))
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:
        return code or 120
    return code


def arguments(command: str, folder: Path, *more: str) -> Sequence[str]:
    """A command of several words on the configuration of that folder."""
    return [*command.split(), *more, "--config", str(folder / "scimaudit.toml")]
