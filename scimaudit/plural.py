"""Numbers in sentences: one row, two rows."""

from __future__ import annotations


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun, and the verb where that bends too: ``1 app``, ``1,204 accounts``, ``1 row was lost``.

    :param many: what stands there for any other number; where it is not given, ``one`` with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
