"""A source that hears what was recorded, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from scimaudit import tables
from scimaudit.errors import IntegrityError, ScimAuditError, SourceError
from scimaudit.snapshot.manifest import Collected
from scimaudit.snapshot.record import Exchange, bodies, exchanges
from scimaudit.snapshot.settings import REACHING
from scimaudit.sources import Reply, Source
from scimaudit.sources._files import on_record


class NotOnRecord(ScimAuditError):
    """A source asks for something that the bundle does not hold, and need not hold: it cannot be played."""


@dataclass(frozen=True)
class Circumstances:
    """What a listing was asked by, beside its settings.

    :param people: gives the merged rosters; ``last``: gives the ids that it gave last, and whether its walk
        was complete then. Each raises
        :class:`NotOnRecord` where that is not known.
    """

    quick: bool
    people: Callable[[], pa.Table | None]
    last: Callable[[], tuple[tuple[str, ...], bool]]


class Tape:
    """A sink whose exchanges are those on record; see :class:`scimaudit.sources.Sink`.

    :param line: the source as it was collected.
    :param stem: its record, as :func:`scimaudit.snapshot.record.bodies` wants it.
    :param base: an empty folder: files are heard from the record, whatever the configuration calls them.
    :param asked_by: what the listing was asked by.
    """

    def __init__(self, line: Collected, stem: Path, base: Path, asked_by: Circumstances) -> None:
        self.name, self.fills, self.app, self.base = line.name, line.fills, line.app, base
        self.quick = asked_by.quick
        self._asked_by = asked_by
        self._failed = line.error if line.listing is None else ""
        self._ended, self._stem, self._played = line.ended, stem, bodies(stem)
        self._tables: dict[str, list[pa.Table]] = {"people": [], "accounts": [], "grants": []}

    @property
    def people(self) -> pa.Table | None:
        """The merged rosters that were known then.

        :raises NotOnRecord: the bundle does not have them.
        """
        return self._asked_by.people()

    @property
    def last_ids(self) -> tuple[str, ...]:
        """The ids that this listing had given last.

        :raises NotOnRecord: the bundle does not have them.
        """
        return self._asked_by.last()[0]

    @property
    def last_whole(self) -> bool:
        """Whether its walk was complete then."""
        return self._asked_by.last()[1]

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

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """The recorded files that paths and patterns name."""
        return on_record(paths, dict.fromkeys(entry.url for entry in exchanges(self._stem) if entry.method == "FILE"))

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
    """A source without the settings that are for reaching it: nothing is reached, so no secret and no file is read.

    One that cannot be without such a setting reads it when it is reached.
    """
    model: Any = source
    fields = type(model).model_fields
    gone = {name: fields[name] for name in REACHING & fields.keys() if not fields[name].is_required()}
    silent: Source = model.model_copy(
        update={name: field.get_default(call_default_factory=True) for name, field in gone.items()}
    )
    return silent
