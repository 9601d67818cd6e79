"""``policy/dispositions.csv``: findings that somebody called false, put off until a day, or says are put right."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from scimaudit.errors import PolicyError
from scimaudit.policy import reading

CLAIMED: Final = "remediation-claimed"
"""Somebody says that it is done. The finding counts on: a later listing proves it, nobody's word does."""
KINDS: Final = ("false-positive", "snoozed", CLAIMED)
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
    place: str = field(default="", compare=False, kw_only=True)

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
    for entry in reading.csv_lines(text, where, COLUMNS, REQUIRED):
        told = entry.data
        if told["disposition"] not in KINDS:
            hint = "dispositions: " + ", ".join(KINDS)
            raise PolicyError(f"{entry.where}: disposition is {told['disposition']!r}", hint=hint)
        on, until = (reading.day(told[name], f"{entry.where}: {name}") for name in ("on", "until"))
        if on is None or (told["disposition"] == "snoozed" and until is None):
            raise PolicyError(f"{entry.where}: until is empty", hint="nothing is put off for ever")
        if until is not None and until < on:
            raise PolicyError(f"{entry.where}: it ends before it was decided")
        line = Disposition(
            told["finding_id"], told["disposition"], told["by"], on, until, told["reason"], place=entry.place
        )
        first = found.setdefault(line.finding_id, line)
        if first is not line:
            raise PolicyError(f"{entry.where}: {line.finding_id} stands there twice, first in {first.place}")
    return tuple(found.values())
