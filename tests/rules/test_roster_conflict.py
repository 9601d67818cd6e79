from __future__ import annotations

import pytest

from scimaudit import rules


def overlap(person: str = "p1", attribute: str | None = None, value: str = "active", over_value: str = "terminated"):
    said = {"value": value, "over_value": over_value} if attribute else {}
    return {"person_id": person, "roster": "vendor", "over": "hr", "attribute": attribute, **said}


def check(view):
    return rules.load("roster-conflict").check(view)


def test_a_person_gone_by_one_roster_and_here_by_another(make):
    view = make.view(people=[make.person("p1"), make.person("p2")], overlaps=[overlap("p1", "status"), overlap("p2")])
    judgement = check(view)
    assert make.judged(judgement) == {"population": 2, "failed": 1, "not_evaluable": 0, "reason": ""}
    row = judgement.failed.iloc[0]
    assert (row["person_id"], row["expected"], row["actual"]) == ("p1", "terminated (hr)", "active (vendor)")


@pytest.mark.parametrize(
    ("attribute", "severity"),
    [("status", "high"), ("end_date", "high"), ("name", "low")],
)
def test_what_decides_over_access_weighs_most(make, attribute, severity):
    judgement = check(make.view(people=[make.person("p1")], overlaps=[overlap("p1", attribute)]))
    assert judgement.failed["severity"].tolist() == [severity]


def test_rosters_that_agree_are_no_finding(make):
    assert check(make.view(people=[make.person("p1")], overlaps=[overlap()])).failed.empty


def test_one_roster_alone_has_nobody_to_contradict(make):
    assert check(make.view(people=[make.person("p1")])).ledger.empty
