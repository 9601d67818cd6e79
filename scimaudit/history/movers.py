"""From a person's first day in a new post to the moment at which the rights of the old post are gone, the new there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.history.intervals import dated, first_change, judged, last_change, together
from scimaudit.history.joiners import pairs
from scimaudit.history.sightings import ACCOUNT, RIGHT, rights_seen
from scimaudit.policy import entitlements, matching
from scimaudit.policy.entitlements import ALLOWED, DENIED, NOT_ALLOWED, EntitlementRule
from scimaudit.snapshot.store import Snapshot
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true

_POST = ("department", "title")


@dataclass(frozen=True)
class Moved:
    """What movers' accounts show.

    :param lines: accounts whose rights had to change, judged.
    :param given: apps that the new post gives and the old one did not, where the person has no such account; as
        :func:`scimaudit.history.joiners.pairs` gives them.
    """

    lines: pd.DataFrame
    given: pd.DataFrame


def movers(view: View, owned: pd.DataFrame, snapshots: Sequence[Snapshot], *, percent: float) -> Moved:
    """The latest move of everybody who came to another department or title since the first snapshot.

    :param owned: accounts of people, as :func:`scimaudit.history.spans.owned` gives them.
    :raises IntegrityError: a snapshot cannot be read.
    """
    moves = latest_moves(view)
    if moves.empty:
        return Moved(pd.DataFrame(), pd.DataFrame())
    accounts = _accounts(view).merge(moves, how="inner", on="person_row", validate="m:1")
    wanted = _wanted(view, accounts, _held_ever(snapshots, accounts))
    lines = _changed(view, accounts, wanted, snapshots, percent) if len(wanted) else pd.DataFrame()
    given = _given(view, owned, moves)
    if len(lines):
        keys = ["app", "person_row"]
        there = pd.MultiIndex.from_frame(lines[keys])
        given = given[~pd.MultiIndex.from_frame(given[keys]).isin(there)]
    return Moved(lines, given)


def latest_moves(view: View) -> pd.DataFrame:
    """Each mover's last change of department or title: ``person_row``, ``state`` (position in ``view.past``),
    ``due_from`` and ``due_to`` (between which the new post began).
    """
    past, since = view.past, view.previous.since if view.previous else None
    none = pd.DataFrame({"person_row": [], "state": [], "due_from": [], "due_to": []})
    if since is None or past.empty:
        return none
    now = view.people.take(past["person_row"].to_numpy())
    differs = np.zeros(len(past), dtype=bool)
    for name in _POST:
        was, became = past[name].astype("str").to_numpy(), now[name].astype("str").to_numpy()
        differs |= np.asarray(was != became, dtype=bool) & ~(pd.isna(was) & pd.isna(became))
    found = pd.DataFrame(
        {
            "person_row": past["person_row"].to_numpy(),
            "state": np.arange(len(past)),
            "due_from": past["until"].array,
            "due_to": past["gone_by"].array,
        }
    )
    working = ~known_false(now["current"]).to_numpy()
    found = found[differs & working & (found["due_to"] >= pd.Timestamp(since))]
    # The roster's own day of the move is better than that it came between two snapshots.
    told = found.loc[found["due_from"] == found["due_to"], ["person_row", "due_to"]].rename(columns={"due_to": "day"})
    near = found.merge(told.drop_duplicates("person_row", keep="last"), how="left", on="person_row", validate="m:1")
    vague = (near["due_from"] < near["day"]) & (near["day"] < near["due_to"])
    ordered = near[~vague].sort_values(["due_to", "state"], kind="stable").drop(columns="day")
    latest: pd.DataFrame = ordered.drop_duplicates("person_row", keep="last", ignore_index=True)
    return latest


def _accounts(view: View) -> pd.DataFrame:
    """The accounts of people that may be active."""
    rows = view.accounts
    live = rows[(rows["situation"] == "matched") & ~rows["nhi"] & ~known_false(rows["active"])]
    name = live["user_name"].astype("str").fillna(live["account_id"].astype("str"))
    return pd.DataFrame(
        {
            "app": live["app"].astype("str"),
            "account_id": live["account_id"].astype("str"),
            "account": name,
            "person_row": live["owner_row"].astype("int64"),
        }
    ).reset_index(drop=True)


def _held_ever(snapshots: Sequence[Snapshot], accounts: pd.DataFrame) -> pd.DataFrame:
    """Every right that any snapshot shows of these accounts, named as it was last: columns of rights, ``display``."""
    names = [*RIGHT, "display"]
    parts = [pd.DataFrame({name: pd.Series(dtype="str") for name in names})]
    for app, rows in accounts.groupby("app"):
        ids = pa.array(rows["account_id"].unique(), pa.string())
        for snapshot in snapshots:
            if any(line.app == app for line in snapshot.manifest.apps):
                table = snapshot.grants(str(app), names)
                mine = table.filter(pc.is_in(table["account_id"].cast(pa.string()), value_set=ids))
                parts.append(tables.frame(mine).astype("str"))
    return pd.concat(parts, ignore_index=True).drop_duplicates([*RIGHT], keep="last", ignore_index=True)


def _wanted(view: View, accounts: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """The rights that had to go, and those that had to come.

    :returns: the columns of rights, ``row`` (position of the account), ``part`` (what of it is judged together: a right
        that had to go by itself, those of which a birthright gives any together) and ``goes``.
    """
    names = ["app", "attribute", "value", "display"]
    kinds = held[names].drop_duplicates(ignore_index=True)
    numbered = held.assign(kind=held.groupby(names, dropna=False, sort=False).ngroup())
    both = numbered.merge(accounts.reset_index(names="row"), how="inner", on=[*ACCOUNT], validate="m:1")
    now, before = view.people.take(accounts["person_row"].to_numpy()), view.past.take(accounts["state"].to_numpy(int))
    said = []
    for who in (now, before):
        person, entitlement, table = entitlements.verdicts(view.policy.rules, who, kinds)
        said.append(table[person[both["row"]], entitlement[both["kind"]]])
    goes = both[np.isin(said[0], [DENIED, NOT_ALLOWED]) & (said[1] == ALLOWED)]
    old = goes[[*RIGHT, "row"]].assign(part=-1 - np.arange(len(goes)), goes=True)
    every: pd.DataFrame = pd.concat([old, _coming(view, accounts, kinds, now, before)], ignore_index=True)
    return every


def _coming(
    view: View, accounts: pd.DataFrame, kinds: pd.DataFrame, now: pd.DataFrame, before: pd.DataFrame
) -> pd.DataFrame:
    """The rights that are a birthright of the new post and were none of the old; by account and birthright."""
    giving = [rule for rule in view.policy.rules if rule.birthright and (rule.what.exact or rule.what.patterns)]
    certain, _ = matching.people_of(giving, now)
    _, possible = matching.people_of(giving, before)
    named = entitlements.rows_named([rule.what for rule in giving], kinds)
    parts = [pd.DataFrame({**{name: pd.Series(dtype="str") for name in RIGHT}, "row": [], "part": [], "goes": []})]
    for place, rule in enumerate(giving):
        mine = np.flatnonzero(certain[:, place] & ~possible[:, place] & (accounts["app"] == rule.what.app).to_numpy())
        rights = kinds.take(named[place])[["attribute", "value"]]
        rights = rights if len(rights) else _unheard_of(rule)
        rows = accounts.take(mine)[[*ACCOUNT]].assign(row=mine, part=place * len(accounts) + mine, goes=False)
        parts.append(rows.merge(rights, how="cross"))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _unheard_of(rule: EntitlementRule) -> pd.DataFrame:
    """A right that stands for those that a rule names and no mover ever held."""
    name = (*rule.what.exact, *rule.what.patterns)[0]
    return pd.DataFrame({"attribute": [rule.what.attribute or "groups"], "value": [name]})


def _changed(
    view: View, accounts: pd.DataFrame, wanted: pd.DataFrame, snapshots: Sequence[Snapshot], percent: float
) -> pd.DataFrame:
    """When all that had to go was gone and all that had to come was there, by account, judged."""
    asked = wanted[[*RIGHT]].drop_duplicates(ignore_index=True)
    seen = dated(rights_seen(snapshots, asked, percent=percent), snapshots)
    each = wanted.rename(columns={"row": "account_row", "part": "row"}).merge(
        seen, how="inner", on=[*RIGHT], validate="m:m"
    )
    goes, comes = each[each["goes"].astype(bool)], each[~each["goes"].astype(bool)]
    parts = pd.concat(
        [
            last_change(goes, old=("held",), new=("absent",)),
            first_change(together(comes, ("held", "unproven", "absent")), old=("absent",), new=("held",)),
        ]
    )
    of = each.drop_duplicates("row").set_index("row")["account_row"].astype("int64")
    due = accounts["due_to"].reindex(of.reindex(parts.index)).array
    # What still stood before the move says nothing of what came after it.
    still = known_true((parts["stands"] & (parts["after"] >= due)).astype("boolean"))
    grouped = parts.assign(still=still, done=parts["by"].notna()).groupby(of.reindex(parts.index))
    whole = grouped.agg(
        after=("after", "max"), by=("by", "max"), stands=("still", "any"), tangled=("tangled", "any"),
        again=("again", "any"), doubt=("doubt", "max"), done=("done", "all"),
    )  # fmt: skip
    whole["by"] = whole["by"].where(whole["done"])
    sla = accounts["app"].map({name: facts.sla_hours for name, facts in view.facts.items()})
    undue = "the roster does not tell when they moved"
    lines = accounts.assign(event="mover", sla_hours=sla, undue=undue).join(whole, how="inner")
    return _told(judged(lines))


def _told(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines that say, where the roster does not tell the day of the move, between which moments it was."""
    vague = lines["due_from"] < lines["due_to"]
    between = (
        "moved between " + lines["due_from"].dt.strftime("%Y-%m-%d") + " and " + lines["due_to"].dt.strftime("%Y-%m-%d")
    )
    both = lines["reason"].where(lines["reason"] == "", lines["reason"] + "; ") + between
    return lines.assign(reason=lines["reason"].mask(vague, both))


def _given(view: View, owned: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    """The apps that the new post gives by birthright and the old one did not give."""
    rows = moves["person_row"].to_numpy(dtype=np.int64)
    due = pd.Series(pd.NaT, range(len(view.people)), dtype="datetime64[us, UTC]")
    due.iloc[rows] = moves["due_to"].array
    found = pairs(view, owned.iloc[:0], rows, due)
    before = view.past.take(moves["state"].to_numpy(int))
    had = [
        pd.MultiIndex.from_arrays([np.full(int(possible.sum()), app), rows[possible]])
        for app, (_, possible) in entitlements.birthrights(view.policy.rules, before).items()
    ]
    keys = pd.MultiIndex.from_frame(found[["app", "person_row"]])
    for each in had:
        found, keys = found[~keys.isin(each)], keys[~keys.isin(each)]
    began = moves.set_index("person_row")["due_from"].reindex(found["person_row"]).array
    return found.assign(event="mover", due_from=began, undue="")
