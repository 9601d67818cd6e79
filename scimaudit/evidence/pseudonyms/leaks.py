"""The last net: is an identifier left in a file that was written, in whatever spelling?

Every file is read as it lies there, XLSX files part by part, as text, with URL, JSON and HTML escapes undone, and with
what may be base64 decoded. Numbers are looked for in texts alone: not in counts, sizes and coordinates.
"""

from __future__ import annotations

import base64
import binascii
import csv
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from scimaudit.evidence.pseudonyms.originals import Originals

_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"\\/bfnrt]))")
_LETTERS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_TEXTS_OF_A_SHEET: Final = re.compile(r"<t(?: [^>]*)?>([^<]*)</t>")
_HEX: Final = re.compile(r"[0-9a-f]+")


def names(folder: Path) -> list[str]:
    """Every file below a folder of our own, as a path with slashes, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def left(folder: Path, originals: Originals) -> Iterator[tuple[str, str]]:
    """Each file of a folder with an identifier that is left in it, or in its name."""
    for name in names(folder):
        for found in sorted({*originals.found(name), *_in(name, (folder / name).read_bytes(), originals)}):
            yield name, found


def _in(name: str, data: bytes, originals: Originals) -> Iterator[str]:
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            for part in parts.namelist():
                yield from _in(part, parts.read(part), originals)
        return
    text = data.decode("utf-8", "replace")
    for spelled in spellings(text):
        yield from originals.found(spelled, numbers=False)
    for value in _values(name, text):
        yield from originals.found(value)


def spellings(text: str) -> Iterator[str]:
    """A text as it stands, with each kind of escape undone, and what in it may be base64."""
    yield text
    if "%" in text:
        yield unquote(text)
    if "\\" in text:
        yield _unescaped(text)
    if "&" in text:
        yield html.unescape(text)
    for run in {found[0] for found in _ENCODED.finditer(text)}:
        # Hexadecimal digests are no base64, and are most of what looks like it.
        if not _HEX.fullmatch(run):
            yield from _decoded(run)


def _unescaped(text: str) -> str:
    """A text with the escapes of JSON undone; two of them may be one letter (RFC 8259 section 7)."""
    told = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _LETTERS.get(found[2], found[2]), text)
    return told.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decoded(run: str) -> Iterator[str]:
    plain = run.replace("-", "+").replace("_", "/")
    try:
        yield base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return


def _values(name: str, text: str) -> Iterator[str]:
    """The texts in a file, without its numbers and its markup."""
    if name.endswith(".csv"):
        for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")):
            yield from row
    elif name.endswith((".json", ".jsonl")):
        for line in [text] if name.endswith(".json") else text.splitlines():
            yield from _strings(json.loads(line))
    elif name.endswith(".xml"):
        yield from (html.unescape(found[1]) for found in _TEXTS_OF_A_SHEET.finditer(text))
    elif name.endswith(".html"):
        page = _Page()
        page.feed(text)
        yield from page.texts
    else:
        yield text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


class _Page(HTMLParser):
    """The texts of a page that a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Scripts and styles are no texts."""
        del attrs
        self._hidden = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        """What comes after one is."""
        del tag
        self._hidden = False

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if not self._hidden:
            self.texts.append(data)
