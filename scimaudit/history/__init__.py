"""What earlier snapshots say of the people of this one: every state they were seen in before the present one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import pandas as pd
import pyarrow as pa

from scimaudit import tables
from scimaudit.history.sightings import window
from scimaudit.snapshot.store import Snapshot
from scimaudit.view import Previous

# Where the row came from, and what is derived from a neighbour, is no state of a person.
_NO_STATE: Final = frozenset({"person_id", "raw_row", "roster", "status_raw"})


def previously(earlier: Sequence[Snapshot], present: Snapshot) -> Previous | None:
    """What earlier snapshots say; each roster and app has the count of the last that was not known to be cut short.

    :param earlier: oldest first.
    """
    if not earlier:
        return None
    rows, accounts = counts(earlier)
    return Previous(rows, accounts, states(earlier, present), earlier[0].manifest.started)


def counts(earlier: Sequence[Snapshot]) -> tuple[dict[str, int], dict[str, int]]:
    """Rows by roster, and accounts by app, of what the last snapshot has: each of the last that was not cut short.

    :param earlier: oldest first; at least one.
    """
    accounts, rows = _accounts(earlier[-1:]), _people(earlier[-1:])
    apps = {line.app for line in earlier[-1].manifest.apps}
    accounts |= {app: count for app, count in _accounts(earlier, "incomplete").items() if app in apps}
    rows |= {roster: count for roster, count in _people(earlier, "incomplete").items() if roster in rows}
    return rows, accounts


def _accounts(snapshots: Sequence[Snapshot], *cut: str) -> dict[str, int]:
    """By app, the accounts that it was last shown with, but for listings that failed, or ended so."""
    lines = [line for each in snapshots for line in each.manifest.apps]
    return {line.app: line.accounts for line in lines if line.walk not in ("failed", *cut)}


def _people(snapshots: Sequence[Snapshot], *cut: str) -> dict[str, int]:
    """The same of the rows of rosters."""
    rosters = [source for each in snapshots for source in each.manifest.sources if source.fills == "people"]
    told = [(source.name, source.listing) for source in rosters if source.listing is not None]
    return {name: listing.parsed for name, listing in told if listing.walk.state not in cut}


def states(earlier: Sequence[Snapshot], present: Snapshot) -> pd.DataFrame:
    """The former states of the people of ``present``; a state that holds still is not one of them.

    :param earlier: the snapshots before, oldest first.
    :returns: ``person_id``, the text and day columns of people as they were then, ``until`` (when that was last seen
        to be true, UTC) and ``gone_by`` (when a later snapshot showed something else).
    :raises IntegrityError: a snapshot cannot be read.
    """
    people = present.people()
    names = [field.name for field in people.schema if not pa.types.is_list(field.type) and field.name not in _NO_STATE]
    names = [name for name in names if not name.endswith("_key")]
    wanted = pd.Index(people["person_id"].to_pandas())
    first, *later = [*earlier, present]
    standing = _seen(first, names, wanted)
    former = [standing.assign(gone_by=standing["collected"]).iloc[:0]]
    for snapshot in later:
        seen = _seen(snapshot, names, wanted)
        both = standing.index.intersection(seen.index)
        changed = both[(standing.loc[both, "state"] != seen.loc[both, "state"]).to_numpy()]
        former.append(standing.loc[changed].assign(gone_by=seen.loc[changed, "collected"]))
        gone = standing.index.difference(seen.index)
        standing = pd.concat([standing.loc[gone], seen]) if len(gone) else seen
    found = pd.concat(former)
    return found.rename_axis("person_id").reset_index().drop(columns=["state", "collected"])


def recent(snapshots: Sequence[Snapshot], present: Snapshot, days: int) -> list[Snapshot]:
    """The snapshots before ``present`` that are at most so many days older, oldest first."""
    first = present.manifest.started - timedelta(days)
    return [each for each in snapshots if each.id < present.id and each.manifest.started >= first]


def _seen(snapshot: Snapshot, names: Sequence[str], wanted: pd.Index) -> pd.DataFrame:
    """The people of a snapshot who are wanted, with their state as one number and when it was true."""
    whole = tables.concat(tables.PEOPLE, [snapshot.people(), tables.empty(tables.PEOPLE)])
    frame = tables.frame(whole).set_index("person_id")
    frame = frame[frame.index.isin(wanted)]
    # Categories differ from snapshot to snapshot; texts compare.
    codes = [name for name in frame.columns if frame[name].dtype == "category"]
    rows = frame.astype(dict.fromkeys(codes, "str")).reindex(columns=list(names))
    ended = pd.Timestamp(snapshot.manifest.ended)
    # A roster that was read, or exported, over some time is known to have been true no later than its first row.
    true_at = {
        source.name.removeprefix("rosters."): told[0]
        for source in snapshot.manifest.sources
        if source.fills == "people" and (told := window(source)) is not None
    }
    until = pd.to_datetime(frame["roster"].astype("str").map(true_at), utc=True).dt.as_unit("us")
    return rows.assign(state=pd.util.hash_pandas_object(rows, index=False), until=until, collected=ended)
