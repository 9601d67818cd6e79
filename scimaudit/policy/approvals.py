"""``policy/approvals.csv``: rights that somebody approved, and until when."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from scimaudit.errors import PolicyError

COLUMNS: Final = ("app", "account", "value", "approved_by", "approved_on", "until", "reason")
REQUIRED: Final = ("app", "account", "value", "approved_by", "approved_on")


@dataclass(frozen=True)
class Approval:
    """One line.

    :param account: userName or id of the account.
    :param value: id or name of the entitlement.
    :param until: last day on which the right may be held; without one it has no end.
    """

    app: str
    account: str
    value: str
    approved_by: str
    approved_on: date
    until: date | None
    reason: str


def load(path: Path) -> tuple[Approval, ...]:
    """Read the file; one that is not there is empty.

    :raises PolicyError: it cannot be read, or a line is wrong; names the line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} cannot be read: {error}", hint="save it as CSV in UTF-8") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> tuple[Approval, ...]:
    """The lines in ``text``.

    :raises PolicyError: a line is wrong; names the line.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if not text.strip():
        return ()
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise PolicyError(f"{where}, line 1: the header is {reader.fieldnames}", hint="columns: " + ",".join(COLUMNS))
    found = []
    seen: dict[tuple[str, str, str], int] = {}
    try:
        for cells in reader:
            line = _line(cells, f"{where}, line {reader.line_num}")
            first = seen.setdefault((line.app, line.account, line.value), reader.line_num)
            if first != reader.line_num:
                raise PolicyError(f"{where}, line {reader.line_num}: the same right already stands on line {first}")
            found.append(line)
    except csv.Error as error:
        raise PolicyError(f"{where}, line {reader.line_num}: {error}") from error
    return tuple(found)


def _line(cells: dict[str, str], where: str) -> Approval:
    if None in cells or None in cells.values():
        raise PolicyError(f"{where}: it has not {len(COLUMNS)} cells")
    told = {name: cell.strip() for name, cell in cells.items()}
    for name in REQUIRED:
        if not told[name]:
            raise PolicyError(f"{where}: {name} is empty")
    try:
        on = date.fromisoformat(told["approved_on"])
        until = date.fromisoformat(told["until"]) if told["until"] else None
    except ValueError as error:
        raise PolicyError(f"{where}: {error}", hint="write dates as 2026-12-31") from error
    if until is not None and until < on:
        raise PolicyError(f"{where}: it ends before it was approved")
    return Approval(told["app"], told["account"], told["value"], told["approved_by"], on, until, told["reason"])
