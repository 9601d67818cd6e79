from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit.errors import PolicyError
from scimaudit.policy import Policy, entitlements, expression, load, matching, people_columns
from scimaudit.policy.entitlements import ALLOWED, DENIED, NOT_ALLOWED, SILENT, UNKNOWN, EntitlementRule, What

RULE = """
[[rules]]
name = "eng"
who = 'department = "Engineering"'
what = { app = "git", attribute = "groups", values = ["core"], patterns = ["eng-*"] }
why = "they build it"
owner = "cto@corp.example"
birthright = true
days = 30
requires_approval = true
"""

PEOPLE = pd.DataFrame(
    {"department": ["Engineering", "Sales", None], "start_date": pd.to_datetime(["2026-01-02", None, "2026-03-04"])}
).astype({"department": "category"})
HELD = pd.DataFrame(
    {
        "app": ["git", "git", "git", "erp"],
        "attribute": ["groups", "groups", "roles", "groups"],
        "value": ["1", "core", "eng-x", "core"],
        "display": ["Eng-One", None, None, None],
    }
).astype("category")


def rule(name="r", who="everyone", *, deny=False, birthright=False, app="git", **what):
    node = expression.parse(who, ("department", "start_date"))
    return EntitlementRule(name, node, who, What(app, **what), "w", deny=deny, birthright=birthright)


def verdict(*rules):
    person, entitlement, table = entitlements.verdicts(rules, PEOPLE, HELD)
    return table[np.ix_(person, entitlement)].tolist()


def written(folder, text, name="entitlements.toml"):
    (folder / name).write_text(text, "utf-8")
    return load(folder)


def test_a_rule_is_read_whole(tmp_path):
    assert written(tmp_path, RULE).rules == (
        EntitlementRule(
            "eng",
            expression.Compare("department", "in", ("Engineering",)),
            'department = "Engineering"',
            What("git", "groups", ("core",), ("eng-*",)),
            "they build it",
            "cto@corp.example",
            birthright=True,
            days=30,
            requires_approval=True,
        ),
    )


def test_a_folder_without_files_is_an_empty_policy(tmp_path):
    assert load(tmp_path) == load(tmp_path / "nowhere") == Policy()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[rules]]", "[[rule]]", "unknown key 'rule'"),
        ("[[rules]]", "[rules]", "rules must be a list"),
        ('name = "eng"', "", "rule 1: name is missing"),
        ('name = "eng"', "name = 7", "name must be text, not 7"),
        ("why =", "because =", "unknown key 'because'"),
        ("days = 30", "days = 0", "days must be from 1 to 36500"),
        ("days = 30", "days = 36501", "days must be from 1 to 36500"),
        ("days = 30", "days = true", "days must be a whole number, not True"),
        ("birthright = true", "birthright = true\ndeny = true", "cannot both deny and be a birthright"),
        ('"groups"', '"group"', "attribute is 'group'"),
        ('["core"]', '[""]', "values must be a list of texts"),
        ('["core"]', "[7]", "values must be a list of texts"),
        ('["core"]', '"core"', "values must be a list"),
        ("department =", "departement =", "people have no column 'departement'"),
        ("why = ", "why ", "cannot be read"),
        ('app = "git", ', "", "what: app is missing"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, old, new, said):
    with pytest.raises(PolicyError, match=said):
        written(tmp_path, RULE.replace(old, new, 1))


def test_rules_that_are_not_tables_are_refused(tmp_path):
    with pytest.raises(PolicyError, match="rules must be tables"):
        written(tmp_path, "rules = [1]")


def test_a_name_stands_once(tmp_path):
    with pytest.raises(PolicyError, match="'eng' stands twice"):
        written(tmp_path, RULE * 2)


def test_only_a_birthright_may_name_the_app_alone(tmp_path):
    text = RULE.replace(', attribute = "groups", values = ["core"], patterns = ["eng-*"]', "")
    assert written(tmp_path, text).rules[0].what == What("git")
    with pytest.raises(PolicyError, match="neither values nor patterns"):
        written(tmp_path, text.replace("birthright = true", ""))


