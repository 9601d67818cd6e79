from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("out-of-band").check


def accounts(make, lacking, having):
    return [make.account(f"x{n}") for n in range(lacking)] + [
        make.account(f"y{n}", external_id=str(n)) for n in range(having)
    ]


@pytest.mark.parametrize("claim", [{"register": {"create": ("scim",)}}, {"external_id_is": "employee_number"}])
def test_an_account_without_external_id_in_a_fed_app_fails(make, claim):
    judgement = RULE(make.view(accounts=accounts(make, 1, 2), **claim))
    assert judgement.failed[["account_id", "actual"]].to_numpy().tolist() == [["x0", "no externalId"]]
    assert make.judged(judgement) == {"population": 3, "failed": 1, "not_evaluable": 0, "reason": ""}


def test_most_accounts_are_one_finding_on_the_app_and_all_count_as_failed(make):
    judgement = RULE(make.view(accounts=accounts(make, 3, 2), register={"create": ("scim",)}))
    assert judgement.failed["actual"].tolist() == ["3 of 5 active accounts have no externalId"]
    assert judgement.failed["app"].astype("str").tolist() == ["slack"]
    assert judgement.failed["account_id"].isna().all()
    assert make.judged(judgement)["failed"] == 3


def test_half_of_the_accounts_are_not_most(make):
    failed = RULE(make.view(accounts=accounts(make, 2, 2), register={"create": ("scim",)})).failed
    assert failed["account_id"].tolist() == ["x0", "x1"]


def test_an_app_that_claims_nothing_is_outside(make):
    assert make.judged(RULE(make.view(accounts=accounts(make, 1, 1))))["population"] == 0
    unfed = make.view(accounts=accounts(make, 1, 1), register={"create": ("scim",)}, roster_feeds=False)
    assert make.judged(RULE(unfed))["population"] == 0


def test_an_app_that_never_supplies_external_id_is_not_evaluable(make):
    view = make.view(
        accounts=accounts(make, 2, 0), register={"create": ("scim",)}, listing={"attributes": frozenset({"active"})}
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 0, "not_evaluable": 2, "reason": "attribute-absent 2"}


def test_unknown_activity_is_not_evaluable_and_inactive_and_registered_are_outside(make):
    view = make.view(
        accounts=[make.account("a1", active=None), make.account("a2", active=False), make.account("svc")],
        policy=Policy(nhi=(NonHuman("slack", "svc", "service"),)),
        register={"create": ("scim",)},
    )
    ledger = make.judged(RULE(view))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "semantics-unknown 1"}


def test_an_ambiguous_owner_does_not_matter(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1|p2")],
        register={"create": ("scim",)},
    )
    assert make.judged(RULE(view))["failed"] == 1
