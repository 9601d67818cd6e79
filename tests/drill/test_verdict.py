"""Verdicts from sightings alone: bounds, never a guess."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scimaudit.drill.plan import Expectation
from scimaudit.drill.verdict import Seen, Sighting, Verdict, exit_code, judge, whole

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
WANTED = Expectation("crm", "account", "inactive", timedelta(hours=4))


def at(seen: Seen, since: float, until: float | None = None, part: str = "a", doubt: str = "") -> Sighting:
    first, last = (START + timedelta(hours=hours) for hours in (since, since if until is None else until))
    return Sighting("crm", "account", part, part, seen, first, last, doubt)


@pytest.mark.parametrize(
    ("seen", "watched", "verdict"),
    [
        ([at("old", 0), at("new", 4)], 5, "in time"),
        ([at("old", 0), at("new", 3.9, 4.1)], 5, "unclear"),
        ([at("old", 3.9), at("new", 5)], 5, "unclear"),
        ([at("old", 4), at("new", 5)], 5, "late"),
        ([at("old", 3.9, 4.5), at("new", 5)], 5, "unclear"),
        ([at("new", 5)], 5, "unclear"),
        ([at("old", 5)], 5, "never"),
        ([at("old", 3)], 3, "waiting"),
        ([at("old", 3)], 5, "not evaluable"),
        ([at("old", 3), at("unknown", 5, doubt="cut short")], 5, "not evaluable"),
        ([at("new", 3), at("old", 5)], 5, "never"),
        ([at("new", 3), at("old", 5), at("new", 6)], 6, "late"),
        ([at("new", -3)], 5, "not evaluable"),
        ([at("new", -3, 1)], 5, "not evaluable"),
        ([at("old", 1, 2), at("new", 1.5, 3)], 5, "not evaluable"),
        ([at("old", 5, 6), at("new", 5.5, 7)], 8, "not evaluable"),
        ([at("old", 1, 2), at("new", 2, 3)], 5, "in time"),
        ([at("new", -3, 1), at("new", -3, 2)], 5, "not evaluable"),
        ([at("new", -3), at("new", 5)], 5, "in time"),
        ([at("old", 5), at("new", 3, part="b")], 5, "partial"),
        ([at("new", 3), at("unknown", 3, part="b", doubt="cut short")], 5, "not evaluable"),
        ([], 3, "waiting"),
        ([], 5, "not evaluable"),
    ],
)
def test_verdict(seen: list[Sighting], watched: float, verdict: Verdict) -> None:
    [cell] = judge([WANTED], seen, start=START, until=START + timedelta(hours=watched))
    assert cell.verdict == verdict


def test_hours_are_never_negative() -> None:
    [cell] = judge([WANTED], [at("old", -9), at("new", 2)], start=START, until=START)
    assert (cell.hours_from, cell.hours_to) == (0.0, 2.0)


def test_of_several_parts_the_last_one_counts() -> None:
    seen = [at("old", 1), at("new", 2), at("old", 2, part="b"), at("new", 3, part="b")]
    [cell] = judge([WANTED], seen, start=START, until=START + timedelta(hours=5))
    assert (cell.hours_from, cell.hours_to) == (2.0, 3.0)


def test_what_nobody_timed_tells_nothing() -> None:
    seen = [Sighting("crm", "account", "a", "a", "new", None, None)]
    [cell] = judge([WANTED], seen, start=START, until=START + timedelta(hours=5))
    assert cell.verdict == "not evaluable"


def test_an_app_of_which_some_is_reached_and_some_never_is_partial() -> None:
    parts = [at("new", 3), at("old", 5, part="b")]
    cells = [judge([WANTED], [each], start=START, until=START + timedelta(hours=5))[0] for each in parts]
    assert (whole(cells), exit_code(cells), exit_code(cells[:1])) == ("partial", 1, 0)
