"""The policy tried on example people; and every rule of the sample's policy deleted and turned round."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scimaudit import policy
from scimaudit.demo.sample import sample_folder
from scimaudit.errors import PolicyError
from scimaudit.policy import trials, who_columns

COLUMNS = who_columns()
FOLDER = sample_folder() / "policy"
RULES = policy.load(FOLDER).rules
TRIALS = trials.load(FOLDER / "tests.toml", COLUMNS)


def failing(rules) -> list[str]:
    return [each.name for each in trials.tried(TRIALS, rules, COLUMNS) if not each.passed]


def test_the_sample_keeps_its_promises():
    assert len(TRIALS) > len(RULES)
    assert failing(RULES) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_that_is_deleted_is_missed(rule):
    assert failing([each for each in RULES if each is not rule])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_that_is_turned_round_is_noticed(rule):
    turned = replace(rule, deny=not rule.deny, birthright=False)
    assert failing([turned if each is rule else each for each in RULES])


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.birthright], ids=lambda rule: rule.name)
def test_a_birthright_that_becomes_a_mere_may_is_noticed(rule):
    assert failing([replace(rule, birthright=False) if each is rule else each for each in RULES])


TABLE = """[[tests]]
name = "sales sell"
person = { department = "Sales" }
app = "crm"
value = "Sales"
expect = "allowed"
"""


@pytest.mark.parametrize(
    ("old", "new", "trouble"),
    [
        ("department", "departement", "no column 'departement'"),
        ('"allowed"', '"maybe"', "expect is 'maybe'"),
        ('value = "Sales"\n', "", "value is missing"),
        ('app = "crm"', 'app = "crm"\nattribute = "teams"', "attribute is 'teams'"),
        ("name =", "title =", "unknown key 'title'"),
        ("expect =", "expected =", "unknown key 'expected'"),
    ],
)
def test_a_wrong_test_is_named(tmp_path, old, new, trouble):
    (tmp_path / "tests.toml").write_text(TABLE.replace(old, new))
    with pytest.raises(PolicyError, match=trouble):
        trials.load(tmp_path / "tests.toml", COLUMNS)


def test_what_is_found_is_said_in_the_same_words(tmp_path):
    (tmp_path / "tests.toml").write_text(TABLE)
    loaded = trials.load(tmp_path / "tests.toml", COLUMNS)
    [outcome] = trials.tried(loaded, (), COLUMNS)
    assert (outcome.expect, outcome.found, outcome.passed) == ("allowed", "silent", False)
    assert trials.load(tmp_path / "none.toml", COLUMNS) == ()


@pytest.mark.parametrize(("value", "found"), [("Staff", "denied"), ("", "birthright")])
def test_a_birthright_that_a_deny_takes_back_is_denied(tmp_path, value, found):
    rule = '[[rules]]\nname = "{}"\nwho = \'department = "Sales"\'\nwhat = {{ app = "crm", patterns = ["*"] }}\nwhy = "w"\nowner = "o"\n{}'
    text = rule.format("given", "birthright = true\n") + rule.format("taken", "deny = true\n")
    (tmp_path / "entitlements.toml").write_text(text)
    test = f'[[tests]]\nname = "t"\nperson = {{ department = "Sales" }}\napp = "crm"\nvalue = "{value}"\n'
    (tmp_path / "tests.toml").write_text(test + 'expect = "birthright"\n')
    [outcome] = trials.tried(trials.load(tmp_path / "tests.toml", COLUMNS), policy.load(tmp_path).rules, COLUMNS)
    assert (outcome.found, outcome.passed) == (found, not value)
