from __future__ import annotations

from datetime import date

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("unmatched").check


def test_an_active_account_without_an_owner_fails_and_names_the_suggestion(make):
    view = make.view(accounts=[make.account("a1", link_reason="T7 suggests p9")])
    failed = RULE(view).failed
    assert failed[["account_id", "actual"]].to_numpy().tolist() == [["a1", "active; T7 suggests p9"]]


def test_matched_passes_and_inactive_and_ambiguous_are_outside(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[
            make.account("a1", owner="p1"),
            make.account("a2", active=False),
            make.account("a3", owner="p1|p2"),
        ],
    )
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_unknown_activity_is_not_evaluable(make):
    view = make.view(accounts=[make.account("a1", active=None)])
    assert make.judged(RULE(view)) == {
        "population": 1,
        "failed": 0,
        "not_evaluable": 1,
        "reason": "semantics-unknown 1",
    }


def test_an_unproven_roster_convicts_and_acquits_nobody(make):
    view = make.view(
        people=[make.person("p1")],
        accounts=[make.account("a1", owner="p1"), make.account("a2")],
        roster={"walk": "incomplete"},
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 1, "not_evaluable": 1, "reason": "roster-unproven 1"}


def test_the_register_covers_until_it_expires(make):
    def entry(name, expires):
        return NonHuman("slack", name, "bot", "o@corp.example", expires=expires)

    view = make.view(
        accounts=[make.account("bot1"), make.account("bot2")],
        policy=Policy(nhi=(entry("bot1", make.today), entry("bot2", date(2026, 11, 19)))),
    )
    assert RULE(view).failed["account_id"].tolist() == ["bot2"]
