from __future__ import annotations

from datetime import date

import pytest

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("missing-account").check
WHO = 'department = "Sales"'
SALES = EntitlementRule("sales", expression.parse(WHO, ("department",)), WHO, What("slack"), "talk", birthright=True)
POLICY = Policy(rules=(SALES,))


def test_a_person_who_should_have_the_app_and_does_not_fails(make):
    view = make.view(people=[make.person("p1", department="Sales"), make.person("p2", department="IT")], policy=POLICY)
    judgement = RULE(view)
    assert judgement.failed[["app", "person_id", "actual"]].to_numpy().tolist() == [
        ["slack", "p1", "no account in the listing"]
    ]
    assert make.judged(judgement)["population"] == 1


def test_any_account_will_do_even_an_inactive_one(make):
    view = make.view(
        people=[make.person("p1", department="Sales")],
        accounts=[make.account("a1", owner="p1", active=False)],
        policy=POLICY,
    )
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_a_registered_non_human_account_is_not_the_persons_own(make):
    view = make.view(
        people=[make.person("p1", department="Sales")],
        accounts=[make.account("svc", owner="p1")],
        policy=Policy(rules=(SALES,), nhi=(NonHuman("slack", "svc", "bot"),)),
    )
    assert make.judged(RULE(view))["failed"] == 1


@pytest.mark.parametrize(
    "columns",
    [{"status": "terminated"}, {"status": "prehire"}, {"start_date": date(2026, 12, 1)}, {"department": "IT"}],
)
def test_leavers_joiners_to_come_and_others_are_outside(make, columns):
    view = make.view(people=[make.person("p1", **{"department": "Sales", **columns})], policy=POLICY)
    assert make.judged(RULE(view))["population"] == 0


def test_an_unknown_status_is_not_evaluable(make):
    view = make.view(people=[make.person("p1", department="Sales", status="unknown")], policy=POLICY)
    assert make.judged(RULE(view))["reason"] == "semantics-unknown 1"


@pytest.mark.parametrize("accounts", [[], ["a1"]])
def test_a_birthright_by_an_empty_column_is_not_evaluable(make, accounts):
    owned = [make.account(name, owner="p1") for name in accounts]
    counts = make.judged(RULE(make.view(people=[make.person("p1")], accounts=owned, policy=POLICY)))
    assert (counts["population"], counts["failed"], counts["reason"]) == (1, 0, "semantics-unknown 1")


def test_a_candidate_for_an_ambiguous_account_is_not_evaluable(make):
    view = make.view(
        people=[make.person("p1", department="Sales"), make.person("p2", department="IT")],
        accounts=[make.account("a1", owner="p1|p2")],
        policy=POLICY,
    )
    assert make.judged(RULE(view)) == {
        "population": 1,
        "failed": 0,
        "not_evaluable": 1,
        "reason": "semantics-unknown 1",
    }


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({"walk": "incomplete"}, "walk-unproven 1"), ({"scope": "partial"}, "scope-unproven 1")],
)
def test_absence_from_an_unproven_listing_means_nothing(make, facts, reason):
    view = make.view(
        people=[make.person("p1", department="Sales"), make.person("p2", department="Sales")],
        accounts=[make.account("a2", owner="p2")],
        policy=POLICY,
        **facts,
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 0, "not_evaluable": 1, "reason": reason}


def test_an_unknown_scope_is_said(make):
    view = make.view(people=[make.person("p1", department="Sales")], policy=POLICY, scope="unknown")
    assert RULE(view).failed["actual"].item().endswith("(whether it shows every account is not proven)")


def test_an_unproven_roster_lets_nobody_pass(make):
    view = make.view(
        people=[make.person("p1", department="Sales"), make.person("p2", department="Sales")],
        accounts=[make.account("a2", owner="p2")],
        policy=POLICY,
        roster={"walk": "unprovable"},
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 1, "not_evaluable": 1, "reason": "roster-unproven 1"}
