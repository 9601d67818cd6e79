from __future__ import annotations

from datetime import date

import pytest

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("status-drift").check
BIRTHRIGHT = Policy(
    rules=(EntitlementRule("all", expression.parse("everyone", ()), "everyone", What("slack"), "w", birthright=True),)
)


def test_active_in_the_app_and_gone_from_the_roster_fails(make):
    view = make.view(
        people=[make.person("p1", status="terminated", end_date=date(2026, 11, 2))],
        accounts=[make.account("a1", owner="p1")],
    )
    failed = RULE(view).failed
    assert failed[["expected", "actual", "attribute"]].to_numpy().tolist() == [
        ["inactive, the roster says terminated until 2026-11-02", "active", "active"]
    ]
    assert failed["severity"].isna().item()


def test_locked_out_is_low_unless_policy_says_the_person_should_be_in(make):
    rows = {"people": [make.person("p1")], "accounts": [make.account("a1", owner="p1", active=False)]}
    plain, due = RULE(make.view(**rows)).failed, RULE(make.view(**rows, policy=BIRTHRIGHT)).failed
    assert plain["actual"].tolist() == ["inactive"]
    assert plain["severity"].tolist() == ["low"]
    assert due["severity"].isna().tolist() == [True]


def test_agreement_passes(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2", status="terminated")],
        accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p2", active=False)],
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 0, "not_evaluable": 0, "reason": ""}


@pytest.mark.parametrize("active", [True, False])
def test_people_on_leave_pass_either_way(make, active):
    view = make.view(
        people=[make.person("p1", status="leave")], accounts=[make.account("a1", owner="p1", active=active)]
    )
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


@pytest.mark.parametrize("columns", [{"status": "prehire"}, {"start_date": date(2026, 11, 21)}])
def test_people_who_have_not_started_are_outside(make, columns):
    view = make.view(people=[make.person("p1", **columns)], accounts=[make.account("a1", owner="p1")])
    assert make.judged(RULE(view))["population"] == 0


@pytest.mark.parametrize(
    ("other", "ledger"),
    [
        (True, {"population": 2, "failed": 0, "not_evaluable": 0, "reason": ""}),
        (None, {"population": 2, "failed": 0, "not_evaluable": 2, "reason": "semantics-unknown 2"}),
        (False, {"population": 2, "failed": 2, "not_evaluable": 0, "reason": ""}),
    ],
)
def test_a_second_account_decides_whether_the_person_is_locked_out(make, other, ledger):
    view = make.view(
        people=[make.person("p1")],
        accounts=[make.account("a1", owner="p1", active=False), make.account("a2", owner="p1", active=other)],
    )
    assert make.judged(RULE(view)) == ledger


def test_an_account_in_another_app_does_not_let_the_person_in(make):
    view = make.view(
        people=[make.person("p1")],
        accounts=[make.account("a1", owner="p1", active=False), make.account("a1", app="erp", owner="p1")],
        apps=[make.app("slack"), make.app("erp")],
    )
    assert RULE(view).failed["app"].tolist() == ["slack"]


@pytest.mark.parametrize(("status", "active"), [("unknown", True), ("active", None), ("unknown", None)])
def test_unknown_status_or_activity_is_not_evaluable(make, status, active):
    view = make.view(
        people=[make.person("p1", status=status)], accounts=[make.account("a1", owner="p1", active=active)]
    )
    assert make.judged(RULE(view)) == {
        "population": 1,
        "failed": 0,
        "not_evaluable": 1,
        "reason": "semantics-unknown 1",
    }


def test_ambiguous_registered_and_unfed_accounts_are_outside(make):
    gone = [make.person(name, status="terminated") for name in ("p1", "p2")]
    view = make.view(
        people=gone,
        accounts=[make.account("a1", owner="p1|p2"), make.account("svc", owner="p1")],
        policy=Policy(nhi=(NonHuman("slack", "svc", "bot"),)),
    )
    unfed = make.view(people=gone, accounts=[make.account("a1", owner="p1")], roster_feeds=False)
    assert make.judged(RULE(view))["population"] == make.judged(RULE(unfed))["population"] == 0


def test_an_unproven_roster_convicts_and_acquits_nobody(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2", status="terminated")],
        accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p2")],
        roster={"error": "timed out"},
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 1, "not_evaluable": 1, "reason": "roster-unproven 1"}
