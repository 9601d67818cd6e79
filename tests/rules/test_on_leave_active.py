from __future__ import annotations

import pytest

from scimaudit import rules

RULE = rules.load("on-leave-active").check


def judged(make, *, status="leave", active=True, owner="p1", roster=None, **settings):
    people = [make.person("p1", status=status), make.person("p2", status=status)]
    return RULE(
        make.view(people=people, accounts=[make.account("a1", active=active, owner=owner)], roster=roster), **settings
    )


def test_an_active_account_of_somebody_on_leave_fails(make):
    assert judged(make).failed["actual"].tolist() == ["active"]


@pytest.mark.parametrize(
    "near", [{"active": False}, {"status": "active"}, {"status": "unknown"}, {"owner": "p1|p2"}, {"owner": None},
             {"apps": "erp, crm"}],
)  # fmt: skip
def test_near_misses(make, near):
    assert make.judged(judged(make, **near))["population"] == 0


def test_activity_that_is_unknown_is_not_evaluable(make):
    assert make.judged(judged(make, active=None))["reason"] == "semantics-unknown 1"


def test_the_apps_are_patterns(make):
    assert len(judged(make, apps="erp, sl*").failed) == 1
