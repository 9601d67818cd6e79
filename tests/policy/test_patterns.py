from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit.policy import patterns


@pytest.mark.parametrize(
    ("pattern", "text", "hit"),
    [
        ("adm-*", "adm-ana", True),
        ("adm-*", "ADM-", True),
        ("adm-*", "xadm-ana", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("[ab]*", "a", False),
        ("[ab]*", "[ab]x", True),
        ("*", "two\nlines", True),
        ("admin", "admins", False),
    ],
)
def test_patterns_are_anchored_and_know_two_signs(pattern, text, hit):
    assert patterns.matches(pd.Series([text], dtype="str"), [pattern]).tolist() == [hit]


def test_a_null_never_matches_and_no_pattern_matches_nothing():
    column = pd.Series(["a", None, "b"], dtype="str")
    assert patterns.matches(column, ["*"]).tolist() == [True, False, True]
    assert patterns.matches(column.astype("category"), ["a", "b"]).tolist() == [True, False, True]
    assert patterns.matches(column, []).tolist() == [False] * 3
    assert patterns.matches(column[:0], ["*"]).tolist() == []


def test_what_counts_as_a_pattern():
    assert [patterns.is_pattern(text) for text in ("a*", "a?", "a.[b]")] == [True, True, False]


SIGNS = st.text("ab*?", max_size=5)
PLAIN = ["".join(signs) for size in range(5) for signs in itertools.product("abB", repeat=size)]


def fitting(pattern):
    expression = patterns.compiled([pattern])
    return {text for text in PLAIN if expression.fullmatch(text)}


@settings(max_examples=200, deadline=None)  # a busy machine is not a defect
@given(SIGNS, SIGNS)
def test_what_is_said_of_two_patterns_holds_for_every_text(one, other):
    if patterns.within(one, other):
        assert fitting(one) <= fitting(other)
    if not patterns.overlap(one, other):
        assert not fitting(one) & fitting(other)


@pytest.mark.parametrize(
    ("one", "other", "within", "overlap"),
    [
        ("a*", "*", True, True), ("a?", "a*", True, True), ("a*", "a?", False, True), ("A", "a", True, True),
        ("a*", "b*", False, False), ("*a", "*b", False, False), ("a*", "*b", False, True), ("é*", "b*", False, True),
        ("ı", "İ", True, True), ("aİ*", "ai", False, True),
    ],
)  # fmt: skip
def test_two_patterns(one, other, within, overlap):
    assert (patterns.within(one, other), patterns.overlap(one, other)) == (within, overlap)


@pytest.mark.parametrize("pattern", ["eng-*", "ENG-?", "s*", "k", "é", "*", "", "?", "*b", "straße"])
def test_many_texts_are_asked_as_one_by_one(pattern):
    texts = ["Eng-a", "eng-b", "sales", "\u017f", "S", "\u212a", "k", "é", "É", "", "Straße", "strasse"]
    expression = patterns.compiled([pattern])
    due = [place for place, text in enumerate(texts) if expression.fullmatch(text)]
    assert sorted(patterns.Texts(texts).fitting(pattern)) == due


MANY = [f"{name}-{n}" for n in range(30) for name in ("Eng", "sales\n", "x-eng", "\u017f", "\u212a-eng")]


@pytest.mark.parametrize(
    "pattern", ["*", "e*", "*g-2?", "*-12", "*eng*2", "*\n*", "*s\n-1*", "?-eng-*", "*\0*", "*é*", "*K*"]
)
def test_many_texts_of_one_kind_are_asked_as_one_by_one(pattern):
    expression = patterns.compiled([pattern])
    due = [place for place, text in enumerate(MANY) if expression.fullmatch(text)]
    assert sorted(patterns.Texts(MANY).fitting(pattern)) == due


def test_more_patterns_than_one_expression_holds():
    column = pd.Series(["svc-7-x", None, "svc-19999", "svc"], dtype="str")
    named = [f"svc-{n}-*" for n in range(20_000)]
    assert patterns.matches(column, named).tolist() == [True, False, False, False]
    assert patterns.matches(column.astype("category"), [*named, "svc-?????"]).tolist() == [True, False, True, False]


@given(st.lists(st.text("aAkK.*?\\ſßİı\u212a\n|^$", max_size=6)), st.lists(st.text("aKs.*?\\ß\n(|", max_size=5)))
def test_a_column_matches_as_each_of_its_texts_does(texts, named):
    expression = patterns.compiled(named)
    hits = [expression is not None and expression.fullmatch(text) is not None for text in texts]
    column = pd.Series(texts, dtype="str")
    assert patterns.matches(column, named).tolist() == hits
    assert patterns.matches(column.astype("category"), named).tolist() == hits
