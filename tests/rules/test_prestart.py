from __future__ import annotations

from datetime import date

import pytest

from scimaudit import rules

RULE = rules.load("prestart").check
AHEAD = date(2026, 12, 1)


def judged(make, *, start=AHEAD, status="prehire", roster=None, **settings):
    account = {"active": settings.pop("active", True), "owner": settings.pop("owner", "p1")}
    people = [make.person("p1", status=status, start_date=start), make.person("p2", start_date=start)]
    return RULE(make.view(people=people, accounts=[make.account("a1", **account)], roster=roster), **settings)


def test_an_active_account_before_the_start_fails(make):
    failed = judged(make).failed
    assert failed[["expected", "actual"]].to_numpy().tolist() == [
        ["inactive until 2026-12-01", "active, 11 days before"]
    ]


@pytest.mark.parametrize(
    "near", [{"active": False}, {"start": date(2026, 11, 20)}, {"start": None}, {"early_days": 11}, {"status": "terminated"},
             {"owner": None}, {"owner": "p1|p2"}],
)  # fmt: skip
def test_near_misses(make, near):
    assert judged(make, **near).failed.empty


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        ({"active": None}, "semantics-unknown 1"),
        ({"start": None}, "attribute-absent 1"),
        ({"start": date(2026, 11, 1)}, "semantics-unknown 1"),
        ({"active": False, "roster": {"walk": "incomplete"}}, "roster-unproven 1"),
    ],
)
def test_not_evaluable(make, unknown, reason):
    assert make.judged(judged(make, **unknown))["reason"] == reason
