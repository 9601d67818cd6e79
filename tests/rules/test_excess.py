from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("excess").check


def allow(name, who, *, deny=False, **what):
    node = expression.parse(who, ("department", "worker_type"))
    return EntitlementRule(name, node, who, What("slack", **what), "because", deny=deny)


POLICY = Policy(
    rules=(
        allow("eng", 'department = "Engineering"', attribute="groups", patterns=("eng-*",)),
        allow("all", "everyone", attribute="groups", exact=("chat",)),
        allow("no-externals", 'worker_type = "contractor"', deny=True, patterns=("*",)),
    )
)


def held(make, *names, department="Engineering", policy=POLICY, **columns):
    facts = {name: columns.pop(name) for name in ("closed", "entitlements", "roster") if name in columns}
    owner = columns.pop("owner", "p1")
    return make.view(
        people=[
            make.person("p1", department=department, worker_type=columns.pop("worker_type", "employee")),
            make.person("p2"),
        ],
        accounts=[make.account("a1", owner=owner, **columns)],
        grants=[make.grant("a1", name) for name in names],
        policy=policy,
        **facts,
    )


def test_what_a_rule_allows_passes(make):
    ledger = make.judged(RULE(held(make, "eng-core", "chat")))
    assert ledger == {"population": 2, "failed": 0, "not_evaluable": 0, "reason": ""}


def test_what_only_others_may_hold_fails(make):
    failed = RULE(held(make, "eng-core", "chat", department="Sales")).failed
    assert failed[["account_id", "attribute", "value", "expected", "actual"]].astype("str").to_numpy().tolist() == [
        ["a1", "groups", "eng-core", "not held: no rule allows it", "holds groups eng-core"]
    ]


def test_what_depends_on_an_unknown_department_is_not_evaluable(make):
    assert make.judged(RULE(held(make, "eng-core", department=None)))["reason"] == "semantics-unknown 1"


def test_a_deny_that_could_hold_lets_nothing_pass(make):
    ledger = make.judged(RULE(held(make, "chat", "eng-core", worker_type=None)))
    assert (ledger["failed"], ledger["reason"]) == (0, "semantics-unknown 2")


def test_what_nobody_of_any_department_may_hold_fails_all_the_same(make):
    assert make.judged(RULE(held(make, "fin", department=None, closed=True)))["failed"] == 1


def test_a_deny_beats_an_allow_in_any_order(make):
    for rows in (POLICY.rules, POLICY.rules[::-1]):
        failed = RULE(held(make, "chat", worker_type="contractor", policy=Policy(rules=rows))).failed
        assert failed["expected"].tolist() == ["not held: a rule denies it"]


def test_what_no_allowing_rule_names_is_policy_silent_unless_the_app_is_closed(make):
    ledger = make.judged(RULE(held(make, "fin")))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "policy-silent 1"}
    failed = RULE(held(make, "fin", closed=True)).failed
    assert failed["expected"].tolist() == ["not held: the app is closed and no rule names it"]


def test_without_any_policy_everything_is_policy_silent(make):
    assert make.judged(RULE(held(make, "fin", policy=Policy())))["reason"] == "policy-silent 1"


def test_nothing_passes_where_entitlements_are_not_proven_listed(make):
    view = held(make, "chat", "eng-core", "fin", department="Sales", entitlements="unprovable")
    assert make.judged(RULE(view)) == {
        "population": 3,
        "failed": 1,
        "not_evaluable": 2,
        "reason": "policy-silent 1, walk-unproven 1",
    }


@pytest.mark.parametrize(
    ("entitlements", "reason"), [("complete", ""), ("incomplete", "walk-unproven 1"), ("failed", "walk-unproven 1")]
)
def test_an_account_that_shows_nothing_is_one_row(make, entitlements, reason):
    ledger = make.judged(RULE(held(make, entitlements=entitlements)))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": int(bool(reason)), "reason": reason}


