"""Whatever was listed when, and however much of it proves nothing: the interval holds the true time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit.history.intervals import CLOSED, LONG_AGO, first_change, judged, last_change, together

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = st.integers(0, 3000)
NEVER = 10_000


@dataclass(frozen=True)
class Look:
    """A listing: true at ``at``, said to have been so between ``at - early`` and ``at + late``."""

    at: int
    early: int
    late: int
    tells: str


LOOKS = st.lists(
    st.builds(
        Look,
        at=HOURS,
        early=st.integers(0, 40),
        late=st.integers(0, 40),
        tells=st.sampled_from(["all", "all", "all", "unproven", "unknown", "no time"]),
    ),
    max_size=8,
)


def moment(hours: float) -> pd.Timestamp:
    return pd.Timestamp(START + timedelta(hours=hours))


def sightings(looks: list[Look], true_at: int, before: str, after: str) -> pd.DataFrame:
    """What the looks show of something that was ``before`` until ``true_at`` and ``after`` from then on."""
    rows = []
    for number, look in enumerate(sorted(looks, key=lambda look: look.at)):
        state = after if look.at >= true_at else before
        absent = state == "absent"
        seen = {"unproven": "unproven" if absent else state, "unknown": "unknown"}.get(look.tells, state)
        timed = look.tells != "no time"
        rows.append(
            {
                "row": 0,
                "snapshot": f"{number:03}",
                "seen": seen,
                "since": moment(look.at - look.early) if timed else LONG_AGO,
                "until": moment(look.at + look.late),
                "doubt": "cut short" if seen == "unproven" else "",
            }
        )
    return pd.DataFrame(rows)


def line(found: pd.DataFrame, due: int, sla: int) -> pd.Series:
    events = pd.DataFrame(
        {"due_from": [moment(due)], "due_to": [moment(due)], "sla_hours": [float(sla)], "undue": [""]}
    )
    return judged(events.join(found, how="inner")).iloc[0]


def holds(told: pd.Series, due: int, true_at: int, sla: int) -> None:
    """That what is said of a change is true."""
    hours = max(true_at - due, 0)
    for name in ("hours_from", "hours_to"):
        assert pd.isna(told[name]) or told[name] >= 0
    assert pd.isna(told["hours_from"]) or told["hours_from"] <= hours
    assert pd.isna(told["hours_to"]) or hours <= told["hours_to"]
    assert pd.isna(told["after"]) or told["after"] <= moment(true_at)
    assert pd.isna(told["by"]) or moment(true_at) <= told["by"]
    if told["verdict"] == "in time":
        assert hours <= sla
    if told["verdict"] == "late":
        assert hours >= sla
    if told["verdict"] == "open":
        assert true_at > due
        assert pd.isna(told["by"])
    assert (told["verdict"] in ("unclear", "not evaluable")) <= bool(told["reason"])


@settings(deadline=None)
@given(LOOKS.filter(bool), HOURS, st.one_of(HOURS, st.just(NEVER)), st.integers(0, 100), st.sampled_from(CLOSED))
def test_the_closing_of_an_account_lies_in_its_interval(
    looks: list[Look], due: int, true_at: int, sla: int, closed: str
) -> None:
    seen = sightings(looks, true_at, "active", closed)
    holds(line(last_change(seen, old=("active",), new=CLOSED), due, sla), due, true_at, sla)


@settings(deadline=None)
@given(LOOKS.filter(bool), HOURS, st.one_of(HOURS, st.just(NEVER)), st.integers(0, 100))
def test_the_first_active_account_lies_in_its_interval(looks: list[Look], due: int, true_at: int, sla: int) -> None:
    seen = sightings(looks, true_at, "absent", "active")
    holds(line(first_change(seen, old=CLOSED, new=("active",)), due, sla), due, true_at, sla)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.sampled_from(["active", "inactive", "absent"])), min_size=1), HOURS)
def test_what_was_seen_active_last_is_never_called_closed(steps: list[tuple[int, str]], due: int) -> None:
    times = list(accumulate(step for step, _ in steps))
    looks = [
        {"row": 0, "snapshot": f"{at:05}", "seen": seen, "since": moment(at), "until": moment(at), "doubt": ""}
        for at, (_, seen) in zip(times, steps, strict=True)
    ]
    told = line(last_change(pd.DataFrame(looks), old=("active",), new=CLOSED), due, 24)
    assert (steps[-1][1] == "active") == pd.isna(told["by"])
    assert (told["verdict"] == "open") == (steps[-1][1] == "active" and times[-1] >= due)


def test_two_listings_of_one_time_do_not_tell_which_came_first() -> None:
    looks = [Look(10, 0, 0, "all"), Look(40, 30, 30, "all"), Look(41, 30, 30, "all")]
    told = line(last_change(sightings(looks, 41, "active", "inactive"), old=("active",), new=CLOSED), 5, 24)
    assert (told["verdict"], told["reason"]) == ("not evaluable", "the listings do not tell which of them came first")


def test_an_active_account_of_unknown_time_keeps_a_closing_from_being_proven() -> None:
    looks = [Look(10, 0, 0, "all"), Look(20, 0, 0, "all"), Look(30, 0, 0, "no time")]
    seen = sightings(looks, 15, "active", "inactive").assign(seen=["active", "inactive", "active"])
    assert line(last_change(seen, old=("active",), new=CLOSED), 5, 24)["verdict"] == "not evaluable"


def test_a_limit_of_no_hours_is_kept_by_what_was_closed_before() -> None:
    looks = [Look(1, 0, 0, "all"), Look(3, 0, 0, "all")]
    told = line(last_change(sightings(looks, 2, "active", "inactive"), old=("active",), new=CLOSED), 10, 0)
    assert (told["verdict"], told["hours_from"], told["hours_to"]) == ("in time", 0, 0)


def test_of_several_accounts_in_one_listing_the_active_one_counts() -> None:
    rows = [
        {"row": 0, "snapshot": "1", "seen": seen, "since": moment(at), "until": moment(at), "doubt": ""}
        for at, seen in ((1, "absent"), (2, "active"), (3, "unproven"))
    ]
    whole = together(pd.DataFrame(rows), ("active", "unknown", "unproven", *CLOSED))
    assert whole[["seen", "since"]].to_numpy().tolist() == [["active", moment(2)]]
