"""The joins of a view, one per function.

Joins are look-ups by position: every account has exactly one link, every grant and every link at most one account,
every accepted link exactly one person. A key that is null or unknown finds nothing; no join can add a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.errors import TableError
from scimaudit.policy import catalogue, entitlements, nhi, patterns
from scimaudit.policy.catalogue import Described
from scimaudit.view.columns import known_true, taken
from scimaudit.view.inputs import AppFacts

OWNER_COLUMNS: Final = (
    "status",
    "worker_type",
    "start_date",
    "end_date",
    "department",
    "title",
    "display_name",
    "manager_id",
    "roster",
    "started",
    "ended",
    "days_since_end",
    "current",
)
"""People columns that accounts carry as ``owner_…``; take any other through ``owner_row``."""
_PIECE: Final = 1_000_000

NON_HUMAN: Final = ("service", "shared", "break-glass")
"""Account kinds that somebody must answer for."""


def people_with_employment(people: pa.Table, today: date, elsewhere: Mapping[str, date]) -> pd.DataFrame:
    """People with ``started``, ``ended``, ``days_since_end`` and ``current``.

    :param elsewhere: roster to the date there, for rosters in another zone.
    """
    frame = tables.frame(people)
    if not frame["person_id"].is_unique:
        raise TableError("the people table has a person_id twice")
    days = {roster: pd.Timestamp(day) for roster, day in elsewhere.items()}
    now = frame["roster"].astype("str").map(days).astype("datetime64[s]").fillna(pd.Timestamp(today))
    passed = frame["end_date"] < now
    status = frame["status"].astype("str")
    unknown = ~status.isin(["active", "leave", "prehire", "terminated"])
    ended = (passed | (status == "terminated")).astype("boolean").mask(unknown & ~passed)
    started = ~(frame["start_date"] > now)
    current = (status.isin(["active", "leave"]) & started).astype("boolean") & ~ended
    return frame.assign(
        started=started,
        ended=ended,
        days_since_end=(now - frame["end_date"]).dt.days.astype("Int64").where(passed),
        current=current.mask(ended.isna()),
    )


def accounts_with_links(accounts: pd.DataFrame, links: pa.Table, index: AccountIndex, apps: list[str]) -> pd.DataFrame:
    """Accounts with the columns of their one link."""
    places = index.positions(links)
    order = np.full(len(accounts), -1, dtype=np.int64)
    order[places[places >= 0]] = np.flatnonzero(places >= 0)
    if len(links) != len(accounts) or (places < 0).any() or (order < 0).any():
        raise TableError(f"{len(accounts)} accounts need one link each; {len(links)} links were given")
    link = tables.frame(links.drop_columns(["app", "account_id"]))
    # Links as a rule stand in the order of their accounts, and then need no copy.
    in_order = bool((np.diff(order) == 1).all())
    link = (link if in_order else link.take(order)).set_axis(accounts.index)
    if (link["person_id"].notna() != (link["situation"] == "matched")).any():
        raise TableError("a link is matched without a person, or has a person without being matched")
    named = link.rename(columns={"reason": "link_reason"})
    return pd.concat([accounts.assign(app=accounts["app"].cat.set_categories(apps)), named], axis=1)


def accounts_with_owners(accounts: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Accounts with ``owner_row`` and the ``owner_…`` columns."""
    rows = pd.Index(people["person_id"]).get_indexer(accounts["person_id"])
    strangers = int(((rows < 0) & accounts["person_id"].notna().to_numpy()).sum())
    if strangers:
        raise TableError(f"{strangers} links name a person who is not in the roster")
    owned = {f"owner_{name}": taken(people[name], rows, accounts.index) for name in OWNER_COLUMNS}
    return accounts.assign(owner_row=rows.astype(np.int32), **owned)


