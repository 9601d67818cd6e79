"""Joining what several sources say: rosters into people, an app's listings into its accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.snapshot.manifest import AppCollected, Gap
from scimaudit.sources import Listing, Scope, Walk

_WALK_ORDER = ("failed", "incomplete", "unprovable", "complete")
_LIST_COLUMNS = {"emails": "email_keys"}
_NOT_FILLED = frozenset(
    ["app", "account_id", "raw_file", "raw_body", "raw_row", "account_kind", "listings", "active", "last_login", "last_login_source"]
)


@dataclass(frozen=True)
class Pulled:
    """What one listing of an app brought."""

    name: str
    join_on: str
    accounts: pa.Table
    grants: pa.Table
    listing: Listing | None
    error: str = ""


def people(rosters: Sequence[pa.Table]) -> pa.Table:
    """The union of rosters: the earlier one gives the row, later ones fill what it leaves empty.

    :param rosters: tables of people in the order of the configuration.
    :returns: one row per ``person_id``, in the order met.
    """
    merged = tables.concat(tables.PEOPLE, list(rosters))
    if len(rosters) < 2:
        return merged
    frame = merged.to_pandas(types_mapper=pd.ArrowDtype)
    first = frame.groupby("person_id", sort=False, as_index=False).first()
    extras = {name: first[name] for name in merged.column_names}
    return tables.build(tables.PEOPLE, extras)


def app(name: str, pulled: Sequence[Pulled]) -> tuple[pa.Table, pa.Table, AppCollected]:
    """One app's accounts and grants from its listings, and what may be said of their completeness.

    The first listing names the accounts; a row of a later one finds its account through ``join_on`` when exactly one
    account and exactly one row have that key, else it is an account of its own. Later listings fill what is empty; an
    account that any listing calls active is active.
    """
    accounts, grants = pulled[0].accounts, pulled[0].grants
    gaps: list[Gap] = []
    for other in pulled[1:]:
        accounts, renamed, missing = _join(accounts, other)
        grants = tables.concat(tables.GRANTS, [grants, _renamed(other.grants, renamed)])
        gaps.extend(_gaps(name, pulled, other, missing, accounts))
    grants = _distinct(grants)
    walk = _walk(pulled)
    scope = _scope(pulled, gaps)
    entitlements = _entitlements(pulled)
    line = AppCollected(
        name, accounts.num_rows, grants.num_rows, walk.state, walk.reason, scope.state, scope.reason,
        entitlements.state, entitlements.reason, tuple(gaps),
    )  # fmt: skip
    return accounts, grants, line


def _join(accounts: pa.Table, other: Pulled) -> tuple[pa.Table, Mapping[str, str], int]:
    """Accounts with the other listing's rows joined in, its ids as they are called now, and how many rows were new."""
    left = accounts.to_pandas(types_mapper=pd.ArrowDtype)
    right = other.accounts.to_pandas(types_mapper=pd.ArrowDtype)
    pairs = _pairs(left, right, other.join_on)
    ids = right["account_id"].copy()
    ids.loc[pairs["right"]] = left["account_id"].loc[pairs["left"]].to_numpy()
    alone = ~right.index.isin(pairs["right"])
    taken = alone & ids.isin(left["account_id"]).to_numpy()
    ids = ids.mask(taken, ids + f" ({other.name})")
    renamed = dict(zip(right["account_id"], ids, strict=True))
    filled = _filled(left, right, pairs)
    new = right[alone].assign(account_id=ids[alone])
    merged = pd.concat([filled, new], ignore_index=True)
    return tables.conform(merged, tables.ACCOUNTS), renamed, int(alone.sum())


def _pairs(left: pd.DataFrame, right: pd.DataFrame, on: str) -> pd.DataFrame:
    """Positions in both frames of the rows that share a key which is unique on both sides; null keys never join."""
    sides = {}
    for side, frame in (("left", left), ("right", right)):
        key = (
            frame[_LIST_COLUMNS[on]].list[0]
            if on in _LIST_COLUMNS and len(frame)
            else frame.get(f"{on}_key", frame[on])
        )
        pairs = pd.DataFrame({"key": key.astype("str"), side: frame.index}).dropna(subset=["key"])
        sides[side] = pairs.drop_duplicates("key", keep=False)
    return sides["left"].merge(sides["right"], on="key", how="inner", validate="1:1")


