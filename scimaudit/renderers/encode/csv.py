"""Cells of a CSV file that a spreadsheet will open.

Spreadsheets run what begins with ``= + - @`` or a tab (CWE-1236), also in the middle of a cell when the reader's
separator is not the writer's. So a cell that begins with a trigger gets an apostrophe, a trigger behind a separator or
a quote is made visible, and so are control characters: no cell spans lines. :func:`decode` gives the exact text back.
"""

from __future__ import annotations

import re
from typing import Any, Final

from scimaudit.renderers.encode import UNSEEN, hide, rewrite, show

_TRIGGER: Final = "=+\\-@＝＋－＠"
_SPACE: Final = " \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_FIRST: Final = f"^[{_SPACE}]*['{_TRIGGER}]"
_BEHIND: Final = f"[,;|\"'][{_SPACE}]*[{_TRIGGER}]"

_begins: Final = re.compile(_FIRST)
_follows: Final = re.compile(f"(?<=[,;|\"'])([{_SPACE}]*)([{_TRIGGER}])")


def encode(text: str) -> str:
    """The text as it may stand in a cell."""
    shown = _follows.sub(lambda found: f"{found[1]}⟦U+{ord(found[2]):04X}⟧", show(text))
    return f"'{shown}" if _begins.match(shown) else shown


def decode(cell: str) -> str:
    """The text that :func:`encode` was given."""
    return hide(cell.removeprefix("'"))


def encode_column(column: Any) -> Any:
    """:func:`encode` over an Arrow text column."""
    return rewrite(column, f"[{UNSEEN}]|{_FIRST}|{_BEHIND}", encode)
