"""Approved, for how long, and until when: three rules on what is known of a right's end."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pytest

from scimaudit import rules
from scimaudit.errors import PolicyError
from scimaudit.policy import Policy, approvals, expression
from scimaudit.policy.approvals import Approval
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.view.tenure import tenure

UNAPPROVED, EXPIRED, STANDING = (
    rules.load(kind).check for kind in ("privileged-unapproved", "grant-expired", "standing-privilege")
)
SIGNED = Approval("slack", "a1", "Admins", "boss@x", date(2026, 1, 1), None, "runs it")
EVERYONE = expression.parse("everyone", ())


def rule(**more):
    return EntitlementRule("r", EVERYONE, "everyone", What("slack", exact=("Admins",)), "why", **more)


def view(make, *signed, policy=(), active=True, listing=None, **grant):
    people = [make.person("p1", emails=["ana@x"], email_keys=["ana@x"], user_name_key="ana"), make.person("p2")]
    return make.view(
        people=people, accounts=[make.account("a1", user_name="ana", owner="p1", active=active)], listing=listing,
        grants=[make.grant("a1", "g-1", display="Admins", **{"privileged": True, **grant})],
        policy=Policy(approvals=signed, rules=policy),
    )  # fmt: skip


OTHER = Approval("slack", "a2", "Admins", "boss@x", date(2026, 1, 1), None, "")


@pytest.mark.parametrize(
    ("signed", "said"),
    [
        ((OTHER,), "holds groups Admins, approved by nobody"),
        (
            (Approval("slack", "ANA", "g-1", "ana@x", date(2026, 1, 1), None, ""),),
            "holds groups Admins, approved by its holder",
        ),
        (
            (Approval("slack", "ana", "Admins", "p1", date(2026, 1, 1), None, ""),),
            "holds groups Admins, approved by its holder",
        ),
    ],
)
def test_power_that_nobody_else_signed_for_fails(make, signed, said):
    assert UNAPPROVED(view(make, *signed)).failed["actual"].tolist() == [said]


@pytest.mark.parametrize("near", [{"privileged": False}, {"privileged": None}, {"active": False}])
def test_what_needs_no_approval(make, near):
    assert make.judged(UNAPPROVED(view(make, OTHER, **near)))["population"] == 0


def test_a_rule_can_want_an_approval_for_what_is_not_privileged(make):
    assert len(UNAPPROVED(view(make, OTHER, policy=(rule(requires_approval=True),), privileged=False)).failed) == 1


def test_an_approval_by_somebody_else_passes(make):
    counts = make.judged(UNAPPROVED(view(make, SIGNED)))
    assert (counts["population"], counts["failed"], counts["not_evaluable"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("signed", "more", "reason"), [((), {}, "policy-silent 1"), ((OTHER,), {"active": None}, "semantics-unknown 1")]
)
def test_approval_not_evaluable(make, signed, more, reason):
    assert make.judged(UNAPPROVED(view(make, *signed, **more)))["reason"] == reason


LAST = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "by"),
    [
        ({"expires_at": LAST}, "2026-11-01, as the app says"),
        (
            {"signed": Approval("slack", "a1", "Admins", "b", date(2026, 1, 1), date(2026, 11, 19), "")},
            "2026-11-20, as its approval says",
        ),
        ({"granted_at": LAST, "policy": (rule(days=5),)}, "2026-11-06, as the policy says"),
        ({"granted_at": LAST, "expires_at": LAST, "policy": (rule(days=5),)}, "2026-11-01, as the app says"),
    ],
)
def test_a_right_past_its_end_fails(make, given, by):
    signed = [given.pop("signed")] if "signed" in given else []
    assert EXPIRED(view(make, *signed, **given)).failed["expected"].tolist() == ["removed by " + by]


@pytest.mark.parametrize(
    "given",
    [
        {"expires_at": datetime(2026, 11, 21, tzinfo=UTC)},
        {"signed": Approval("slack", "a1", "Admins", "b", date(2026, 1, 1), date(2026, 11, 20), "")},
        {"granted_at": LAST, "policy": (rule(days=30),)},
        {"expires_at": LAST, "active": False},
        {},
    ],
)
def test_a_right_within_its_time(make, given):
    signed = [given.pop("signed")] if "signed" in given else []
    assert EXPIRED(view(make, *signed, **given)).failed.empty


def test_an_end_on_an_account_of_unknown_activity_is_not_evaluable(make):
    assert make.judged(EXPIRED(view(make, expires_at=LAST, active=None)))["reason"] == "semantics-unknown 1"


def test_power_for_a_while_that_is_held_for_ever_fails(make):
    failed = STANDING(view(make, policy=(rule(days=30),))).failed
    assert failed[["expected", "actual"]].to_numpy().tolist() == [
        ["30 days at most", "holds groups Admins without an end"]
    ]


@pytest.mark.parametrize("near", [{"privileged": False}, {"granted_at": LAST}, {"expires_at": LAST}, {"active": False}])
def test_power_with_an_end_passes(make, near):
    assert STANDING(view(make, policy=(rule(days=30),), **near)).failed.empty


def test_only_where_the_policy_wants_an_end_unless_all_are_meant(make):
    assert make.judged(STANDING(view(make)))["population"] == 0
    assert STANDING(view(make), every_app=True).failed["expected"].tolist() == ["held for a while only"]


HEAD = ",".join(approvals.COLUMNS)


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("slack,a1,Admins,,2026-01-01,,", "approved_by is empty"),
        ("slack,a1,Admins,b,1.1.2026,,", "approved_on is"),
        ("slack,a1,Admins,b,2026-01-02,2026-01-01,", "ends before"),
        ("slack,a1,Admins", "has 7"),
        ("slack,a1,Admins,b,2026-01-01,,\nslack,a1,Admins,c,2026-01-01,,", "already stands in approvals.csv, line 2"),
    ],
)
def test_a_wrong_approval_names_its_line(line, trouble):
    with pytest.raises(PolicyError, match=trouble):
        approvals.parse(f"{HEAD}\n{line}\n", "approvals.csv")


def test_of_several_approvals_the_latest_counts_in_any_order(make):
    lines = [
        Approval("slack", "a1", "Admins", "boss@x", date(2026, 1, 1), date(2026, 11, 19), ""),
        Approval("slack", "ANA", "Admins", "boss@x", date(2026, 6, 1), None, ""),
        Approval("slack", "ana", "Admins", "ana@x", date(2026, 2, 1), None, ""),
    ]
    for order in itertools.permutations(lines):
        seen = view(make, *order)
        assert [order[place] for place in tenure(seen)["approval"] if place >= 0] == [lines[1]]


def test_an_approval_for_an_unknown_app_is_an_error(make):
    with pytest.raises(PolicyError, match="names the app 'crm'"):
        view(make, Approval("crm", "a", "b", "c", date(2026, 1, 1), None, ""))
