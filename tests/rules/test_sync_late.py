from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd

from scimaudit import rules
from scimaudit.sources._headings import COMMON
from scimaudit.view import Previous

RULE = rules.load("sync-late").check
TOLD = {"attributes": frozenset(COMMON["people"])}
DRIFT = {"drift": {"department": "medium"}}


def changed(make, shown, *, before="Sales", now="Finance", on=date(2026, 9, 1), roster=TOLD, previous=None, **more):
    facts = {"listing": more.pop("listing", {}), **DRIFT, **more.pop("facts", {})}
    return make.view(
        people=[make.person("p1", department=now, previous_department=before, moved_on=on)],
        accounts=[make.account("a1", owner="p1", department=shown, **more)],
        roster=roster,
        previous=previous,
        **facts,
    )


def test_the_former_value_long_after_the_change_fails(make):
    failed = RULE(changed(make, "sales ")).failed
    assert failed["expected"].tolist() == ["Finance, since 2026-09-01 at latest"]
    assert failed["actual"].tolist() == ["sales , the former value, 80 days later"]
    assert failed[["attribute", "severity"]].to_numpy().tolist() == [["department", "medium"]]


def test_an_earlier_snapshot_tells_the_former_value(make):
    june = datetime(2026, 6, 1, tzinfo=UTC)
    states = pd.DataFrame([{"person_id": "p1", "department": "Sales", "until": june, "gone_by": june}])
    view = changed(make, "Sales", before=None, on=None, roster=None, previous=Previous({}, {}, states, june))
    assert RULE(view).failed["expected"].tolist() == ["Finance, since 2026-06-01 at latest"]


def test_a_change_that_arrived_passes(make):
    ledger = make.judged(RULE(changed(make, "Finance")))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_a_change_within_the_time_allowed_is_too_fresh(make):
    assert make.judged(RULE(changed(make, "Sales", on=date(2026, 11, 20))))["reason"] == "too-young 1"


def test_the_time_allowed_is_that_of_the_app(make):
    assert len(RULE(changed(make, "Sales", on=date(2026, 11, 20), facts={"sla_hours": 11})).failed) == 1


def test_a_change_of_unknown_time_is_not_evaluable(make):
    assert make.judged(RULE(changed(make, "Sales", on=None)))["reason"] == "attribute-absent 1"


def test_a_listing_of_unknown_time_is_not_evaluable(make):
    assert make.judged(RULE(changed(make, "Sales", listing={"as_of": None})))["reason"] == "attribute-absent 1"


def test_a_listing_from_after_the_moment_judged_counts_as_of_that_moment(make):
    view = changed(make, "Sales", on=date(2026, 11, 20), listing={"as_of": datetime(2027, 1, 1, tzinfo=UTC)})
    assert make.judged(RULE(view))["reason"] == "too-young 1"


def test_a_value_that_is_neither_passes_nothing(make):
    assert make.judged(RULE(changed(make, "People")))["reason"] == "semantics-unknown 1"


def test_an_empty_value_is_not_evaluable(make):
    assert make.judged(RULE(changed(make, None)))["reason"] == "attribute-absent 1"
    assert make.judged(RULE(changed(make, "Sales", now=None)))["reason"] == "attribute-absent 1"


def test_who_never_changed_is_outside(make):
    assert make.judged(RULE(changed(make, "Finance", before=None, on=None)))["population"] == 0


def test_without_any_record_everything_is_not_evaluable(make):
    ledger = make.judged(RULE(changed(make, "Finance", before=None, on=None, roster=None)))
    assert (ledger["population"], ledger["reason"]) == (1, "too-young 1")


def test_an_account_of_unknown_state_never_fails(make):
    assert make.judged(RULE(changed(make, "Sales", active=None)))["reason"] == "semantics-unknown 1"


def test_what_the_roster_does_not_feed_is_outside(make):
    assert make.judged(RULE(changed(make, "Sales", facts={"roster_feeds": False})))["population"] == 0
