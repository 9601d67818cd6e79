"""The key that a row of people or accounts will go by, so that a manager can be named by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scimaudit.sources._grid import Cell
from scimaudit.sources._headings import KEYS


def row_keys(cells: Mapping[str, Sequence[Cell]], fills: str, rows: int) -> list[str | None]:
    """For each row, the first of its key columns that holds a text.

    :param cells: column to cells.
    :param fills: ``people`` or ``accounts``.
    """
    keys = [cells[name] for name in KEYS[fills] if name in cells]
    found = ((cell for column in keys if isinstance(cell := column[index], str) and cell) for index in range(rows))
    return [next(candidates, None) for candidates in found]
