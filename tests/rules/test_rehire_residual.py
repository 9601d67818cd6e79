from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.approvals import Approval
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.sources._headings import COMMON
from scimaudit.view import Previous

RULE = rules.load("rehire-residual").check
TOLD = {"attributes": frozenset(COMMON["people"])}
OLD, NEW = datetime(2019, 5, 1, tzinfo=UTC), datetime(2025, 9, 1, tzinfo=UTC)
LEFT, BACK = date(2024, 6, 30), date(2025, 9, 1)


def rehired(make, *, left=LEFT, start=BACK, created=OLD, roster=None, previous=None, policy=None, facts=(), **more):
    grant = more.pop("grant", {})
    person = {"start_date": start, "previous_end_date": left, "department": "Finance", **more.pop("person", {})}
    return make.view(
        people=[make.person("p1", **person), make.person("p2", email_keys=["boss@x"])],
        accounts=[make.account("a1", owner="p1", created=created, **more)],
        grants=[make.grant("a1", "AP", **grant)],
        roster=roster,
        previous=previous,
        policy=policy,
        **dict(facts),
    )


def passes(make, **more):
    return make.judged(RULE(rehired(make, **more))) == {
        "population": 1, "failed": 0, "not_evaluable": 0, "reason": "",
    }  # fmt: skip


def reason(make, **more):
    ledger = make.judged(RULE(rehired(make, **more)))
    assert ledger["failed"] == 0
    return ledger["reason"]


def test_a_right_on_the_account_of_the_employment_before_fails(make):
    failed = RULE(rehired(make)).failed
    assert failed["expected"].tolist() == ["not held: the employment of that account ended on 2024-06-30"]
    assert failed["actual"].tolist() == ["holds groups AP, by no rule of today"]


def test_an_earlier_snapshot_tells_that_somebody_had_left(make):
    seen = datetime(2024, 9, 1, tzinfo=UTC)
    state = {"person_id": "p1", "status": "terminated", "end_date": pd.Timestamp(LEFT), "until": seen, "gone_by": NEW}
    view = rehired(make, left=None, previous=Previous({}, {}, pd.DataFrame([state]), seen))
    assert "2024-06-30" in RULE(view).failed["expected"].iloc[0]


def test_an_account_made_for_the_return_passes(make):
    assert passes(make, created=NEW)


def test_a_right_known_to_be_granted_since_passes(make):
    assert passes(make, grant={"granted_at": NEW})


def test_a_right_known_to_be_granted_before_fails_whatever_the_account_says(make):
    assert len(RULE(rehired(make, created=None, grant={"granted_at": OLD})).failed) == 1


def test_a_right_that_the_policy_allows_today_passes(make):
    node = expression.parse('department = "Finance"', ("department",))
    rule = EntitlementRule("r", node, "", What("slack", exact=("AP",)), "why")
    assert passes(make, policy=Policy(rules=(rule,)))
    assert reason(make, policy=Policy(rules=(rule,)), person={"department": None}) == "semantics-unknown 1"


@pytest.mark.parametrize(("on", "ok"), [(date(2025, 10, 1), True), (date(2020, 1, 1), False)])
def test_an_approval_counts_from_the_return_on(make, on, ok):
    policy = Policy(approvals=(Approval("slack", "a1", "AP", "boss@x", on, None, ""),))
    assert (len(RULE(rehired(make, policy=policy, facts={"owner": "boss@x"})).failed) == 0) is ok


@pytest.mark.parametrize("by", ["p1", "ghost@x"])
def test_an_approval_that_does_not_count_clears_nothing(make, by):
    policy = Policy(approvals=(Approval("slack", "a1", "AP", by, date(2025, 10, 1), None, ""),))
    assert len(RULE(rehired(make, policy=policy)).failed) == 1


def test_an_account_of_unknown_age_is_not_evaluable(make):
    assert reason(make, created=None) == "attribute-absent 1"


def test_nobody_is_taken_for_new_unseen(make):
    assert reason(make, left=None) == "too-young 1"


def test_a_roster_that_would_tell_lets_pass(make):
    assert passes(make, left=None, roster=TOLD)


def test_a_snapshot_from_before_the_start_proves_nothing_for_it_may_leave_out_who_left(make):
    assert reason(make, left=None, previous=Previous({}, {}, since=OLD)) == "too-young 1"


def test_an_account_made_shortly_before_the_start_is_of_this_employment(make):
    assert passes(make, left=None, created=datetime(2025, 8, 10, tzinfo=UTC))


def test_a_person_of_unknown_status_never_fails(make):
    assert reason(make, person={"status": "unknown"}) == "semantics-unknown 1"


def test_an_account_of_unknown_state_never_fails(make):
    assert reason(make, active=None) == "semantics-unknown 1"


def test_somebody_who_left_again_is_outside(make):
    assert make.judged(RULE(rehired(make, person={"status": "terminated"})))["population"] == 0


def test_unproven_listings_let_nothing_pass(make):
    assert reason(make, created=NEW, facts={"entitlements": "incomplete"}) == "walk-unproven 1"
