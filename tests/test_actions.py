"""What to do, in words: of the right concerned, and where in the app, as its configuration has it."""

from __future__ import annotations

import pytest

from scimaudit import findings, rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.catalogue import Described
from scimaudit.policy.entitlements import EntitlementRule, What
from tests.rules.conftest import Make

make = Make()
NOBODY = EntitlementRule(
    "r", expression.parse("not everyone", ()), "", What("slack", patterns=("*",)), "why", owner="rule@x"
)


def assembled(*kinds: str, grants=(), described=(), owner="p1", status="active", **facts):
    view = make.view(
        people=[make.person("p1", status=status)],
        accounts=[make.account("a1", owner=owner)],
        grants=list(grants),
        policy=Policy(rules=(NOBODY,), catalogue=described),
        **facts,
    )
    chosen = [rules.load(kind) for kind in kinds]
    return findings.assemble(
        [(rule, rule.check(view)) for rule in chosen], view, severities={}, first_seen={}, now=view.as_of, gated_apps=frozenset(),
        all_gated=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ({"display": "Sales"}, "Remove the account from the group Sales, or add the rule that allows it."),
        ({"display": None}, "Remove the account from the group g-1, or add the rule that allows it."),
        ({"attribute": "roles"}, "Take the role g-1 from the account, or add the rule that allows it."),
        ({"attribute": "licenses"}, "Take the licence g-1 from the account, or add the rule that allows it."),
    ],
)
def test_a_right_is_named_as_the_app_names_it(grant, said):
    assert assembled("excess", grants=[make.grant("a1", "g-1", **grant)])["action"].tolist() == [said]


def test_where_the_app_has_words_of_its_own_they_follow():
    found = assembled(
        "excess", "leaver-active", grants=[make.grant("a1", "g-1", display="Sales")], status="terminated",
        title="Slack", how={"disable": "People › Deactivate", "entitlement_removal": "User groups"},
    )  # fmt: skip
    actions = dict(zip(found["kind"], found["action"], strict=True))
    assert actions["excess"].endswith("or add the rule that allows it. In Slack: User groups.")
    assert actions["leaver-active"].endswith("remove its entitlements. In Slack: People › Deactivate.")


def test_without_a_title_the_app_goes_by_its_name():
    [action] = assembled("unmatched", owner=None, how={"disable": "People"})["action"]
    assert action.endswith("In slack: People.")


def test_who_answers_for_a_right_and_what_could_happen_come_from_the_catalogue():
    grants = [make.grant("a1", "g-1", display="Sales"), make.grant("a1", "g-2", display="Other")]
    described = (Described("slack", "groups", "Sales", owner="sales@x", risk="customers are read"),)
    found = assembled("excess", grants=grants, described=described).set_index("value")
    assert found.loc["g-1", ["owner", "risk"]].tolist() == ["sales@x", "customers are read"]
    assert found.loc["g-2", "owner"] == "collab@corp.example"
    assert found["risk"].isna().tolist() == [value != "g-1" for value in found.index]


def test_no_action_keeps_a_placeholder():
    grants = [make.grant("a1", "g-1", privileged=True)]
    found = assembled(*rules.names(), grants=grants, listing={"walk": "incomplete"}, register={"disable": ("none",)})
    assert len(found) > 3
    assert not found["action"].str.contains("{", regex=False).any()
