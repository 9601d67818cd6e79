"""Whom a text in a policy file means: people by mail address, alias, user name, employee number or person id."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.view.columns import arrow, known_false, known_true


def holders(people: pd.DataFrame, texts: Iterable[str]) -> pd.DataFrame:
    """Each text with who it means.

    :param people: the view's people, with ``current``.
    :returns: indexed by text: ``state`` (``live``, ``left``, ``stranger`` when nobody has that key, or ``unclear``) and
        ``person_id``, null unless it means exactly one person.
    """
    index = pd.Index(sorted(set(texts)), dtype="str")
    if index.empty:
        # Most policies name nobody somewhere: the people need not be looked through for that.
        return pd.DataFrame({"state": pd.array([], dtype="str"), "person_id": pd.array([], dtype="str")}, index=index)
    keys = pd.Series([identifiers.key(text) for text in index], index=index, dtype="str")
    rows, found = _people_keys(people, keys)
    current = people["current"].take(rows).reset_index(drop=True)
    counted = pd.DataFrame({"live": known_true(current), "left": known_false(current), "people": 1})
    sums = counted.groupby(found).sum().reindex(keys)
    state = np.select(
        [sums["people"].isna(), sums["live"] == sums["people"], sums["left"] == sums["people"]],
        ["stranger", "live", "left"],
        "unclear",
    )
    one = pd.Series(people["person_id"].take(rows).to_numpy(), index=found).groupby(level=0).first().reindex(keys)
    known = one.where((sums["people"] == 1).to_numpy())
    return pd.DataFrame({"state": pd.array(state, dtype="str"), "person_id": known.astype("str").array}, index=index)


def _people_keys(people: pd.DataFrame, wanted: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """Which people answer to which of the keys wanted; each pair once."""
    place = np.arange(len(people))
    asked = arrow(wanted).cast(pa.large_string()).drop_null()
    named = [identifiers.keys(arrow(people["person_id"]).cast(pa.string()))]
    named += [arrow(people[name]) for name in ("user_name_key", "employee_number_key")]
    found = [(place, texts) for texts in named]
    for name in ("email_keys", "alias_keys"):
        lists = arrow(people[name])
        found.append((pc.list_parent_indices(lists).to_numpy(), pc.list_flatten(lists)))
    rows, keys = [], []
    for row, texts in found:
        # What nobody asked for is left out before anything is put together.
        text = texts.cast(pa.large_string())
        hit = pc.is_in(text, value_set=asked)
        rows.append(row[hit.to_numpy(zero_copy_only=False)])
        keys.append(text.filter(hit))
    texts = pa.concat_arrays(keys).to_pandas().astype("str")
    pairs = pd.DataFrame({"row": np.concatenate(rows), "key": texts})
    pairs = pairs.drop_duplicates(ignore_index=True)
    return pairs["row"].to_numpy(), pairs["key"]