def _filled(left: pd.DataFrame, right: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    aligned = right.loc[pairs["right"]].set_axis(pairs["left"]).reindex(left.index)
    merged = left.copy()
    for name in (name for name in tables.ACCOUNTS.names if name not in _NOT_FILLED):
        merged[name] = left[name].where(left[name].notna(), aligned[name])
    merged["active"] = left["active"].where(left["active"].notna(), aligned["active"])
    merged["active"] = merged["active"].mask(aligned["active"].fillna(value=False).astype(bool), other=True)
    later = aligned["last_login"].notna() & (
        left["last_login"].isna() | (aligned["last_login"] > left["last_login"]).fillna(value=False)
    )
    for name in ("last_login", "last_login_source"):
        merged[name] = left[name].mask(later.astype(bool), aligned[name])
    known = left["account_kind"].astype("str") != "unknown"
    merged["account_kind"] = left["account_kind"].where(known | aligned["account_kind"].isna(), aligned["account_kind"])
    seen = aligned["listings"].notna()
    both = [[*mine, *theirs] if joined else list(mine) for mine, theirs, joined in
            zip(left["listings"], aligned["listings"], seen, strict=True)]  # fmt: skip
    merged["listings"] = pd.Series(both, index=left.index, dtype=pd.ArrowDtype(tables.TEXTS))
    return merged


def _gaps(app_name: str, pulled: Sequence[Pulled], other: Pulled, new: int, accounts: pa.Table) -> list[Gap]:
    first = pulled[0]
    unseen = 0
    if other.accounts.num_rows:
        listings = pa.array(accounts["listings"].to_pylist(), tables.TEXTS)
        unseen = sum(first.name in seen and other.name not in seen for seen in listings.to_pylist())
    found = []
    if new:
        found.append(Gap(app_name, other.name, first.name, new))
    if unseen:
        found.append(Gap(app_name, first.name, other.name, unseen))
    return found


def _walk(pulled: Sequence[Pulled]) -> Walk:
    states = [(each.name, each.listing.walk if each.listing else Walk("failed", each.error)) for each in pulled]
    name, worst = min(states, key=lambda pair: _WALK_ORDER.index(pair[1].state))
    return Walk(worst.state, worst.reason if len(pulled) == 1 else f"{name}: {worst.reason}" if worst.reason else "")


def _scope(pulled: Sequence[Pulled], gaps: Sequence[Gap]) -> Scope:
    listings = [(each.name, each.listing) for each in pulled if each.listing]
    for name, listing in listings:
        if listing.scope.state == "all":
            return Scope("all", listing.scope.reason or f"{name} shows every account")
    others = [(name, listing) for name, listing in listings[1:] if listing.walk.state == "complete"]
    for name, listing in others:
        if listing.scope.state != "partial" and not any(gap.seen_in == name for gap in gaps):
            return Scope(
                "all",
                f"{name} is complete with {listing.parsed} rows and shows no account that the first listing lacks",
            )
    partial = [listing.scope for _, listing in listings if listing.scope.state == "partial"]
    if partial:
        return partial[0]
    return listings[0][1].scope if listings else Scope("unknown", "nothing was listed")


def _entitlements(pulled: Sequence[Pulled]) -> Walk:
    verdicts = [each.listing.entitlements for each in pulled if each.listing]
    if not verdicts:
        return Walk("failed", "nothing was listed")
    return max(verdicts, key=lambda walk: _WALK_ORDER.index(walk.state))


def _renamed(grants: pa.Table, ids: Mapping[str, str]) -> pa.Table:
    if not grants.num_rows:
        return grants
    column = pa.array([ids.get(account, account) for account in grants["account_id"].to_pylist()], tables.TEXT)
    return grants.set_column(grants.schema.get_field_index("account_id"), grants.schema.field("account_id"), column)


def _distinct(grants: pa.Table) -> pa.Table:
    """One row per account, attribute, value and type: the same right seen in two listings is one right."""
    keys = ["account_id", "attribute", "value", "type", "via"]
    positions = pa.array(range(grants.num_rows), pa.int64())
    texts = {name: grants[name].cast(pa.string()) for name in keys}
    first = pa.table({**texts, "at": positions}).group_by(keys).aggregate([("at", "min")])["at_min"]
    return grants.take(first.sort()) if len(first) < grants.num_rows else grants


def grants_of_known_accounts(accounts: pa.Table, grants: pa.Table) -> pa.Table:
    """The grants whose account is in the listing; the others are the group-closure witness's business (W4)."""
    return grants.filter(pc.is_in(grants["account_id"], accounts["account_id"].combine_chunks()))
