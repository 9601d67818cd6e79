from __future__ import annotations

from datetime import date

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("shared").check


def judged(make, **account):
    register = (NonHuman("slack", "desk", "shared", "p1"), NonHuman("slack", "bot", "service", "p1"))
    return RULE(
        make.view(people=[make.person("p1")], accounts=[make.account("a1", **account)], policy=Policy(nhi=register))
    )


@pytest.mark.parametrize("account", [{"account_kind": "shared"}, {"user_name": "desk"}])
def test_a_shared_account_fails_whoever_says_so(make, account):
    failed = judged(make, **account).failed
    assert failed[["actual", "bump"]].to_numpy().tolist() == [
        ["active, shared by several people, and nothing tells who used it", 0]
    ]


@pytest.mark.parametrize(("expires", "bump"), [(None, -1), (date(2026, 11, 19), 0)])
def test_a_way_to_tell_who_acted_makes_it_milder_while_its_line_counts(make, expires, bump):
    line = NonHuman("slack", "desk", "shared", "p1", attribution="the vault's log", expires=expires)
    view = make.view(accounts=[make.account("a1", user_name="desk")], policy=Policy(nhi=(line,)))
    assert RULE(view).failed["bump"].tolist() == [bump]


@pytest.mark.parametrize(
    "near", [{"user_name": "bot"}, {"user_name": "desk", "active": False}, {"account_kind": "guest"}]
)
def test_near_misses(make, near):
    assert make.judged(judged(make, **near))["population"] == 0


def test_activity_that_is_unknown_is_not_evaluable(make):
    assert make.judged(judged(make, user_name="desk", active=None))["reason"] == "semantics-unknown 1"
