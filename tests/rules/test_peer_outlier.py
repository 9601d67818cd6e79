from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.entitlements import EntitlementRule, What

RULE = rules.load("peer-outlier").check


def judged(
    make,
    holders=1,
    peers=8,
    *,
    title="Clerk",
    owner=None,
    entitlements="complete",
    roster=None,
    status="active",
    **settings,
):
    people = [
        make.person(f"p{n}", department="Sales", title=title, status="active" if n else status) for n in range(peers)
    ]
    accounts = [
        make.account(f"a{n}", owner=owner or f"p{n}", active=settings.get("active", True)) for n in range(holders)
    ]
    settings.pop("active", None)
    grants = [make.grant(f"a{n}", "Admins") for n in range(holders)]
    return RULE(
        make.view(people=people, accounts=accounts, grants=grants, entitlements=entitlements, roster=roster), **settings
    )


def test_what_hardly_any_peer_holds_is_told_with_its_numbers(make):
    failed = judged(make).failed
    assert failed["actual"].tolist() == ["holds Admins; 1 of 8 in Sales / Clerk hold this"]


@pytest.mark.parametrize("near", [{"holders": 2}, {"active": False}, {"percent": 10.0}, {"owner": "p0|p1"}])
def test_near_misses(make, near):
    assert judged(make, **near).failed.empty


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [({"peers": 4}, "no-peers 1"), ({"title": None}, "no-peers 1"), ({"entitlements": "unprovable"}, "walk-unproven 1"),
     ({"active": None}, "semantics-unknown 1"), ({"status": "unknown"}, "semantics-unknown 1"),
     ({"holders": 4, "roster": {"walk": "incomplete"}}, "roster-unproven 4")],
)  # fmt: skip
def test_not_evaluable(make, unknown, reason):
    assert make.judged(judged(make, **unknown))["reason"] == reason


def test_the_columns_choose_who_is_a_peer(make):
    assert len(judged(make, title=None, columns="department").failed) == 1


def test_two_accounts_of_one_person_count_once(make):
    people = [make.person(f"p{n}", department="Sales", title="Clerk") for n in range(8)]
    accounts = [make.account(f"a{n}", owner="p0") for n in range(3)]
    found = RULE(make.view(people=people, accounts=accounts, grants=[make.grant(f"a{n}", "x") for n in range(3)]))
    assert {text.partition("; ")[2] for text in found.failed["actual"]} == {"1 of 8 in Sales / Clerk hold this"}


def test_what_a_rule_allows_is_no_outlier(make):
    people = [make.person(f"p{n}", department="Sales", title="Clerk") for n in range(8)]
    rule = EntitlementRule("r", expression.parse("everyone", ()), "", What("slack", exact=("Admins",)), "why")
    view = make.view(
        people=people, accounts=[make.account("a0", owner="p0")], grants=[make.grant("a0", "Admins")],
        policy=Policy(rules=(rule,)),
    )  # fmt: skip
    assert make.judged(RULE(view))["population"] == 0


def test_nobody_has_no_peers(make):
    assert (
        make.judged(RULE(make.view(accounts=[make.account("a1")], grants=[make.grant("a1", "x")])))["population"] == 0
    )