def accounts_with_register(
    accounts: pd.DataFrame, register: Sequence[nhi.NonHuman], apps: Sequence[AppFacts], today: date
) -> pd.DataFrame:
    """Accounts with what the register of non-humans says of them, and their kind and what tells it."""
    places = nhi.registered(register, accounts)
    lines = pd.DataFrame(
        {
            "nhi": pd.array([not line.expired(today) for line in register], dtype="boolean"),
            "nhi_kind": pd.array([line.kind for line in register], dtype="str"),
            "nhi_owner": pd.array([line.owner or None for line in register], dtype="str"),
            "nhi_purpose": pd.array([line.purpose or None for line in register], dtype="str"),
            "nhi_expires": pd.Series([line.expires for line in register], dtype="datetime64[s]"),
        }
    )
    said = {name: taken(lines[name], places, accounts.index) for name in lines.columns}
    kind = said["nhi_kind"].replace("bot", "service")
    listed = accounts["account_kind"].astype("str")
    detected = _detected(accounts, apps).where(kind.isna() & ~listed.isin(NON_HUMAN))
    kind = kind.fillna(listed.mask(detected.notna(), "service"))
    kinds = pd.Categorical(kind, tables.ACCOUNT_KINDS)
    return accounts.assign(**said).assign(
        nhi=known_true(said["nhi"]), nhi_line=places, account_kind=kinds, detected_by=detected
    )


def _detected(accounts: pd.DataFrame, apps: Sequence[AppFacts]) -> pd.Series:
    """What an app declares non-human accounts by, where it fits the account; null elsewhere.

    Whom a listing calls a guest is somebody.
    """
    found = pd.Series(None, index=accounts.index, dtype="str")
    unsaid = (accounts["account_kind"] != "guest").to_numpy(dtype=bool, na_value=True)
    for facts in apps:
        if not facts.non_human and not facts.non_human_types:
            continue
        mine = accounts.index[(accounts["app"] == facts.app).to_numpy(dtype=bool) & unsaid]
        for told, name in ((accounts["user_name"], "its userName"), (accounts["user_type"], "its userType")):
            declared = facts.non_human if name == "its userName" else facts.non_human_types
            hit = mine[patterns.matches(told.loc[mine].astype("str"), declared)]
            found[hit] = found[hit].fillna(name)
    return found


