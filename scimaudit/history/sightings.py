"""What each snapshot shows of certain accounts and rights: seen, gone, or not to be told.

Nothing is gone because it is not shown. It is gone where a listing that is proven whole, of an app whose other accounts
are still there, does not show it, and a listing that showed it before is among those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.plural import count
from scimaudit.snapshot.manifest import AppCollected, Collected
from scimaudit.snapshot.store import Snapshot

ACCOUNT: Final = ("app", "account_id")
RIGHT: Final = ("app", "account_id", "attribute", "value")
_EAST, _WEST = timedelta(hours=14), timedelta(hours=36)
"""A bare day, read as midnight UTC, began at most 14 hours before that and was over 36 hours after, wherever one is."""


@dataclass(frozen=True)
class Showing:
    """One app as one snapshot shows it.

    :param since: the listings were true at some time from here …
    :param until: … to here; what they show was so at that time.
    :param doubt: why the absence of an account means nothing; empty where it does.
    :param doubt_of_rights: the same of the rights of an account that is shown.
    :param windows: each listing to when it was true, where anybody tells; ``active`` and ``entitled``: the listings
        that tell the activity of accounts, and those whose entitlements are proven listed.
    """

    snapshot: Snapshot
    app: str
    since: datetime | None
    until: datetime | None
    doubt: str
    doubt_of_rights: str
    windows: Mapping[str, tuple[datetime, datetime]]
    active: frozenset[str]
    entitled: frozenset[str]


def window(source: Collected) -> tuple[datetime, datetime] | None:
    """When what a source shows was true: between these two; ``None`` where nobody tells."""
    listing = source.listing
    if listing is None:
        return None
    if listing.as_of is None:
        return (source.started, source.ended) if listing.cost.requests else None
    since = until = min(listing.as_of, source.ended)
    if listing.as_of.time() == time.min:
        since, until = listing.as_of - _EAST, min(listing.as_of + _WEST, source.ended)
    if listing.as_of > source.started:
        # A server that says when its answer ended was read row by row until then.
        since = min(since, source.started)
    return min(since, until), until


def showings(snapshots: Sequence[Snapshot], app: str, *, percent: float) -> list[Showing]:
    """What each snapshot that has the app says of it, oldest first.

    :param percent: an app that lost more of its accounts than this since the last whole listing before is not believed;
        where none was whole, since the first.
    :raises IntegrityError: a snapshot cannot be read.
    """
    found: list[Showing] = []
    before = pa.array([], pa.string())
    for snapshot in snapshots:
        line = next((line for line in snapshot.manifest.apps if line.app == app), None)
        if line is None:
            continue
        ids = snapshot.accounts(app, ["account_id"])["account_id"].combine_chunks()
        lost = len(before) - pc.sum(pc.is_in(before, value_set=ids)).as_py() if len(before) else 0
        sources = [source for source in snapshot.manifest.sources if source.app == app]
        doubt = _doubt(line, sources)
        if not doubt and lost > len(before) * percent / 100:
            are = "is" if lost == 1 else "are"
            doubt = f"{lost} of {count(len(before), 'account')} of the snapshot before {are} not shown"
        found.append(_showing(snapshot, app, sources, doubt, line))
        before = ids if line.walk == "complete" or not len(before) else before
    return found


def accounts_seen(snapshots: Sequence[Snapshot], wanted: pd.DataFrame, *, percent: float = 20) -> pd.DataFrame:
    """What each snapshot shows of each wanted account.

    :param wanted: distinct rows with ``app`` and ``account_id``; other columns are kept.
    :param percent: see :func:`showings`.
    :returns: the rows of ``wanted`` once for each snapshot that has their app, with ``snapshot`` (its id), ``seen``
        (``active``, ``inactive``, ``unknown``: there, and nobody tells whether it is active; ``absent``; ``unproven``),
        ``since`` and ``until`` (UTC; it was so at some time between them) and ``doubt`` (why unproven); oldest first.
    :raises IntegrityError: a snapshot cannot be read.
    """
    parts = [_no_sightings(wanted)]
    for app, rows in _by_app(wanted):
        before = pd.Series(None, rows.index, dtype="str")
        for showing in showings(snapshots, app, percent=percent):
            there = _there(showing, rows["account_id"])
            mine = rows[["account_id"]].merge(there, how="left", on="account_id", validate="m:1").set_index(rows.index)
            doubt = _doubts(showing, mine["listings"], before)
            seen = mine["active"].map({True: "active", False: "inactive"}).astype("str").fillna("unknown")
            seen = seen.mask(mine["listings"].isna(), "absent").mask(doubt != "", "unproven")
            times = _times(showing, mine["listings"], showing.active)
            parts.append(rows.assign(snapshot=showing.snapshot.id, seen=seen, **times, doubt=doubt))
            before = mine["listings"].fillna(before)
    return _in_order(parts)


def rights_seen(snapshots: Sequence[Snapshot], wanted: pd.DataFrame, *, percent: float = 20) -> pd.DataFrame:
    """What each snapshot shows of each wanted right.

    :param wanted: distinct rows with ``app``, ``account_id``, ``attribute`` and ``value``; other columns are kept.
    :returns: as :func:`accounts_seen`, where ``seen`` is ``held``, ``absent`` (the right, or its account) or
        ``unproven``.
    :raises IntegrityError: a snapshot cannot be read.
    """
    parts = [_no_sightings(wanted)]
    for app, rows in _by_app(wanted):
        before = pd.Series(None, rows.index, dtype="str")
        for showing in showings(snapshots, app, percent=percent):
            there = _there(showing, rows["account_id"])
            mine = rows[["account_id"]].merge(there, how="left", on="account_id", validate="m:1").set_index(rows.index)
            held, told = _held(showing, rows)
            gone = mine["listings"].isna()
            proven = [text for text in mine["listings"].dropna().unique() if showing.entitled & _names(text)]
            shown = showing.doubt_of_rights or "no listing that shows it is proven to show its rights"
            doubt = _doubts(showing, mine["listings"], before)
            before = mine["listings"].fillna(before)
            doubted = bool(showing.doubt_of_rights) | ~mine["listings"].isin(proven)
            doubt = doubt.mask(~gone & ~told, "the app shows no right of this kind any more")
            doubt = doubt.mask(~gone & doubted, shown).mask(held, "")
            seen = pd.Series("absent", rows.index, dtype="str").mask(doubt != "", "unproven").mask(held, "held")
            times = _times(showing, mine["listings"], showing.entitled)
            parts.append(rows.assign(snapshot=showing.snapshot.id, seen=seen, **times, doubt=doubt))
    return _in_order(parts)


def _doubt(line: AppCollected, sources: Sequence[Collected]) -> str:
    if line.walk != "complete":
        return f"the walk is not proven complete: {line.walk_reason}"
    if line.scope != "all":
        return f"the scope is not proven: {line.scope_reason}"
    for source in sources:
        if source.listing is None:
            return f"{source.name} failed"
        if len(source.listing.rejected) > source.acknowledged:
            return f"{source.name} has rejected rows"
        if source.outdated:
            return f"the settings of {source.name} changed since it was collected"
    return ""


def _showing(snapshot: Snapshot, app: str, sources: Sequence[Collected], doubt: str, line: AppCollected) -> Showing:
    windows = {source.name: found for source in sources if (found := window(source)) is not None}
    known = len(windows) == len(sources) and bool(windows)
    if not doubt and not known:
        doubt = "nobody tells when a listing of it was true"
    held = "" if line.entitlements == "complete" else f"its rights are not proven listed: {line.entitlements_reason}"
    return Showing(
        snapshot,
        app,
        min((since for since, _ in windows.values()), default=None) if known else None,
        max((until for _, until in windows.values()), default=None) if known else None,
        doubt,
        held,
        windows,
        frozenset(each.name for each in sources if each.listing and each.listing.attributes.get("active")),
        frozenset(each.name for each in sources if each.listing and each.listing.entitlements.state == "complete"),
    )


def _there(showing: Showing, wanted: pd.Series) -> pd.DataFrame:
    """The wanted accounts that are shown: ``account_id``, ``active`` and their listings as one text."""
    table = showing.snapshot.accounts(showing.app, ["account_id", "active", "listings"])
    table = table.filter(pc.is_in(table["account_id"], value_set=pa.array(wanted.unique(), pa.string())))
    texts = pc.binary_join(table["listings"].combine_chunks(), "\n")
    frame = tables.frame(table.select(["account_id", "active"]))
    return frame.assign(listings=pd.Series(texts.to_pandas(), index=frame.index, dtype="str"))


def _doubts(showing: Showing, listings: pd.Series, before: pd.Series) -> pd.Series:
    """Why the absence of each account that is not shown means nothing; empty where it does, or the account is there.

    :param before: the listings that showed it last.
    """
    dropped = [text for text in before.dropna().unique() if not _names(text) & set(showing.windows)]
    doubt = pd.Series(showing.doubt, listings.index, dtype="str")
    doubt = doubt.mask((doubt == "") & before.isin(dropped), "no listing that showed it is listed any more")
    return doubt.where(listings.isna(), "")


def _held(showing: Showing, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Whether each right is held, and whether anybody is shown to hold a right of its kind."""
    table = showing.snapshot.grants(showing.app, ["account_id", "attribute", "value"])
    ids = pa.array(rows["account_id"].unique(), pa.string())
    mine = table.filter(pc.is_in(table["account_id"].cast(pa.string()), value_set=ids))
    grants = tables.frame(mine).astype("str")
    held = pd.MultiIndex.from_frame(grants)
    asked = pd.MultiIndex.from_frame(rows[["account_id", "attribute", "value"]].astype("str"))
    kinds = table["attribute"].combine_chunks().dictionary_decode().unique().to_pylist()
    return pd.Series(asked.isin(held), index=rows.index), rows["attribute"].astype("str").isin(kinds)


