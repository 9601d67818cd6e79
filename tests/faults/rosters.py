"""Rosters as bytes in four kinds of file, ways to damage them, and how many rows a damaged one still shows.

The count is made without the product: by lines of text, by the json module, by the lines that begin an entry, by the
XML of the sheet. ``None`` says that nothing can be counted, so the file must be refused.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

import openpyxl

HEADINGS: Final = ("Id", "Login", "Mail", "Status")
COLUMNS: Final = {"person_id": "Id", "user_name": "Login", "emails": "Mail", "status": "Status"}
_TOKEN: Final = re.compile("P[0-9]{5}")
_SHEET: Final = "xl/worksheets/sheet1.xml"
_NO_WORKBOOK: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, ET.ParseError, KeyError, ValueError, OSError, EOFError),
    *(NotImplementedError, RuntimeError, LookupError),
)
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def people(number: int) -> list[tuple[str, str, str, str]]:
    """So many people, each known by an id that stands nowhere else."""
    return [
        (f"P{at:05d}", f"user{at}", f"üser{at}@corp.example", ("active", "terminated")[at % 5 == 0])
        for at in range(1, number + 1)
    ]


def as_csv(number: int, chance: Random) -> bytes:
    """Separated text in one of the usual dialects."""
    stream = io.StringIO()
    writer = csv.writer(
        stream,
        delimiter=chance.choice([",", ";", "\t"]),
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=chance.choice(["\n", "\r\n"]),
    )
    writer.writerows([HEADINGS, *people(number)])
    return stream.getvalue().encode(chance.choice(["utf-8", "utf-8-sig", "utf-16"]))


def as_json(number: int, chance: Random) -> bytes:
    """A list of objects."""
    rows = [dict(zip(HEADINGS, row, strict=True)) for row in people(number)]
    return json.dumps(rows, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1])).encode()


def as_ldif(number: int, chance: Random) -> bytes:
    """Entries with a name and four attributes."""
    end = chance.choice(["\n", "\r\n"])
    entries = [
        end.join([f"dn: uid={row[1]},dc=corp", *(f"{name}: {cell}" for name, cell in zip(HEADINGS, row, strict=True))])
        for row in people(number)
    ]
    return (end * 2).join([f"version: 1{end}{end}{entries[0]}", *entries[1:], ""]).encode()


@cache
def _workbook(number: int) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (HEADINGS, *people(number)):
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_xlsx(number: int, _chance: Random) -> bytes:
    """A workbook of one sheet."""
    return _workbook(number)


# Damage


def cut(data: bytes, chance: Random) -> bytes:
    """The end is missing."""
    return data[: chance.randrange(len(data))]


def hole(data: bytes, chance: Random) -> bytes:
    """Some bytes in the middle are missing."""
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.randint(1, 40) :]


def stray(data: bytes, chance: Random) -> bytes:
    """Quotation marks, separators, breaks, NULs and the like stand where they should not."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        data = (
            data[:at]
            + chance.choice([b'"', b"'", b",", b";", b"\n", b"\r", b"\0", b"\\", b"<", b"{", b"\xff", b"#"])
            + data[at:]
        )
    return data


def flipped(data: bytes, chance: Random) -> bytes:
    """Single bits are another."""
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def recoded(data: bytes, chance: Random) -> bytes:
    """Written anew in another encoding by somebody who guessed."""
    text = data.decode(chance.choice(["utf-8", "latin-1", "utf-16"]), errors="replace")
    return text.encode(
        chance.choice(["utf-8", "cp1252", "latin-1", "utf-16", "utf-16-be", "utf-8-sig"]), errors="replace"
    )


def doubled(data: bytes, chance: Random) -> bytes:
    """A stretch stands twice."""
    low = chance.randrange(len(data))
    high = min(len(data), low + chance.randint(1, 200))
    return data[:high] + data[low:]


def whole(data: bytes, _chance: Random) -> bytes:
    """Nothing is wrong."""
    return data


DAMAGE: Final = (cut, hole, stray, flipped, recoded, doubled, whole)


def in_sheet(damage: Callable[[bytes, Random], bytes]) -> Callable[[bytes, Random], bytes]:
    """The same inside the sheet of a workbook whose container is whole."""

    def change(data: bytes, chance: Random) -> bytes:
        stream = io.BytesIO()
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
                for name in old.namelist():
                    held = old.read(name)
                    new.writestr(name, damage(held, chance) if name == _SHEET and held else held)
        except _NO_WORKBOOK:
            return data  # it was damaged outside before
        return stream.getvalue()

    return change


# How many rows there are, without the product


_BREAK: Final = re.compile(r"\r\n|\r|\n")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def text_of(data: bytes) -> str | None:
    """Text by its byte order mark, else UTF-8."""
    mark, name = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        return data[len(mark) :].decode(name)
    except UnicodeDecodeError:
        return None


def rows_of_csv(data: bytes) -> int | None:
    """Lines that hold a person, below the first line."""
    text = text_of(data)
    return None if text is None else sum(bool(_TOKEN.search(line)) for line in _BREAK.split(text)[1:])


def rows_of_json(data: bytes) -> int | None:
    """Elements of the list."""
    try:
        found: Any = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    return len(found) if isinstance(found, list) else None


def rows_of_ldif(data: bytes) -> int:
    """Lines that begin an entry; LDIF is bytes, and one attribute that is no text costs no entry."""
    return sum(line.startswith(b"dn:") for line in data.splitlines())


def rows_of_xlsx(data: bytes) -> int | None:
    """Rows of the sheet that hold a cell with something in it, below the first."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            root = ET.fromstring(book.read(_SHEET))  # noqa: S314 - made by the test
    except _NO_WORKBOOK:
        return None
    rows = root.findall(f"./{_MAIN}sheetData/{_MAIN}row")
    return sum(any(cell.findtext(f".//{_MAIN}v") or cell.findtext(f".//{_MAIN}t") for cell in row) for row in rows[1:])


@dataclass(frozen=True)
class FileKind:
    """One kind of roster."""

    name: str
    made: Callable[[int, Random], bytes]
    rows: Callable[[bytes], int | None]
    damage: tuple[Callable[[bytes, Random], bytes], ...]


KINDS: Final = (
    FileKind("csv", as_csv, rows_of_csv, DAMAGE),
    FileKind("json", as_json, rows_of_json, DAMAGE),
    FileKind("ldif", as_ldif, rows_of_ldif, DAMAGE),
    FileKind(
        "xlsx", as_xlsx, rows_of_xlsx, (cut, flipped, whole, *map(in_sheet, (cut, hole, stray, flipped, doubled)))
    ),
)
