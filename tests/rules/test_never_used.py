from __future__ import annotations

from datetime import timedelta

import pytest

from scimaudit import rules

RULE = rules.load("never-used").check


def old(make, days=91):
    return make.now - timedelta(days=days)


def test_an_old_account_without_a_sign_in_fails(make):
    failed = RULE(make.view(accounts=[make.account("a1", created=old(make))])).failed
    assert failed["actual"].tolist() == ["active, no sign-in since its creation on 2026-08-21"]


def test_one_sign_in_is_enough(make):
    view = make.view(accounts=[make.account("a1", created=old(make), last_login=old(make))])
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"days": 90}, "too-young 1"),
        ({"created": None}, "attribute-absent 1"),
        ({"active": None}, "semantics-unknown 1"),
        ({"listings": ["apps.slack.listings[7]"]}, "attribute-absent 1"),
    ],
)
def test_what_cannot_be_told_is_not_evaluable(make, columns, reason):
    columns = {"created": old(make, columns.pop("days", 91)), **columns}
    ledger = make.judged(RULE(make.view(accounts=[make.account("a1", **columns)])))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": reason}


def test_an_app_without_sign_in_times_is_not_evaluable(make):
    view = make.view(accounts=[make.account("a1", created=old(make))], listing={"attributes": frozenset({"created"})})
    assert make.judged(RULE(view))["reason"] == "attribute-absent 1"


def test_inactive_and_break_glass_accounts_are_outside(make):
    view = make.view(
        accounts=[
            make.account("a1", created=old(make), active=False),
            make.account("a2", created=old(make), account_kind="break-glass"),
        ]
    )
    assert make.judged(RULE(view))["population"] == 0


def test_an_ambiguous_owner_does_not_matter(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1|p2", created=old(make))],
    )
    assert make.judged(RULE(view))["failed"] == 1


@pytest.mark.parametrize(("kind", "expected"), [("service", (0, 1)), ("human", (1, 0))])
def test_sign_ins_of_people_do_not_show_what_a_machine_does(make, kind, expected):
    view = make.view(accounts=[make.account("a1", account_kind=kind, created=old(make))], interactive_sign_ins=True)
    counts = make.judged(RULE(view))
    assert (counts["failed"], counts["not_evaluable"]) == expected
