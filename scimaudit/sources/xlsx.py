"""A roster or an app's export as an Excel workbook (ECMA-376), read cell by cell with openpyxl.

A workbook keeps more than it shows and shows more than it keeps: formulas without a computed value, numbers that lost
their digits, merged cells that are empty but for the first. Such a cell costs its row where its column is used.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException
from pydantic import Field

from scimaudit.errors import Malformed
from scimaudit.sources import Rejected
from scimaudit.sources._export import Export
from scimaudit.sources._grid import Cell, Fault, Grid, reject
from scimaudit.sources._headings import HEADER_WITHIN, Wanted

CEILING: Final = 512 * 1024 * 1024
"""Bytes a workbook may take up once decompressed."""

LAST_ROW: Final = 1_048_576
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_EXACT: Final = 10**15
# What openpyxl and the readers below it raise on a broken workbook.
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, InvalidFileException, ParseError, OSError, RuntimeError,
    KeyError, IndexError, ValueError, TypeError, AttributeError, OverflowError,
)  # fmt: skip
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_ASKS = re.compile(rb"<(?:\w+:)?calcPr [^>]*?fullCalcOnLoad=\"(?:1|true)\"")
_ROW = re.compile(rb"<(?:\w+:)?row [^>]*?\br=\"(\d+)\"")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell [^>]*?ref=\"([A-Z]+\d+:[A-Z]+\d+)\"")


class Source(Export):
    """``source = "xlsx"``: one sheet of a workbook. All its rows count, also those that a filter hides."""

    sheet: str = Field("", description="name of the sheet; default: the only visible one")

    def read(self, data: bytes, wanted: Wanted) -> Grid:
        """See :meth:`Export.read`."""
        check_container(data, CEILING)
        try:
            return self._grid(data, wanted)
        except _BROKEN as error:
            raise Malformed(f"the workbook is damaged: {error}", hint="open it, save it again as .xlsx") from error

    def _grid(self, data: bytes, wanted: Wanted) -> Grid:
        values = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = _sheet(values, self.sheet)
        markup = _markup(data, sheet)
        _in_order(markup)
        formulas = None
        if _FORMULA.search(markup):
            formulas = load_workbook(io.BytesIO(data), read_only=True)[sheet.title]
        rows = list(_rows(sheet, formulas, stale=_never_calculated(data)))
        if not rows:
            raise Malformed(f"the sheet {sheet.title!r} is empty", hint="name another one as sheet, or export it again")
        head = wanted.header_among([[_heading(cell) for cell in cells] for _, cells in rows[:HEADER_WITHIN]])
        place, cells = rows[head]
        header = [_heading(cell) for cell in cells]
        body = _Body(header, _covered(markup, range(place + 1, rows[-1][0] + 1), len(header)))
        for above, other in rows[:head]:
            body.above(above, other)
        for number, other in rows[head + 1 :]:
            body.take(number, other)
        return Grid(
            header=tuple(header),
            columns=list(zip(*body.rows, strict=True)) if body.rows else [()] * len(header),
            places=body.places,
            raw=lambda index: _raw(body.rows[index]),
            unit="row",
            rejected=tuple(body.rejected),
            notes=_notes(values, sheet, body.passed_over),
            facts={"sheet": sheet.title, "header": f"row {place}"},
        )


def check_container(data: bytes, ceiling: int) -> None:
    """See that the bytes are a workbook that can be opened without danger.

    :raises Malformed: they are an old or protected workbook, no workbook, or one that swells beyond ``ceiling`` bytes.
    """
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Malformed("the workbook is protected by a password", hint="save it without one")
        raise Malformed("this is a workbook of the old .xls kind", hint="open it and save it as .xlsx, or export CSV")
    if not data.strip():
        raise Malformed("the file is empty", hint="export it again")
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise Malformed("this is not a workbook", hint="export it as .xlsx, or name the right source") from error
    # A member that is larger than it says fails on reading, so that what is said can be relied on.
    size = sum(member.file_size for member in members)
    if size > ceiling:
        raise Malformed(
            f"the workbook would take {size:,} bytes when unpacked, more than {ceiling:,}", hint="export it as CSV"
        )


def _sheet(book: Any, name: str) -> Any:
    titles = [sheet.title for sheet in book.worksheets]
    if name:
        if name not in titles:
            raise Malformed(f"there is no sheet {name!r}", hint=f"the sheets are {', '.join(map(repr, titles))}")
        return book[name]
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if len(visible) != 1:
        raise Malformed(
            f"{len(visible)} sheets are visible",
            hint=f"name one as sheet: {', '.join(map(repr, titles)) or 'there is none'}",
        )
    return visible[0]


def _markup(data: bytes, sheet: Any) -> bytes:
    """The sheet as XML, for what openpyxl does not tell of a sheet it reads row by row."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(sheet._worksheet_path)  # noqa: SLF001 - openpyxl has no public name for the sheet's file


