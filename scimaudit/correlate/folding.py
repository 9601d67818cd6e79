"""Names and texts folded for comparison, a whole column at once.

Plain text (printable ASCII) is folded in Arrow; the rest value by value in Python. Both fold alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.correlate.index import as_mask, grouped, integers

_BETWEEN: Final = re.compile(r"[\s,.\-_]+")
_INSIDE: Final = str.maketrans("", "", "'’`")


def name_key(text: str) -> str | None:
    """A full name whatever the order of its parts; ``None`` for less than two parts, which name nobody.

    >>> name_key("Ñuñez, José")
    'jose nunez'
    >>> name_key("Ana") is None
    True
    """
    folded = identifiers.near(text.translate(_INSIDE)) or ""
    parts = sorted(part for part in _BETWEEN.split(folded) if part)
    return " ".join(parts) if len(parts) > 1 else None


def name_keys(column: pa.Array) -> pa.Array:
    """:func:`name_key` of every value."""
    return _mapped(column, _plain_name_keys, name_key)


def nears(column: pa.Array) -> pa.Array:
    """:func:`scimaudit.identifiers.near` of every value."""
    return _mapped(column, _plain_nears, identifiers.near)


def account_names(column: pa.Array) -> pa.Array:
    """The weak form of user names and addresses: no plus tag, accents or look-alike letters; without domain."""
    return _mapped(column, _plain_account_names, _account_name)


def local_parts(keys: pa.Array) -> pa.Array:
    """The part of each key before its last at sign; the key itself where there is none."""
    parts = pc.replace_substring_regex(keys, "@[^@]*$", "")
    return pc.if_else(pc.equal(parts, ""), keys, parts)


def _mapped(column: pa.Array, plainly: Callable[[pa.Array], pa.Array], fold: Callable[[str], str | None]) -> pa.Array:
    """A column folded, decided on its distinct values: in Arrow where they are plain, one by one where not."""
    distinct = column.dictionary_encode()
    texts = distinct.dictionary
    plain = as_mask(identifiers.plain(texts))
    rest = np.flatnonzero(~plain)
    folded = plainly(texts.filter(pa.array(plain)))
    others = pa.array([fold(text) for text in texts.take(pa.array(rest)).to_pylist()], pa.string())
    order = np.argsort(np.concatenate([np.flatnonzero(plain), rest]), kind="stable")
    return pa.concat_arrays([folded, others]).take(pa.array(order)).take(distinct.indices)


def _plain_nears(texts: pa.Array) -> pa.Array:
    spaced = identifiers.plain_nears(texts)
    return pc.if_else(pc.equal(spaced, ""), pa.scalar(None, pa.string()), spaced)


def _plain_name_keys(texts: pa.Array) -> pa.Array:
    letters = pc.ascii_lower(pc.replace_substring_regex(texts, "['`]", ""))
    spaced = pc.ascii_trim(pc.replace_substring_regex(letters, r"[ ,.\-_]+", " "), " ")
    lists = pc.split_pattern(spaced, " ")
    parts, rows = lists.flatten(), integers(pc.list_parent_indices(lists))
    order = np.lexsort((integers(pc.rank(parts, tiebreaker="dense")), rows))
    ordered = pc.binary_join(grouped(rows[order], parts.take(pa.array(order)), len(texts)), " ")
    return pc.if_else(pc.greater(pc.list_value_length(lists), 1), ordered, pa.scalar(None, pa.string()))


def _plain_account_names(texts: pa.Array) -> pa.Array:
    local = local_parts(identifiers.plain_nears(texts))
    return pc.replace_substring_regex(local, r"\+.*", "")


def _account_name(text: str) -> str:
    return (identifiers.local_part(identifiers.near(text)) or "").partition("+")[0]
