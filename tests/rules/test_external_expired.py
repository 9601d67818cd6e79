from __future__ import annotations

from datetime import date

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("external-expired").check
YESTERDAY = date(2026, 11, 19)


def test_a_contractor_past_the_end_date_fails(make):
    view = make.view(
        people=[make.person("p1", worker_type="Contractor", end_date=YESTERDAY)],
        accounts=[make.account("a1", owner="p1")],
    )
    assert RULE(view).failed["actual"].tolist() == ["active, the person ended on 2026-11-19"]


def test_a_terminated_contractor_without_a_date_fails(make):
    view = make.view(
        people=[make.person("p1", worker_type="contractor", status="terminated")],
        accounts=[make.account("a1", owner="p1")],
    )
    assert RULE(view).failed["actual"].tolist() == ["active, the person is terminated"]


def test_the_last_day_passes_and_an_employee_is_outside(make):
    view = make.view(
        people=[
            make.person("p1", worker_type="contractor", end_date=make.today),
            make.person("p2", worker_type="employee", end_date=YESTERDAY),
        ],
        accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p2")],
    )
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_inactive_accounts_and_registered_ones_are_outside(make):
    view = make.view(
        people=[make.person("p1", worker_type="contractor", end_date=YESTERDAY)],
        accounts=[make.account("a1", owner="p1", active=False), make.account("svc", owner="p1")],
        policy=Policy(nhi=(NonHuman("slack", "svc", "bot"),)),
    )
    assert make.judged(RULE(view))["population"] == 0


def test_a_person_without_a_worker_type_is_not_evaluable(make):
    view = make.view(people=[make.person("p1", end_date=YESTERDAY)], accounts=[make.account("a1", owner="p1")])
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "attribute-absent 1"}


def test_unknown_activity_is_not_evaluable(make):
    view = make.view(
        people=[make.person("p1", worker_type="contractor", end_date=YESTERDAY)],
        accounts=[make.account("a1", owner="p1", active=None)],
    )
    assert make.judged(RULE(view))["reason"] == "semantics-unknown 1"


def test_a_guest_with_several_possible_owners_is_not_evaluable_whatever_policy_demands(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("g1", owner="p1|p2", account_kind="guest")],
    )
    ledger = make.judged(RULE(view, require_sponsor=True, require_end_date=True))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "semantics-unknown 1"}


def test_a_guest_without_an_owner_is_not_evaluable_until_policy_demands_a_sponsor(make):
    view = make.view(accounts=[make.account("g1", account_kind="guest")])
    assert make.judged(RULE(view))["reason"] == "attribute-absent 1"
    assert RULE(view, require_sponsor=True).failed["actual"].tolist() == ["active, no sponsor"]


@pytest.mark.parametrize(
    ("demands", "said"),
    [
        ({"require_end_date": True}, "active, no end date"),
        ({"require_sponsor": True}, "active, no sponsor"),
        ({"require_end_date": True, "require_sponsor": True}, "active, no end date, no sponsor"),
    ],
)
def test_what_policy_demands_and_nobody_recorded_fails(make, demands, said):
    view = make.view(people=[make.person("p1", worker_type="guest")], accounts=[make.account("a1", owner="p1")])
    assert RULE(view).failed.empty
    assert RULE(view, **demands).failed["actual"].tolist() == [said]


def test_what_policy_demands_and_is_recorded_passes(make):
    view = make.view(
        people=[make.person("p1", worker_type="guest", end_date=make.today, manager_id="p9")],
        accounts=[make.account("a1", owner="p1")],
    )
    assert RULE(view, require_end_date=True, require_sponsor=True).failed.empty


def test_an_unproven_roster_lets_nobody_pass(make):
    view = make.view(
        people=[make.person("p1", worker_type="contractor")],
        accounts=[make.account("a1", owner="p1")],
        roster={"as_of": None},
    )
    assert make.judged(RULE(view))["reason"] == "roster-unproven 1"
