"""Rows as JSON text, put together column by column in Arrow: an object per row in Python costs most.

Keys are sorted, nothing is padded, times are UTC with a ``Z``, unknown is ``null``: one table has one text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.renderers.encode import rewrite

_BATCH: Final = 20_000
_ESCAPED: Final = r'["\\\x00-\x1f]'
"""What RFC 8259 section 7 wants escaped in a text."""


def batches(table: pa.Table) -> Iterator[list[str]]:
    """The rows as JSON objects, some thousands at a time, in the table's order."""
    for batch in filter(len, table.to_batches(max_chunksize=_BATCH)):
        parts: list[Any] = []
        for name in sorted(batch.schema.names):
            parts += [f"{',' if parts else '{'}{encode(name)}:", _encoded(batch.column(name))]
        yield pc.binary_join_element_wise(*parts, "}", "").to_pylist()


def lines(table: pa.Table) -> Iterator[bytes]:
    """The table as JSON Lines: one object a line, each line ended by a line feed."""
    for batch in batches(table):
        yield ("\n".join(batch) + "\n").encode()


def encode(text: str) -> str:
    """A text as a JSON string."""
    return orjson.dumps(text).decode()


def _encoded(column: pa.Array) -> pa.Array:
    """Every value as JSON text; a null is ``null``."""
    if pa.types.is_list(column.type):
        items = rewrite(column.flatten(), _ESCAPED, _escape)
        lists = pa.ListArray.from_arrays(pc.subtract(column.offsets, column.offsets[0]), items)
        filled = pc.binary_join_element_wise('["', pc.binary_join(lists, '","'), '"]', "")
        text = pc.if_else(pc.equal(pc.list_value_length(column), 0), "[]", filled)
        return pc.if_else(pc.is_valid(column), text, "null")
    if pa.types.is_dictionary(column.type):
        text = pa.DictionaryArray.from_arrays(column.indices, _encoded(column.dictionary)).cast(pa.string())
    elif pa.types.is_string(column.type) or pa.types.is_temporal(column.type):
        text = pc.binary_join_element_wise('"', rewrite(_spelled(column), _ESCAPED, _escape), '"', "")
    else:
        text = column.cast(pa.string())
    return pc.fill_null(text, "null")


def _spelled(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    return column.cast(pa.string())


def _escape(text: str) -> str:
    return orjson.dumps(text)[1:-1].decode()
