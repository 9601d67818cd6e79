"""A roster or an app's export as separated text (RFC 4180 and its dialects), read strictly.

Python's csv module splits the text; around it stand the checks it lacks: a lost quotation mark that swallows rows,
rows of another length than the header, characters that are not of the declared encoding.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from scimaudit.errors import Malformed
from scimaudit.sources import Rejected
from scimaudit.sources._decoding import decode, known_encoding
from scimaudit.sources._export import Export
from scimaudit.sources._grid import Grid, reject
from scimaudit.sources._headings import HEADER_WITHIN, Wanted

SEPARATORS: Final = (",", ";", "\t", "|")
CELL_LINES: Final = 20
"""A quoted cell with more lines than this is taken for a lost quotation mark."""


class Source(Export):
    """``source = "csv"``: separated text, such as HR systems and admin consoles export."""

    encoding: str | None = Field(None, description="how the file was saved; default: its byte order mark, else UTF-8")
    separator: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="between cells; default: the one of , ; tab | that fits the header",
    )
    quote: Literal['"', "'", ""] = Field('"', description="around cells; empty: the file knows no quotation")

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, name: str | None) -> str | None:
        return known_encoding(name) if name else None

    @field_validator("separator")
    @classmethod
    def _separator_separates(cls, separator: str | None) -> str | None:
        if separator in ("\r", "\n", '"', "'", " "):
            msg = f"{separator!r} cannot separate cells"
            raise ValueError(msg)
        return separator

    def read(self, data: bytes, wanted: Wanted) -> Grid:
        """See :meth:`Export.read`."""
        text, encoding = decode(data, self.encoding)
        lines = list(io.StringIO(text, newline=""))
        start, told = _told_separator(lines[0])
        head = _head(lines, start, self.separator or told, self.quote, wanted)
        body = _Body(lines, head, self.quote)
        body.read()
        notes = body.notes()
        return Grid(
            header=tuple(head.cells),
            columns=list(zip(*body.rows, strict=True)) if body.rows else [()] * len(head.cells),
            places=body.places,
            raw=lambda index: _raw(lines[body.places[index] - 1 : body.ends[index]]),
            unit="line",
            rejected=tuple(body.rejected),
            notes=notes,
            facts={"encoding": encoding, "separator": head.separator, "header": f"line {head.first + 1}"},
        )


@dataclass(frozen=True)
class _Head:
    """The header and how it was split.

    :param before: records above it, as (first line, line after the last, cells), counted from 0.
    :param first: its first line.
    :param end: the line after it.
    """

    separator: str
    before: Sequence[tuple[int, int, list[str]]]
    first: int
    end: int
    cells: list[str]


def _told_separator(line: str) -> tuple[int, str | None]:
    """Lines to pass over and the separator, where Excel's ``sep=;`` stands first."""
    stripped = line.rstrip("\r\n")
    return (1, stripped[4]) if stripped.lower().startswith("sep=") and len(stripped) == 5 else (0, None)


def _head(lines: Sequence[str], start: int, separator: str | None, quote: str, wanted: Wanted) -> _Head:
    """The header, split by the separator that makes most of it.

    :raises Malformed: two separators fit equally well, or a quotation mark is lost in the header.
    """
    found = []
    for candidate in (separator,) if separator else SEPARATORS:
        records = _first_records(lines, start, candidate, quote)
        if records:
            index = wanted.header_among([cells for _, _, cells in records])
            first, end, cells = records[index]
            found.append((wanted.score(cells), _Head(candidate, records[:index], first, end, cells)))
    if not found:
        raise Malformed("no header could be read", hint="a quotation mark may be lost in the first lines")
    best = max(score for score, _ in found)
    fitting = [head for score, head in found if score == best]
    if len(fitting) > 1 and len({tuple(head.cells) for head in fitting}) > 1:
        raise Malformed(
            f"line {fitting[0].first + 1} can be split by {' or '.join(repr(head.separator) for head in fitting)}",
            hint='declare the separator, for example separator = ";"',
        )
    head = fitting[0]
    if any("\n" in cell and head.separator in cell for cell in head.cells):
        raise Malformed(f"a quotation mark is lost in the header, line {head.first + 1}", hint="export the file again")
    return head


def _first_records(lines: Sequence[str], start: int, separator: str, quote: str) -> list[tuple[int, int, list[str]]]:
    reader = csv.reader(iter(lines[start:]), **_dialect(separator, quote))
    records: list[tuple[int, int, list[str]]] = []
    first = start
    # A mark that is lost in a row shows when the body is read; what comes before it is enough to go by. A candidate
    # that is not the separator breaks on the first quoted cell.
    try:
        for cells in islice(reader, HEADER_WITHIN):
            end = start + reader.line_num
            if any(cell.strip() for cell in cells):
                records.append((first, end, cells))
            first = end
    except csv.Error:
        return records
    return records


