from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit.policy import expression, satisfiable

COLUMNS = ("department", "title", "status", "start_date", "person_id")


def parsed(text):
    return expression.parse(text, COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "not everyone", 'department = "A" and department = "B"', 'department = "A" and department != " a "',
        'department is null and department = "A"', 'title ~ "A*" and title ~ "B*"', 'title ~ "*M*" and title !~ "*m*"',
        'title ~ "A*" and title = "B"', 'title in ["a", "b"] and title not in ["A", "B", "c"]', 'department = ""',
        'status = "gone"', 'status ~ "x*"', 'start_date = "soon"', "person_id is null", 'title !~ "*" and title !~ "?"',
    ],
)  # fmt: skip
def test_what_nobody_can_be_is_unreachable(text):
    assert satisfiable.reachable(parsed(text)) is False


@pytest.mark.parametrize(
    "text",
    [
        "everyone", 'department = "A" or department = "B"', 'department != "A"', "department is null",
        'title ~ "Sales*" and title ~ "*Manager"', 'title ~ "*Manager" and title ~ "Sales*"', 'title !~ "A*"',
        'status = "active"', 'start_date = "2026-01-01"', 'title ~ "*" or title is null',
    ],
)  # fmt: skip
def test_what_somebody_can_be_is_reachable(text):
    assert satisfiable.reachable(parsed(text)) is True


@pytest.mark.parametrize(
    "text", ['start_date ~ "2026-*"', " and ".join(f'title ~ "*{sign}*"' for sign in "abcdefghijklmnop")]
)
def test_what_cannot_be_decided_is_neither(text):
    assert satisfiable.reachable(parsed(text)) is None


def test_a_search_that_takes_too_long_is_given_up():
    many = " and ".join(f'({column} != "a" or {column} != "b")' for column in ("department", "title"))
    assert satisfiable.reachable(parsed(many)) is True
    texts = ", ".join(f'"{n}"' for n in range(200))
    never = f'department in [{texts}] and title in [{texts}] and (department = "x" or title = "y")'
    assert satisfiable.reachable(parsed(never)) is None


@pytest.mark.parametrize(
    ("who", "other", "found"),
    [
        ('department = "A"', "everyone", True), ('department = "A"', 'department in ["A", "B"]', True),
        ('department in ["A", "B"]', 'department = "A"', False), ('department = "A"', "department is not null", True),
        ('title = "Sales Manager"', 'title ~ "*manager"', True), ('title ~ "ab*"', 'title ~ "a*"', True),
        ('department = "A"', 'title != "x"', False), ("everyone", 'department != "A" or department = "A"', False),
    ],
)  # fmt: skip
def test_who_is_part_of_whom(who, other, found):
    assert satisfiable.implies(parsed(who), parsed(other)) is found


ATOMS = st.sampled_from(
    ['title = "ab"', 'title != "a"', 'title in ["a", "b"]', 'title ~ "a*"', 'title ~ "*b"', 'title !~ "?"', "title is null",
     'department = "a"', 'department ~ "*a*"', 'department not in ["a", "ab"]', "everyone"]
)  # fmt: skip
WHO = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner), st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=6,
)  # fmt: skip
TEXTS = [None, *("".join(signs) for size in (1, 2, 3) for signs in itertools.product("abz", repeat=size))]
PEOPLE = [{"title": title, "department": department} for title in TEXTS for department in TEXTS[:12]]


@settings(max_examples=150, deadline=None)  # a busy machine is not a defect
@given(WHO, WHO)
def test_no_person_refutes_what_is_said_of_all(who, other):
    one, two = parsed(who), parsed(other)
    meeting = [person for person in PEOPLE if expression.holds(one, person)]
    if satisfiable.reachable(one) is False:
        assert meeting == []
    if satisfiable.implies(one, two):
        assert all(expression.holds(two, person) for person in meeting)
