"""Encoders, one per sink. Text from apps and rosters is written by strangers; each sink has its own way to be fooled.

:func:`show` makes characters visible that a reader cannot see or that move other text around: controls, terminal
escapes, bidirectional overrides (CVE-2021-42574), zero-width and private characters. It is exact: :func:`hide` gives
the text back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

# Unicode categories Cc, Cf, Co, Zl and Zp, the default-ignorable letters and marks, and noncharacters, as ranges:
# spelled out so that every Python and every regex engine means the same set. The brackets are in it so that nobody can
# forge a mark.
_RANGES: Final = (
    (0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD),
    (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0x27E6, 0x27E7), (0x3164, 0x3164), (0xE000, 0xF8FF),
    (0xFDD0, 0xFDEF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0xFFFE, 0xFFFF),
    (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0x10000, 0xE0000, 0x10000)),
    (0xE0000, 0x10FFFF),
)  # fmt: skip
UNSEEN: Final = "".join(f"{chr(first)}-{chr(last)}" for first, last in _RANGES)
"""Body of a regex character class, valid for :mod:`re` and for Arrow (RE2)."""

_UNSEEN: Final = re.compile(f"[{UNSEEN}\ud800-\udfff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SHOWN: Final = re.compile("⟦U\\+([0-9A-F]{4,6})⟧")


def mark(found: re.Match[str]) -> str:
    """The visible form of one character: ``⟦U+202E⟧``."""
    return f"⟦U+{ord(found[0]):04X}⟧"


def show(text: str) -> str:
    """The text with every unseen character made visible."""
    return _UNSEEN.sub(mark, text)


def show_lines(text: str) -> str:
    """:func:`show` for text whose lines stay lines."""
    return "\n".join(map(show, text.split("\n")))


def hide(text: str) -> str:
    """The inverse of :func:`show`."""
    return _SHOWN.sub(lambda found: chr(int(found[1], 16)), text)


def utf8(text: str) -> str:
    """The text with lone surrogates (bytes of a file name that are not UTF-8, say) made visible; the rest as it is."""
    return _SURROGATE.sub(mark, text)


def show_column(column: Any) -> Any:
    """:func:`show` over an Arrow text column."""
    return rewrite(column, f"[{UNSEEN}]", show)


def rewrite(column: Any, pattern: str, change: Callable[[str], str]) -> Any:
    """An Arrow text column in which ``change`` was applied to the values that ``pattern`` (RE2) is found in.

    Few values need a change, so Arrow looks for them and Python touches only those.
    """
    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array([rewrite(chunk, pattern, change) for chunk in column.chunks], column.type)
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, rewrite(column.dictionary, pattern, change))
    mask = pc.fill_null(pc.match_substring_regex(column, pattern), fill_value=False)
    hits = column.filter(mask)
    if not len(hits):
        return column
    return pc.replace_with_mask(column, mask, pa.array([change(text) for text in hits.to_pylist()], column.type))
