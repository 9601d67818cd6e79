from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("birthright-missing").check


def judged(
    make, held=(), *, status="active", department="Sales", entitlements="complete", what=None, second=None, **account
):
    who = expression.parse('department = "Sales"', ["department"])
    given = EntitlementRule(
        "sales", who, "", what or What("slack", exact=("Sales", "Leads")), "it is theirs", birthright=True
    )
    accounts = [make.account("a1", **{"owner": "p1", **account})]
    if second:
        accounts.append(make.account("a2", owner="p1", **second))
    return RULE(
        make.view(
            people=[make.person("p1", department=department, status=status), make.person("p2", department=department)],
            accounts=accounts, grants=[make.grant(account, name) for account, name in held],
            policy=Policy(rules=(given,)), entitlements=entitlements,
        )
    )  # fmt: skip


def test_whoever_lacks_the_right_of_the_post_fails(make):
    failed = judged(make, [("a1", "Other")]).failed
    assert failed[["value", "expected", "actual"]].to_numpy().tolist() == [
        ["sales", "Sales, Leads, by birthright (it is theirs)", "not held"]
    ]


def test_a_person_with_two_accounts_is_missed_once(make):
    assert len(judged(make, second={"active": True}).failed) == 1


@pytest.mark.parametrize(
    "near",
    [
        {"held": [("a1", "Leads")]}, {"held": [("a2", "Sales")], "second": {"active": True}}, {"department": "IT"},
        {"active": False}, {"owner": None}, {"owner": "p1|p2"}, {"status": "terminated"}, {"what": What("slack")},
    ],
)  # fmt: skip
def test_near_misses(make, near):
    assert judged(make, **near).failed.empty


def test_a_right_on_an_inactive_account_is_not_held(make):
    assert len(judged(make, [("a2", "Sales")], second={"active": False}).failed) == 1


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        ({"entitlements": "unprovable"}, "walk-unproven 1"),
        ({"active": None}, "semantics-unknown 1"),
        ({"held": [("a2", "Sales")], "second": {"active": None}}, "semantics-unknown 1"),
        ({"department": None}, "semantics-unknown 1"),
        ({"status": "unknown"}, "semantics-unknown 1"),
    ],
)
def test_not_evaluable(make, unknown, reason):
    assert make.judged(judged(make, **unknown))["reason"] == reason


def test_whoever_holds_a_right_that_may_not_be_due_does_not_pass(make):
    assert make.judged(judged(make, [("a1", "Sales")], department=None))["reason"] == "semantics-unknown 1"


@pytest.mark.parametrize(
    ("active", "failed", "reason"), [(True, 0, ""), (False, 1, ""), (None, 0, "semantics-unknown 1")]
)
def test_only_an_active_account_holds_the_right(make, active, failed, reason):
    given = EntitlementRule(
        "all", expression.parse("everyone", ()), "everyone", What("slack", exact=("Sales",)), "why", birthright=True
    )
    view = make.view(
        people=[make.person("p1")],
        accounts=[make.account("a1", owner="p1"), make.account("old", owner="p1", active=active)],
        grants=[make.grant("old", "Sales")],
        policy=Policy(rules=(given,)),
    )
    told = make.judged(RULE(view))
    assert (told["population"], told["failed"], told["reason"]) == (1, failed, reason)


def test_a_registered_machine_does_not_hold_it_for_its_owner(make):
    given = EntitlementRule(
        "all", expression.parse("everyone", ()), "everyone", What("slack", exact=("Sales",)), "why", birthright=True
    )
    view = make.view(
        people=[make.person("p1")],
        accounts=[make.account("a1", owner="p1"), make.account("svc", owner="p1")],
        grants=[make.grant("svc", "Sales")],
        policy=Policy(rules=(given,), nhi=(NonHuman("slack", "svc", "bot"),)),
    )
    assert len(RULE(view).failed) == 1
