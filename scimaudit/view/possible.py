"""Who might own the accounts that have several possible owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from scimaudit.view.columns import arrow

if TYPE_CHECKING:
    from scimaudit.view import View


def possible_owners(view: View) -> pd.DataFrame:
    """One row per ambiguous account and candidate: ``account`` and ``person``, positions in accounts and people."""
    rows = np.flatnonzero(view.accounts["situation"] == "ambiguous")
    lists = arrow(view.accounts["runners_up"].iloc[rows])
    names = pd.Series(pc.list_flatten(lists).to_pandas(), dtype="str")
    person = pd.Index(view.people["person_id"]).get_indexer(names)
    found = pd.DataFrame({"account": rows[pc.list_parent_indices(lists).to_numpy()], "person": person})
    return found[found["person"] >= 0]