def test_unknown_activity_is_not_evaluable_and_inactive_is_outside(make):
    assert make.judged(RULE(held(make, "eng-core", department="HR", active=None)))["reason"] == "semantics-unknown 1"
    assert make.judged(RULE(held(make, active=None)))["reason"] == "semantics-unknown 1"
    assert make.judged(RULE(held(make, "eng-core", department="HR", active=False)))["population"] == 0


@pytest.mark.parametrize("owner", [None, "p1|p2"])
def test_without_one_owner_there_is_nothing_to_compare_with(make, owner):
    assert make.judged(RULE(held(make, "eng-core", owner=owner)))["population"] == 0


def test_registered_non_humans_and_unlisted_accounts_are_outside(make):
    view = make.view(
        people=[make.person("p1")],
        accounts=[make.account("svc", owner="p1")],
        grants=[make.grant("svc", "eng-core"), make.grant("stranger", "eng-core")],
        policy=Policy(rules=POLICY.rules, nhi=(NonHuman("slack", "svc", "bot"),)),
    )
    assert make.judged(RULE(view))["population"] == 0


def test_a_stale_roster_lets_nothing_pass(make):
    assert make.judged(RULE(held(make, "chat", roster={"as_of": None})))["reason"] == "roster-unproven 1"


def test_an_indirect_grant_says_through_what(make):
    view = make.view(
        people=[make.person("p1", department="Sales", worker_type="employee")],
        accounts=[make.account("a1", owner="p1")],
        grants=[make.grant("a1", "eng-core", display=None, type="indirect", via="Everyone")],
        policy=POLICY,
    )
    assert RULE(view).failed["actual"].tolist() == ["holds groups eng-core through Everyone"]


NAMES = ["eng-core", "chat", "fin"]
WHO = st.sampled_from(
    ['department = "Engineering"', 'not department = "Sales"', "everyone", 'worker_type != "contractor"']
)
DRAWN = st.lists(st.tuples(WHO, st.sampled_from(NAMES), st.booleans()), max_size=5)


def policy_of(drawn) -> Policy:
    return Policy(
        rules=tuple(allow(str(n), who, deny=deny, exact=(name,)) for n, (who, name, deny) in enumerate(drawn))
    )


@cache
def without_policy(make, person):
    return held(make, *NAMES, policy=Policy(), **dict(person))


def counts(make, policy, **person):
    """The ledger under a policy; the view of a person is made once, for most examples are of the same ones."""
    return make.judged(RULE(replace(without_policy(make, tuple(person.items())), policy=policy)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DRAWN, WHO, st.sampled_from(NAMES), st.sampled_from(["Engineering", "Sales", None]))
def test_another_allowing_rule_in_a_closed_app_never_adds_a_finding(make, drawn, who, name, department):
    before = counts(make, policy_of(drawn), department=department, closed=True)
    after = counts(make, policy_of([*drawn, (who, name, False)]), department=department, closed=True)
    assert after["failed"] <= before["failed"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    DRAWN,
    st.sampled_from(["Engineering", "Sales"]),
    st.sampled_from(["employee", "contractor"]),
    st.sampled_from(["department", "worker_type"]),
)
def test_what_is_not_known_never_raises_the_number_that_passes(make, drawn, department, worker_type, forgotten):
    person = {"department": department, "worker_type": worker_type}
    known = counts(make, policy_of(drawn), **person)
    unknown = counts(make, policy_of(drawn), **{**person, forgotten: None})

    def passed(ledger):
        return ledger["population"] - ledger["failed"] - ledger["not_evaluable"]

    assert passed(unknown) <= passed(known)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DRAWN, st.randoms(use_true_random=False))
def test_the_order_of_rules_never_matters(make, drawn, chance):
    shuffled = list(drawn)
    chance.shuffle(shuffled)
    assert counts(make, policy_of(drawn)) == counts(make, policy_of(shuffled))
