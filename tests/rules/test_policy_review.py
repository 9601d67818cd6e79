"""What a policy leaves open, what another would change, and what rules people's rights suggest."""

from __future__ import annotations

import tomllib

from scimaudit import policy_review
from scimaudit.policy import Policy, entitlements, expression
from scimaudit.policy.entitlements import EntitlementRule, What

COLUMNS = ("department", "title")


def rule(name, who, *values, **more):
    node = expression.parse(who, COLUMNS)
    return EntitlementRule(name, node, who, What("slack", "groups", exact=values), "why", **more)


def view(make, *rules, title=None):
    people = [make.person(f"p{n}", department="Sales" if n < 5 else "IT", title=title) for n in range(9)]
    people.append(make.person("gone", department="Sales", status="terminated"))
    accounts = [make.account(f"a{n}", owner=f"p{n}") for n in range(9)]
    grants = [make.grant(f"a{n}", "Sales") for n in range(4)] + [make.grant(f"a{n}", "All") for n in range(9)]
    grants.append(make.grant("a8", "Odd"))
    return make.view(people=people, accounts=accounts, grants=grants, policy=Policy(rules=rules))


def test_coverage_names_what_nothing_rests_on(make):
    found = policy_review.coverage(
        view(make, rule("sales", 'department = "Sales"', "Sales"), rule("law", 'department = "Law"', "Sales"),
             rule("old", "everyone", "Retired"))
    )  # fmt: skip
    assert found.idle == (("law", "no current person meets it"), ("old", "nobody holds what it names"))
    assert found.unnamed == (("slack", "groups", "All", 9), ("slack", "groups", "Odd", 1))
    assert found.unspoken == ()


def test_coverage_names_the_people_of_whom_no_rule_speaks(make):
    found = policy_review.coverage(view(make, rule("sales", 'department = "Sales"', "Sales")))
    assert [person for person, _ in found.unspoken] == ["p5", "p6", "p7", "p8"]
    assert len(policy_review.coverage(view(make)).unspoken) == 9


def test_impact_tells_who_gains_and_who_loses(make):
    today = view(make, rule("all", "everyone", "All"), rule("sales", 'department = "Sales"', "Sales", birthright=True))
    other = view(make, rule("it", 'department = "IT"', "All"), rule("sales", "everyone", "Sales"))
    found = policy_review.impact(today, other)
    assert {(each.person_id, each.right, each.before, each.after) for each in found} == {
        *((f"p{n}", "All", "allowed", "not-allowed") for n in range(5)),
        *((f"p{n}", "the app", "birthright", "no birthright") for n in range(5)),
    }
    assert policy_review.impact(today, today) == []


def test_suggestions_are_rules_that_load_and_explain_what_most_hold(make, tmp_path):
    text = policy_review.suggest(view(make), columns=COLUMNS, least=3, percent=80)
    (tmp_path / "entitlements.toml").write_text(text, "utf-8")
    rules = entitlements.load(tmp_path / "entitlements.toml", COLUMNS)
    assert {(each.text, each.what.exact) for each in rules} == {
        ('department = "Sales"', ("Sales",)),
        ('department in ["IT", "Sales"]', ("All",)),
    }


def test_what_a_rule_allows_is_not_suggested_again(make):
    text = policy_review.suggest(view(make, rule("all", "everyone", "All")), columns=COLUMNS, least=3, percent=80)
    assert [each["what"]["values"] for each in tomllib.loads(text)["rules"]] == [["Sales"]]


def test_a_hostile_name_is_a_name_in_a_draft(make, tmp_path):
    name = 'x"\u202e\x1b[2J]'
    people = [make.person(f"p{n}", department="a'b") for n in range(3)]
    accounts = [make.account(f"a{n}", owner=f"p{n}") for n in range(3)]
    seen = make.view(people=people, accounts=accounts, grants=[make.grant(f"a{n}", name) for n in range(3)])
    text = policy_review.suggest(seen, columns=("department",), least=3, percent=80)
    assert not {"\u202e", "\x1b"} & set(text)
    (tmp_path / "entitlements.toml").write_text(text, "utf-8")
    [found] = entitlements.load(tmp_path / "entitlements.toml", COLUMNS)
    assert found.what.exact == (name,)


def test_impact_tells_a_birthright_that_is_no_longer_certain(make):
    today = view(make, rule("all", "everyone", "All", birthright=True))
    other = view(make, rule("all", 'title = "Boss" or department = "Sales"', "All", birthright=True))
    found = [each for each in policy_review.impact(today, other) if each.right == "the app"]
    assert {(each.person_id, each.before, each.after) for each in found} == {
        (f"p{n}", "birthright", "unknown") for n in range(5, 9)
    }
