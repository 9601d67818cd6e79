from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit.errors import PolicyError
from scimaudit.policy import expression

COLUMNS = ("department", "title", "worker_type", "cost-centre.2")
ANA = {
    "department": "Engineering",
    "title": "Senior Manager, Platform",
    "worker_type": "employee",
    "cost-centre.2": None,
}


def holds(text, person=ANA):
    return expression.holds(expression.parse(text, COLUMNS), person)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ('department = "Engineering"', True),
        ("department = 'Engineering'", True),
        ('department = " engineering "', True),
        ('department = "Sales"', False),
        ('department != "Sales"', True),
        ('department != "Engineering"', False),
        ('title ~ "*manager*"', True),
        ('title ~ "Senior ?anager*"', True),
        ('title ~ "Manager"', False),
        ('title !~ "*intern*"', True),
        ('worker_type in ["contractor", "employee"]', True),
        ('worker_type not in ["contractor"]', True),
        ('worker_type not in ["employee"]', False),
        ("everyone", True),
        ("not everyone", False),
        ('department="Engineering"and title~"*"', True),
        ('department = "Engineering" and title ~ "*Manager*" and not worker_type in ["contractor"]', True),
        ('department = "Sales" or department = "Engineering" and title ~ "x"', False),
        ('(department = "Sales" or department = "Engineering") and title ~ "*"', True),
        ('department = "Engineering" or title = "x" and title = "y"', True),
        ("not not everyone", True),
    ],
)
def test_what_is_true_of_a_person(text, truth):
    assert holds(text) is truth


@pytest.mark.parametrize("test", ['= "x"', '!= "x"', '~ "*"', '!~ "x"', 'in ["x"]', 'not in ["x"]', "is not null"])
def test_every_comparison_with_null_is_false(test):
    assert holds(f"cost-centre.2 {test}") is False


def test_only_is_null_sees_a_null_and_blank_text_is_null():
    assert holds("cost-centre.2 is null")
    assert holds("title is not null")
    assert holds("title is null", {**ANA, "title": "  "})


def test_an_unknown_column_lists_the_known_ones():
    with pytest.raises(PolicyError, match="departement") as caught:
        holds('departement = "x"')
    assert caught.value.hint == "known columns: cost-centre.2, department, title, worker_type"


@pytest.mark.parametrize(
    "text",
    [
        "", "department", "department =", 'department = Sales', 'department = "Sales" title = "x"', 'department in []',
        'department in ["a"', 'department in ["a",]', "(everyone", "everyone)", "and", 'not', 'department is "x"',
        'department = "open', '__import__("os")', 'department == "x"', 'department = "a"; everyone', '"a" = department',
        "department is not", "null is null", 'department not = "x"',
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(PolicyError) as caught:
        holds(text)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["(" * 2000 + "everyone" + ")" * 2000, "not " * 2000 + "everyone"])
def test_nesting_is_bounded(text):
    with pytest.raises(PolicyError, match="nested more than 50 deep"):
        holds(text)


def test_a_long_chain_is_not_nesting():
    assert holds(" or ".join(['department = "x"'] * 3000)) is False


def test_the_columns_that_count_are_known():
    node = expression.parse('not (department = "x" or title is null) and everyone', COLUMNS)
    assert expression.columns_of(node) == {"department", "title"}


texts = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs", "Cc"]), max_size=8)
values = st.none() | texts
leaves = st.one_of(
    st.just("everyone"),
    st.builds('department {} "{}"'.format, st.sampled_from(["=", "!=", "~", "!~"]), texts),
    st.builds('title in ["{}", "{}"]'.format, texts, texts),
    st.just("department is null"),
)
expressions = st.recursive(
    leaves,
    lambda part: st.one_of(
        st.builds("not {}".format, part),
        st.builds("({} and {})".format, part, part),
        st.builds("({} or {})".format, part, part),
    ),
    max_leaves=8,
)


@settings(deadline=None)  # a busy machine is not a defect
@given(expressions, values, values)
def test_the_language_is_total_and_not_means_not(text, department, title):
    person = {"department": department, "title": title}
    said = expression.truth(expression.parse(text, COLUMNS), person)
    turned = expression.truth(expression.parse(f"not ({text})", COLUMNS), person)
    assert turned is (None if said is None else not said)


@settings(deadline=None)  # a busy machine is not a defect
@given(expressions.filter(lambda text: "is null" not in text), values, values, values)
def test_what_is_said_of_somebody_who_is_not_known_holds_whoever_it_is(text, department, title, told):
    node = expression.parse(text, COLUMNS)
    before = expression.truth(node, {"department": None, "title": title})
    if before is not None and told is not None:
        assert expression.truth(node, {"department": told, "title": title}) is before


@settings(deadline=None)  # a busy machine is not a defect
@given(st.text(max_size=40))
def test_no_text_raises_anything_but_a_policy_error(text):
    try:
        node = expression.parse(text, COLUMNS)
    except PolicyError:
        return
    assert expression.holds(node, ANA) in (True, False)
