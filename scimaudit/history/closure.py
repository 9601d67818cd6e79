"""What became of what reviews decided to take away: told by later listings alone, never by what somebody claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from scimaudit.history.intervals import TANGLED, dated
from scimaudit.history.sightings import ACCOUNT, RIGHT, accounts_seen, rights_seen
from scimaudit.snapshot.store import Snapshot
from scimaudit.view import View
from scimaudit.view.columns import known_false, taken
from scimaudit.view.inputs import no_revocations

ADDED: Final = ("state", "reason", "proven_by", "proven_at", "still_there", "doubt")
_THERE, _GONE = ("held", "active"), ("absent", "inactive")


def closure(
    revocations: pd.DataFrame, snapshots: Sequence[Snapshot], *, as_of: datetime, days: float, percent: float = 20
) -> pd.DataFrame:
    """What later snapshots show of each revocation.

    :param revocations: as :func:`scimaudit.review.decisions.revocations` gives them.
    :param snapshots: oldest first, the present one last. Only a listing that began after the decision speaks of it.
    :param days: how long after the decision it may still be there.
    :param percent: see :func:`scimaudit.history.sightings.showings`.
    :returns: the revocations with ``state`` (``verified-closed``: a later listing proves it gone, and none shows it
        that is, or may be, still later; ``regressed``: it was proven gone and is there again; ``not-done``; ``open``:
        it may still be there; ``unproven``: no later listing can tell), ``reason``, ``proven_by`` and ``proven_at``
        (the first listing that proves it gone for good), ``still_there`` (when it was last seen after the decision,
        UTC) and ``doubt`` (why the newest listing cannot tell, else empty).
    :raises IntegrityError: a snapshot cannot be read.
    """
    if revocations.empty:
        return no_revocations()
    rows = revocations.reset_index(drop=True)
    every = dated(_sightings(rows, snapshots, percent), snapshots)
    seen = _after(rows, every)
    definite = seen[seen["seen"].isin((*_THERE, *_GONE))]
    there, gone = (definite[definite["seen"].isin(words)] for words in (_THERE, _GONE))
    found = pd.DataFrame(index=rows.index)
    found["still_there"] = there.groupby("row")["until"].max().reindex(rows.index)
    shown = every[every["seen"].isin((*_THERE, "unknown"))].groupby("row")["until"].max()
    for_good = gone[~(gone["since"] < shown.reindex(gone["row"]).array)].groupby("row").first()
    begun = there.groupby("row")["since"].max().reindex(gone["row"]).array
    found["again"] = rows.index.isin(gone.loc[gone["until"] <= begun, "row"])
    found["proven_by"] = for_good["snapshot"].reindex(rows.index)
    found["proven_at"] = for_good["until"].reindex(rows.index)
    newest = seen.groupby("row").last().reindex(rows.index)
    found["doubt"] = newest["doubt"].astype("str").fillna("").where(~newest["seen"].isin((*_THERE, *_GONE)), "")
    unknown = newest["seen"] == "unknown"
    found["doubt"] = found["doubt"].mask(unknown, "nobody tells whether the account is active")
    is_gone = found["proven_by"].notna()
    tangled = rows.index.isin(gone["row"]) & ~is_gone & ~found["again"]
    found["doubt"] = found["doubt"].mask(tangled & (found["doubt"] == ""), TANGLED)
    fresh = rows["decided_at"] + pd.Timedelta(days=days) >= pd.Timestamp(as_of)
    is_there = found["still_there"].notna() & ~tangled
    cases = [is_gone, found["again"], is_there & ~fresh, fresh]
    state = np.select(cases, ["verified-closed", "regressed", "not-done", "open"], "unproven")
    cases = [is_gone, found["again"], is_there, newest["seen"].isna()]
    told = ["", "it was gone, and is there again", "it is still there", "no listing since"]
    found["state"] = pd.Series(state, rows.index, dtype="str")
    found["reason"] = pd.Series(np.select(cases, told, found["doubt"]), rows.index, dtype="str")
    found["proven_by"] = found["proven_by"].astype("str").where(is_gone)
    found["proven_at"] = found["proven_at"].where(is_gone)
    return pd.concat([rows, found[list(ADDED)]], axis=1)


def held_again(closed: pd.DataFrame, decisions: pd.DataFrame, view: View) -> pd.DataFrame:
    """The closures, where a person has by another account, or by another right of the same name, what was taken away.

    :param closed: as :func:`closure` gives it.
    :param decisions: as :func:`scimaudit.review.decisions.reviews` gives them: what a review decided on by itself is
        not held again.
    :returns: the same; what is held again is ``regressed``, with the account that holds it as ``reason``.
    """
    asked = closed[(closed["state"] == "verified-closed") & closed["person_id"].ne("")]
    if asked.empty:
        return closed
    own = asked[["campaign", "app", "person_id", "attribute", "value", "display"]].reset_index(names="row")
    rights, people = own[own["value"].notna()], set(own["person_id"])
    held = _held(view, people)
    every = pd.concat([_alike(rights, held, name) for name in ("value", "display")], ignore_index=True)
    by_account = own[own["value"].isna()].merge(_accounts(view, people), on=["app", "person_id"], validate="m:m")
    found = pd.concat(
        [
            _undecided(every, decisions, ["campaign", "app", "account_id", "attribute", "value"]),
            _undecided(by_account, decisions, ["campaign", "app", "account_id"]),
        ]
    )
    found = found.drop_duplicates("row").set_index("row")
    again = closed.index.isin(found.index)
    said = ("the same person holds it by the account " + found["holder"]).reindex(closed.index)
    return closed.assign(
        state=closed["state"].mask(again, "regressed"), reason=closed["reason"].mask(again, said.astype("str"))
    )


def _held(view: View, people: set[str]) -> pd.DataFrame:
    """What these people hold by accounts that are not known to be inactive."""
    mine = ~known_false(view.grants["active"]) & view.grants["person_id"].isin(people)
    grants = view.grants[mine]
    holder = taken(view.accounts["user_name"], grants["account"].to_numpy(), grants.index)
    names = ["app", "person_id", "attribute", "value", "display", "account_id"]
    return grants[names].astype("str").assign(holder=holder.fillna(grants["account_id"].astype("str")))


def _accounts(view: View, people: set[str]) -> pd.DataFrame:
    """The accounts of these people that are not known to be inactive."""
    accounts = view.accounts
    mine = accounts[~known_false(accounts["active"]) & accounts["person_id"].isin(people)]
    rows = mine[["app", "person_id", "account_id", "user_name"]].astype("str")
    return rows.assign(holder=rows["user_name"].fillna(rows["account_id"])).drop(columns="user_name")


def _undecided(rows: pd.DataFrame, decisions: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The rows of which no decision says the same."""
    decided = pd.MultiIndex.from_frame(decisions[names])
    return rows[~pd.MultiIndex.from_frame(rows[names]).isin(decided)]


