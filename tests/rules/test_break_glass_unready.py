from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("break-glass-unready").check
READY = NonHuman(
    "slack", "fire", "break-glass", "p1", vaulted="safe", monitored="SIEM rule 7", last_test=date(2026, 10, 1)
)


def judged(make, line=READY, *, listing=None, **account):
    return RULE(
        make.view(
            people=[make.person("p1")], accounts=[make.account("a1", user_name="fire", **account)], listing=listing,
            policy=Policy(nhi=(line,) if line else ()),
        )
    )  # fmt: skip


def test_a_sealed_watched_and_tested_account_passes(make):
    counts = make.judged(judged(make))
    assert (counts["population"], counts["failed"], counts["not_evaluable"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vaulted": ""}, "nobody says where its secret lies"),
        ({"monitored": ""}, "nothing is said to tell of its use"),
        ({"last_test": None}, "no test is on record"),
        ({"last_test": date(2026, 8, 21)}, "its last test is more than 90 days ago"),
        ({"last_test": date(2026, 11, 21)}, "its last test is still to come"),
        ({"vaulted": "", "last_test": None}, "nobody says where its secret lies; no test is on record"),
        ({"expires": date(2026, 11, 19)}, "it is in no line of the register that counts"),
    ],
)
def test_what_nobody_can_show_fails(make, change, said):
    assert judged(make, replace(READY, **change)).failed["actual"].tolist() == [said]


def test_one_that_only_its_listing_calls_so_fails(make):
    failed = judged(make, None, account_kind="break-glass").failed
    assert failed["actual"].tolist() == ["it is in no line of the register that counts"]


@pytest.mark.parametrize(("day", "fails"), [(2, 0), (3, 1)])
def test_a_sign_in_belongs_to_the_test_only_until_the_day_after(make, day, fails):
    assert len(judged(make, last_login=datetime(2026, 10, day, 23, tzinfo=UTC)).failed) == fails


def test_a_test_on_the_last_day_counts(make):
    assert judged(make, replace(READY, last_test=date(2026, 8, 22))).failed.empty


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [({"active": None}, "semantics-unknown 1"), ({"listing": {"attributes": frozenset()}}, "attribute-absent 1")],
)
def test_what_nobody_tells_is_not_evaluable(make, unknown, reason):
    counts = make.judged(judged(make, **unknown))
    assert (counts["failed"], counts["reason"]) == (0, reason)


def test_a_closed_account_and_other_kinds_are_outside(make):
    assert make.judged(judged(make, active=False))["population"] == 0
    assert make.judged(judged(make, replace(READY, kind="service")))["population"] == 0