def _times(showing: Showing, listings: pd.Series, telling: frozenset[str]) -> dict[str, pd.Series]:
    """When each account was so: as the listings that show and tell it were true; else as all of its app were."""
    found: dict[object, tuple[datetime | None, datetime | None]] = {}
    for text in listings.dropna().unique():
        names = _names(text) & telling or _names(text)
        known = [showing.windows[name] for name in names if name in showing.windows]
        whole = len(known) == len(names)
        found[text] = (min(s for s, _ in known), max(u for _, u in known)) if whole and known else (None, None)
    since = pd.to_datetime(listings.map(lambda text: found[text][0], na_action="ignore"), utc=True)
    until = pd.to_datetime(listings.map(lambda text: found[text][1], na_action="ignore"), utc=True)
    all_since, all_until = (
        pd.Series([each] * len(listings), listings.index, dtype="datetime64[us, UTC]")
        for each in (showing.since, showing.until)
    )
    missing = listings.isna()
    return {
        "since": since.dt.as_unit("us").mask(missing, all_since),
        "until": until.dt.as_unit("us").mask(missing, all_until),
    }


def _names(listings: str) -> frozenset[str]:
    return frozenset(listings.split("\n"))


def _by_app(wanted: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    plain = wanted.assign(app=wanted["app"].astype("str"))
    return [(str(app), rows) for app, rows in plain.groupby("app", sort=True)]


def _no_sightings(wanted: pd.DataFrame) -> pd.DataFrame:
    times = pd.Series(dtype="datetime64[us, UTC]")
    texts = pd.Series(dtype="str")
    plain = wanted.assign(app=wanted["app"].astype("str")).iloc[:0]
    return plain.assign(snapshot=texts, seen=texts, since=times, until=times, doubt=texts)


def _in_order(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    every = pd.concat([part for part in parts if len(part)] or list(parts[:1]))
    return every.sort_values(["app", "account_id", "snapshot"], kind="stable", ignore_index=True)
