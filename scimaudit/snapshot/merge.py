"""An app's listings into its accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.plural import count
from scimaudit.snapshot import joining
from scimaudit.snapshot.manifest import AppCollected, Gap
from scimaudit.sources import Listing, Scope, Walk

_WALK_ORDER = ("failed", "incomplete", "unprovable", "complete")
_ROOM = 2**62
"""Numbers that rows may be told apart by; beyond, they no longer fit an int64."""
_NOT_FILLED = frozenset(
    [
        "app",
        "account_id",
        "raw_file",
        "raw_body",
        "raw_row",
        "account_kind",
        "listings",
        "active",
        "last_login",
        "last_login_source",
    ]
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
    scope = _scope(pulled, accounts)
    entitlements = _entitlements(pulled)
    line = AppCollected(
        name, accounts.num_rows, grants.num_rows, walk.state, walk.reason, scope.state, scope.reason,
        entitlements.state, entitlements.reason, tuple(gaps),
    )  # fmt: skip
    return accounts, grants, line


def _join(accounts: pa.Table, other: Pulled) -> tuple[pa.Table, Mapping[str, str], int]:
    """Accounts with the other listing's rows joined in, its ids as they are called now, and how many rows were new."""
    left, right = joining.decoded(accounts), joining.decoded(other.accounts)
    pairs = joining.pairs(left, right, other.join_on)
    partner = dict(zip(pairs["right"], pairs["left"], strict=True))
    theirs, ours = right["account_id"].to_pylist(), left["account_id"].to_pylist()
    taken, used = set(ours), {*ours, *theirs}
    ids = [
        ours[partner[row]] if row in partner else _other(name, other.name, used) if name in taken else name
        for row, name in enumerate(theirs)
    ]
    alone = [row for row in range(right.num_rows) if row not in partner]
    new = right.set_column(right.schema.get_field_index("account_id"), "account_id", pa.array(ids, tables.TEXT))
    merged = pa.concat_tables([_filled(left, right, pairs), new.take(pa.array(alone, pa.int64()))])
    columns = {name: merged[name] for name in merged.column_names}
    return tables.build(tables.ACCOUNTS, columns, rows=merged.num_rows), dict(zip(theirs, ids, strict=True)), len(alone)


def _other(account_id: str, listing: str, used: Collection[str]) -> str:
    """What an account is called whose id another listing's account has; never what a third is called."""
    told = f"{account_id} ({listing})"
    while told in used:
        told += "'"
    return told


def _filled(left: pa.Table, right: pa.Table, pairs: pd.DataFrame) -> pa.Table:
    """The left rows, each with what its partner on the right knows and it does not."""
    partner = right.take(joining.places(pairs, left.num_rows))
    filled = {name: left[name] for name in left.column_names}
    for name in (name for name in left.column_names if name not in _NOT_FILLED):
        filled[name] = pc.coalesce(left[name], partner[name])
    known = pc.coalesce(left["active"], partner["active"])
    filled["active"] = pc.if_else(pc.fill_null(partner["active"], fill_value=False), pa.scalar(value=True), known)
    later = pc.and_(
        pc.is_valid(partner["last_login"]),
        pc.fill_null(pc.less(left["last_login"], partner["last_login"]), fill_value=True),
    )
    for name in ("last_login", "last_login_source"):
        filled[name] = pc.if_else(later, partner[name], left[name])
    unsaid = pc.and_(pc.equal(left["account_kind"], "unknown"), pc.is_valid(partner["account_kind"]))
    filled["account_kind"] = pc.if_else(unsaid, partner["account_kind"], left["account_kind"])
    seen = zip(left["listings"].to_pylist(), partner["listings"].to_pylist(), strict=True)
    filled["listings"] = pa.array([[*mine, *(theirs or [])] for mine, theirs in seen], tables.TEXTS)
    return pa.table(filled)


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


def _scope(pulled: Sequence[Pulled], accounts: pa.Table) -> Scope:
    """Whether the listings together show every account; one that lacks an account another has cannot show them all."""
    counts = pc.value_counts(pc.list_flatten(accounts["listings"]))
    shown = {line["values"]: line["counts"] for line in counts.to_pylist()}
    listings = [(each.name, each.listing) for each in pulled if each.listing]
    whole = [(name, listing) for name, listing in listings if shown.get(name, 0) == accounts.num_rows]
    for name, listing in whole:
        if listing.scope.state == "all":
            return Scope("all", listing.scope.reason or f"{name} shows every account")
    if len(whole) == len(pulled) and accounts.num_rows:
        for name, listing in listings[1:]:
            if listing.walk.state == "complete" and listing.scope.state != "partial":
                return Scope(
                    "all", f"{name} is complete with {count(listing.parsed, 'row')} and shows the very same accounts"
                )
    partial = [listing.scope for _, listing in listings if listing.scope.state == "partial"]
    if partial:
        return partial[0]
    for name, listing in listings:
        if listing.scope.state == "all":
            lacking = accounts.num_rows - shown.get(name, 0)
            return Scope(
                "unknown", f"{name} is said to show every account and lacks {lacking} that another listing has"
            )
    return listings[0][1].scope if listings else Scope("unknown", "nothing was listed")


def _entitlements(pulled: Sequence[Pulled]) -> Walk:
    """The best verdict, unless a listing is known to have given too few: no other can vouch for what that one lacks."""
    verdicts = [each.listing.entitlements for each in pulled if each.listing]
    if not verdicts:
        return Walk("failed", "nothing was listed")
    ranked = sorted(verdicts, key=lambda walk: _WALK_ORDER.index(walk.state))
    return ranked[0] if ranked[0].state in ("failed", "incomplete") else ranked[-1]


def _renamed(grants: pa.Table, ids: Mapping[str, str]) -> pa.Table:
    if not grants.num_rows:
        return grants
    column = pa.array([ids.get(account, account) for account in grants["account_id"].to_pylist()], tables.TEXT)
    return grants.set_column(grants.schema.get_field_index("account_id"), grants.schema.field("account_id"), column)


def _distinct(grants: pa.Table) -> pa.Table:
    """One row per account, attribute, value and type: a right seen twice is one, privileged if either says so."""
    keys = ["account_id", "attribute", "value", "type", "via"]
    if _all_differ([grants[name] for name in keys]):
        return grants
    positions = pa.array(range(grants.num_rows), pa.int64())
    columns = {name: grants[name].cast(pa.string()) for name in keys} | {"privileged": grants["privileged"]}
    told = pa.table({**columns, "at": positions}).group_by(keys).aggregate([("at", "min"), ("privileged", "max")])
    told = told.sort_by("at_min")
    place = grants.schema.get_field_index("privileged")
    return grants.take(told["at_min"]).set_column(place, grants.schema.field(place), told["privileged_max"])


def _all_differ(columns: Sequence[pa.ChunkedArray]) -> bool:
    """Whether no two rows are equal: one number per row out of the codes of its columns, and a look at the numbers."""
    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    room = 1
    for column in columns:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        whole = coded.unify_dictionaries().combine_chunks()
        words = len(whole.dictionary) + 1
        room *= words
        if room >= _ROOM:
            return False
        numbers = numbers * words + pc.fill_null(whole.indices, words - 1).to_numpy()
    return len(pd.unique(numbers)) == len(numbers)


def grants_of_known_accounts(accounts: pa.Table, grants: pa.Table) -> pa.Table:
    """The grants whose account is in the listing; the others are the group-closure witness's business (W4)."""
    return grants.filter(pc.is_in(grants["account_id"], accounts["account_id"].combine_chunks()))
