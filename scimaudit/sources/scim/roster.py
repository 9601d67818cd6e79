"""The roster under every name a person may be listed by; made once and asked by every app of a pull."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Rows = np.ndarray[Any, np.dtype[np.int64]]

_MAKING: Final = Lock()


@dataclass(frozen=True)
class Unlisted:
    """People without a listed account, as row numbers of the roster.

    :param leavers: those who have left and have a name to ask for.
    :param others: those who have not left and have a name to ask for.
    :param nameless: how many have neither a user name nor an address.
    """

    leavers: Rows
    others: Rows
    nameless: int


class Roster:
    """People by their normalised user names and addresses.

    :param people: rows of :data:`scimaudit.tables.PEOPLE`.
    """

    def __init__(self, people: pa.Table) -> None:
        self._people = people.num_rows
        self._user_name = people["user_name"].combine_chunks()
        self._mail = _first(people["emails"].combine_chunks())
        self._gone = _flags(pc.equal(people["status"].cast(pa.string()), "terminated"))
        self._nameless = _flags(pc.and_(pc.is_null(self._user_name), pc.is_null(self._mail)))
        names, emails = people["user_name_key"].combine_chunks(), people["email_keys"].combine_chunks()
        rows = pa.concat_arrays(
            [pa.array(np.arange(self._people)), pc.list_parent_indices(emails).cast(pa.int64())],
        )
        keys = pa.concat_arrays([names, emails.flatten()])
        there = pc.is_valid(keys)
        coded = keys.filter(there).dictionary_encode()
        self._rows: Rows = rows.filter(there).to_numpy()
        self._codes = coded.indices.to_numpy()
        self._code = {key: code for code, key in enumerate(coded.dictionary.to_pylist())}

    def unlisted(self, keys: Iterable[str | None]) -> Unlisted:
        """Who is listed under none of the keys; a missing key is nobody's."""
        met = np.zeros(len(self._code) + 1, dtype=bool)
        met[[self._code.get(key, -1) for key in keys if key is not None]] = True
        met[-1] = False
        missing = np.ones(self._people, dtype=bool)
        missing[self._rows[met[self._codes]]] = False
        named = missing & ~self._nameless
        return Unlisted(
            np.flatnonzero(named & self._gone),
            np.flatnonzero(named & ~self._gone),
            int(np.count_nonzero(missing & self._nameless)),
        )

    def name(self, row: int, *, as_mail: bool) -> str:
        """The name to ask for: the user name or the first address; ``as_mail`` turns the preference round."""
        first, second = (self._mail, self._user_name) if as_mail else (self._user_name, self._mail)
        return str(first[row].as_py() if first[row].is_valid else second[row].as_py())


class _Same:
    """A table that equals itself alone: tables have no hash, and comparing two takes as long as reading them."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.table is self.table

    def __hash__(self) -> int:
        return id(self.table)


def roster(people: pa.Table) -> Roster:
    """The people as a roster; the same one for the same table, whichever thread asks first."""
    with _MAKING:
        return _made(_Same(people))


@lru_cache(maxsize=1)
def _made(same: _Same) -> Roster:
    return Roster(same.table)


def _flags(column: pa.ChunkedArray | pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return pc.fill_null(column, fill_value=False).to_numpy(zero_copy_only=False).astype(bool)  # type: ignore[no-any-return]


def _first(lists: pa.ListArray) -> pa.Array:
    """The first of each list; Arrow refuses to take the first of nothing, so an empty list counts as none."""
    held = pc.if_else(pc.equal(pc.list_value_length(lists), 0), pa.scalar(None, lists.type), lists)
    return pc.list_element(held, 0)