def _alike(own: pd.DataFrame, held: pd.DataFrame, name: str) -> pd.DataFrame:
    """What is held that has the same ``value``, or the same ``display``, as what was taken away."""
    other = {"value": "display", "display": "value"}[name]
    keys = ["app", "person_id", "attribute", name]
    left = own.drop(columns=other).dropna(subset=[name])
    return left.merge(held.dropna(subset=[name]), how="inner", on=keys, validate="m:m")


def _sightings(rows: pd.DataFrame, snapshots: Sequence[Snapshot], percent: float) -> pd.DataFrame:
    whole = rows["value"].isna()
    numbered = rows.assign(row=rows.index)
    return pd.concat(
        [
            accounts_seen(snapshots, numbered.loc[whole, [*ACCOUNT, "row"]], percent=percent),
            rights_seen(snapshots, numbered.loc[~whole, [*RIGHT, "row"]], percent=percent),
        ],
        ignore_index=True,
    )


def _after(rows: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """The sightings of listings that began after the decision, by row and time."""
    decided = rows["decided_at"].reindex(seen["row"]).to_numpy()
    later = seen[(seen["since"].to_numpy() > decided)]
    ordered: pd.DataFrame = later.sort_values(["row", "until", "snapshot"], kind="stable", ignore_index=True)
    return ordered
