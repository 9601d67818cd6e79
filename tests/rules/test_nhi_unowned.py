from __future__ import annotations

from datetime import date

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("nhi-unowned").check


def registered(make, owner, *people, active=True, expires=None, roster=None, kind="bot"):
    line = NonHuman("slack", "svc", kind, owner, expires=expires)
    return make.view(
        people=list(people),
        accounts=[make.account("svc", active=active)],
        policy=Policy(nhi=(line,)),
        roster=roster,
    )


def test_a_service_account_without_a_line_in_the_register_fails(make):
    failed = RULE(make.view(accounts=[make.account("svc", account_kind="service"), make.account("ana")])).failed
    assert failed[["account_id", "actual"]].to_numpy().tolist() == [
        ["svc", "active service account; it is not in the register"]
    ]


@pytest.mark.parametrize("owner", ["ANA@corp.example", "old@corp.example", "p1", "E1", "aames"])
def test_a_current_owner_by_any_key_passes(make, owner):
    ana = make.person(
        "p1",
        email_keys=["ana@corp.example"],
        alias_keys=["old@corp.example"],
        employee_number_key="e1",
        user_name_key="aames",
    )
    ledger = make.judged(RULE(registered(make, owner, ana)))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


@pytest.mark.parametrize(
    ("owner", "expires", "said"),
    [
        ("", None, "its line in the register names no owner"),
        ("team@corp.example", None, "its registered owner is not in the roster"),
        ("p1", date(2026, 11, 19), "its line in the register has expired"),
    ],
)
def test_a_line_that_names_nobody_or_does_not_count_fails(make, owner, expires, said):
    failed = RULE(registered(make, owner, make.person("p1"), expires=expires)).failed
    assert failed["actual"].tolist() == [f"active service account; {said}"]


def test_the_last_day_of_a_line_counts(make):
    assert RULE(registered(make, "p1", make.person("p1"), expires=make.today)).failed.empty


def test_an_owner_who_left_is_another_kind(make):
    judged = RULE(registered(make, "p1", make.person("p1", status="terminated"), kind="break-glass"))
    assert make.judged(judged)["failed"] == 0


def test_an_owner_of_unknown_status_is_not_evaluable(make):
    ledger = make.judged(RULE(registered(make, "p1", make.person("p1", status="unknown"))))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "semantics-unknown 1"}


def test_an_ambiguous_owner_is_not_evaluable_when_only_one_of_them_is_here(make):
    both = [make.person(name, email_keys=["box@corp.example"]) for name in ("p1", "p2")]
    gone = make.person("p2", email_keys=["box@corp.example"], status="terminated")
    assert make.judged(RULE(registered(make, "box@corp.example", both[0], gone)))["reason"] == "semantics-unknown 1"
    assert make.judged(RULE(registered(make, "box@corp.example", *both)))["not_evaluable"] == 0


def test_unknown_activity_is_not_evaluable_and_inactive_is_outside(make):
    assert make.judged(RULE(registered(make, "", active=None)))["reason"] == "semantics-unknown 1"
    assert make.judged(RULE(registered(make, "", active=False)))["population"] == 0


def test_an_unproven_roster_vouches_for_no_owner(make):
    view = registered(make, "p1", make.person("p1"), roster={"walk": "unprovable"})
    assert make.judged(RULE(view))["reason"] == "roster-unproven 1"


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"non_human": ("svc-*",)}, "by its userName"),
        ({"non_human_types": ("Integration",)}, "by its userType"),
        ({"non_human": ("svc-*",), "non_human_types": ("Integration",)}, "by its userName"),
    ],
)
def test_what_the_app_declares_non_human_wants_a_line_in_the_register(make, declared, told):
    row = make.account("a1", user_name="SVC-export", user_type="Integration")
    failed = RULE(make.view(accounts=[row, make.account("ana")], **declared)).failed
    assert failed["actual"].tolist() == [f"active service account {told}; it is not in the register"]


@pytest.mark.parametrize("declared", [{"non_human": ("*",)}, {"non_human_types": ("Partner",)}])
def test_a_listed_guest_is_no_machine_whatever_its_name(make, declared):
    rows = [make.account("g1", account_kind="guest", user_type="Partner"), make.account("m1", user_type="Partner")]
    view = make.view(accounts=rows, **declared)
    assert view.accounts["account_kind"].tolist() == ["guest", "service"]
    assert RULE(view).failed["account_id"].tolist() == ["m1"]


def test_what_a_listing_calls_shared_no_pattern_calls_a_service(make):
    failed = RULE(make.view(accounts=[make.account("svc-1", account_kind="shared")], non_human=("svc-*",))).failed
    assert failed["actual"].tolist() == ["active shared account; it is not in the register"]
