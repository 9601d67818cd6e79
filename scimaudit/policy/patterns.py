"""Patterns as policies and the configuration write them: ``*`` for any text, ``?`` for one character, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd


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
