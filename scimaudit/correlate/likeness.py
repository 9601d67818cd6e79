"""Which texts are nearly the same: compared only inside blocks, so that the work stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from rapidfuzz.distance import OSA, Indel
from rapidfuzz.process import cpdist

from scimaudit.correlate.index import Index, Rows, integers

CUTOFF: Final = 0.85
BLOCK: Final = 200
"""A block that holds more texts than this is too common to tell anything and is not searched."""
_PARTS: Final = 4
_SHORTEST: Final = 4


def names(ours: tuple[Rows, pa.Array], theirs: tuple[Rows, pa.Array]) -> pd.DataFrame:
    """Pairs of rows whose names (see :func:`~scimaudit.correlate.folding.name_key`) are nearly the same.

    :param ours: rows and the text of each; a row may occur several times; a null text is like nothing.
    :return: ``account``, ``person`` (rows of ours and theirs), ``score`` (0.85 to 1), ``text`` and ``other``.
    """
    return _alike(ours, theirs, _name_blocks, Indel.normalized_similarity)


def user_names(ours: tuple[Rows, pa.Array], theirs: tuple[Rows, pa.Array]) -> pd.DataFrame:
    """Pairs of rows whose user names, without domain, are nearly the same; as :func:`names`."""
    return _alike(ours, theirs, _user_name_blocks, OSA.normalized_similarity)


def _name_blocks(name: str) -> Iterable[str]:
    """One part whole and the first letter of another; or the first two letters of two parts."""
    for one, other in permutations(name.split(" ")[:_PARTS], 2):
        yield f"{one}|{other[0]}"
        if one < other:
            yield f"{one[:2]}|{other[:2]}"


def _user_name_blocks(name: str) -> Iterable[str]:
    """A slip leaves the beginning, the end or both ends of a name as they are."""
    if len(name) < _SHORTEST:
        return ()
    return (f"{name[:5]}|{name[-1]}", f"{name[0]}|{name[-5:]}", f"{name[:2]}|{name[-2:]}")


def _alike(
    ours: tuple[Rows, pa.Array],
    theirs: tuple[Rows, pa.Array],
    blocks: Callable[[str], Iterable[str]],
    scorer: Callable[..., Any],
) -> pd.DataFrame:
    left, texts = _numbered(*ours, "account", "text")
    right, others = _numbered(*theirs, "person", "other")
    wanted, asking = _blocks(texts, blocks)
    offered, holding = _blocks(others, blocks)
    found = Index(offered, holding, crowd=BLOCK).find(wanted)
    kept = ~found.crowded
    width = max(len(others), 1)
    one, other = np.divmod(pd.unique(asking[found.row[kept]] * width + found.person[kept]), width)
    text, like = pa.array(texts, pa.string()).take(pa.array(one)), pa.array(others, pa.string()).take(pa.array(other))
    score = cpdist(text.to_pylist(), like.to_pylist(), scorer=scorer, score_cutoff=CUTOFF, dtype=np.float64)
    alike = pd.DataFrame({"text": one, "other": other, "score": np.round(score, 4)})[score >= CUTOFF]
    pairs = alike.merge(left, on="text", how="inner", validate="m:m")
    pairs = pairs.merge(right, on="other", how="inner", validate="m:m")
    ours_told = pd.Series(texts, dtype="str").take(pairs["text"].to_numpy(np.int64)).to_numpy()
    theirs_told = pd.Series(others, dtype="str").take(pairs["other"].to_numpy(np.int64)).to_numpy()
    return pairs.assign(text=pd.Series(ours_told, dtype="str"), other=pd.Series(theirs_told, dtype="str"))


def _numbered(rows: Rows, texts: pa.Array, row: str, text: str) -> tuple[pd.DataFrame, list[str]]:
    """Distinct texts, and for each row the numbers of its texts; null texts are left out."""
    known = texts.is_valid()
    encoded = texts.filter(known).dictionary_encode()
    held = rows[np.asarray(known)]
    numbered = pd.DataFrame({row: held, text: integers(encoded.indices)}).drop_duplicates()
    return numbered, encoded.dictionary.to_pylist()


def _blocks(texts: Sequence[str], blocks: Callable[[str], Iterable[str]]) -> tuple[pa.Array, Rows]:
    """The blocks of every text, and the number of the text each belongs to."""
    pairs = [(block, number) for number, text in enumerate(texts) for block in blocks(text)]
    keys, numbers = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.array(keys, pa.string()), np.asarray(numbers, dtype=np.int64)
