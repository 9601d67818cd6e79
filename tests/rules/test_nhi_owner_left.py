from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("nhi-owner-left").check


def judged(make, owner, *, roster=None, **account):
    people = [
        make.person("p1"), make.person("p2", status="terminated"), make.person("p3", status="unknown"),
        *(make.person(f"t{n}", emails=["t@x"], email_keys=["t@x"], status=word) for n, word in enumerate(("active", "terminated"))),
    ]  # fmt: skip
    policy = Policy(nhi=(NonHuman("slack", "bot", "bot", owner),))
    return RULE(
        make.view(
            people=people, accounts=[make.account("a1", user_name="bot", **account)], policy=policy, roster=roster
        )
    )


def test_an_owner_who_left_fails(make):
    failed = judged(make, "p2").failed
    assert failed["actual"].tolist() == ["active service account; p2 has left"]


@pytest.mark.parametrize(("owner", "population"), [("p1", 1), ("nobody@x", 1), ("", 0)])
def test_near_misses(make, owner, population):
    counts = make.judged(judged(make, owner))
    assert (counts["failed"], counts["population"]) == (0, population)


@pytest.mark.parametrize("owner", ["p3", "t@x"])
def test_an_owner_who_is_unclear_is_not_evaluable(make, owner):
    assert make.judged(judged(make, owner))["reason"] == "semantics-unknown 1"


def test_a_disabled_account_harms_nobody(make):
    assert make.judged(judged(make, "p2", active=False))["population"] == 0


def test_an_unproven_roster_passes_nobody(make):
    assert make.judged(judged(make, "p1", roster={"walk": "incomplete"}))["reason"] == "roster-unproven 1"
