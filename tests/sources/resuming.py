"""Sinks with a real record: one that dies on the way, as a killed pull does, and one that plays what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scimaudit.snapshot.record import bodies
from scimaudit.sources import Reply
from tests.sources.conftest import MemorySink


class Killed(BaseException):
    """As a signal ends a process: past whatever handles errors."""


@dataclass(repr=False)
class Recording(MemorySink):
    """A sink with a real record, which dies before a question is sent."""

    record: Any = None
    dies_before: int = 1_000
    sent: list[str] = field(default_factory=list)

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        def sending() -> Reply:
            if len(self.sent) == self.dies_before:
                raise Killed
            self.sent.append(url)
            return send()

        reply, number = self.record.exchange(method, url, sending)
        return reply, number


@dataclass(repr=False)
class Played(MemorySink):
    """A sink that gives what is on record, in that order."""

    stem: Path = Path()
    left: Any = None

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        self.left = self.left or bodies(self.stem)
        entry, body = next(self.left)
        assert (entry.method, entry.url) == (method, url)
        entry.answered(self.name)
        return Reply(entry.status, entry.headers, body), entry.number
