"""A file as a grid of cells, before anyone asks what its columns mean; CSV, XLSX and JSON all end here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Literal, TypeAlias

from scimaudit.sources import Rejected


@dataclass(frozen=True)
class Fault:
    """A cell that holds no value that could be trusted; it costs its row only where its column is used."""

    reason: str


Cell: TypeAlias = "str | datetime | list[str] | Fault | None"


@dataclass(frozen=True)
class Part:
    """One of the files that a grid was made of: its name and how many rows it gave."""

    name: str
    rows: int


@dataclass(frozen=True)
class Grid:
    """What a file holds.

    :param header: the headings, as the file spells them.
    :param columns: one sequence of cells per heading, all as long as ``places``.
    :param places: of each row, the line, row or item number that an editor shows.
    :param raw: gives the raw bytes of the row with that index; asked only for rows that are rejected.
    :param rejected: rows that could not be split into cells.
    :param unit: what a place counts.
    :param doubt: why the file itself says that it is not whole; empty when it does not.
    :param facts: how the file was read: separator, sheet and the like.
    :param parts: the files in their order, where there are several.
    """

    header: tuple[str, ...]
    columns: Sequence[Sequence[Cell]]
    places: Sequence[int]
    raw: Callable[[int], bytes]
    unit: Literal["line", "row", "item"]
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()
    doubt: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    def where(self, index: int) -> str:
        """The file of a row, as a prefix of what is said about the row; nothing where there is only one file."""
        for part in self.parts:
            if index < part.rows:
                return f"{part.name}: "
            index -= part.rows
        return ""

    def ends(self) -> list[range]:
        """The rows of each file."""
        sizes = [part.rows for part in self.parts] or [len(self.places)]
        starts = [0, *accumulate(sizes)]
        return [range(start, start + size) for start, size in zip(starts, sizes, strict=False)]


def reject(place: int, reason: str, raw: bytes) -> Rejected:
    """A rejected row, with the digest it is acknowledged by."""
    return Rejected(place, reason, hashlib.sha256(raw).hexdigest()[:16])


def shown(text: str, limit: int = 40) -> str:
    """Text from a file as an error message quotes it: escaped, and cut to ``limit``."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
