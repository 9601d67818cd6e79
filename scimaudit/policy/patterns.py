"""Patterns as policies and the configuration write them: ``*`` for any text, ``?`` for one character, nothing else.

A naming convention may hold ``{date}`` once besides: the day on which what carries the name ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

DATE: Final = "{date}"
_DAY: Final = r"(\d{4}-\d\d-\d\d|\d{8})"


def is_pattern(text: str) -> bool:
    """Whether the text holds a wildcard."""
    return "*" in text or "?" in text


def compiled(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """One expression for all patterns, anchored, blind to letter case; ``None`` when there is no pattern.

    >>> bool(compiled(["adm-*"]).fullmatch("ADM-ana"))
    True
    """
    parts = [
        "".join(".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
        for pattern in patterns
    ]
    return re.compile("|".join(f"(?:{part})" for part in parts), re.IGNORECASE | re.DOTALL) if parts else None


def matches(column: pd.Series, patterns: Iterable[str]) -> np.ndarray:
    """Which texts of a column match any of the patterns; a null never does. Decided once per distinct text."""
    expression = compiled(patterns)
    if expression is None:
        return np.zeros(len(column), dtype=bool)
    codes, texts = pd.factorize(column)
    hits = np.fromiter((expression.fullmatch(str(text)) is not None for text in texts), dtype=bool, count=len(texts))
    return np.append(hits, False)[codes]  # code -1, a null, reads the last place


def days_in(column: pd.Series, conventions: Iterable[str]) -> pd.Series:
    """The day that each text of a column tells by one of the conventions, such as ``*-until-{date}``; else null.

    A day is written ``2026-12-31`` or ``20261231``; what is no day of the calendar tells none.
    """
    found = pd.Series(pd.NaT, index=column.index, dtype="datetime64[s]")
    for convention in conventions:
        before, _, after = convention.partition(DATE)
        parts = [expression.pattern if (expression := compiled([part])) else "" for part in (before, after)]
        told = column.astype("str").str.extract(f"(?is)^{parts[0]}{_DAY}{parts[1]}$", expand=False)
        found = found.fillna(
            pd.to_datetime(told.str.replace("-", ""), format="%Y%m%d", errors="coerce").dt.as_unit("s")
        )
    return found
