"""Real events as a matrix person × app."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from scimaudit.drill import events
from scimaudit.result.over_time import SpanLine

LINE = SpanLine(
    "leaver", "crm", "1", "ana", "7", "Ana Ames", datetime(2026, 8, 31, 22, tzinfo=UTC), None, None, None, None, None,
    24, "in time",
)  # fmt: skip


def test_of_several_accounts_in_an_app_the_gravest_counts() -> None:
    lines = [LINE, replace(LINE, account_id="2", verdict="open"), replace(LINE, app="erp", verdict="unclear")]
    [row] = events.rows(lines)
    assert (row.person, row.verdicts) == ("Ana Ames", {"crm": "open", "erp": "unclear"})


@pytest.mark.parametrize(
    ("day", "first"),
    [("2026-11-20", "2026-07-01"), ("2026-01-01", "2025-10-01"), ("2026-06-30", "2026-01-01")],
)
def test_the_quarter_before(day: str, first: str) -> None:
    assert events.quarter_before(date.fromisoformat(day)) == date.fromisoformat(first)


def test_no_events_make_no_rows() -> None:
    assert events.rows([]) == []
