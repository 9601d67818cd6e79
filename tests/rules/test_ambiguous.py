from __future__ import annotations

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("ambiguous").check


def test_several_candidates_fail_and_are_named(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1|p2", link_reason="two people share ana@corp.example")],
    )
    failed = RULE(view).failed
    assert failed["actual"].item() == "two people share ana@corp.example: p1, p2"
    assert failed["severity"].isna().item()


def test_an_inactive_one_is_told_at_low_severity_and_an_unknown_one_is_not(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1|p2", active=False), make.account("a2", owner="p1|p2", active=None)],
    )
    failed = RULE(view).failed
    assert failed["severity"].fillna("as declared").tolist() == ["low", "as declared"]


def test_one_owner_and_no_owner_pass(make):
    view = make.view(people=[make.person("p1")], accounts=[make.account("a1", owner="p1"), make.account("a2")])
    assert make.judged(RULE(view)) == {"population": 2, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_a_registered_non_human_is_outside(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("svc", owner="p1|p2")],
        policy=Policy(nhi=(NonHuman("slack", "svc", "shared"),)),
    )
    assert make.judged(RULE(view))["population"] == 0


def test_an_unproven_roster_may_hide_the_second_candidate(make):
    view = make.view(
        people=[make.person("p1")], accounts=[make.account("a1", owner="p1")], roster={"walk": "unprovable"}
    )
    assert make.judged(RULE(view))["reason"] == "roster-unproven 1"
