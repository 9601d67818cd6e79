"""A sink in memory, for the tests of every source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pytest

from scimaudit import tables
from scimaudit.errors import SourceError
from scimaudit.sources import Reply
from scimaudit.sources._files import on_disk


@dataclass(repr=False)
class MemorySink:
    """Keeps what a source hands over, and the bodies it asked for in the order asked."""

    base: Path
    fills: Literal["people", "accounts"] = "accounts"
    name: str = "apps.acme.listings[0]"
    app: str | None = "acme"
    people: pa.Table | None = None
    last_ids: tuple[str, ...] = ()
    last_whole: bool = True
    quick: bool = False
    clock: Callable[[], datetime] = lambda: datetime(2026, 11, 23, 12, tzinfo=UTC)
    bodies: list[bytes] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    steps: list[tuple[int, int | None]] = field(default_factory=list)
    given: dict[str, list[pa.Table]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        reply = send()
        self.requests.append((method, url))
        self.bodies.append(reply.body)
        return reply, len(self.bodies) - 1

    def files(self, paths: Sequence[Path]) -> list[Path]:
        return on_disk(paths, self.base)

    def read(self, path: Path) -> tuple[bytes, int]:
        try:
            body = (self.base / path).read_bytes()
        except OSError as error:
            raise SourceError(f"{path.as_posix()} cannot be read: {error.strerror}") from error
        self.bodies.append(body)
        return body, len(self.bodies) - 1

    def rows(self, table: pa.Table) -> None:
        self.given.setdefault(table.schema.metadata[b"name"].decode(), []).append(table)

    def progress(self, done: int, total: int | None) -> None:
        self.steps.append((done, total))

    def tell(self, words: str) -> None:
        self.told.append(words)

    def now(self) -> datetime:
        return self.clock()

    def table(self, name: str) -> pa.Table:
        """All rows of one table handed over."""
        return tables.concat(tables.ALL[name], self.given.get(name, []))

    def row_list(self, name: str) -> list[dict[str, object]]:
        """The same as plain dictionaries."""
        found: list[dict[str, object]] = self.table(name).to_pylist()
        return found


@pytest.fixture
def sink(tmp_path: Path) -> MemorySink:
    """A sink for a listing of the app acme."""
    return MemorySink(tmp_path)


@pytest.fixture
def roster_sink(tmp_path: Path) -> MemorySink:
    """A sink for the roster hr."""
    return MemorySink(tmp_path, "people", "rosters.hr", None)
