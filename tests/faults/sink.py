"""A sink in memory: takes what a source writes, records exchanges, gives it the roster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from scimaudit import tables
from scimaudit.identifiers import key
from scimaudit.sources import Reply


class MemorySink:
    """Implements :class:`scimaudit.sources.Sink` for one listing of one app."""

    def __init__(
        self,
        base: Path,
        *,
        people: pa.Table | None = None,
        last_ids: Sequence[str] = (),
        quick: bool = False,
    ) -> None:
        self.name = "apps.fault.listings[0]"
        self.fills: Literal["people", "accounts"] = "accounts"
        self.app: str | None = "fault"
        self.base = base
        self.people = people
        self.last_ids, self.last_whole = tuple(last_ids), True
        self.quick = quick
        self.replies: list[tuple[str, str, Reply]] = []
        self.tables: dict[str, list[pa.Table]] = {}
        self.seen: list[tuple[int, int | None]] = []

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        """Send, and keep the reply."""
        reply = send()
        self.replies.append((method, url, reply))
        return reply, len(self.replies) - 1

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """Not for a server's listing."""
        raise AssertionError(f"a SCIM source has no business looking for {paths}")

    def read(self, path: Path) -> tuple[bytes, int]:
        """Not for a server's listing."""
        raise AssertionError(f"a SCIM source has no business reading {path}")

    def rows(self, table: pa.Table) -> None:
        """Keep rows by the name of their table."""
        self.tables.setdefault(table.schema.metadata[b"name"].decode(), []).append(table)

    def progress(self, done: int, total: int | None) -> None:
        """Keep what was said."""
        self.seen.append((done, total))

    def tell(self, words: str) -> None:
        """Nobody is asked anything here."""

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC)

    def table(self, name: str) -> list[dict[str, Any]]:
        """All rows of one table."""
        return [row for table in self.tables.get(name, ()) for row in table.to_pylist()]


def leavers(user_names: Sequence[str]) -> pa.Table:
    """A roster of people who have left, by their log-in names."""
    count = len(user_names)
    return tables.build(
        tables.PEOPLE,
        {
            "person_id": [f"p{number}" for number in range(count)],
            "user_name": list(user_names),
            "emails": [[name] for name in user_names],
            "status": ["terminated"] * count,
            "roster": ["hr"] * count,
            "raw_row": list(range(count)),
            "user_name_key": [key(name) for name in user_names],
            "email_keys": [[key(name)] for name in user_names],
        },
    )
