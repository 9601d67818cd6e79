"""Finding rows by text or by pattern, many times over the same columns."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from scimaudit.policy import patterns


class Lookup:
    """Rows by the texts in some columns; what is null is found by nothing."""

    def __init__(self, *columns: pd.Series) -> None:
        codes, texts = pd.factorize(pd.concat([column.astype("str") for column in columns]))
        order = np.argsort(codes, kind="stable")
        self._rows = np.concatenate([np.arange(len(column)) for column in columns])[order]
        self._bounds = np.searchsorted(codes[order], np.arange(len(texts) + 1))
        self._places = {str(text): place for place, text in enumerate(texts)}
        self._texts = patterns.Texts(list(self._places))

    def rows(self, exact: Iterable[str], fitting: Iterable[str]) -> np.ndarray:
        """The positions of the rows that hold one of the texts, or one that fits one of the patterns; in order."""
        hit = {self._places[text] for text in exact if text in self._places}
        hit.update(place for pattern in fitting for place in self._texts.fitting(pattern))
        parts = [self._rows[self._bounds[place] : self._bounds[place + 1]] for place in sorted(hit)]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)
