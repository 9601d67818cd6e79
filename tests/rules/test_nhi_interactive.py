from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("nhi-interactive").check


def judged(make, *, line=None, told=True, listing=None, **account):
    row = {"account_kind": "service", "last_login": make.now - timedelta(days=3), **account}
    view = make.view(
        accounts=[make.account("svc", **row)], policy=Policy(nhi=(line,) if line else ()), listing=listing,
        interactive_sign_ins=told,
    )  # fmt: skip
    return RULE(view)


def test_a_service_account_that_somebody_signed_in_to_fails(make):
    assert judged(make).failed["actual"].tolist() == ["signed in interactively on 2026-11-17"]


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        (NonHuman("slack", "svc", "bot", "p1", interactive="set up by hand each month"), 0),
        (NonHuman("slack", "svc", "bot", "p1"), 1),
        (NonHuman("slack", "svc", "bot", "p1", interactive="yes", expires=date(2026, 11, 1)), 1),
    ],
)
def test_only_a_line_that_counts_and_says_why_allows_it(make, line, failed):
    counts = make.judged(judged(make, line=line, account_kind="unknown"))
    assert (counts["population"], counts["failed"], counts["not_evaluable"]) == (1, failed, 0)


@pytest.mark.parametrize(
    ("near", "population"),
    [
        ({"account_kind": "human"}, 0),
        ({"account_kind": "shared"}, 0),
        ({"active": False}, 0),
        ({"last_login": datetime(2026, 1, 1, tzinfo=None).astimezone()}, 1),
        ({"last_login": None}, 1),
    ],
)
def test_near_misses(make, near, population):
    counts = make.judged(judged(make, **near))
    assert (counts["population"], counts["failed"], counts["not_evaluable"]) == (population, 0, 0)


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        ({"told": None}, "semantics-unknown 1"),
        ({"told": False}, "semantics-unknown 1"),
        ({"active": None}, "semantics-unknown 1"),
        ({"last_login": None, "listing": {"attributes": frozenset()}}, "attribute-absent 1"),
    ],
)
def test_what_nobody_tells_is_not_evaluable(make, unknown, reason):
    counts = make.judged(judged(make, **unknown))
    assert (counts["failed"], counts["reason"]) == (0, reason)
