"""Reading policy files: strict about keys, columns and types, and always able to say on which line something stands."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from scimaudit.errors import PolicyError

_KINDS: Final = {
    str: "text", bool: "true or false", int: "a whole number", list: "a list", dict: "a table",
    date: "a date such as 2026-12-31",
}  # fmt: skip
# Texts and comments are read over, so that what looks like a header inside of one is none.
_TOML: Final = re.compile(
    r'''"""(?:\\.|[^\\])*?""""{0,2}|\'\'\'.*?\'\'\''{0,2}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*'''
    r"""|(?P<header>^[ \t]*\[\[[ \t]*(?P<mark>["']?)(?P<name>[\w-]+)(?P=mark)[ \t]*\]\])""",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Entry:
    """One table of a TOML file, or one line of a CSV.

    :param data: its keys or columns.
    :param where: what errors call it: the path, the line, the name.
    :param place: what reports call it: the file and the line.
    """

    data: Mapping[str, Any]
    where: str
    place: str


def tables_in(path: Path, name: str, one: str) -> tuple[Entry, ...]:
    """The ``[[name]]`` tables of a file; a file that is not there has none.

    :param one: what errors call such a table.
    :raises PolicyError: the file cannot be read, or holds anything else.
    """
    try:
        text = path.read_text("utf-8-sig")
        data = tomllib.loads(text)
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(f"{path} cannot be read: {error}") from error
    check(data, {name: list}, (), str(path))
    found = data.get(name, [])
    if not all(isinstance(item, dict) for item in found):
        raise PolicyError(f"{path}: {name} must be tables", hint=f"write [[{name}]]")
    lines = header_lines(text, name)
    known = len(lines) == len(found)
    entries = []
    for number, item in enumerate(found, 1):
        told = item.get("name", item.get("id"))
        called = f"{one} {number}" + (f" ({told})" if isinstance(told, str) else "")
        if known:
            line = f"line {lines[number - 1]}"
            entries.append(Entry(item, f"{path}, {line}, {called}", f"{path.name}, {line}"))
        else:
            entries.append(Entry(item, f"{path}, {called}", f"{path.name}, {one} {number}"))
    return tuple(entries)


def header_lines(text: str, name: str) -> list[int]:
    """The lines on which ``[[name]]`` stands as a header of TOML."""
    found, line, end = [], 1, 0
    for token in _TOML.finditer(text):
        if token["name"] == name:
            line += text.count("\n", end, token.start())
            end = token.start()
            found.append(line)
    return found


def check(data: Mapping[str, Any], kinds: Mapping[str, type], required: Sequence[str], where: str) -> None:
    """Whether a table has only known keys, all required ones, and values of the right type.

    :raises PolicyError: it has not; lists the known keys.
    """
    for key, value in data.items():
        if key not in kinds:
            raise PolicyError(f"{where}: unknown key {key!r}", hint="known keys: " + ", ".join(sorted(kinds)))
        if type(value) is not kinds[key]:
            raise PolicyError(f"{where}: {key} must be {_KINDS[kinds[key]]}, not {value!r}")
    for key in required:
        if key not in data or data[key] in ([], {}) or not str(data[key]).strip():
            raise PolicyError(f"{where}: {key} is missing", hint="needed keys: " + ", ".join(required))


def texts(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """A list of texts, none of them empty.

    :raises PolicyError: it is something else.
    """
    found = data.get(key, [])
    if not all(isinstance(item, str) and item.strip() for item in found):
        raise PolicyError(f"{where}: {key} must be a list of texts that are not empty")
    return tuple(found)


def unique(entries: Iterable[Entry], key: str) -> None:
    """Whether no name stands twice.

    :param key: the key that holds the name.
    :raises PolicyError: one does; names both places.
    """
    seen: dict[str, str] = {}
    for entry in entries:
        name = entry.data[key]
        if name in seen:
            raise PolicyError(
                f"{entry.where}: the {key} {name!r} stands twice, first in {seen[name]}", hint="give each its own"
            )
        seen[name] = entry.place


def csv_text(path: Path) -> str:
    """The text of a CSV file; empty when it is not there.

    :raises PolicyError: it cannot be read.
    """
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} cannot be read: {error}", hint="save it as CSV in UTF-8") from error


def csv_lines(
    text: str, where: str, columns: Sequence[str], required: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[Entry]:
    """The lines of a CSV with these columns in any order; lines without any text are passed over.

    :param required: columns that are never empty.
    :param optional: columns that may be left out of the file; they are empty then.
    :raises PolicyError: another header, another number of cells, an empty cell where one is needed.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    started = 1
    try:
        for raw in reader:
            # A cell may hold line breaks: the line on which it began is where to look.
            line, started = started, reader.line_num + 1
            cells = [cell.strip() for cell in raw]
            if not any(cells):
                continue
            place = f"{where}, line {line}"
            if header is None:
                header = _header(cells, columns, optional, place)
                continue
            if len(cells) != len(header):
                raise PolicyError(
                    f"{place}: {len(cells)} cells where the header has {len(header)}",
                    hint="put cells that hold a comma in double quotes",
                )
            told = {**dict.fromkeys(optional, ""), **dict(zip(header, cells, strict=True))}
            for name in required:
                if not told[name]:
                    raise PolicyError(f"{place}: {name} is empty")
            yield Entry(told, place, f"{Path(where).name}, line {line}")
    except csv.Error as error:
        raise PolicyError(f"{where}, line {started}: {error}") from error


def _header(cells: list[str], columns: Sequence[str], optional: Sequence[str], place: str) -> list[str]:
    trouble = [f"unknown column {cell!r}" for cell in cells if cell not in columns]
    trouble += [f"no column {name!r}" for name in columns if name not in cells and name not in optional]
    trouble += ["a column stands twice"] if len(set(cells)) != len(cells) else []
    if trouble:
        raise PolicyError(f"{place}: {trouble[0]}", hint="columns: " + ",".join(columns))
    return cells


def day(text: str, where: str) -> date | None:
    """A day, or None for an empty cell.

    :raises PolicyError: it is something else.
    """
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise PolicyError(f"{where} is {text!r}", hint="write dates as 2026-12-31") from error
    if found.isoformat() != text:
        # Python reads 20261231 and 2026-W53-4 too, which nobody means.
        raise PolicyError(f"{where} is {text!r}", hint="write dates as 2026-12-31")
    return found
