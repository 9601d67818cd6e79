"""The located columns of a grid, read as text, lists, days or moments. A cell that cannot be read costs its row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.sources import _dates
from scimaudit.sources._grid import Cell, Fault, Grid, shown
from scimaudit.sources._words import plain
from scimaudit.tables import DAY, TEXT, TEXTS, TIME

T = TypeVar("T", date, datetime)

# A line break or NUL in a key is what a lost quotation mark or a wrong encoding leaves behind.
_BROKEN = re.compile(r"[\r\n\0]")


class Columns:
    """Reads the columns of one grid and gathers why rows are faulty.

    :param places: column name to index in the grid's header.

    ``faults`` (row index to the first reason against it) and ``zoneless`` (columns with times that state no zone) fill
    while columns are read.
    """

    def __init__(
        self, grid: Grid, places: Mapping[str, int], *, formats: Sequence[str], no_date: Sequence[str], separator: str
    ) -> None:
        self.places = places
        self.faults: dict[int, str] = {}
        self.zoneless: set[str] = set()
        self.size = len(grid.places)
        self._grid = grid
        self._formats = tuple(formats)
        self._no_date = frozenset(plain(word) for word in no_date)
        self._separator = separator

    def text(self, name: str) -> pa.Array:
        """The column as text without outer white space; empty is null, and so is a column that is not there."""
        if name not in self.places:
            return pa.nulls(self.size, TEXT)
        cells = self._grid.columns[self.places[name]]
        try:
            found = pa.array(cells, TEXT)
        except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
            found = pa.array([self._one(index, name, cell) for index, cell in enumerate(cells)], TEXT)
        found = pc.utf8_trim_whitespace(found)
        return pc.if_else(pc.equal(found, ""), pa.scalar(None, TEXT), found)

    def key(self, name: str) -> pa.Array:
        """:meth:`text` of a column of keys, which hold no line break and no NUL."""
        found = self.text(name)
        broken = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(found, _BROKEN.pattern), fill_value=False))
        for index in broken.to_pylist():
            self._fault(index, f"{name} holds a line break or a NUL character")
        return found

    def texts(self, name: str) -> pa.Array:
        """The column as lists of distinct texts, split at the list separator; without any it is null."""
        if name not in self.places:
            return pa.nulls(self.size, TEXTS)
        cells = self._grid.columns[self.places[name]]
        return pa.array([self._list(index, name, cell) for index, cell in enumerate(cells)], TEXTS)

    def days(self, name: str) -> pa.Array:
        """The column as calendar days."""
        return pa.array(self._moments(name, _dates.as_day), DAY)

    def moments(self, name: str) -> pa.Array:
        """The column as moments in UTC."""
        return pa.array(self._moments(name, _dates.as_moment), TIME)

    def _moments(self, name: str, convert: Callable[[datetime], T]) -> Iterator[T | None]:
        cells: Sequence[Cell] = self._grid.columns[self.places[name]] if name in self.places else [None] * self.size
        known: dict[str, T | str | None] = {}
        for index, cell in enumerate(cells):
            if isinstance(cell, datetime):
                yield self._converted(index, name, cell, convert)
                continue
            word = self._one(index, name, cell)
            if word is None:
                yield None
                continue
            if word not in known:
                known[word] = self._parsed(word.strip(), name, convert)
            value = known[word]
            if isinstance(value, str):
                self._fault(index, f"{name}: {value}")
                yield None
            else:
                yield value

    def _parsed(self, word: str, name: str, convert: Callable[[datetime], T]) -> T | str | None:
        if not word or plain(word) in self._no_date:
            return None
        try:
            moment = _dates.parse(word, self._formats)
            self._note_zone(name, moment, convert)
            return convert(moment)
        except (ValueError, OverflowError) as error:
            return str(error)

    def _converted(self, index: int, name: str, moment: datetime, convert: Callable[[datetime], T]) -> T | None:
        self._note_zone(name, moment, convert)
        try:
            return convert(moment)
        except (ValueError, OverflowError) as error:
            self._fault(index, f"{name}: {error}")
            return None

    def _note_zone(self, name: str, moment: datetime, convert: Callable[[datetime], T]) -> None:
        if convert is _dates.as_moment and moment.tzinfo is None and moment.time() != datetime.min.time():
            self.zoneless.add(name)

    def _one(self, index: int, name: str, cell: Cell) -> str | None:
        """One text from a cell that may be none."""
        if isinstance(cell, list):
            if len(cell) > 1:
                self._fault(index, f"{name} holds {len(cell)} values where one is due")
                return None
            cell = cell[0] if cell else None
        if isinstance(cell, Fault):
            self._fault(index, f"{name} {cell.reason}")
            return None
        if isinstance(cell, datetime):
            midnight = cell.tzinfo is None and cell.time() == datetime.min.time()
            return cell.date().isoformat() if midnight else cell.isoformat()
        if cell is not None and not _encodable(cell):
            self._fault(index, f"{name} is not valid Unicode: {shown(cell)}")
            return None
        return cell

    def _list(self, index: int, name: str, cell: Cell) -> list[str] | None:
        if isinstance(cell, list):
            parts = [part for part in cell if _encodable(part)]
            if len(parts) != len(cell):
                self._fault(index, f"{name} is not valid Unicode")
        else:
            parts = (self._one(index, name, cell) or "").split(self._separator)
        found = list(dict.fromkeys(stripped for part in parts if (stripped := part.strip())))
        if any(_BROKEN.search(part) for part in found):
            self._fault(index, f"{name} holds a line break or a NUL character")
        return found or None

    def _fault(self, index: int, reason: str) -> None:
        self.faults.setdefault(index, reason)


def oldest(moments: pa.Array) -> datetime | None:
    """The earliest of the moments, if there is one."""
    found = pc.min(moments).as_py()
    return found.astimezone(UTC) if found is not None else None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
