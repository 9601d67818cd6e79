from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
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


@given(st.lists(st.text("aAkK.*?\\ſßİı\u212a\n|^$", max_size=6)), st.lists(st.text("aKs.*?\\ß\n(|", max_size=5)))
def test_a_column_matches_as_each_of_its_texts_does(texts, named):
    expression = patterns.compiled(named)
    hits = [expression is not None and expression.fullmatch(text) is not None for text in texts]
    column = pd.Series(texts, dtype="str")
    assert patterns.matches(column, named).tolist() == hits
    assert patterns.matches(column.astype("category"), named).tolist() == hits
