"""Tiers T6 to T8: probable owners of what no exact tier links. They never link; a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.correlate import attributes, folding, likeness
from scimaudit.correlate.app_rules import AppRules
from scimaudit.correlate.attributes import Attributes
from scimaudit.correlate.exact import MOVED, Settings, identifiers_of
from scimaudit.correlate.index import Index, Rows, elements, strings
from scimaudit.correlate.pool import Pool

ALIKE_PER_APP: Final = 1000
"""So many accounts of an app are compared by likeness (T8), active ones first, then by account id."""
TOLD: Final = 3
"""So many T8 suggestions are told for one account, the likest first."""
_COLUMNS: Final = {"account": "int64", "person": "int64", "tier": "int64", "score": "float64", "text": "str"}


@dataclass(frozen=True)
class Suggestions:
    """Probable owners.

    :param rows: ``account`` (position), ``person`` (position in the pool), ``tier`` 6 to 8, ``score`` (likeness, T8),
        ``text`` (what was compared); the rows of one account follow each other, the likest first.
    :param skipped: accounts that were not compared by likeness because their app has too many.
    """

    rows: pd.DataFrame
    skipped: Rows


@dataclass(frozen=True)
class _Sides:
    """The accounts that are left, and the people, with what is compared."""

    accounts: pd.DataFrame
    settings: Settings
    own: Attributes
    pool: Pool
    theirs: Attributes


def suggestions(
    accounts: pd.DataFrame,
    left: Rows,
    pool: Pool,
    theirs: Attributes,
    apps: Mapping[str, AppRules],
    barred: tuple[Rows, Rows],
) -> Suggestions:
    """Probable owners of the accounts at the positions ``left``.

    T7 looks only at accounts without a T6 candidate, T8 only at those without either.

    :param theirs: the second attributes of the people.
    :param barred: pairs of an account and a person who is decided not to own it.
    """
    settings = Settings(accounts, apps)
    left = left[(settings.runs(6) | settings.runs(7) | settings.runs(8))[left]]
    if not len(left) or not len(pool):
        return Suggestions(_none(), left[:0])
    rest = accounts.iloc[left].reset_index(drop=True)
    sides = _Sides(rest, Settings(rest, apps), attributes.of_accounts(rest), pool, theirs)
    refused = pd.MultiIndex.from_arrays([np.searchsorted(left, barred[0]), barred[1]])
    refused = refused[np.isin(barred[0], left)]
    parts, skipped = [], left[:0]
    open_to = np.arange(len(rest), dtype=np.int64)
    for tier, ask in ((6, _same_account_name), (7, _same_name)):
        running = open_to[sides.settings.runs(tier)[open_to]]
        if len(running):
            found = _allowed(ask(sides, running), refused).assign(tier=tier)
            parts.append(found)
            open_to = np.setdiff1d(open_to, found["account"].to_numpy(np.int64))
    running = open_to[sides.settings.runs(8)[open_to]]
    chosen = _first_per_app(rest, running)
    skipped = left[np.setdiff1d(running, chosen)]
    if len(chosen):
        parts.append(_likest(_allowed(_alike(sides, chosen), refused)).assign(tier=8))
    rows = pd.concat([part for part in parts if len(part)] or [_none()], ignore_index=True)
    rows["account"] = left[rows["account"].to_numpy(np.int64)]
    return Suggestions(rows[list(_COLUMNS)], skipped)


def _none() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in _COLUMNS.items()})


def _allowed(found: pd.DataFrame, refused: pd.MultiIndex) -> pd.DataFrame:
    if not len(refused):
        return found
    return found[~pd.MultiIndex.from_frame(found[["account", "person"]]).isin(refused)]


def _same_account_name(sides: _Sides, running: Rows) -> pd.DataFrame:
    """T6: the same user name or local part, and a second attribute that agrees."""
    rows, keys = _account_names(sides, running)
    mails, holders = elements(sides.pool.frame["email_keys"])
    aliases, owners = elements(sides.pool.frame["alias_keys"])
    everyone = np.arange(len(sides.pool), dtype=np.int64)
    people = Index(
        folding.local_parts(pa.concat_arrays([strings(sides.pool.frame["user_name_key"]), mails, aliases])),
        np.concatenate([everyone, holders, owners]),
        crowd=likeness.BLOCK,
    )
    found = people.find(keys)
    label = pa.array([f"T6 account name {key}; " for key in keys.take(pa.array(found.row)).to_pylist()], pa.string())
    agreeing = attributes.second(sides.own, sides.theirs, rows[found.row], found.person)
    return _supported(rows[found.row], found.person, label, agreeing)


def _same_name(sides: _Sides, running: Rows) -> pd.DataFrame:
    """T7: the same name, in any order, and the department or the manager."""
    rows, keys = _stacked(sides.own.names, running)
    holders, names = _stacked(sides.theirs.names, np.arange(len(sides.pool), dtype=np.int64))
    people = Index(names, holders, crowd=likeness.BLOCK)
    found = people.find(keys)
    label = pa.array([f"T7 name {key}; " for key in keys.take(pa.array(found.row)).to_pylist()], pa.string())
    agreeing = attributes.second(sides.own, sides.theirs, rows[found.row], found.person)
    del agreeing["family_name"]  # the name itself; it cannot support itself
    return _supported(rows[found.row], found.person, label, agreeing)


def _alike(sides: _Sides, running: Rows) -> pd.DataFrame:
    """T8: a name or a user name that is nearly the same."""
    everyone = np.arange(len(sides.pool), dtype=np.int64)
    by_name = likeness.names(_stacked(sides.own.names, running), _stacked(sides.theirs.names, everyone))
    rows, keys = _account_names(sides, running)
    mails, holders = elements(sides.pool.frame["email_keys"])
    login = strings(sides.pool.frame["user_name_key"])
    theirs = folding.account_names(pa.concat_arrays([login, mails]))
    by_user_name = likeness.user_names(
        (rows, folding.account_names(keys)), (np.concatenate([everyone, holders]), theirs)
    )
    found = pd.concat([by_name.assign(what="name"), by_user_name.assign(what="user_name")], ignore_index=True)
    found = found.sort_values(["account", "score", "person", "what", "text"], ascending=[True, False, True, True, True])
    return found.drop_duplicates(["account", "person"])


def _account_names(sides: _Sides, running: Rows) -> tuple[Rows, pa.Array]:
    """User names and addresses of accounts without their domains."""
    held = [part for part in identifiers_of(sides.accounts, sides.settings) if part.label != MOVED]
    rows = np.concatenate([part.account for part in held])
    keys = folding.local_parts(pa.concat_arrays([part.key for part in held]))
    asked = np.isin(rows, running)
    return rows[asked], keys.filter(pa.array(asked))


def _stacked(columns: tuple[pa.Array, ...], rows: Rows) -> tuple[Rows, pa.Array]:
    """The values of several columns at these rows, one under the other."""
    taken = pa.array(rows)
    return np.tile(rows, len(columns)), pa.concat_arrays([column.take(taken) for column in columns])


def _supported(rows: Rows, people: Rows, label: pa.Array, agreeing: dict[str, np.ndarray]) -> pd.DataFrame:
    """The pairs that a second attribute supports, with its name in their text."""
    support = np.select(list(agreeing.values()), list(agreeing), "")
    text = pc.binary_join_element_wise(label, pa.array(support, pa.string()), " agrees", "")
    found = pd.DataFrame(
        {"account": rows, "person": people, "score": np.nan, "text": pd.Series(text.to_pandas(), dtype="str")}
    )
    backed: pd.DataFrame = found[support != ""]
    return backed.sort_values(["account", "person", "text"]).drop_duplicates(["account", "person"])


def _first_per_app(accounts: pd.DataFrame, running: Rows) -> Rows:
    """At most :data:`ALIKE_PER_APP` of the accounts of each app: those not known to be inactive first."""
    asked = accounts.iloc[running]
    order = pd.DataFrame({
        "app": asked["app"].astype("str").to_numpy(),
        "inactive": (asked["active"] == False).fillna(False).to_numpy(dtype=bool),  # noqa: E712
        "account_id": asked["account_id"].to_numpy(),
        "row": running,
    }).sort_values(["app", "inactive", "account_id", "row"])  # fmt: skip
    return np.sort(order.groupby("app").head(ALIKE_PER_APP)["row"].to_numpy(np.int64))


def _likest(found: pd.DataFrame) -> pd.DataFrame:
    """The likest few of each account, with what was compared in words."""
    nth: pd.Series = found.groupby("account", sort=False).cumcount()
    told: pd.DataFrame = found[nth < TOLD]
    compared = told["what"] + " " + told["text"] + " ~ " + told["other"]
    return told.assign(text="T8 " + compared + " " + told["score"].round(2).astype("str"))
