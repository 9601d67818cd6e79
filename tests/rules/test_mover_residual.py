from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.view import Previous

RULE = rules.load("mover-residual").check
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def allow(who, group, *, deny=False):
    node = expression.parse(who, ("department", "title"))
    return EntitlementRule(f"{group} {deny}", node, who, What("slack", exact=(group,)), "because", deny=deny)


POLICY = Policy(rules=(allow('department = "Sales"', "deals"), allow('department = "Finance"', "books")))


def moved(make, *held, before="Sales", now="Finance", policy=POLICY, previous=None, facts=(), **account):
    owner = account.pop("owner", "p1")
    return make.view(
        people=[
            make.person("p1", department=now, previous_department=before, moved_on=date(2026, 9, 1)),
            make.person("p2", department="Finance"),
        ],
        accounts=[make.account("a1", owner=owner, **account)],
        grants=[make.grant("a1", name) for name in held],
        policy=policy,
        previous=previous,
        **dict(facts),
    )


def earlier(**columns):
    state = {"person_id": "p1", "until": MARCH, "gone_by": datetime(2026, 6, 1, tzinfo=UTC), **columns}
    return Previous({}, {}, pd.DataFrame([state]), MARCH)


def test_a_right_of_the_former_department_fails(make):
    failed = RULE(moved(make, "deals", "books")).failed
    assert failed["value"].astype("str").tolist() == ["deals"]
    assert failed["expected"].tolist() == ["not held: allowed only as Sales, until 2026-09-01"]
    assert failed["actual"].tolist() == ["holds groups deals"]


def test_an_earlier_snapshot_tells_the_former_department(make):
    view = moved(make, "deals", before=None, previous=earlier(department="Sales", title="Agent"))
    assert RULE(view).failed["expected"].tolist() == ["not held: allowed only as Sales / Agent, until 2026-03-01"]


def test_what_the_present_post_needs_passes(make):
    ledger = make.judged(RULE(moved(make, "books")))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_a_right_that_is_denied_today_and_was_allowed_fails(make):
    denied = Policy(rules=(*POLICY.rules, allow('department = "Finance"', "deals", deny=True)))
    assert len(RULE(moved(make, "deals", policy=denied)).failed) == 1


def test_what_no_known_post_explains_is_not_evaluable(make):
    ledger = make.judged(RULE(moved(make, "deals", before="People")))
    assert (ledger["failed"], ledger["reason"]) == (0, "too-young 1")


def test_nothing_passes_unexplained_without_any_record(make):
    ledger = make.judged(RULE(moved(make, "deals", before=None)))
    assert (ledger["failed"], ledger["reason"]) == (0, "too-young 1")


def test_a_right_that_no_rule_names_is_not_evaluable(make):
    assert make.judged(RULE(moved(make, "kitchen")))["reason"] == "policy-silent 1"


def test_an_unknown_department_is_not_evaluable(make):
    assert make.judged(RULE(moved(make, "deals", now=None)))["reason"] == "semantics-unknown 1"


def test_a_move_that_is_still_to_come_explains_nothing(make):
    view = moved(make, "deals")
    people = view.people.assign(moved_on=pd.Timestamp("2027-01-01"))
    later = make.view(people=[], policy=POLICY).__class__(**{**view.__dict__, "people": people})
    assert make.judged(RULE(later))["reason"] == "too-young 1"


@pytest.mark.parametrize(("owner", "population"), [(None, 0), ("p1|p2", 0)])
def test_an_account_without_one_owner_is_outside(make, owner, population):
    assert make.judged(RULE(moved(make, "deals", owner=owner)))["population"] == population


def test_an_account_that_may_be_active_never_fails_and_never_passes(make):
    assert make.judged(RULE(moved(make, "deals", "books", active=None)))["reason"] == "semantics-unknown 2"


def test_the_rights_of_a_disabled_account_are_outside(make):
    assert make.judged(RULE(moved(make, "deals", active=False)))["population"] == 0


def test_unproven_listings_let_nothing_pass(make):
    assert make.judged(RULE(moved(make, "books", facts={"entitlements": "incomplete"})))["reason"] == "walk-unproven 1"


def test_of_several_former_posts_the_latest_that_explains_is_named(make):
    states = pd.DataFrame(
        [
            {"person_id": "p1", "department": "Sales", "until": datetime(2026, month, 1, tzinfo=UTC), "gone_by": None}
            for month in (5, 2)
        ]
    )
    view = moved(make, "deals", before=None, previous=Previous({}, {}, states, MARCH))
    assert RULE(view).failed["expected"].tolist() == ["not held: allowed only as Sales, until 2026-05-01"]