class _Body:
    """The rows under the header: good ones in ``rows``, the rest in ``rejected``."""

    def __init__(self, lines: list[str], head: _Head, quote: str) -> None:
        self.rows: list[list[str]] = []
        self.places: list[int] = []
        self.ends: list[int] = []
        self.rejected: list[Rejected] = []
        self._lines, self._head, self._quote = lines, head, quote
        self._blank = 0
        self._above = 0

    def read(self) -> None:
        """Read all rows.

        :raises Malformed: a quotation mark opens and never closes.
        """
        filled = sum(bool(cell.strip()) for cell in self._head.cells)
        for first, end, cells in self._head.before:
            if sum(bool(cell.strip()) for cell in cells) >= max(filled, 2):
                self._reject_lines(first, end, "stands above the header and is as long as a row")
            else:
                self._above += 1
        width = len(self._head.cells)
        nul = any("\0" in line for line in self._lines)
        for first, end, cells, problem in self._records():
            if problem:
                self._reject_lines(first, end, problem)
            elif not any(cells) or not any(cell.strip() for cell in cells):
                self._blank += 1
            elif len(cells) != width:
                noun = "cell" if len(cells) == 1 else "cells"
                self._reject_lines(first, end, f"has {len(cells)} {noun} where the header has {width}")
            elif nul and any("\0" in cell for cell in cells):
                self._reject_lines(first, end, "holds a NUL character")
            elif end - first > 1 and (doubt := self._swallowed(first, end)):
                self._reject_lines(first, end, doubt)
            else:
                self.rows.append(cells)
                self.places.append(first + 1)
                self.ends.append(end)

    def notes(self) -> tuple[str, ...]:
        """What else is worth knowing of the file."""
        found = []
        if self._above:
            found.append(f"{self._above} line{'s' if self._above > 1 else ''} above the header passed over")
        if self._blank:
            found.append(f"{self._blank} empty line{'s' if self._blank > 1 else ''} passed over")
        if not self._lines[-1].endswith(("\n", "\r")):
            found.append("the last line does not end with a line break")
        return tuple(found)

    def _records(self) -> Iterator[tuple[int, int, list[str], str]]:
        """First line, line after the last (from 0), cells, and what is wrong with the quotation."""
        begin = self._head.end
        reader = csv.reader(iter(self._lines[begin:]), **_dialect(self._head.separator, self._quote))
        end = begin
        while True:
            first = end
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                end = begin + reader.line_num
                opened = self._left_open(first, end) if end == len(self._lines) else None
                if opened is not None:
                    raise Malformed(
                        f"a quotation mark opens on line {opened + 1} and never closes",
                        hint="correct that line, or export the file again",
                    ) from error
                yield first, end, [], f"its quotation marks cannot be read: {error}"
                continue
            end = begin + reader.line_num
            yield first, end, cells, ""

    def _left_open(self, first: int, end: int) -> int | None:
        """The line on which the quotation opened that is still open after the last line."""
        opened: int | None = None
        for number in range(first, end):
            for _ in range(self._lines[number].count(self._quote)):
                opened = number if opened is None else None
        return opened

    def _swallowed(self, first: int, end: int) -> str:
        """Why a row over several lines is more likely several rows with a lost quotation mark; empty if it is not."""
        if end - first > CELL_LINES:
            return f"a quoted cell runs from line {first + 1} to line {end}; a quotation mark may be lost"
        separators = len(self._head.cells) - 1
        for number in range(first + 1, end):
            if self._lines[number].count(self._head.separator) >= separators:
                return f"line {number + 1}, inside a quoted cell, looks like a row; a quotation mark may be lost"
        return ""

    def _reject_lines(self, first: int, end: int, reason: str) -> None:
        """Reject a row; over several lines it may be several rows, so each line counts as one and none is lost."""
        for number in range(first, end):
            raw = _raw(self._lines[number : number + 1])
            if raw.strip():
                self.rejected.append(reject(number + 1, reason, raw))


def _dialect(separator: str, quote: str) -> dict[str, Any]:
    if not quote:
        return {"delimiter": separator, "quoting": csv.QUOTE_NONE, "strict": True}
    return {"delimiter": separator, "quotechar": quote, "strict": True}


def _raw(lines: Sequence[str]) -> bytes:
    return "".join(lines).rstrip("\r\n").encode(errors="surrogatepass")
