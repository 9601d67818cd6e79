"""Small operations on whole columns that joins and rules share."""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def known_true(flags: pd.Series) -> pd.Series:
    """Where a nullable flag is true; null counts as false."""
    return flags.fillna(False).astype(bool)


def known_false(flags: pd.Series) -> pd.Series:
    """Where a nullable flag is false; null counts as not false."""
    return ~flags.fillna(True).astype(bool)


def taken(column: pd.Series, rows: np.ndarray, index: pd.Index) -> pd.Series:
    """Values at the positions given, null where a position is -1."""
    nullable = column.astype("boolean") if column.dtype == bool else column
    return pd.Series(pd.api.extensions.take(nullable.array, rows, allow_fill=True), index=index)


def arrow(column: pd.Series) -> pa.Array:
    """A column as one Arrow array, so that offsets and parents count from its first row."""
    found = pa.array(column, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def joined(lists: pd.Series) -> pd.Series:
    """A column of text lists as text, separated by commas."""
    texts = pc.binary_join(arrow(lists), ", ")
    return pd.Series(texts.to_pandas()).set_axis(lists.index).astype("str")


def joined_by(groups: np.ndarray, texts: pd.Series) -> pd.Series:
    """The texts of each group in order, separated by commas; indexed by group."""
    order = np.lexsort((texts.argsort().argsort().to_numpy(), groups))
    ids, starts = np.unique(groups[order], return_index=True)
    offsets = pa.array([*starts, len(order)], pa.int32())
    lists = pa.ListArray.from_arrays(offsets, arrow(texts.iloc[order]).cast(pa.string()))
    return pd.Series(pc.binary_join(lists, ", ").to_pandas(), dtype="str").set_axis(ids)


def day_begins(days: pd.Series, zone: tzinfo) -> pd.Series:
    """When each day begins in the zone, UTC; null stays null."""
    # Where clocks jump at midnight, the day begins when the one before ends.
    begins = days.dt.tz_localize(zone, nonexistent="shift_forward", ambiguous=False)
    moments: pd.Series = begins.dt.tz_convert("UTC").dt.as_unit("us")
    return moments
