"""The index of keys, and the small turns between pandas, Arrow and numpy that the tiers are made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scimaudit.correlate import index
from scimaudit.correlate.index import CROWD, Index


def texts(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


def at(*values: int) -> np.ndarray:
    return np.asarray(values, np.int64)


@pytest.fixture
def held() -> Index:
    """``b`` is held by 4 (twice, in roles 1 and 4) and 2, ``a`` by 2, ``c`` by 0; one key is not known."""
    keys = texts("b", "a", None, "b", "b", "c")
    return Index(keys, at(4, 2, 9, 2, 4, 0), at(1, 2, 7, 2, 4, 1))


def test_an_entry_is_a_key_and_a_person_once_with_its_roles_joined(held: Index) -> None:
    entries = zip(held.vocabulary.take(pa.array(held.code)).to_pylist(), held.person, held.role, strict=True)
    assert list(entries) == [("b", 2, 2), ("b", 4, 5), ("a", 2, 2), ("c", 0, 1)]


def test_without_roles_an_entry_has_none() -> None:
    plain = Index(texts("a", "b"), at(0, 1))
    assert plain.role.tolist() == [0, 0]
    assert plain.role.dtype == np.int64


def test_a_key_finds_all_its_holders_in_the_order_of_the_keys_and_then_of_the_people(held: Index) -> None:
    found = held.find(texts("c", "nobody's", None, "b", "a", "b"))
    assert found.row.tolist() == [0, 3, 3, 4, 5, 5]
    assert found.person.tolist() == [0, 2, 4, 2, 2, 4]
    assert found.entry.tolist() == [3, 0, 1, 2, 0, 1]
    assert not found.crowded.any()


def test_nothing_is_found_in_nothing() -> None:
    nobody = Index(texts(None), at(0), at(1))
    found = nobody.find(texts("a", None))
    assert [len(part) for part in (found.row, found.person, found.entry, found.crowded)] == [0, 0, 0, 0]
    assert nobody.holds(texts("a", None)).tolist() == [False, False]


def test_a_null_is_held_by_nobody(held: Index) -> None:
    assert held.holds(texts("a", None, "z", "c")).tolist() == [True, False, False, True]


@pytest.mark.parametrize(("holders", "told", "crowded"), [(3, 3, False), (4, 3, True)])
def test_a_crowd_is_told_apart_from_as_many_as_are_told(holders: int, told: int, *, crowded: bool) -> None:
    many = Index(texts(*["a"] * holders, "b"), at(*range(holders), 0), crowd=3)
    found = many.find(texts("b", "a", "b"))
    assert found.row.tolist() == [0, *[1] * told, 2]
    assert found.person.tolist() == [0, *range(told), 0]
    assert found.crowded.tolist() == [False, *[crowded] * told, False]


def test_a_crowd_is_more_than_thirty_two() -> None:
    assert CROWD == 32
    for holders in (32, 33):
        found = Index(texts(*["a"] * holders), np.arange(holders)).find(texts("a"))
        assert (len(found.row), found.crowded.any()) == (32, holders > 32)


@pytest.mark.parametrize("kind", ["str", "object", "category", "chunked"])
def test_a_column_is_one_array_however_pandas_holds_it(kind: str) -> None:
    values = ["a", None, "b"]
    if kind == "chunked":
        chunks = pa.chunked_array([values[:1], values[1:]], pa.large_string())
        column = pd.Series(pd.arrays.ArrowExtensionArray(chunks))
    else:
        column = pd.Series(values, dtype=kind)
    assert index.strings(column).equals(texts("a", None, "b"))


def test_a_code_that_is_a_number_is_text() -> None:
    assert index.strings(pd.Series([7, 8])).equals(texts("7", "8"))


def test_elements_tell_the_row_they_stand_in() -> None:
    lists = pd.Series(pd.arrays.ArrowExtensionArray(pa.array([["a", "b"], None, [], [None, "c"]])))
    elements, rows = index.elements(lists)
    assert elements.equals(texts("a", "b", None, "c"))
    assert (rows.tolist(), rows.dtype) == ([0, 0, 3, 3], np.int64)


def test_null_is_not_true() -> None:
    mask = index.as_mask(pa.array([True, None, False]))
    assert (mask.tolist(), mask.dtype) == ([True, False, False], np.bool_)
    assert index.present(pa.array([1, None, 0])).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("rows", "begins"),
    [([], []), ([3], [True]), ([3, 3, 1, 1, 3], [True, False, True, False, True])],
    ids=["none", "one", "runs"],
)
def test_a_run_begins_where_the_row_changes(rows: list[int], begins: list[bool]) -> None:
    assert index.leading(at(*rows)).tolist() == begins


def test_a_pair_has_a_number_of_its_own_in_the_order_of_pairs() -> None:
    left, right = (part.ravel() for part in np.meshgrid(np.arange(4), np.arange(6), indexing="ij"))
    numbers = index.paired(left, right)
    assert (np.diff(numbers) > 0).all()
    assert index.paired(at(1, 0, 1), at(2, 5, 2)).tolist() == [8, 5, 8]
    assert index.paired(at(), at()).tolist() == []


def test_values_are_grouped_by_row_in_the_order_given() -> None:
    lists = index.grouped(at(2, 0, 2, 0, 2), texts("e", "d", "c", "b", "a"), 4)
    assert lists.to_pylist() == [["d", "b"], [], ["e", "c", "a"], []]
    assert lists.type == pa.list_(pa.string())


def test_many_values_of_one_row_keep_their_order() -> None:
    rows, values = at(*[1, 0] * 50), texts(*[f"{n:02}" for n in range(100)])
    assert index.grouped(rows, values, 2).to_pylist() == [sorted(values.to_pylist()[1::2]), values.to_pylist()[::2]]


def test_nothing_is_grouped_into_empty_lists() -> None:
    assert index.grouped(at(), texts(), 2).to_pylist() == [[], []]
