"""A process that dies at one of the calls that leave something on disk: for scripts that a test starts."""

from __future__ import annotations

import os
import pathlib
import signal
from collections.abc import Callable, Sequence
from typing import Any


def dies(at: int, *, system: Sequence[str], paths: Sequence[str]) -> Callable[[], int]:
    """Have this process killed at the call of that number; 0 is none.

    :param system: functions of :mod:`os` that count. ``paths``: methods of :class:`pathlib.Path` that do.
    :returns: tells how many calls there were so far.
    """
    calls = [0]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*told: Any, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*told, **named)

        return call

    for holder, names in ((os, system), (pathlib.Path, paths)):
        for name in names:
            setattr(holder, name, counted(getattr(holder, name)))
    return lambda: calls[0]
