"""Rules that look at the account that holds a right, beside its owner."""

from __future__ import annotations

import pytest

from scimaudit import policy_review, rules
from scimaudit.errors import PolicyError
from scimaudit.policy import Policy, entitlements, expression, trials, who_columns
from scimaudit.policy.entitlements import EntitlementRule, What
from tests.rules.conftest import Make

make = Make()
EXCESS = rules.load("excess").check


def rule(who: str, **more) -> EntitlementRule:
    return EntitlementRule(
        "r", expression.parse(who, who_columns()), who, What("slack", exact=("Admins",)), "why", **more
    )


def view(*chosen: EntitlementRule, **account):
    return make.view(
        people=[make.person("p1", department="IT")],
        accounts=[make.account("a1", owner="p1", **account), make.account("a2", owner="p1", user_type="Plain")],
        grants=[make.grant("a1", "Admins")],
        policy=Policy(rules=chosen),
    )


def judged(who: str, **account) -> tuple[int, str]:
    counts = make.judged(EXCESS(view(rule(who), **account)))
    return counts["failed"], counts["reason"]


@pytest.mark.parametrize(
    ("who", "account", "found"),
    [
        ('account.user_type = "Admin"', {"user_type": "ADMIN"}, (0, "")),
        ('account.user_type = "Admin"', {"user_type": "Plain"}, (1, "")),
        ('account.user_type = "Admin"', {}, (0, "semantics-unknown 1")),
        ('account.user_name ~ "adm-*" and department = "IT"', {"user_name": "adm-ana"}, (0, "")),
        ('account.user_name ~ "adm-*" and department = "HR"', {"user_name": "adm-ana"}, (1, "")),
        ('account.account_kind = "service"', {"account_kind": "human"}, (1, "")),
        ("account.user_type is null", {}, (0, "")),
    ],
)
def test_a_right_is_judged_by_the_account_that_holds_it(who, account, found):
    assert judged(who, **account) == found


def test_of_a_person_alone_nobody_knows_what_the_account_says():
    who = rule("account.user_type is null or account.user_type is not null")
    found = policy_review.coverage(view(who))
    assert (found.idle, found.unspoken) == ((), ())


def test_a_rule_about_accounts_leaves_others_as_they_are():
    plain = make.judged(EXCESS(view(rule('department = "IT"'))))
    both = make.judged(EXCESS(view(rule('department = "IT"'), rule('account.user_type = "Admin"'))))
    assert plain == both


def test_a_birthright_cannot_depend_on_an_account(tmp_path):
    path = tmp_path / "entitlements.toml"
    path.write_text(
        '[[rules]]\nname = "r"\nwho = \'account.user_type = "x"\'\nwhat = { app = "slack" }\nwhy = "w"\nbirthright = true\n'
    )
    with pytest.raises(PolicyError, match="line 1, rule 1 \\(r\\): a birthright cannot depend on an account"):
        entitlements.load(path, who_columns())


def test_an_example_may_have_an_account(tmp_path):
    path = tmp_path / "tests.toml"
    path.write_text(
        '[[tests]]\nname = "t"\nperson = { department = "IT" }\naccount = { user_type = "Admin" }\napp = "slack"\n'
        'value = "Admins"\nexpect = "allowed"\n'
    )
    tried = trials.load(path, who_columns())
    assert [each.passed for each in trials.tried(tried, [rule('account.user_type = "Admin"')], who_columns())] == [True]
    assert [each.found for each in trials.tried(tried, [rule('account.user_type = "Other"')], who_columns())] == [
        "not-allowed"
    ]


def test_an_unknown_column_of_accounts_is_named(tmp_path):
    path = tmp_path / "tests.toml"
    path.write_text(
        '[[tests]]\nname = "t"\naccount = { usertype = "x" }\napp = "slack"\nvalue = "A"\nexpect = "silent"\n'
    )
    with pytest.raises(PolicyError, match="accounts have no column 'usertype'"):
        trials.load(path, who_columns())
