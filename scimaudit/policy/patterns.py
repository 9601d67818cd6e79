"""Patterns as policies and the configuration write them: ``*`` for any text, ``?`` for one character, nothing else.

A naming convention may hold ``{date}`` once besides: the day on which what carries the name ends.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

DATE: Final = "{date}"
_TOGETHER: Final = 1_000
"""Patterns that are made one expression; Arrow refuses one that is too large."""
_FEW: Final = 20
"""Texts that are looked at one by one without asking first which of them hold what the pattern holds."""
_DAY: Final = r"(\d{4}-\d\d-\d\d|\d{8})"


def is_pattern(text: str) -> bool:
    """Whether the text holds a wildcard."""
    return "*" in text or "?" in text


def everything(pattern: str) -> bool:
    """Whether a pattern fits (nearly) every text: ``*``, ``**``, ``?*``."""
    return "*" in pattern and not pattern.strip("*?")


@lru_cache(maxsize=100_000)
def within(inner: str, outer: str) -> bool:
    """Whether every text that fits the one pattern fits the other; false where that cannot be told.

    >>> within("eng-?", "ENG-*"), within("eng-*", "eng-?")
    (True, False)
    """
    # What * stands for may be any text, so only a * of the outer pattern may take it in.
    parts = (".*" if sign == "*" else "[^\x00]" if sign == "?" else re.escape(sign) for sign in outer)
    whole = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    return whole.fullmatch(inner.replace("\x00", "?").replace("*", "\x00")) is not None


@lru_cache(maxsize=100_000)
def overlap(one: str, other: str) -> bool:
    """Whether some text fits both patterns; true where that cannot be told.

    >>> overlap("pay*", "*ment"), overlap("a*", "b*")
    (True, False)
    """
    left, right = (re.sub(r"[^\x00-\x7f]", "?", pattern).lower() for pattern in (one, other))
    # Places in the right pattern that can be reached with what the left one has taken so far.
    open_at = _skipped({0}, right)
    for sign in left:
        if sign == "*":
            open_at = set(range(min(open_at), len(right) + 1)) if open_at else set()
            continue
        taken = {at + 1 for at in open_at if at < len(right) and (right[at] in ("?", sign) or sign == "?")}
        taken |= {at for at in open_at if at < len(right) and right[at] == "*"}
        open_at = _skipped(taken, right)
    return len(right) in open_at


def _skipped(places: set[int], pattern: str) -> set[int]:
    """The places, and those behind a ``*`` that takes nothing."""
    found = set(places)
    for at in sorted(places):
        here = at
        while here < len(pattern) and pattern[here] == "*":
            here += 1
            found.add(here)
    return found


def head(pattern: str) -> str:
    """What every text in ASCII that fits the pattern begins with, in small letters.

    >>> head("Eng-*-core")
    'eng-'
    """
    return re.split(r"[*?]|[^\x00-\x7f]", pattern, maxsplit=1)[0].lower()


def longest(pattern: str) -> str:
    """The longest text, in small letters, that every text in ASCII that fits the pattern holds.

    >>> longest("*-Prod-?-eu")
    '-prod-'
    """
    return max(re.split(r"[*?]|[^\x00-\x7f]", pattern), key=len).lower()


class Texts:
    """Texts that many patterns are asked of; each looks only at those that begin as it does, or that hold its words."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        # Beyond ASCII a letter can have more than one counterpart, so those texts are always looked at.
        plain = sorted((text.lower(), place) for place, text in enumerate(texts) if text.isascii())
        self._keys = [key for key, _ in plain]
        self._places = [place for _, place in plain]
        self._whole = "\0".join(self._keys)
        self._starts = list(itertools.accumulate((len(key) + 1 for key in self._keys), initial=0))
        self._others = [place for place, text in enumerate(texts) if not text.isascii()]

    def fitting(self, pattern: str) -> list[int]:
        """The positions of the texts that fit the pattern."""
        start = head(pattern)
        first, last = bisect_left(self._keys, start), bisect_left(self._keys, start + "\x80")
        near = self._places[first:last]
        if len(near) > _FEW and (held := longest(pattern)):
            near = [self._places[at] for at in self._holding(held)]
        asked = [*near, *self._others]
        expression = compiled([pattern]) if asked else None
        return [at for at in asked if expression is not None and expression.fullmatch(self._texts[at])]

    def _holding(self, held: str) -> Iterator[int]:
        """Where among the keys those stand that hold a text, and perhaps a few that do not."""
        at = self._whole.find(held)
        while at >= 0:
            key = bisect_right(self._starts, at) - 1
            yield key
            at = self._whole.find(held, self._starts[key + 1])


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
    if isinstance(column.dtype, pd.CategoricalDtype):
        hits = matches(column.cat.categories.to_series(), chosen)
        return np.append(hits, False)[column.cat.codes]  # code -1, a null, reads the last place
    found = np.zeros(len(column), dtype=bool)
    for start in range(0, len(chosen), _TOGETHER):
        found |= _matching(column, chosen[start : start + _TOGETHER])
    return found


def _matching(column: pd.Series, patterns: Sequence[str]) -> np.ndarray:
    expression = compiled(patterns)
    if expression is None:
        return np.zeros(len(column), dtype=bool)
    texts = pa.array(column.astype("str"), from_pandas=True)
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    # Beyond ASCII Arrow folds letter case by other tables than Python.
    plain = pc.and_(pc.string_is_ascii(texts), expression.pattern.isascii())
    found = pc.match_substring_regex(texts, rf"(?s)\A(?:{expression.pattern})\z", ignore_case=True)
    hits = np.array(pc.and_(plain, found).fill_null(False))
    rest = np.flatnonzero(pc.invert(plain).fill_null(False))
    hits[rest] = [expression.fullmatch(text) is not None for text in texts.take(pa.array(rest)).to_pylist()]
    return hits


def days_in(column: pd.Series, conventions: Iterable[str]) -> pd.Series:
    """The earliest day that each text of a column tells by the conventions, such as ``*-until-{date}``; else null.

    A day is written ``2026-12-31`` or ``20261231``; what is no day of the calendar tells none.
    """
    found = pd.Series(pd.NaT, index=column.index, dtype="datetime64[s]")
    for convention in conventions:
        before, _, after = convention.partition(DATE)
        parts = [expression.pattern if (expression := compiled([part])) else "" for part in (before, after)]
        told = column.astype("str").str.extract(rf"(?is)\A{parts[0]}{_DAY}{parts[1]}\Z", expand=False)
        day = pd.to_datetime(told.str.replace("-", ""), format="%Y%m%d", errors="coerce").dt.as_unit("s")
        found = pd.concat([found, day], axis=1).min(axis=1)
    return found
