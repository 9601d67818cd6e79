"""Looking keys up: the one place where the keys of accounts meet the keys of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CROWD: Final = 32
"""A key that more people hold is never followed further: it says 'several', and no more names would help."""


@dataclass(frozen=True)
class Found:
    """What a look-up found, one element per pair of key and person.

    :param row: position among the keys that were looked up.
    :param person: position of a person who holds the key.
    :param entry: position in the index.
    :param crowded: more people hold the key than the index follows, and only the first of them are told.
    """

    row: Rows
    person: Rows
    entry: Rows
    crowded: Mask


class Index:
    """Who holds which key.

    A null key is left out when the index is built and finds nothing when it is looked up.

    :param keys: normalised keys.
    :param people: the position of the person who holds the key, one for each key.
    :param roles: bits that tell in which column a key stands; those of one person's equal keys are joined.
    :param crowd: how many holders of one key are told at most.

    An entry is a pair of a key and a person: ``person``, ``role`` and ``code`` (position of the key in ``vocabulary``).
    """

    def __init__(self, keys: pa.Array, people: Rows, roles: Rows | None = None, *, crowd: int = CROWD) -> None:
        self._crowd = crowd
        known = present(keys)
        encoded = keys.filter(pa.array(known)).dictionary_encode()
        codes, held = integers(encoded.indices), people[known]
        _, first, place = np.unique(paired(codes, held), return_index=True, return_inverse=True)
        self.vocabulary = encoded.dictionary
        self.code: Rows = codes[first]
        self.person: Rows = held[first]
        self.role: Rows = np.zeros(len(first), np.int64)
        if roles is not None:
            np.bitwise_or.at(self.role, place, roles[known])
        self._starts = np.searchsorted(self.code, np.arange(len(self.vocabulary) + 1))

    def holds(self, keys: pa.Array) -> Mask:
        """Which of the keys anybody holds."""
        return as_mask(pc.is_in(keys, value_set=self.vocabulary))

    def find(self, keys: pa.Array) -> Found:
        """Everybody who holds any of the keys, in the order of the keys and then of the people."""
        places = pc.index_in(keys, value_set=self.vocabulary)
        rows = np.flatnonzero(present(places))
        codes = integers(places.drop_null())
        starts = self._starts[codes]
        held = self._starts[codes + 1] - starts
        told = np.minimum(held, self._crowd)
        which = np.repeat(np.arange(len(rows)), told)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(told) - told, told)
        entry = starts[which] + nth
        return Found(rows[which], self.person[entry], entry, (held > self._crowd)[which])


def strings(column: pd.Series) -> pa.Array:
    """A text or code column as one Arrow array of text."""
    return _whole(column, pa.string())


def elements(column: pd.Series) -> tuple[pa.Array, Rows]:
    """All elements of a column of text lists, and the row that each stands in."""
    lists = _whole(column, pa.list_(pa.string()))
    return lists.flatten(), integers(pc.list_parent_indices(lists))


def as_mask(array: pa.Array) -> Mask:
    """A boolean Arrow array as numpy holds it; null is false."""
    mask: Mask = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return mask


def present(array: pa.Array) -> Mask:
    """Where an Arrow array is not null."""
    return as_mask(pc.is_valid(array))


def integers(array: pa.Array) -> Rows:
    """An Arrow array of integers without nulls, as numpy holds it."""
    return np.asarray(array, dtype=np.int64)


def paired(left: Rows, right: Rows) -> Rows:
    """One number for each pair of numbers that are not negative, in the order of the pairs, and no other pair's."""
    return left * (int(right.max(initial=0)) + 1) + right


def leading(rows: Rows) -> Mask:
    """Where each run of equal rows begins."""
    starts = np.ones(len(rows), np.bool_)
    starts[1:] = rows[1:] != rows[:-1]
    return starts


def grouped(rows: Rows, values: pa.Array, size: int) -> pa.ListArray:
    """One list per row of a table of ``size`` rows, holding the values given for it in the order given."""
    order = np.argsort(rows, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))])
    return pa.ListArray.from_arrays(pa.array(offsets), values.take(pa.array(order)))


def _whole(column: pd.Series, kind: pa.DataType) -> pa.Array:
    """A column as one Arrow array, however pandas holds it."""
    values = pa.array(column)
    return (values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values).cast(kind)
