"""A source that hears what was recorded, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from scimaudit import tables
from scimaudit.errors import IntegrityError, SourceError
from scimaudit.snapshot.manifest import Collected
from scimaudit.snapshot.record import Exchange, bodies
from scimaudit.sources import Reply, Source

_SPEAKING: Final = frozenset(
    {"token", "basic", "oauth2", "certificate", "ca", "proxy", "proxy_password", "password", "headers"}
)
"""Settings of a source that are for reaching it alone; nothing is reached, so no secret and no file of them is read."""


class Tape:
    """A sink whose exchanges are those on record; see :class:`scimaudit.sources.Sink`.

    :param line: the source as it was collected.
    :param stem: its record, as :func:`scimaudit.snapshot.record.bodies` wants it.
    :param base: a folder in which the recorded files are laid out, for a source that looks for them.
    :param people: the merged rosters; ``last``: the ids that this listing's last complete walk gave.
    """

    def __init__(
        self, line: Collected, stem: Path, base: Path, *, people: pa.Table | None, last: tuple[str, ...], quick: bool
    ) -> None:
        self.name, self.fills, self.app, self.base = line.name, line.fills, line.app, base
        self.people, self.last_complete_ids, self.quick = people, last, quick
        self._failed = line.error if line.listing is None else ""
        self._ended, self._played = line.ended, bodies(stem)
        self._tables: dict[str, list[pa.Table]] = {"people": [], "accounts": [], "grants": []}
        for entry, body in bodies(stem):
            if entry.method == "FILE":
                _lay_out(base, entry, body)

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        """The recorded reply, if this request is the next on record.

        :raises SourceError: no answer came to it, or the record ends here, as its listing did when it failed.
        :raises IntegrityError: something else is on record.
        """
        del send
        entry, body = next(self._played, (None, b""))
        if entry is None and self._failed:
            # What a listing failed on is an answer that never came, and so is not on record.
            raise SourceError(self._failed, source=self.name)
        if entry is None or (entry.method, entry.url) != (method, url):
            had = f"{entry.method} {entry.url}" if entry else "nothing more"
            raise IntegrityError(f"{self.name} asks for {method} {url}, and the record has {had}")
        entry.answered(self.name)
        return Reply(entry.status, entry.headers, body), entry.number

    def read(self, path: Path) -> tuple[bytes, int]:
        """The recorded bytes of a file."""
        reply, number = self.exchange("FILE", path.as_posix(), lambda: Reply(0, {}, b""))
        return reply.body, number

    def rows(self, table: pa.Table) -> None:
        """Take rows."""
        self._tables[table.schema.metadata[b"name"].decode()].append(table)

    def progress(self, done: int, total: int | None) -> None:
        """Nobody watches."""

    def tell(self, words: str) -> None:
        """Nobody can be asked."""
        raise IntegrityError(f"{self.name} would have to ask a person: {words}")

    def now(self) -> datetime:
        """When the source was collected."""
        return self._ended

    def table(self, name: str) -> pa.Table:
        """All rows of one table."""
        return tables.concat(tables.ALL[name], self._tables[name])

    def left(self) -> Iterator[Exchange]:
        """What is on record and was not asked for."""
        return (entry for entry, _ in self._played)


def unreached(source: Source) -> Source:
    """A source without the settings that are for reaching it."""
    model: Any = source
    fields = type(model).model_fields
    gone = {name: fields[name].get_default(call_default_factory=True) for name in _SPEAKING & fields.keys()}
    silent: Source = model.model_copy(update=gone)
    return silent


def _lay_out(base: Path, entry: Exchange, body: bytes) -> None:
    """Write a recorded file to where its source looks for it.

    :raises IntegrityError: that is outside ``base``.
    """
    path = base / entry.url
    if Path(entry.url).is_absolute() or ".." in Path(entry.url).parts:
        raise IntegrityError(f"{entry.url} is outside the folder of the configuration, where it cannot be laid out")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
