from __future__ import annotations

from datetime import timedelta

import pytest

from scimaudit import rules

RULE = rules.load("dormant").check


def ago(make, days):
    return make.now - timedelta(days=days)


@pytest.mark.parametrize(("days", "fails"), [(91, True), (90, False), (0, False), (-1, False)])
def test_the_limit_is_exclusive(make, days, fails):
    view = make.view(accounts=[make.account("a1", last_login=ago(make, days))])
    assert make.judged(RULE(view)) == {"population": 1, "failed": int(fails), "not_evaluable": 0, "reason": ""}


def test_a_sign_in_that_is_still_to_come_tells_nothing(make):
    view = make.view(
        accounts=[make.account("a1", last_login=ago(make, -2)), make.account("a2", last_login=ago(make, 1))]
    )
    assert make.judged(RULE(view)) == {
        "population": 2, "failed": 0, "not_evaluable": 1, "reason": "semantics-unknown 1",
    }  # fmt: skip


def test_it_says_since_when(make):
    failed = RULE(make.view(accounts=[make.account("a1", last_login=ago(make, 91))])).failed
    assert failed["actual"].item() == "active, last sign-in 2026-08-21, 91 days ago"
    assert failed["expected"].item() == "a sign-in within 90 days, or inactive"


@pytest.mark.parametrize(("kind", "days", "fails"), [("service", 180, 0), ("shared", 181, 1), ("break-glass", 4000, 0)])
def test_other_kinds_have_their_own_limits(make, kind, days, fails):
    view = make.view(accounts=[make.account("a1", account_kind=kind, last_login=ago(make, days))])
    assert make.judged(RULE(view))["failed"] == fails


def test_without_sign_in_times_nothing_passes(make):
    view = make.view(accounts=[make.account("a1")], listing={"attributes": frozenset({"active"})})
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "attribute-absent 1"}


def test_an_account_of_another_listing_than_the_one_with_sign_in_times_is_not_evaluable(make):
    view = make.view(accounts=[make.account("a1", listings=["apps.slack.listings[9]"])])
    assert make.judged(RULE(view))["reason"] == "attribute-absent 1"


def test_never_signed_in_is_left_to_its_own_rule(make):
    assert make.judged(RULE(make.view(accounts=[make.account("a1")])))["population"] == 0


def test_unknown_activity_is_not_evaluable_and_inactive_is_outside(make):
    old = ago(make, 500)
    view = make.view(
        accounts=[make.account("a1", active=None, last_login=old), make.account("a2", active=False, last_login=old)]
    )
    assert make.judged(RULE(view)) == {
        "population": 1,
        "failed": 0,
        "not_evaluable": 1,
        "reason": "semantics-unknown 1",
    }


def test_an_ambiguous_owner_does_not_matter(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1|p2", last_login=ago(make, 91))],
    )
    assert make.judged(RULE(view))["failed"] == 1


@pytest.mark.parametrize(
    ("kind", "days", "expected"),
    [("service", 200, (0, 1)), ("service", 20, (0, 0)), ("human", 200, (1, 0)), ("shared", 200, (1, 0))],
)
def test_sign_ins_of_people_do_not_show_what_a_machine_does(make, kind, days, expected):
    account = make.account("a1", account_kind=kind, last_login=ago(make, days))
    counts = make.judged(RULE(make.view(accounts=[account], interactive_sign_ins=True)))
    assert (counts["failed"], counts["not_evaluable"]) == expected
