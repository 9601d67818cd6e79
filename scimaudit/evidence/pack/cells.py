"""Cells of the pack: nothing is blank, times are UTC, and one column says what the listing behind a row proves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.renderers import csv
from scimaudit.renderers.encode import utf8

NA: Final = "not available from source"
"""What stands where a source, or the store, does not tell."""
NOT_APPLICABLE: Final = "not applicable"
"""What stands where there is nothing to tell: an exception's id where nobody made an exception."""
PROOF: Final = "proof"
"""The last column of every file that uses a listing: ``proven``, or ``NOT PROVEN:`` and why."""
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


def cell(value: Any) -> str:
    """One value as text: times in UTC, lists joined by semicolons, nothing as :data:`NA`."""
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return NA
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # A time without a zone would be read as one of whoever reads it.
        return pd.Timestamp(value).tz_convert("UTC").strftime(_TIME) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "; ".join(cell(each) for each in value) or NA
    text = utf8(str(value))
    return text if text.strip() else NA


def column(values: Any) -> pa.Array:
    """A pandas or Arrow column as text, by the rules of :func:`cell`."""
    array = pa.array(values, from_pandas=True) if isinstance(values, pd.Series) else values
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        array = pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_timestamp(array.type):
        array = _moments(array)
    elif pa.types.is_list(array.type):
        array = pc.binary_join(array, "; ")
    text = array.cast(pa.string())
    blank = pc.equal(pc.utf8_trim_whitespace(text), "")
    return pc.fill_null(pc.if_else(blank, None, text), NA)


def _moments(array: pa.Array) -> pa.Array:
    """Days as days; moments to the second in UTC."""
    if array.type.tz is None:
        return pc.strftime(array.cast(pa.timestamp("s"), safe=False), format="%Y-%m-%d")
    return pc.strftime(array.cast(pa.timestamp("s", "UTC"), safe=False), format=_TIME)


def table(fields: Sequence[str], columns: Mapping[str, Any]) -> pa.Table:
    """Whole columns as a table of text, in the order of ``fields``."""
    return pa.table({name: column(columns[name]) for name in fields})


def rows(fields: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Lines as a table of text, in the order of ``fields``; a field that a line lacks is :data:`NA`."""
    told = [*lines]
    return pa.table({name: pa.array([cell(line.get(name)) for line in told], pa.string()) for name in fields})


def plain(value: Any) -> Any:
    """A value for JSON, in which nothing is null and nothing empty."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()} or NA
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value] or NA
    if isinstance(value, (bool, int)) or (isinstance(value, float) and value == value):
        return value
    return cell(value)


def line(value: Mapping[str, Any]) -> bytes:
    """One line of JSON Lines, keys as they come."""
    return orjson.dumps(plain(value), option=orjson.OPT_APPEND_NEWLINE)


class Sheet:
    """A CSV file that is written table after table, so that no more than one of them is in memory.

    :param fields: its columns, in their order.
    """

    def __init__(self, path: Path, fields: Sequence[str]) -> None:
        self._path, self._fields = path, tuple(fields)
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("xb")
        empty = pa.table({name: pa.array([], pa.string()) for name in self._fields})
        csv.write(empty, self._file)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, told: pa.Table) -> None:
        """Write rows; they have the sheet's columns in the sheet's order."""
        if self._file is None or tuple(told.column_names) != self._fields:
            msg = f"{self._path.name} has the columns {self._fields}, not {told.column_names}"
            raise ValueError(msg)
        csv.write(told, self._file, header=False)
