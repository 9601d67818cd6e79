from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.view import SourceFacts

RULE = rules.load("listing-gap").check
FIRST, SECOND = "apps.slack.listings[0]", "apps.slack.listings[1]"


def two_listings(make, *seen_in, walks=("complete", "complete"), **columns):
    sources = [
        SourceFacts(name, "accounts", "slack", walk=walk) for name, walk in zip((FIRST, SECOND), walks, strict=True)
    ]
    accounts = [make.account(f"a{n}", listings=list(seen), **columns) for n, seen in enumerate(seen_in)]
    return make.view(accounts=accounts, sources=sources)


def test_an_account_in_one_listing_only_fails(make):
    judgement = RULE(two_listings(make, (FIRST, SECOND), (SECOND,)))
    assert judgement.failed[["account_id", "actual"]].to_numpy().tolist() == [["a1", f"in {SECOND}, not in {FIRST}"]]
    assert make.judged(judgement) == {"population": 2, "failed": 1, "not_evaluable": 0, "reason": ""}


@pytest.mark.parametrize("active", [None, False])
def test_activity_does_not_matter(make, active):
    assert len(RULE(two_listings(make, (SECOND,), active=active)).failed) == 1


def test_absence_from_an_unproven_listing_means_nothing(make):
    view = two_listings(make, (FIRST, SECOND), (SECOND,), (FIRST,), walks=("unprovable", "complete"))
    ledger = make.judged(RULE(view))
    assert ledger == {"population": 3, "failed": 1, "not_evaluable": 1, "reason": "walk-unproven 1"}


def test_an_app_with_one_listing_is_outside(make):
    assert make.judged(RULE(make.view(accounts=[make.account("a1")])))["population"] == 0


def test_an_ambiguous_owner_does_not_matter(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1|p2", listings=[FIRST])],
        sources=[SourceFacts(name, "accounts", "slack", walk="complete") for name in (FIRST, SECOND)],
    )
    assert make.judged(RULE(view))["failed"] == 1
