"""Patterns as policies and the configuration write them: ``*`` for any text, ``?`` for one character, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


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
    """Which texts of a column match any of the patterns; a null never does."""
    chosen = list(patterns)
    expression = compiled(chosen)
    if expression is None:
        return np.zeros(len(column), dtype=bool)
    if isinstance(column.dtype, pd.CategoricalDtype):
        hits = matches(column.cat.categories.to_series(), chosen)
        return np.append(hits, False)[column.cat.codes]  # code -1, a null, reads the last place
    texts = pa.array(column.astype("str"), from_pandas=True)
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    # Beyond ASCII Arrow folds letter case by other tables than Python.
    plain = pc.and_(pc.string_is_ascii(texts), expression.pattern.isascii())
    found = pc.match_substring_regex(texts, rf"(?s)\A(?:{expression.pattern})\z", ignore_case=True)
    hits = np.array(pc.and_(plain, found).fill_null(False))
    rest = np.flatnonzero(pc.invert(plain).fill_null(False))
    hits[rest] = [expression.fullmatch(text) is not None for text in texts.take(pa.array(rest)).to_pylist()]
    return hits