def _never_calculated(data: bytes) -> bool:
    """Whether the workbook asks Excel to calculate on opening, as a writer does that left made-up results behind.

    Read from the markup: openpyxl takes the request for granted where the workbook does not make it.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        books = [archive.read(name) for name in archive.namelist() if name.endswith("workbook.xml")]
    return any(_ASKS.search(book) for book in books)


def _rows(sheet: Any, formulas: Any, *, stale: bool) -> Iterator[tuple[int, list[Cell]]]:
    """Row number and cells of each row that holds anything, in the sheet's order."""
    # The size that a workbook claims for a sheet may be wrong, and openpyxl would believe it.
    sheet.reset_dimensions()
    other: Iterator[Any] = iter(())
    if formulas is not None:
        formulas.reset_dimensions()
        other = formulas.iter_rows()
    for place, row in enumerate(sheet.iter_rows(), 1):
        if place > LAST_ROW:
            raise Malformed(f"the sheet has rows beyond {LAST_ROW:,}", hint="export it as CSV")
        cells = [_cell(cell) for cell in row]
        for index, written in enumerate(next(other, ())):
            if written.data_type == "f":
                cells[index] = _computed(row[index], cells[index], stale=stale)
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if cells:
            yield place, cells


def _computed(cell: Any, value: Cell, *, stale: bool) -> Cell:
    """What a formula came to, where that is on record."""
    if stale:
        return Fault("is a formula whose result is not on record; open the file in Excel and save it")
    if value is None and cell.data_type != "str":
        return Fault("is a formula without a result; open the file in Excel and save it")
    return value


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return None
    if cell.data_type == "e":
        return Fault(f"is the error {value}")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value, cell.number_format)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - Excel knows no zones
    if isinstance(value, (time, timedelta)):
        return str(value)
    return str(value)


def _number(value: float, form: str) -> Cell:
    """A number as Excel shows it: without a decimal point where it is whole, with the leading zeros of its format."""
    if abs(value) >= _EXACT:
        return Fault("is a number of more than 15 digits, which Excel has rounded; keep it as text")
    if value != int(value):
        return repr(value)
    text = str(int(value))
    return text.zfill(len(form)) if re.fullmatch("0+", form) and value >= 0 else text


def _heading(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.isoformat() if isinstance(cell, datetime) else ""


def _covered(markup: bytes, rows: range, width: int) -> dict[tuple[int, int], int]:
    """Row and column (from 0) of each cell in ``rows`` that is merged into another one, to the row of that one."""
    found = {}
    for match in _MERGED.finditer(markup):
        bounds: Any = range_boundaries(match[1].decode())
        left, top, right, bottom = bounds
        for row in range(max(top, rows.start), min(bottom + 1, rows.stop)):
            for column in range(left, min(right, width) + 1):
                if (row, column) != (top, left):
                    found[row, column - 1] = top
    return found


def _in_order(markup: bytes) -> None:
    """See that row numbers rise; openpyxl passes over a row that does not.

    :raises Malformed: they do not.
    """
    numbers = [int(match[1]) for match in _ROW.finditer(markup)]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise Malformed("the rows of the sheet are out of order", hint="open it in Excel and save it again")


class _Body:
    """The rows under the header: good ones in ``rows``, the rest in ``rejected``."""

    def __init__(self, header: Sequence[str], covered: dict[tuple[int, int], int]) -> None:
        self.rows: list[list[Cell]] = []
        self.places: list[int] = []
        self.rejected: list[Rejected] = []
        self.passed_over = 0
        self._width = len(header)
        self._filled = sum(bool(text.strip()) for text in header)
        self._covered = covered

    def above(self, place: int, cells: list[Cell]) -> None:
        """A row above the header: a title, or a row that must not be lost."""
        if sum(cell not in (None, "") for cell in cells) >= max(self._filled, 2):
            self.rejected.append(reject(place, "stands above the header and is as long as a row", _raw(cells)))
        else:
            self.passed_over += 1

    def take(self, place: int, cells: list[Cell]) -> None:
        """A row under the header; Excel leaves out cells at its end that are empty."""
        if len(cells) > self._width:
            reason = f"has a value in cell {len(cells)} where the header has {self._width} cells"
            self.rejected.append(reject(place, reason, _raw(cells)))
            return
        cells = cells + [None] * (self._width - len(cells))
        if self._covered:
            cells = [
                Fault(f"is merged with a cell of row {top}") if (top := self._covered.get((place, column))) else cell
                for column, cell in enumerate(cells)
            ]
        self.rows.append(cells)
        self.places.append(place)


def _notes(book: Any, sheet: Any, passed_over: int) -> tuple[str, ...]:
    notes = []
    if passed_over:
        notes.append(f"{passed_over} row{'s' if passed_over > 1 else ''} above the header passed over")
    if sheet.sheet_state != "visible":
        notes.append(f"the sheet {sheet.title!r} is hidden")
    unread = [other.title for other in book.worksheets if other.title != sheet.title]
    if unread:
        notes.append(f"sheets not read: {', '.join(map(repr, unread))}")
    return tuple(notes)


def _raw(cells: Sequence[Cell]) -> bytes:
    return "\x1f".join(
        cell.isoformat() if isinstance(cell, datetime) else cell.reason if isinstance(cell, Fault) else str(cell or "")
        for cell in cells
    ).encode(errors="surrogatepass")