def grants_with_accounts(
    grants: pa.Table,
    accounts: pd.DataFrame,
    people: pd.DataFrame,
    index: AccountIndex,
    apps: Sequence[AppFacts],
    described: Sequence[Described],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Grants with their account, person and entitlement, and the distinct entitlements with what is known of them."""
    coded = grants.set_column(
        grants.schema.get_field_index("account_id"), "account_id", grants.column("account_id").cast(tables.CODE)
    )
    places = index.positions(coded)
    frame = tables.frame(coded)
    frame["app"] = frame["app"].cat.set_categories([facts.app for facts in apps])
    entitlement, distinct = _one_name(*_entitlements(frame))
    distinct = _described(distinct, apps, described)
    owner = np.append(accounts["owner_row"].to_numpy(), np.int32(-1))[places]
    frame["account"] = places
    frame["active"] = taken(accounts["active"], places, frame.index)
    frame["person_id"] = pd.Categorical.from_codes(owner, categories=pd.Index(people["person_id"]))
    frame["entitlement"] = entitlement
    frame["privileged"] = _privileged(frame["privileged"], distinct["privileged"], entitlement)
    return frame, distinct


class AccountIndex:
    """Finds accounts by app and id, through dictionary codes."""

    def __init__(self, accounts: pa.Table, apps: list[str]) -> None:
        self._apps = pa.array(apps, pa.string())
        ids = _encoded(accounts.column("account_id"))
        self._ids = ids.dictionary
        packed = self._packed(_encoded(accounts.column("app")), ids, np.arange(len(self._ids)))
        if (packed < 0).any():
            raise TableError("an account belongs to an app that the configuration does not name")
        self._places = pd.Index(packed)
        if not self._places.is_unique:
            raise TableError("the accounts table has an account of one app twice")

    def positions(self, table: pa.Table) -> np.ndarray:
        """For each row of a table with ``app`` and ``account_id``, the position of its account, or -1.

        Piece by piece, so that what is made on the way stays small beside millions of grants.
        """
        apps, ids = (_encoded(table.column(name)) for name in ("app", "account_id"))
        known = pc.index_in(ids.dictionary, value_set=self._ids).fill_null(-1).to_numpy()
        places = np.full(table.num_rows, -1, dtype=np.int32)
        for start in range(0, table.num_rows, _PIECE):
            packed = self._packed(apps.slice(start, _PIECE), ids.slice(start, _PIECE), known)
            places[start : start + len(packed)] = np.where(packed < 0, -1, self._places.get_indexer(packed))
        return places

    def _packed(self, apps: pa.DictionaryArray, ids: pa.DictionaryArray, meaning: np.ndarray) -> np.ndarray:
        app = _looked_up(pc.index_in(apps.dictionary, value_set=self._apps).fill_null(-1).to_numpy(), apps.indices)
        account = _looked_up(meaning, ids.indices)
        packed: np.ndarray = app.astype(np.int64) * max(len(self._ids), 1) + account
        packed[(app < 0) | (account < 0)] = -1
        return packed


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column as one array of codes; chunks that share their dictionary keep it."""
    whole = column.combine_chunks()
    return whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()


def _looked_up(values: np.ndarray, codes: pa.Array) -> np.ndarray:
    """``values`` by dictionary code; -1 for a null code."""
    found: np.ndarray = np.append(values, -1)[codes.fill_null(-1).to_numpy(zero_copy_only=False)]
    return found


def _entitlements(grants: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    names = ("app", "attribute", "value", "display")
    packed = np.zeros(len(grants), dtype=np.int64)
    for name in names:
        packed *= len(grants[name].cat.categories) + 1
        packed += grants[name].cat.codes.to_numpy()
        packed += 1
    codes, distinct = pd.factorize(packed)
    codes = codes.astype(np.int32)
    first = np.zeros(len(distinct), dtype=np.int32)
    first[codes[::-1]] = np.arange(len(grants), dtype=np.int32)[::-1]
    return codes, grants[list(names)].take(first).reset_index(drop=True)


def _one_name(entitlement: np.ndarray, distinct: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """A right that some accounts show without its name is the one that others show with it, where that is one."""
    names = ["app", "attribute", "value"]
    nameless = distinct["display"].isna().to_numpy()
    named = distinct[~nameless].drop_duplicates(names, keep=False)
    if not nameless.any() or named.empty:
        return entitlement, distinct
    place = pd.MultiIndex.from_frame(named[names]).get_indexer(pd.MultiIndex.from_frame(distinct[names]))
    meant = np.where(nameless & (place >= 0), named.index.to_numpy()[place], np.arange(len(distinct)))
    kept = np.unique(meant)
    return np.searchsorted(kept, meant)[entitlement].astype(np.int32), distinct.take(kept).reset_index(drop=True)


def _described(found: pd.DataFrame, apps: Sequence[AppFacts], described: Sequence[Described]) -> pd.DataFrame:
    """Entitlements with what the catalogue and the app's conventions say of them."""
    said = catalogue.described(described, found)
    ends = pd.Series(pd.NaT, index=found.index, dtype="datetime64[s]")
    for facts in apps:
        powerful = entitlements.What(facts.app, patterns=facts.privileged).names(found)
        said["privileged"] = said["privileged"].mask(powerful, True)
        if facts.ends_in_name:
            mine = found.loc[(found["app"] == facts.app).to_numpy(dtype=bool), ["display", "value"]]
            told = pd.concat([patterns.days_in(mine[name], facts.ends_in_name) for name in mine.columns], axis=1)
            ends.loc[mine.index] = told.min(axis=1)
    said["eligible"] = known_true(said["eligible"])
    return pd.concat([found, said], axis=1).assign(ends=ends)


def _privileged(listed: pd.Series, told: pd.Series, entitlement: np.ndarray) -> pd.Series:
    """Whether each grant is privileged: so says its listing or what is told of its entitlement; a yes beats a no."""
    told = told.take(entitlement).set_axis(listed.index)
    return listed.fillna(told).mask(known_true(told), True)


def holds_privileged(grants: pd.DataFrame, accounts: int) -> np.ndarray:
    """For each of so many accounts, whether it holds a grant known to be privileged."""
    held = np.zeros(accounts, dtype=bool)
    places = grants["account"].to_numpy()
    held[places[known_true(grants["privileged"]).to_numpy() & (places >= 0)]] = True
    return held
