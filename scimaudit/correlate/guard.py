"""The time guard: an address or user name that is used again must not bring its former owner's accounts along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from scimaudit.correlate import attributes
from scimaudit.correlate.attributes import Attributes
from scimaudit.correlate.exact import LOCAL_PART, Hits
from scimaudit.correlate.folding import local_parts
from scimaudit.correlate.index import Index, Mask, Rows, integers, leading, strings
from scimaudit.correlate.pool import Pool

GUARD_DAYS: Final = 30
PASSED, EARLY, HELD = 0, 1, 2


@dataclass(frozen=True)
class _History:
    """Who held an identifier in earlier snapshots; holders beyond the pool are people who are in no roster now."""

    holders: pa.Array
    whole: Index
    local: Index


def verdicts(
    hits: Hits,
    accounts: pd.DataFrame,
    pool: Pool,
    theirs: Attributes,
    history: pd.DataFrame | None,
    guard_days: int,
) -> npt.NDArray[np.int64]:
    """What the guard says of each hit: passed, account made too early, or identifier held by somebody else before.

    Only T3, T4 and T5 are guarded, and only if the account's name is not the person's. A name that the account lacks is
    not the person's; a name that a former holder also bears tells nothing.

    :param theirs: the second attributes of the people.
    """
    early = _early(hits, accounts, pool, guard_days)
    held, other, holders = _held_before(hits, pool, history)
    doubtful = np.flatnonzero(early | held)
    said = np.full(len(hits), PASSED, np.int64)
    if not len(doubtful):
        return said
    mine = hits.account[doubtful[leading(hits.account[doubtful])]]
    own = attributes.of_accounts(accounts.iloc[mine])
    rows = np.searchsorted(mine, hits.account)
    cleared = np.zeros(len(hits), np.bool_)
    cleared[doubtful] = attributes.names_agree(own, theirs, rows[doubtful], hits.person[doubtful])
    homonym = other[holders >= 0]
    alike = attributes.names_agree(own, theirs, rows[homonym], holders[holders >= 0])
    cleared[homonym[alike]] = False
    said[early & ~cleared] = EARLY
    said[held & ~cleared] = HELD
    return said


def _early(hits: Hits, accounts: pd.DataFrame, pool: Pool, guard_days: int) -> Mask:
    """Accounts made more than ``guard_days`` before the person's first day; an unknown date proves nothing."""
    made = accounts["created"].dt.tz_localize(None).to_numpy("datetime64[us]")[hits.account]
    begins = pool.frame["start_date"].to_numpy("datetime64[us]")[hits.person]
    return np.asarray((hits.tier >= 3) & (made + np.timedelta64(guard_days, "D") < begins))


def _held_before(hits: Hits, pool: Pool, history: pd.DataFrame | None) -> tuple[Mask, Rows, Rows]:
    """Which hits rest on an identifier that somebody else held; with pairs of such a hit and the former holder.

    A former holder who is in no roster now has position -1.
    """
    held = np.zeros(len(hits), np.bool_)
    if history is None or history.empty:
        return held, np.empty(0, np.int64), np.empty(0, np.int64)
    past = _history(history)
    places = pool.positions(past.holders)
    pairs, holders = [], []
    for hit, holder in _former(hits, past):
        someone_else = places[holder] != hits.person[hit]
        pairs.append(hit[someone_else])
        holders.append(places[holder[someone_else]])
    found = np.concatenate(pairs)
    held[found] = True
    return held, found, np.concatenate(holders)


def _former(hits: Hits, past: _History) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of a guarded hit and a holder of its identifier: account's key, person's key, local part."""
    guarded = hits.tier >= 3
    local = hits.label == LOCAL_PART
    for index, keys, chosen in (
        (past.whole, hits.left, guarded),
        (past.whole, hits.right, guarded & ~local),
        (past.local, hits.right, guarded & local),
    ):
        rows = np.flatnonzero(chosen)
        found = index.find(keys(rows))
        yield rows[found.row], found.person


def _history(history: pd.DataFrame) -> _History:
    keys = strings(history["identifier_key"])
    holders = strings(history["person_id"]).dictionary_encode()
    positions = integers(holders.indices)
    return _History(holders.dictionary, Index(keys, positions), Index(local_parts(keys), positions))
