"""Reading policy files in TOML: strict about keys and types."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from scimaudit.errors import PolicyError

_KINDS: Final = {
    str: "text", bool: "true or false", int: "a whole number", list: "a list", dict: "a table",
    date: "a date such as 2026-12-31",
}  # fmt: skip


def tables_in(path: Path, name: str) -> tuple[Mapping[str, Any], ...]:
    """The ``[[name]]`` tables of a file; a file that is not there has none.

    :raises PolicyError: the file cannot be read, or holds anything else.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(f"{path} cannot be read: {error}") from error
    check(data, {name: list}, (), str(path))
    found = data.get(name, [])
    if not all(isinstance(item, dict) for item in found):
        raise PolicyError(f"{path}: {name} must be tables", hint=f"write [[{name}]]")
    return tuple(found)


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
        if key not in data or data[key] in ("", [], {}):
            raise PolicyError(f"{where}: {key} is missing", hint="needed keys: " + ", ".join(required))


def texts(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """A list of texts, none of them empty.

    :raises PolicyError: it is something else.
    """
    found = data.get(key, [])
    if not all(isinstance(item, str) and item.strip() for item in found):
        raise PolicyError(f"{where}: {key} must be a list of texts that are not empty")
    return tuple(found)


def unique(names: Sequence[str], where: str) -> None:
    """Whether no name stands twice.

    :raises PolicyError: one does.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PolicyError(f"{where}: the name {twice[0]!r} stands twice", hint="give each its own name")


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
    text: str, where: str, columns: Sequence[str], required: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The lines of a CSV with exactly these columns, each with its place in words.

    :param required: columns that are never empty.
    :raises PolicyError: another header, another number of cells, an empty cell where one is needed.
    """
    if not text.strip():
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if tuple(reader.fieldnames or ()) != tuple(columns):
            found = ",".join(reader.fieldnames or ())
            raise PolicyError(f"{where}, line 1: the header is {found!r}", hint="columns: " + ",".join(columns))
        for cells in reader:
            place = f"{where}, line {reader.line_num}"
            if None in cells or None in cells.values():
                raise PolicyError(f"{place}: it has not {len(columns)} cells")
            told = {name: cell.strip() for name, cell in cells.items()}
            empty = [name for name in required if not told[name]]
            if empty:
                raise PolicyError(f"{place}: {empty[0]} is empty")
            yield place, told
    except csv.Error as error:
        raise PolicyError(f"{where}, line {reader.line_num}: {error}") from error


def day(text: str, where: str) -> date | None:
    """A day, or None for an empty cell.

    :raises PolicyError: it is something else.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise PolicyError(f"{where} is {text!r}", hint="write dates as 2026-12-31") from error
