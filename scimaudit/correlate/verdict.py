"""From hits, doubts, decisions and suggestions to one link per account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from scimaudit import tables
from scimaudit.correlate import reasons
from scimaudit.correlate.decisions import NOBODYS, UNDECIDED, Applied
from scimaudit.correlate.exact import Hits
from scimaudit.correlate.guard import PASSED
from scimaudit.correlate.index import Mask, Rows, grouped, leading, paired, strings
from scimaudit.correlate.pool import Pool
from scimaudit.correlate.suggest import Suggestions

CONFIDENCE: Final = {"T0": 1.0, "T1": 1.0, "T2": 0.97, "T3": 0.93, "T4": 0.9, "T5": 0.85, "T6": 0.7, "T7": 0.55}
"""What a link or suggestion of a tier is worth: an order, not a measured probability. T8 has its likeness instead."""

MATCHED, UNMATCHED, AMBIGUOUS = range(3)
_SITUATIONS: Final = pa.array(["matched", "unmatched", "ambiguous"])
_TIERS: Final = pa.array([f"T{tier}" for tier in range(9)])


@dataclass(frozen=True)
class Standing:
    """What holds for each account.

    :param situation: :data:`MATCHED`, :data:`UNMATCHED` or :data:`AMBIGUOUS`.
    :param person: the owner's position in the pool, -1 unless matched.
    :param tier: 0 to 8, -1 where no tier speaks.
    :param doubted: a tier names one person, and the time guard keeps it from being accepted.
    """

    situation: Rows
    person: Rows
    tier: Rows
    doubted: Mask


def standing(accounts: int, said: Applied, hits: Hits, doubts: npt.NDArray[np.int64], found: Suggestions) -> Standing:
    """The verdict on each of ``accounts`` accounts, without words."""
    named, tier = np.full(accounts, -1), np.full(accounts, -1)
    tier[found.rows["account"]] = found.rows["tier"]
    begins = leading(hits.account)
    named[hits.account[begins]] = hits.person[begins]
    tier[hits.account[begins]] = hits.tier[begins]
    several = np.zeros(accounts, np.bool_)
    several[hits.account[(hits.person != named[hits.account]) | hits.crowded]] = True
    sound = np.flatnonzero(doubts == PASSED)
    sound = sound[leading(hits.account[sound])]
    accepted = np.zeros(accounts, np.bool_)
    accepted[hits.account[sound]] = True
    # An accepted link is named by the highest tier that the guard let pass.
    accepted &= ~several
    best = tier.copy()
    best[hits.account[sound]] = hits.tier[sound]
    tier = np.where(accepted, best, tier)
    doubted = (named >= 0) & ~several & ~accepted
    situation = np.where(accepted, MATCHED, np.where(several, AMBIGUOUS, UNMATCHED))
    person = np.where(accepted, named, -1)
    decided = said.person != UNDECIDED
    nobody = said.person == NOBODYS
    return Standing(
        situation=np.where(nobody, UNMATCHED, np.where(decided, MATCHED, situation)),
        person=np.where(decided, np.where(nobody, -1, said.person), person),
        tier=np.where(decided, 0, tier),
        doubted=doubted & ~decided,
    )


def links(
    accounts: pd.DataFrame,
    pool: Pool,
    said: Applied,
    hits: Hits,
    doubts: npt.NDArray[np.int64],
    found: Suggestions,
) -> pa.Table:
    """One row of :data:`scimaudit.tables.LINKS` per account."""
    size = len(accounts)
    stand = standing(size, said, hits, doubts, found)
    decided = np.flatnonzero(said.person != UNDECIDED)
    told = _told(hits, stand)
    spoken, texts = told.texts(accounts)
    keys = pa.concat_arrays([
        said.texts(decided),
        texts,
        strings(found.rows["text"]),
    ])  # fmt: skip
    speakers = np.concatenate([decided, told.account[spoken], found.rows["account"].to_numpy()])
    others = _others(hits, stand)
    candidates = np.concatenate([others[1], found.rows["person"].to_numpy()])
    rivals = np.concatenate([others[0], found.rows["account"].to_numpy()])
    by = np.full(size, None)
    by[decided] = said.decisions["decided_by"].to_numpy()[said.line[decided]]
    return tables.build(
        tables.LINKS,
        {
            "app": accounts["app"],
            "account_id": accounts["account_id"],
            "person_id": pool.ids.take(pa.array(stand.person, mask=stand.person < 0)),
            "situation": pa.DictionaryArray.from_arrays(pa.array(stand.situation), _SITUATIONS),
            "tier": pa.DictionaryArray.from_arrays(pa.array(stand.tier, mask=stand.tier < 0), _TIERS),
            "confidence": _confidence(stand, found),
            "keys": grouped(speakers, keys, size),
            "runners_up": grouped(rivals, pool.ids.take(pa.array(candidates)), size),
            "reason": _reasons(accounts, pool, said, hits, doubts, found, stand),
            "decided_by": pa.array(by),
        },
    )


def _told(hits: Hits, stand: Standing) -> Hits:
    """The hits that a link shows: one per tier and person, no key twice, the owner's only where there is an owner."""
    owner = stand.person[hits.account]
    shown = (owner < 0) | (owner == hits.person)
    copied = pd.Series(paired(hits.account, hits.entry)).duplicated().to_numpy()
    # A user name copied from the address is one key, not two that agree.
    shown &= ~copied
    kept = hits.only(shown)
    again = pd.Series(paired(paired(kept.account, kept.tier), kept.person)).duplicated().to_numpy()
    return kept.only(~again)


def _others(hits: Hits, stand: Standing) -> tuple[Rows, Rows]:
    """Pairs of an account and a person who was hit and is not the owner."""
    rivals = hits.only(hits.person != stand.person[hits.account])
    _, first = np.unique(paired(rivals.account, rivals.person), return_index=True)
    return rivals.account[first], rivals.person[first]


def _confidence(stand: Standing, found: Suggestions) -> pa.Array:
    fixed = np.asarray([*CONFIDENCE.values(), np.nan, np.nan])
    worth = fixed[stand.tier]
    alike = found.rows[found.rows["tier"] == 8].groupby("account")["score"].max()
    worth[alike.index] = alike
    return pa.array(worth, mask=np.isnan(worth))


def _reasons(
    accounts: pd.DataFrame,
    pool: Pool,
    said: Applied,
    hits: Hits,
    doubts: npt.NDArray[np.int64],
    found: Suggestions,
    stand: Standing,
) -> pa.Array:
    """Why an account is not matched, in words; null where it is."""
    words = np.full(len(accounts), None)
    ambiguous = np.flatnonzero(stand.situation == AMBIGUOUS)
    words[ambiguous] = reasons.ambiguous(ambiguous, accounts, pool, hits)
    doubted = np.flatnonzero(stand.doubted)
    words[doubted] = reasons.doubted(doubted, accounts, pool, hits, doubts)
    suggested = np.unique(found.rows["account"].to_numpy())
    words[suggested] = reasons.suggested(suggested, accounts, pool, found)
    nobody = np.flatnonzero(said.person == NOBODYS)
    words[nobody] = reasons.nobody(said, nobody)
    silent = np.flatnonzero((stand.situation == UNMATCHED) & pd.isna(words))
    words[silent] = reasons.silent(silent, accounts, said, found.skipped)
    return pa.array(words)
