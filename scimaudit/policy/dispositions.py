"""``policy/dispositions.csv``: findings that somebody looked at and called false, or put off until a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from scimaudit.errors import PolicyError
from scimaudit.policy import reading

KINDS: Final = ("false-positive", "snoozed")
COLUMNS: Final = ("finding_id", "disposition", "by", "on", "until", "reason")
REQUIRED: Final = ("finding_id", "disposition", "by", "on", "reason")


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
    return parse(reading.csv_text(path), str(path))


def parse(text: str, where: str) -> tuple[Disposition, ...]:
    """The lines in ``text``.

    :raises PolicyError: a line is wrong; names the line.
    """
    found: dict[str, Disposition] = {}
    for place, told in reading.csv_lines(text, where, COLUMNS, REQUIRED):
        if told["disposition"] not in KINDS:
            hint = "dispositions: " + ", ".join(KINDS)
            raise PolicyError(f"{place}: disposition is {told['disposition']!r}", hint=hint)
        on, until = (reading.day(told[name], f"{place}: {name}") for name in ("on", "until"))
        if on is None or (told["disposition"] == "snoozed" and until is None):
            raise PolicyError(f"{place}: until is empty", hint="nothing is put off for ever")
        line = Disposition(told["finding_id"], told["disposition"], told["by"], on, until, told["reason"])
        if found.setdefault(line.finding_id, line) is not line:
            raise PolicyError(f"{place}: {line.finding_id} stands there twice")
    return tuple(found.values())
