"""Real events as test cases: the changes of people that the newest audit measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Final

from scimaudit.result import Audit
from scimaudit.result.over_time import SpanLine

_WORST: Final = ("late", "open", "not evaluable", "unclear", "in time")


@dataclass(frozen=True)
class EventRow:
    """One change of one person.

    :param verdicts: app to the verdict over the person's accounts there, the gravest that is proven.
    """

    event: str
    person: str
    person_id: str
    due: datetime | None
    verdicts: dict[str, str]


def spans(audit: Audit, since: date, zone: tzinfo) -> list[SpanLine]:
    """The measured changes that were due on that day or later; those of unknown date are among them."""
    first = datetime.combine(since, time.min, zone).astimezone(UTC)
    return [line for line in audit.over_time.spans if line.due is None or line.due >= first]


def quarter_before(day: date) -> date:
    """The first day of the quarter before that of ``day``."""
    months = day.year * 12 + (day.month - 1) // 3 * 3 - 3
    return date(months // 12, months % 12 + 1, 1)


def rows(lines: Sequence[SpanLine]) -> list[EventRow]:
    """The changes as a matrix person × app, oldest first."""
    found: dict[tuple[str, str, datetime | None], list[SpanLine]] = {}
    for line in lines:
        found.setdefault((line.event, line.person_id, line.due), []).append(line)
    made = [
        EventRow(event, mine[0].person, person, due, {line.app: _worst(line.app, mine) for line in mine})
        for (event, person, due), mine in found.items()
    ]
    return sorted(made, key=lambda row: (row.due is None, row.due or datetime.min.replace(tzinfo=UTC), row.person))


def _worst(app: str, lines: Sequence[SpanLine]) -> str:
    return min((line.verdict for line in lines if line.app == app), key=_WORST.index)