def test_who_may_name_plain_columns_and_declared_extras_only(tmp_path):
    (tmp_path / "entitlements.toml").write_text(RULE.replace("department", "cost_centre"), "utf-8")
    with pytest.raises(PolicyError, match="no column 'cost_centre'"):
        load(tmp_path)
    assert load(tmp_path, extra_columns=["cost_centre"]).rules
    assert {"emails", "email_keys", "user_name_key", "raw_row"}.isdisjoint(people_columns())
    assert {"department", "end_date", "status"} <= set(people_columns())


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({"exact": ("core",)}, [False, True, False, False]),
        ({"exact": ("CORE",)}, [False] * 4),
        ({"patterns": ("eng-*",)}, [True, False, True, False]),
        ({"patterns": ("ENG-*",), "attribute": "groups"}, [True, False, False, False]),
        ({}, [False] * 4),
        ({"patterns": ("*",), "app": "erp"}, [False, False, False, True]),
    ],
)
def test_entitlements_are_named_by_id_or_name(what, named):
    assert What(**{"app": "git", **what}).names(HELD).tolist() == named


def test_what_nobody_names_is_silent():
    assert verdict() == [[SILENT] * 4] * 3
    assert verdict(rule(who='department = "Sales"', exact=("core",))) == [
        [SILENT, NOT_ALLOWED, SILENT, SILENT],
        [SILENT, ALLOWED, SILENT, SILENT],
        [SILENT, UNKNOWN, SILENT, SILENT],
    ]


def test_a_deny_beats_an_allow_in_any_order_and_says_nothing_of_others():
    rules = (
        rule("a", exact=("core",)),
        rule("b", 'department = "Sales"', deny=True, exact=("core", "1")),
        rule("c", 'department = "Engineering"', exact=("core",)),
    )
    expected = [[SILENT, ALLOWED], [DENIED, DENIED], [UNKNOWN, UNKNOWN]]
    for order in itertools.permutations(rules):
        assert [row[:2] for row in verdict(*order)] == expected


def test_days_are_compared_as_text():
    certain, possible = matching.people_of(
        [rule(who='start_date = "2026-01-02"'), rule(who="start_date is null")], PEOPLE
    )
    assert certain.tolist() == [[True, False], [False, True], [False, False]]
    assert possible.tolist() == [[True, False], [True, True], [False, False]]


def test_birthrights_of_one_app_add_up():
    rules = [
        rule("a", 'department = "Sales"', birthright=True, exact=("core",)),
        rule("b", "department is null", birthright=True),
        rule("c", exact=("core",)),
        rule("d", 'department = "Sales"', app="erp", birthright=True),
    ]
    found = entitlements.birthrights(rules, PEOPLE)
    assert {app: (certain.tolist(), possible.tolist()) for app, (certain, possible) in found.items()} == {
        "git": ([False, True, True], [False, True, True]),
        "erp": ([False, True, False], [False, True, True]),
    }


@settings(deadline=None)  # a busy machine is not a defect
@given(
    st.lists(st.tuples(st.sampled_from(["Engineering", "Sales"]), st.booleans(), st.sampled_from("abc")), max_size=70)
)
def test_classes_give_the_same_verdict_as_asking_each_pair(drawn):
    rules = [
        rule(str(n), f'department = "{who}"', deny=deny, exact=(value,)) for n, (who, deny, value) in enumerate(drawn)
    ]
    held = pd.DataFrame({"app": "git", "attribute": "groups", "value": list("abc"), "display": None}).astype("category")
    person, entitlement, table = entitlements.verdicts(rules, PEOPLE, held)
    for row, department in enumerate(PEOPLE["department"]):
        for column, value in enumerate("abc"):
            about = [(who, deny) for who, deny, named in drawn if named == value]
            if pd.isna(department):
                due = UNKNOWN if about else SILENT
            elif (department, True) in about:
                due = DENIED
            elif (department, False) in about:
                due = ALLOWED
            else:
                due = NOT_ALLOWED if any(not deny for _, deny in about) else SILENT
            assert table[person[row], entitlement[column]] == due


def test_nothing_to_judge_gives_a_table_that_can_be_asked():
    person, entitlement, table = entitlements.verdicts([rule(exact=("a",))], PEOPLE[:0], HELD[:0])
    assert (len(person), len(entitlement)) == (0, 0)
    assert table.shape == (1, 1)


def test_the_day_columns_of_people_keep_their_dates():
    frame = pd.DataFrame({"start_date": pd.array([date(2026, 1, 2)], dtype="datetime64[s]")})
    assert matching.people_of([rule(who='start_date ~ "2026-*"')], frame)[0].tolist() == [[True]]
