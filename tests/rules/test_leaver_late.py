from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from scimaudit import rules
from scimaudit.view.inputs import no_spans

RULE = rules.load("leaver-late").check
DUE = datetime(2026, 9, 1, tzinfo=UTC)


def seen(make, *lines, **facts):
    """A view of a roster and an app with these spans; what a line leaves out is that of one closed late."""
    none = no_spans()
    late = {
        "event": "leaver", "app": "slack", "account_id": "a1", "account": "a1", "person_id": "p1", "person": "P",
        "due": DUE, "after": DUE + timedelta(hours=30), "by": DUE + timedelta(hours=90), "hours_from": 30.0,
        "hours_to": 90.0, "sla_hours": 24.0, "verdict": "late", "reason": "",
    }  # fmt: skip
    frame = pd.DataFrame([late | line for line in lines], columns=none.columns).astype(dict(none.dtypes))
    view = make.view(people=[make.person("p1", status="terminated")], accounts=[make.account("a1", owner="p1", active=False)], **facts)  # fmt: skip
    return replace(view, spans=frame)


def test_an_account_that_was_closed_late_fails(make):
    failed = RULE(seen(make, {})).failed
    assert failed["account_id"].tolist() == ["a1"]
    assert failed["expected"].tolist() == ["closed within 24 hours of the end of 2026-08-31"]
    assert failed["actual"].tolist() == ["still active on 2026-09-02, closed by 2026-09-04"]


def test_one_that_was_closed_in_time_passes(make):
    assert make.judged(RULE(seen(make, {"verdict": "in time"}))) == {
        "population": 1, "failed": 0, "not_evaluable": 0, "reason": "",
    }  # fmt: skip


def test_one_that_is_still_open_is_another_findings_matter(make):
    assert make.judged(RULE(seen(make, {"verdict": "open", "by": None})))["population"] == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"verdict": "unclear"}, "too-young 1"),
        ({"verdict": "not evaluable"}, "walk-unproven 1"),
        ({"verdict": "not evaluable", "due": None}, "attribute-absent 1"),
    ],
)
def test_what_the_listings_do_not_tell_is_not_evaluable(make, line, reason):
    assert make.judged(RULE(seen(make, line))) == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": reason}


def test_nothing_passes_where_the_roster_proves_nothing(make):
    view = seen(make, {"verdict": "in time"}, roster={"walk": "incomplete"})
    assert make.judged(RULE(view))["reason"] == "roster-unproven 1"


@pytest.mark.parametrize("event", ["joiner", "mover"])
def test_joiners_and_movers_are_not_leavers(make, event):
    assert make.judged(RULE(seen(make, {"event": event})))["population"] == 0


def test_an_account_that_no_listing_shows_any_more_is_reported_too(make):
    assert RULE(seen(make, {"account_id": "gone"})).failed["account_id"].tolist() == ["gone"]
