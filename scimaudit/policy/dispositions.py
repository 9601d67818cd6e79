"""``policy/dispositions.csv``: findings that somebody looked at and called false, or put off until a day."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from scimaudit.errors import PolicyError

KINDS: Final = ("false-positive", "snoozed")
COLUMNS: Final = ("finding_id", "disposition", "by", "on", "until", "reason")


@dataclass(frozen=True)
class Disposition:
    """One line.

    :param until: last day on which it counts; a finding that is put off comes back the day after.
    """

    finding_id: str
    disposition: str
    by: str
    on: date
    until: date | None
    reason: str

    def holds(self, today: date) -> bool:
        """Whether it counts."""
        return self.on <= today and (self.until is None or today <= self.until)


def load(path: Path) -> tuple[Disposition, ...]:
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


def parse(text: str, where: str) -> tuple[Disposition, ...]:
    """The lines in ``text``.

    :raises PolicyError: a line is wrong; names the line.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if not text.strip():
        return ()
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise PolicyError(f"{where}, line 1: the header is {reader.fieldnames}", hint="columns: " + ",".join(COLUMNS))
    found: dict[str, Disposition] = {}
    try:
        for cells in reader:
            line = _line(cells, f"{where}, line {reader.line_num}")
            if line.finding_id in found:
                raise PolicyError(f"{where}, line {reader.line_num}: {line.finding_id} stands there twice")
            found[line.finding_id] = line
    except csv.Error as error:
        raise PolicyError(f"{where}, line {reader.line_num}: {error}") from error
    return tuple(found.values())


def _line(cells: dict[str, str], where: str) -> Disposition:
    if None in cells or None in cells.values():
        raise PolicyError(f"{where}: it has not {len(COLUMNS)} cells")
    told = {name: cell.strip() for name, cell in cells.items()}
    for name in ("finding_id", "by", "on", "reason"):
        if not told[name]:
            raise PolicyError(f"{where}: {name} is empty")
    if told["disposition"] not in KINDS:
        raise PolicyError(f"{where}: disposition is {told['disposition']!r}", hint="dispositions: " + ", ".join(KINDS))
    if told["disposition"] == "snoozed" and not told["until"]:
        raise PolicyError(f"{where}: until is empty", hint="nothing is put off for ever")
    try:
        on = date.fromisoformat(told["on"])
        until = date.fromisoformat(told["until"]) if told["until"] else None
    except ValueError as error:
        raise PolicyError(f"{where}: {error}", hint="write dates as 2026-12-31") from error
    return Disposition(told["finding_id"], told["disposition"], told["by"], on, until, told["reason"])
