"""The rules that speak of sources and apps, not of accounts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scimaudit import rules
from scimaudit.view import AppFacts, Previous


def check(kind, view, **settings):
    return rules.load(kind).check(view, **settings)


@pytest.mark.parametrize(("walk", "severity"), [("incomplete", None), ("failed", None), ("unprovable", "medium")])
def test_walk_incomplete_fires_for_whatever_is_not_proven(make, walk, severity):
    view = make.view(listing={"walk": walk, "walk_reason": "a page twice"})
    failed = check("walk-incomplete", view).failed
    assert failed[["app", "value", "actual"]].to_numpy().tolist() == [
        ["slack", "apps.slack.listings[0]", f"{walk}: a page twice"]
    ]
    assert failed["severity"].fillna("").tolist() == [severity or ""]


def test_walk_incomplete_tells_the_error_of_a_roster(make):
    failed = check("walk-incomplete", make.view(roster={"walk": "failed", "error": "refused"})).failed
    assert failed["app"].isna().tolist() == [True]
    assert failed["actual"].tolist() == ["failed: refused"]


def test_walk_incomplete_passes_what_is_complete(make):
    ledger = make.judged(check("walk-incomplete", make.view()))
    assert ledger == {"population": 2, "failed": 0, "not_evaluable": 0, "reason": ""}


@pytest.mark.parametrize("kind", ["rejected-rows", "unmapped-status"])
def test_rows_that_never_came_may_be_unreadable_or_have_any_status(make, kind):
    ledger = make.judged(check(kind, make.view(listing={"walk": "failed", "error": "refused"})))
    assert ledger == {"population": 2, "failed": 0, "not_evaluable": 1, "reason": "walk-unproven 1"}


def test_scope_partial_fails_and_unknown_is_not_evaluable(make):
    apps = [
        make.app("slack", scope="partial", scope_reason="only accounts linked by SCIM"),
        make.app("erp", scope="unknown"),
        make.app("crm"),
        AppFacts("fax", listed=False),
    ]
    judgement = check("scope-partial", make.view(apps=apps))
    assert judgement.failed[["app", "actual"]].to_numpy().tolist() == [
        ["slack", "partial: only accounts linked by SCIM"]
    ]
    assert make.judged(judgement) == {"population": 3, "failed": 1, "not_evaluable": 1, "reason": "scope-unproven 1"}


@pytest.mark.parametrize(("days", "fails"), [(7, 0), (8, 1), (-3, 0)])
def test_source_stale_by_its_own_limit(make, days, fails):
    view = make.view(roster={"as_of": make.now - timedelta(days=days), "stale_after_days": 7})
    judgement = check("source-stale", view)
    assert make.judged(judgement)["failed"] == fails
    if fails:
        assert judgement.failed["actual"].tolist() == ["8 days old, as of 2026-11-12"]
        assert judgement.failed["expected"].tolist() == ["at most 7 days old"]


def test_source_stale_without_a_date_is_not_evaluable(make):
    ledger = make.judged(check("source-stale", make.view(roster={"as_of": None})))
    assert ledger == {"population": 2, "failed": 0, "not_evaluable": 1, "reason": "attribute-absent 1"}


@pytest.mark.parametrize(
    ("before", "now", "fails"), [(20, 14, 1), (20, 15, 0), (100, 80, 0), (100, 79, 1), (3, 1, 0), (3, 0, 1)]
)
def test_roster_shrunk_needs_both_limits_or_nobody_left(make, before, now, fails):
    view = make.view(roster={"parsed": now}, previous=Previous({"rosters.hr": before}, {}))
    judgement = check("roster-shrunk", view)
    assert make.judged(judgement) == {"population": 1, "failed": fails, "not_evaluable": 0, "reason": ""}
    assert (judgement.failed["actual"] == f"{now} people").all()


def test_roster_shrunk_limits_are_settings(make):
    view = make.view(roster={"parsed": 1}, previous=Previous({"rosters.hr": 4}, {}))
    assert len(check("roster-shrunk", view, rows=2).failed) == 1
    assert check("roster-shrunk", view, rows=2, percent=80.0).failed.empty


def test_a_small_roster_cannot_vanish_behind_a_large_one(make):
    previous = Previous({"rosters.hr": 1000, "rosters.vendor": 40}, {})
    failed = check("roster-shrunk", make.view(roster={"parsed": 1000}, previous=previous)).failed
    assert failed[["value", "expected", "actual"]].to_numpy().tolist() == [
        ["rosters.vendor", "at least 32 of 40 people", "0 people"]
    ]


@pytest.mark.parametrize(
    ("before", "fails", "reason"), [(10, 0, ""), (11, 1, ""), (0, 0, ""), (None, 0, "too-young 1")]
)
def test_app_shrunk(make, before, fails, reason):
    view = make.view(
        accounts=[make.account(f"a{n}") for n in range(8)],
        previous=Previous({}, {} if before is None else {"slack": before}),
    )
    counts = make.judged(check("app-shrunk", view))
    assert (counts["population"], counts["failed"], counts["reason"]) == (1, fails, reason)


def test_a_roster_that_nobody_counted_before_is_not_evaluable(make):
    for previous, failed in ((None, 0), (Previous({"rosters.old": 3}, {}), 1)):
        counts = make.judged(check("roster-shrunk", make.view(roster={"parsed": 3}, previous=previous)))
        assert (counts["failed"], counts["reason"]) == (failed, "too-young 1")


def test_app_shrunk_sees_an_app_that_lists_nothing_any_more(make):
    failed = check("app-shrunk", make.view(previous=Previous({}, {"slack": 5}))).failed
    assert failed[["app", "expected", "actual"]].to_numpy().tolist() == [
        ["slack", "at least 80 % of 5 accounts", "0 accounts"]
    ]


@pytest.mark.parametrize("kind", ["roster-shrunk", "app-shrunk"])
def test_shrink_rules_need_an_earlier_snapshot(make, kind):
    counts = make.judged(check(kind, make.view(people=[make.person("p1")], accounts=[make.account("a1")])))
    assert (counts["failed"], counts["reason"]) == (0, "too-young 1")


def test_unmapped_status_names_the_words(make):
    judgement = check("unmapped-status", make.view(roster={"unmapped_status": {"Z": 3, "Sabbatical": 1}}))
    assert judgement.failed[["value", "actual"]].to_numpy().tolist() == [
        ["rosters.hr", "unmapped, with rows: Sabbatical 1, Z 3"]
    ]
    assert make.judged(judgement)["population"] == 2


@pytest.mark.parametrize(("unacknowledged", "fails"), [(1, 1), (0, 0)])
def test_rejected_rows_until_somebody_has_looked(make, unacknowledged, fails):
    listing = {"received": 9, "parsed": 7, "rejected": 2, "unacknowledged": unacknowledged}
    judgement = check("rejected-rows", make.view(listing=listing))
    assert make.judged(judgement)["failed"] == fails
    assert (judgement.failed["actual"] == "2 of 9 rows rejected, 1 not acknowledged").all()


@pytest.mark.parametrize(("reason", "said"), [("no export", "no source: no export"), ("", "no source")])
def test_not_audited(make, reason, said):
    view = make.view(apps=[make.app("slack"), AppFacts("fax", listed=False, reason=reason)])
    judgement = check("not-audited", view)
    assert judgement.failed[["app", "actual"]].to_numpy().tolist() == [["fax", said]]
    assert make.judged(judgement)["population"] == 2
