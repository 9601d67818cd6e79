from __future__ import annotations

import pytest

from scimaudit import rules

RULE = rules.load("disabled-residual").check


def test_an_inactive_account_with_entitlements_fails(make):
    view = make.view(
        accounts=[make.account("a1", active=False)],
        grants=[make.grant("a1", "Admins"), make.grant("a1", "L1", attribute="licenses", display=None)],
    )
    failed = RULE(view).failed
    assert failed["actual"].tolist() == ["inactive, holds groups Admins, licenses L1"]
    assert failed["severity"].isna().all()


def test_licences_alone_are_low(make):
    view = make.view(accounts=[make.account("a1", active=False)], grants=[make.grant("a1", "E5", attribute="licenses")])
    assert RULE(view).failed["severity"].tolist() == ["low"]


def test_many_entitlements_are_counted_not_listed(make):
    view = make.view(accounts=[make.account("a1", active=False)], grants=[make.grant("a1", f"g{n}") for n in range(8)])
    assert RULE(view).failed["actual"].item().endswith("groups g4 and 3 more")


def test_holding_nothing_passes_where_that_is_proven(make):
    view = make.view(accounts=[make.account("a1", active=False)], grants=[])
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


@pytest.mark.parametrize("entitlements", ["incomplete", "unprovable", "failed"])
def test_holding_nothing_means_nothing_where_entitlements_are_not_proven(make, entitlements):
    view = make.view(
        accounts=[make.account("a1", active=False), make.account("a2", active=False)],
        grants=[make.grant("a2", "g")],
        entitlements=entitlements,
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 1, "not_evaluable": 1, "reason": "walk-unproven 1"}


def test_unknown_activity_is_not_evaluable_and_active_is_outside(make):
    view = make.view(
        accounts=[make.account("a1", active=None), make.account("a2")],
        grants=[make.grant("a1", "g"), make.grant("a2", "g")],
    )
    assert make.judged(RULE(view)) == {
        "population": 1,
        "failed": 0,
        "not_evaluable": 1,
        "reason": "semantics-unknown 1",
    }


def test_a_grant_of_an_account_that_no_listing_shows_convicts_nobody(make):
    view = make.view(accounts=[make.account("a1", active=False)], grants=[make.grant("stranger", "g")])
    assert make.judged(RULE(view))["failed"] == 0


def test_an_ambiguous_owner_does_not_matter(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1|p2", active=False)],
        grants=[make.grant("a1", "g")],
    )
    assert make.judged(RULE(view))["failed"] == 1
