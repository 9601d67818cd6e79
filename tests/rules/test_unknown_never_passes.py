"""Of every kind that rests on the entitlement policy: forgetting what a person is never makes one more row pass.

``is null`` is not drawn: it is the one comparison that a missing value makes true.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.entitlements import EntitlementRule, What

NAMES = ("core", "chat", "fin")
WHO = st.sampled_from(
    ['department = "Sales"', 'not department = "Sales"', 'department in ["IT", "HR"]', 'department !~ "*a*"', "everyone",
     'worker_type != "contractor"', 'department = "Sales" and worker_type = "employee"',
     'department = "IT" or worker_type ~ "c*"']
)  # fmt: skip
# Who, which right, and whether it allows, gives or denies.
DRAWN = st.lists(
    st.tuples(WHO, st.sampled_from(NAMES), st.sampled_from(["allow", "give", "deny"])), min_size=1, max_size=5
)
PERSON = st.fixed_dictionaries(
    {
        "department": st.sampled_from(["Sales", "IT", "HR"]), "worker_type": st.sampled_from(["employee", "contractor"]),
        "previous_department": st.sampled_from(["Sales", "IT"]), "status": st.sampled_from(["active", "leave"]),
    }
)  # fmt: skip


def policy_of(drawn) -> Policy:
    return Policy(
        rules=tuple(
            EntitlementRule(
                f"r{n}", expression.parse(who, ("department", "worker_type")), who, What("slack", exact=(name,)), "why",
                birthright=how == "give", deny=how == "deny",
            )
            for n, (who, name, how) in enumerate(drawn)
        )
    )  # fmt: skip


@cache
def without_policy(make, person, held, *, account: bool):
    return make.view(
        people=[make.person("p1", moved_on=date(2026, 9, 1), **dict(person))],
        accounts=[make.account("a1", owner="p1")] if account else [],
        grants=[make.grant("a1", name) for name in held] if account else [],
    )


def passed(make, kind, drawn, person, held, *, account: bool) -> int:
    # The view of a person is made once for all kinds and policies.
    view = without_policy(make, tuple(person.items()), tuple(held) if account else (), account=account)
    view = replace(view, policy=policy_of(drawn))
    ledger = make.judged(rules.load(kind).check(view))
    return int(ledger["population"] - ledger["failed"] - ledger["not_evaluable"])


@pytest.mark.parametrize("kind", ["excess", "birthright-missing", "missing-account", "mover-residual"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=DRAWN, person=PERSON, held=st.sets(st.sampled_from(NAMES)), account=st.booleans(),
    forgotten=st.sampled_from(["department", "worker_type", "previous_department", "status"]),
)  # fmt: skip
def test_what_is_forgotten_never_passes(make, kind, drawn, person, held, account, forgotten):
    less = {**person, forgotten: "unknown" if forgotten == "status" else None}
    known = passed(make, kind, drawn, person, sorted(held), account=account)
    assert passed(make, kind, drawn, less, sorted(held), account=account) <= known
