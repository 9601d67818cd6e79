from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("duplicate").check


def test_two_active_accounts_of_one_person_are_one_finding(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[
            make.account("a2", owner="p1", user_name="ana2"),
            make.account("b1", owner="p2"),
            make.account("a1", owner="p1", user_name=None),
        ],
    )
    judgement = RULE(view)
    assert judgement.failed[["app", "person_id", "actual"]].astype("str").to_numpy().tolist() == [
        ["slack", "p1", "a1 (a1), ana2 (a2)"]
    ]
    assert make.judged(judgement) == {"population": 2, "failed": 1, "not_evaluable": 0, "reason": ""}


def test_an_inactive_second_account_passes(make):
    view = make.view(
        people=[make.person("p1")],
        accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p1", active=False)],
    )
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_accounts_in_two_apps_pass(make):
    apps = [make.app(name) for name in ("slack", "erp")]
    view = make.view(
        people=[make.person("p1")],
        accounts=[make.account("a1", owner="p1"), make.account("a1", app="erp", owner="p1")],
        apps=apps,
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_a_second_account_of_unknown_activity_is_not_evaluable(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[
            make.account("a1", owner="p1"),
            make.account("a2", owner="p1", active=None),
            make.account("b1", owner="p2", active=None),
        ],
    )
    assert make.judged(RULE(view)) == {
        "population": 2,
        "failed": 0,
        "not_evaluable": 1,
        "reason": "semantics-unknown 1",
    }


def test_declared_admin_accounts_and_registered_non_humans_do_not_count(make):
    view = make.view(
        people=[make.person("p1")],
        accounts=[
            make.account("a1", owner="p1"),
            make.account("a2", owner="p1", user_name="ADM-ana"),
            make.account("a3", owner="p1", user_name="bot"),
        ],
        policy=Policy(nhi=(NonHuman("slack", "bot", "bot"),)),
        admin_accounts=("adm-*",),
    )
    assert make.judged(RULE(view)) == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_ambiguous_accounts_belong_to_nobody_yet(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1|p2"), make.account("a2", owner="p1|p2")],
    )
    assert make.judged(RULE(view))["population"] == 0


@pytest.mark.parametrize(
    ("more", "unknown"), [({}, 1), ({"active": None}, 1), ({"active": False}, 0), ({"app": "crm"}, 0)]
)
def test_a_candidate_for_another_account_may_have_two(make, more, unknown):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p1|p2", **more)],
        apps=[make.app("slack"), make.app("crm")],
    )
    assert make.judged(RULE(view))["not_evaluable"] == unknown


def test_an_unproven_walk_may_hide_the_second_account_but_not_excuse_it(make):
    view = make.view(
        people=[make.person("p1"), make.person("p2")],
        accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p1"), make.account("b1", owner="p2")],
        walk="unprovable",
    )
    assert make.judged(RULE(view)) == {"population": 2, "failed": 1, "not_evaluable": 1, "reason": "walk-unproven 1"}
