from __future__ import annotations

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
    assert judged(make, **account).failed["actual"].tolist() == ["active, shared by several people"]


@pytest.mark.parametrize(
    "near", [{"user_name": "bot"}, {"user_name": "desk", "active": False}, {"account_kind": "guest"}]
)
def test_near_misses(make, near):
    assert make.judged(judged(make, **near))["population"] == 0


def test_activity_that_is_unknown_is_not_evaluable(make):
    assert make.judged(judged(make, user_name="desk", active=None))["reason"] == "semantics-unknown 1"
