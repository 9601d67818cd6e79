"""Which rows of two tables are the same: by a key that is unique on both sides."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa


def pairs(left: pa.Table, right: pa.Table, on: str) -> pd.DataFrame:
    """Positions (``left``, ``right``) of the rows that share a key which is unique on both sides.

    :param on: an id column, or a column that has a key: ``user_name``, ``emails`` …; null keys never join.
    """
    sides = {}
    for side, table in (("left", left), ("right", right)):
        keys = pd.DataFrame({"key": pd.Series(_keys(table, on), dtype="str"), side: range(table.num_rows)})
        sides[side] = keys.dropna(subset=["key"]).drop_duplicates("key", keep=False)
    return sides["left"].merge(sides["right"], on="key", how="inner", validate="1:1")


def places(found: pd.DataFrame, rows: int) -> pa.Array:
    """For each of ``rows`` rows on the left the position of its partner on the right, or null."""
    partner: list[int | None] = [None] * rows
    for mine, theirs in zip(found["left"], found["right"], strict=True):
        partner[mine] = theirs
    return pa.array(partner, pa.int64())


def decoded(table: pa.Table) -> pa.Table:
    """The table with text where it had codes: Arrow fills and concatenates text, not codes of two dictionaries."""
    plain = {name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
             for name, column in zip(table.column_names, table.columns, strict=True)}  # fmt: skip
    return pa.table(plain)


def _keys(table: pa.Table, on: str) -> list[str | None]:
    if on == "emails":
        return [keys[0] if keys else None for keys in table["email_keys"].to_pylist()]
    return table[on if on in ("account_id", "person_id") else f"{on}_key"].to_pylist()  # type: ignore[no-any-return]
