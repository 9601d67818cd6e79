from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.entitlements import What
from scimaudit.policy.nhi import NonHuman
from scimaudit.policy.sod import Conflict

RULE = rules.load("sod").check
ACROSS = Conflict(
    "pay", What("erp", exact=("make",)), What("bank", "roles", patterns=("appr*",)), "fraud", "a sample", "cfo"
)
WITHIN = Conflict("one", What("erp", exact=("make",)), What("erp", exact=("check",)), "errors")


def holding(make, *held, owner=("p1", "p1"), active=(True, True), conflict=ACROSS, erp=None, bank=None, **more):
    grants = [make.grant("e1", name, app="erp") for name in held if name in ("make", "check")]
    grants += [make.grant("b1", name, app="bank", attribute="roles") for name in held if name == "approve"]
    return make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[
            make.account("e1", app="erp", owner=owner[0], active=active[0]),
            make.account("b1", app="bank", owner=owner[1], active=active[1]),
        ],
        grants=grants,
        apps=[make.app("erp", **(erp or {})), make.app("bank", **(bank or {}))],
        policy=Policy(conflicts=(conflict,), nhi=more.pop("nhi", ())),
        **more,
    )


def test_both_sides_across_apps_fail_as_one_finding_of_the_person(make):
    judgement = RULE(holding(make, "make", "approve"))
    assert judgement.failed[["person_id", "value", "owner", "expected", "risk", "actual"]].to_numpy().tolist() == [
        [
            "p1",
            "pay",
            "cfo",
            "not both; compensating control: a sample",
            "fraud",
            "holds erp groups make and bank roles approve",
        ]
    ]
    assert judgement.ledger["app"].isna().all()


def test_both_sides_within_an_app_name_the_app(make):
    failed = RULE(holding(make, "make", "check", conflict=WITHIN)).failed
    assert failed[["app", "person_id"]].to_numpy().tolist() == [["erp", "p1"]]
    assert "owner" not in failed


@pytest.mark.parametrize("held", [("make",), ("approve",), ()])
def test_one_side_passes(make, held):
    ledger = make.judged(RULE(holding(make, *held)))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_two_people_with_one_side_each_pass(make):
    ledger = make.judged(RULE(holding(make, "make", "approve", owner=("p1", "p2"))))
    assert ledger == {"population": 2, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_the_other_side_may_be_held_by_an_account_of_which_the_person_is_a_candidate(make):
    ledger = make.judged(RULE(holding(make, "make", "approve", owner=("p1", "p1|p2"))))
    assert ledger == {"population": 2, "failed": 0, "not_evaluable": 1, "reason": "semantics-unknown 1"}


def test_who_may_own_an_account_with_both_sides_does_not_pass(make):
    ledger = make.judged(RULE(holding(make, "make", "check", owner=("p1|p2", None), conflict=WITHIN)))
    assert ledger == {"population": 2, "failed": 0, "not_evaluable": 2, "reason": "semantics-unknown 2"}
    across = make.judged(RULE(holding(make, "make", "approve", owner=("p1|p2", "p1|p2"))))
    assert across == {"population": 2, "failed": 0, "not_evaluable": 2, "reason": "semantics-unknown 2"}


def test_who_may_own_a_registered_non_human_account_is_outside(make):
    nhi = (NonHuman("erp", "e1", "service"),)
    view = holding(make, "make", "check", owner=("p1|p2", None), conflict=WITHIN, nhi=nhi)
    assert make.judged(RULE(view))["population"] == 0


@pytest.mark.parametrize("facts", [{"entitlements": "unprovable"}, {"walk": "incomplete"}])
def test_the_other_side_may_hide_where_its_listing_is_not_proven(make, facts):
    hidden = make.judged(RULE(holding(make, "make", bank=facts)))
    assert hidden == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "walk-unproven 1"}
    # The side that is proven not held clears the person, whatever the other app hides.
    assert make.judged(RULE(holding(make, bank=facts)))["not_evaluable"] == 0
    assert make.judged(RULE(holding(make, "make", "approve", bank=facts)))["failed"] == 1


def test_an_account_of_unknown_activity_is_not_evaluable(make):
    ledger = make.judged(RULE(holding(make, "make", "approve", active=(True, None))))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "semantics-unknown 1"}


def test_an_inactive_account_exercises_nothing(make):
    assert make.judged(RULE(holding(make, "make", "approve", active=(True, False))))["failed"] == 0


@pytest.mark.parametrize("owner", [("p1", "p1|p2"), ("p1", None)])
def test_an_account_without_one_owner_counts_for_nobody(make, owner):
    assert make.judged(RULE(holding(make, "make", "approve", owner=owner)))["failed"] == 0


def test_a_registered_non_human_account_is_outside(make):
    nhi = (NonHuman("bank", "b1", "service"),)
    assert make.judged(RULE(holding(make, "make", "approve", nhi=nhi)))["failed"] == 0


def test_an_unproven_roster_lets_nobody_pass(make):
    assert make.judged(RULE(holding(make, "make", roster={"walk": "failed"})))["reason"] == "roster-unproven 1"


def test_people_without_an_account_in_either_app_are_outside(make):
    assert make.judged(RULE(holding(make, owner=(None, None))))["population"] == 0


def test_without_pairs_there_is_nothing_to_judge(make):
    judgement = RULE(make.view(people=[make.person("p1")]))
    assert judgement.ledger.empty
    assert judgement.failed.empty
