from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("leaver-active").check


def test_active_account_of_a_terminated_person_fails(make):
    view = make.view(
        people=[make.person("p1", display_name="Ana Ames", status="terminated", end_date=date(2026, 11, 10))],
        accounts=[make.account("a1", owner="p1")],
    )
    failed = RULE(view).failed
    assert failed["account_id"].tolist() == ["a1"]
    assert failed["expected"].item() == "inactive: Ana Ames left on 2026-11-10"
    assert failed["actual"].item() == "active, 10 days after the end date"
    assert failed["bump"].item() == 0


def test_a_passed_end_date_is_enough_whatever_the_status_says(make):
    people = [make.person("p1", status=status, end_date=date(2026, 11, 19)) for status in ("active",)]
    assert len(RULE(make.view(people=people, accounts=[make.account("a1", owner="p1")])).failed) == 1


def test_the_end_date_itself_is_still_employment(make):
    view = make.view(people=[make.person("p1", end_date=make.today)], accounts=[make.account("a1", owner="p1")])
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_a_disabled_account_of_a_leaver_passes(make):
    view = make.view(
        people=[make.person("p1", status="terminated")], accounts=[make.account("a1", owner="p1", active=False)]
    )
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_unknown_activity_is_never_a_pass(make):
    view = make.view(
        people=[make.person("p1", status="terminated"), make.person("p2")],
        accounts=[make.account("a1", owner="p1", active=None), make.account("a2", owner="p2", active=None)],
    )
    assert make.judged(RULE(view)) == {
        "population": 2,
        "failed": 0,
        "not_evaluable": 2,
        "reason": "semantics-unknown 2",
    }


def test_an_unknown_status_is_never_a_pass(make):
    view = make.view(people=[make.person("p1", status="unknown")], accounts=[make.account("a1", owner="p1")])
    assert make.judged(RULE(view))["reason"] == "semantics-unknown 1"


def test_an_ambiguous_owner_is_not_a_leaver(make):
    leavers = [make.person(name, status="terminated") for name in ("p1", "p2")]
    view = make.view(people=leavers, accounts=[make.account("a1", owner="p1|p2")])
    assert make.judged(RULE(view))["population"] == 0


def test_a_registered_non_human_is_outside(make):
    view = make.view(
        people=[make.person("p1", status="terminated")],
        accounts=[make.account("svc", owner="p1")],
        policy=Policy(nhi=(NonHuman("slack", "svc", "service", "o@corp.example"),)),
    )
    assert make.judged(RULE(view))["population"] == 0


@pytest.mark.parametrize(
    "roster", [{"walk": "unprovable"}, {"as_of": datetime(2026, 11, 1, tzinfo=UTC)}, {"as_of": None}]
)
def test_an_unproven_or_stale_roster_lets_nobody_pass_but_still_convicts(make, roster):
    view = make.view(
        people=[make.person("p1"), make.person("p2", status="terminated")],
        accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p2")],
        roster=roster,
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 1, "not_evaluable": 1, "reason": "roster-unproven 1"}


def test_use_after_the_end_date_raises_the_severity(make):
    day_after = datetime(2026, 11, 11, 0, 30, tzinfo=UTC)
    last_day = datetime(2026, 11, 10, 23, 30, tzinfo=UTC)
    view = make.view(
        people=[make.person("p1", status="terminated", end_date=date(2026, 11, 10))],
        accounts=[
            make.account("a1", owner="p1", last_login=day_after),
            make.account("a2", owner="p1", last_login=last_day),
        ],
    )
    failed = RULE(view).failed
    assert failed["bump"].tolist() == [1, 0]
    assert failed["why"].isna().tolist() == [False, True]


def test_grace_days_count_from_the_end_date(make):
    view = make.view(
        people=[make.person("p1", end_date=date(2026, 11, 18)), make.person("p2", status="terminated")],
        accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p2")],
    )
    assert RULE(view, grace_days=2).failed["account_id"].tolist() == ["a2"]
    assert RULE(view, grace_days=1).failed["account_id"].tolist() == ["a1", "a2"]
