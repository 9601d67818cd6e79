"""Why an account is not matched, and how to decide it, in words."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.correlate.decisions import Applied
from scimaudit.correlate.exact import Hits
from scimaudit.correlate.guard import EARLY, PASSED
from scimaudit.correlate.index import Rows, grouped, present, strings
from scimaudit.correlate.pool import Pool
from scimaudit.correlate.suggest import ALIKE_PER_APP, Suggestions

Words = npt.NDArray[np.object_]

NAME_DIFFERS: Final = "and the account's name does not show that it is this person's"
WHY: Final = {
    6: "the account name and a second attribute agree, which does not prove ownership",
    7: "the name and a second attribute agree, and names are shared by several people",
    8: "something is only alike",
}
_SHOW: Final = "; decide with scimaudit links, or in links.csv: "


def ambiguous(rows: Rows, accounts: pd.DataFrame, pool: Pool, hits: Hits) -> Words:
    """Which tier names whom."""
    mine = hits.only(np.isin(hits.account, rows))
    tiers = pa.array([f"T{tier} " for tier in range(9)]).take(pa.array(mine.tier))
    names = pc.binary_join_element_wise(tiers, pool.ids.take(pa.array(mine.person)), "")
    places = np.searchsorted(rows, mine.account)
    once = ~pd.DataFrame({"place": places, "tier": mine.tier, "person": mine.person}).duplicated().to_numpy()
    told = pc.binary_join(grouped(places[once], names.filter(pa.array(once)), len(rows)), ", ")
    more = np.zeros(len(rows), np.bool_)
    more[places[mine.crowded]] = True
    rest = pa.array(np.where(more, " and more", ""), pa.string())
    said = pc.binary_join_element_wise("the keys name more than one person: ", told, rest, _SHOW, "")
    return _ended(said, rows, accounts, _anybody(len(rows)))


def doubted(rows: Rows, accounts: pd.DataFrame, pool: Pool, hits: Hits, doubts: npt.NDArray[np.int64]) -> Words:
    """Who the probable owner is, and what the time guard holds against it."""
    known = np.flatnonzero((doubts != PASSED) & np.isin(hits.account, rows))
    _, first = np.unique(hits.account[known], return_index=True)
    chosen = known[first]
    owner = pool.ids.take(pa.array(hits.person[chosen]))
    why = np.where(
        doubts[chosen] == EARLY,
        "the account was made long before this person's first day",
        "somebody else held this address or user name before",
    )
    said = pc.binary_join_element_wise(
        pa.array([f"T{tier} names " for tier in hits.tier[chosen].tolist()], pa.string()), owner, ", but ",
        pa.array(why, pa.string()), " " + NAME_DIFFERS, _SHOW, "",
    )  # fmt: skip
    return _ended(said, rows, accounts, owner)


def suggested(rows: Rows, accounts: pd.DataFrame, pool: Pool, found: Suggestions) -> Words:
    """Why a suggestion is not more than that."""
    first = found.rows.drop_duplicates("account").set_index("account").loc[rows]
    count = np.bincount(found.rows["account"], minlength=len(accounts))[rows]
    owner = pool.ids.take(pa.array(first["person"].to_numpy(np.int64)))
    tiers = first["tier"].to_numpy()
    head = np.where(count > 1, "several people may own it, among them ", "the probable owner is ")
    why = np.asarray([f" (T{tier}): {WHY[tier]}" for tier in tiers.tolist()], dtype=object)
    said = pc.binary_join_element_wise(pa.array(head, pa.string()), owner, pa.array(why, pa.string()), _SHOW, "")
    return _ended(said, rows, accounts, owner)


def nobody(said: Applied, rows: Rows) -> Words:
    """Who decided that nobody owns it, and why."""
    lines = said.decisions.iloc[said.line[rows]]
    return np.asarray("decided to be nobody's by " + lines["decided_by"] + ": " + lines["reason"], dtype=object)


def silent(rows: Rows, accounts: pd.DataFrame, said: Applied, skipped: Rows) -> Words:
    """What kept the account from being matched where no tier names anybody."""
    mine = accounts.iloc[rows]
    keyed = np.zeros(len(rows), np.bool_)
    for name in ("external_id_key", "employee_number_key", "user_name_key"):
        keyed |= present(strings(mine[name]))
    keyed |= (mine["email_keys"].list.len().fillna(0) > 0).to_numpy(dtype=bool)
    told = np.where(keyed, "no person has any of its keys", "it has no key that could name a person")
    barred = np.where(np.isin(rows, said.barred[0]), "; links.csv rules out who is probable", "")
    bound = f"; not compared by likeness: only {ALIKE_PER_APP} accounts of an app are"
    bounded = np.where(np.isin(rows, skipped), bound, "")
    parts = [pa.array(part, pa.string()) for part in (told, barred, bounded)]
    return _ended(pc.binary_join_element_wise(*parts, _SHOW, ""), rows, accounts, _anybody(len(rows)))


def _anybody(size: int) -> pa.Array:
    return pa.array(["PERSON_ID or nobody"] * size, pa.string())


def _ended(text: pa.Array, rows: Rows, accounts: pd.DataFrame, person: pa.Array) -> Words:
    """The text with the line of links.csv that decides the account."""
    mine = accounts.iloc[rows]
    cells = [_cell(strings(mine["app"])), _cell(strings(mine["account_id"])), _cell(person)]
    line = pc.binary_join_element_wise(*cells, "is", "WHO", "DATE", "", "WHY", ",")
    return np.asarray(pc.binary_join_element_wise(text, line, "").to_pylist(), dtype=object)


def _cell(column: pa.Array) -> pa.Array:
    """A CSV cell, quoted where it must be (RFC 4180 section 2)."""
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(column, '[",\r\n]'), quoted, column)
