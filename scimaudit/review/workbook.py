"""A packet as an Excel workbook: drop-downs to decide with, everything else locked, ids in a hidden column."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

from scimaudit.errors import ConfigError
from scimaudit.review.campaign import VERDICTS
from scimaudit.review.packets import ASKED, SHOWN, Packet

SHEET: Final = "Review"
ABOUT: Final = "About"
_WIDTHS: Final = (12, 30, 22, 28, 34, 44, 52, 12, 14, 34, 14, 44)
_HEAD: Final = 4
"""Rows above the headings: what this is, and what to do."""
_FACTS: Final = ("campaign", "reviewer", "packet")
_ASK: Final = (
    "Decide in each row: certify (it is needed), revoke, modify (less of it is needed), or abstain (say who can tell). "
    "Give a reason where you do not certify."
)
CEILING: Final = 128 * 1024 * 1024
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, ParseError, OSError, RuntimeError, KeyError,
    IndexError, ValueError, TypeError, AttributeError, OverflowError,
)  # fmt: skip
"""What openpyxl and the readers below it raise on a broken workbook."""


@dataclass(frozen=True)
class Row:
    """One row as it came back.

    :param place: its row in the sheet.
    """

    place: int
    item_id: str
    shown: tuple[str, ...]
    decision: str
    rationale: str


@dataclass(frozen=True)
class Returned:
    """A workbook as it came back."""

    campaign: str
    reviewer: str
    packet: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def write(packet: Packet, stream: BinaryIO) -> None:
    """Write the packet's workbook."""
    import xlsxwriter  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory(prefix="scimaudit-") as scratch:
        path = Path(scratch) / "packet.xlsx"
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        book = xlsxwriter.Workbook(path, options)
        # The workbook carries no time of its own: the same packet is the same bytes.
        book.set_properties({"title": f"Access review {packet.opened.title}", "created": _naive(packet)})
        _review(book, packet)
        _about(book, packet)
        book.close()
        stream.write(path.read_bytes())


def read(data: bytes, name: str) -> Returned:
    """Read a workbook that came back.

    :raises ConfigError: it is no packet that can be read.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        size = sum(member.file_size for member in zipfile.ZipFile(io.BytesIO(data)).infolist())
        if size > CEILING:
            raise ConfigError(f"{name} would take {size:,} bytes when unpacked", hint="it is no packet")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        about = {_text(row[0]): _text(row[1]) for row in book[ABOUT].iter_rows(max_col=2, values_only=True)}
        rows = [[_text(cell) for cell in row] for row in book[SHEET].iter_rows(values_only=True)]
    except (*_BROKEN, InvalidFileException) as error:
        raise ConfigError(f"{name} is no packet that can be read: {error}", hint="ask for the packet again") from error
    wide = len(SHOWN) + len(ASKED) + 1
    padded = [row[:wide] + [""] * (wide - len(row)) for row in rows[_HEAD:]]
    header = tuple(padded[0]) if padded else ()
    body = [(place, row) for place, row in enumerate(padded[1:], start=_HEAD + 2) if any(row)]
    found = tuple(Row(place, row[0], tuple(row[1:-2]), row[-2].casefold(), row[-1]) for place, row in body)
    campaign, reviewer, packet = (about.get(fact, "") for fact in _FACTS)
    return Returned(campaign, reviewer, packet, header, found)


def _review(book: Any, packet: Packet) -> None:
    plain = {"num_format": "@", "valign": "top", "text_wrap": True, "font_size": 10}
    locked, open_ = (
        book.add_format(plain),
        book.add_format(plain | {"locked": False, "bg_color": "#FFFBE6", "border": 1}),
    )
    against = book.add_format(plain | {"bold": True, "font_color": "#9C1F1A"})
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8ECF1", "text_wrap": True, "valign": "top"})
    title = book.add_format({"bold": True, "font_size": 14})
    sheet = book.add_worksheet(SHEET)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 18, None, {"hidden": True})
    for column, width in enumerate(_WIDTHS, start=1):
        sheet.set_column(column, column, width)
    said = (
        f"Access review {packet.opened.title}",
        f"For {packet.reviewer_name}. {len(packet.items)} to decide, until {packet.opened.due}.",
        _ASK,
    )
    for row, text in enumerate(said):
        sheet.write_string(row, 1, text, title if not row else None)
    for column, text in enumerate(("Item", *SHOWN, *ASKED)):
        sheet.write_string(_HEAD, column, text, head)
    for place, (item, cells) in enumerate(zip(packet.items, packet.rows, strict=True), start=_HEAD + 1):
        sheet.write_string(place, 0, item.item_id, locked)
        for column, text in enumerate(cells, start=1):
            revoke = item.recommended == "revoke" and SHOWN[column - 1] == "Recommended"
            sheet.write_string(place, column, text, against if revoke else locked)
        sheet.write_blank(place, len(SHOWN) + 1, None, open_)
        sheet.write_blank(place, len(SHOWN) + 2, None, open_)
    last = _HEAD + len(packet.items)
    told = {"error_title": "Decision", "error_message": "Choose one of the four."}
    choice = {"validate": "list", "source": list(VERDICTS), **told}
    sheet.data_validation(_HEAD + 1, len(SHOWN) + 1, last, len(SHOWN) + 1, choice)
    sheet.freeze_panes(_HEAD + 1, 3)
    sheet.repeat_rows(_HEAD)
    sheet.autofilter(_HEAD, 1, last, len(SHOWN) + len(ASKED))
    sheet.protect("", {"autofilter": True, "sort": False, "format_columns": True, "format_rows": True})


def _about(book: Any, packet: Packet) -> None:
    sheet = book.add_worksheet(ABOUT)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 80)
    told = (
        ("campaign", packet.opened.id), ("reviewer", packet.reviewer), ("packet", packet.digest),
        ("snapshot", packet.opened.snapshot_id), ("audit", packet.opened.audit_id),
        ("", "These lines tell the importer which packet this is. Leave them as they are."),
    )  # fmt: skip
    for row, cells in enumerate(told):
        for column, text in enumerate(cells):
            sheet.write_string(row, column, text)
    sheet.protect()


def _naive(packet: Packet) -> Any:
    return packet.opened.opened_at.replace(tzinfo=None)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()
