"""What became of every finding: it stands, it is proven resolved, or nobody can tell.

A finding is not resolved because it is not found again: its rule must have judged the same account, right or person and
not found it wrong, or a listing that is proven whole must no longer show what it was about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

import pandas as pd

from scimaudit import tables
from scimaudit.history.sightings import ACCOUNT, RIGHT, accounts_seen, rights_seen
from scimaudit.rules import Judgement
from scimaudit.snapshot.store import Snapshot
from scimaudit.view import View
from scimaudit.view.columns import known_false

_KEPT: Final = (
    "finding_id", "kind", "family", "severity", "app", "account_id", "user_name", "person_id", "person_name",
    "attribute", "value", "actual", "disposition", "first_seen",
)  # fmt: skip
_MISSING: Final = "\x00"
_PAST: Final = frozenset({"leaver-late"})
"""Kinds about what was: no later listing undoes them, so only a judgement of the same account resolves them."""


@dataclass(frozen=True)
class Former:
    """The audit that a trail goes on from.

    :param audit: its id.
    :param snapshot: what it judged.
    :param trail: rows of :data:`scimaudit.tables.TRAIL`.
    :param shrunk: name and subject of each gate of it that tripped over a source that shrank, and that nobody accepted,
        to how many there were before.
    :param digest: of what is stored of it.
    """

    audit: str
    snapshot: Snapshot
    trail: pd.DataFrame
    shrunk: Mapping[tuple[str, str], int] = field(default_factory=dict)
    digest: str = ""

    @property
    def first_seen(self) -> dict[str, datetime]:
        """Finding id to when it was first shown."""
        return dict(zip(self.trail["finding_id"], self.trail["first_seen"].dt.to_pydatetime(), strict=True))

    def of_kind(self, kind: str) -> pd.DataFrame:
        """The findings of a kind that are not resolved."""
        return self._standing.get(kind, self.trail.iloc[:0])

    @cached_property
    def _standing(self) -> Mapping[str, pd.DataFrame]:
        """The findings that are not resolved, by kind; in their order."""
        rows = self.trail[(self.trail["state"] != "resolved").to_numpy()]
        return {str(kind): mine for kind, mine in rows.groupby("kind", observed=True, sort=False)}


def undecided(judgement: Judgement, asked: pd.DataFrame) -> set[str]:
    """Which of the findings asked for are about something that the rule could not judge this time.

    :param asked: rows of :data:`scimaudit.tables.TRAIL`.
    :returns: their ids; where the rule's rows do not name what a finding is about, any row of its app will do.
    """
    found: set[str] = set()
    if asked.empty:
        return found
    for rows, mask in judgement.undecided:
        # A name that a finding and the rows both have sets them apart; most findings have an account.
        by = [name for name in ("account_id", "person_id") if name in rows][:1]
        names = ["app", *by, *(name for name in ("value",) if name in rows)]
        known = [name for name in names if name in rows]
        doubted = rows.loc[mask, known]
        if by:
            doubted = doubted[doubted[by[0]].astype("str").isin(asked[by[0]].dropna())]
        found |= _alike(asked, doubted, known)
    return found


def reopened(rows: pd.DataFrame, former: Former | None) -> pd.DataFrame:
    """Findings with the disposition ``reopened`` where one that was proven resolved, and is not set aside, is back."""
    if former is None or rows.empty:
        return rows
    back = former.trail.loc[(former.trail["state"] == "resolved") | (former.trail["reopened"] > 0), "finding_id"]
    mine = rows["finding_id"].isin(back) & (rows["disposition"] == "open")
    return rows.assign(disposition=rows["disposition"].mask(mine, "reopened"))


def continued(
    rows: pd.DataFrame,
    former: Former | None,
    *,
    view: View,
    snapshots: Sequence[Snapshot],
    percent: float,
    now: datetime,
    judged: Sequence[str],
    doubted: Mapping[str, set[str]],
    gated: Mapping[str, str],
) -> pd.DataFrame:
    """The trail of an audit.

    :param rows: its findings.
    :param snapshots: oldest first, the one judged last; ``percent``: see
        :func:`scimaudit.history.sightings.showings`.
    :param now: when the snapshot shows what it shows.
    :param judged: the kinds that were judged; ``doubted``: for each what :func:`undecided` says.
    :param gated: app to why nothing that is said of it counts; the key ``""`` is for all apps.
    :returns: rows of :data:`scimaudit.tables.TRAIL`, by finding id.
    :raises IntegrityError: a snapshot cannot be read.
    """
    texts = [name for name in _KEPT if name != "first_seen"]
    shown = rows[list(_KEPT)].astype(dict.fromkeys(texts, "str"))
    shown = shown.assign(last_seen=pd.Timestamp(now), state="standing", reason=None, reopened=0)
    if former is None:
        return _table(shown)
    old = former.trail.set_index("finding_id")
    again = shown["finding_id"].isin(old.index)
    was = old.reindex(shown["finding_id"]).set_axis(shown.index)
    times = was["reopened"].fillna(0).astype("int64") + (again & (was["state"] == "resolved")).astype("int64")
    shown = shown.assign(reopened=times)
    missing = former.trail[~former.trail["finding_id"].isin(shown["finding_id"])]
    rest = missing[(missing["state"] == "resolved").to_numpy()]
    asked = missing[(missing["state"] != "resolved").to_numpy()]
    told = _ended(asked, view, snapshots, percent, now, judged, doubted, gated)
    return _table(pd.concat([shown, rest, told], ignore_index=True))


def _ended(
    asked: pd.DataFrame,
    view: View,
    snapshots: Sequence[Snapshot],
    percent: float,
    now: datetime,
    judged: Sequence[str],
    doubted: Mapping[str, set[str]],
    gated: Mapping[str, str],
) -> pd.DataFrame:
    """The findings that are not shown any more, each with what proves that, or why nothing does."""
    rows = asked.astype({name: "str" for name in asked.columns if asked[name].dtype == "category"})
    gone, doubt = _gone(rows, snapshots, percent)
    listed = {name for name, facts in view.facts.items() if facts.listed}
    unsure = set().union(*doubted.values()) if doubted else set()
    everything = gated.get("", "")
    why = pd.Series("", rows.index, dtype="str")
    for mask, reason in (
        (rows["finding_id"].isin(unsure), "what it was about could not be judged"),
        (rows["person_id"].notna() & view.roster_unproven, "the system of record is not proven"),
        (rows["person_id"].notna() & _listed(rows, _unowned(view)), "nobody is known to own the account any more"),
    ):
        why = why.mask((why == "") & (gone == "") & mask, reason)
    why = why.mask((why == "") & (gone == ""), doubt)
    kept = view.spans[(view.spans["event"] == "leaver") & (view.spans["verdict"] == "in time")]
    past = rows["kind"].isin(_PAST) & ~_listed(rows, kept)
    why = why.mask(past & (why == ""), "it is past, and nothing that counts shows that it was otherwise")
    why = why.mask(rows["app"].isin([app for app in gated if app]), rows["app"].map(dict(gated)))
    why = why.mask(rows["app"].notna() & ~rows["app"].isin(listed), "its app is not audited any more")
    why = why.mask(~rows["kind"].isin(list(judged)), "its rule is switched off")
    why = why.mask(pd.Series(bool(everything), rows.index), everything)
    proven = why == ""
    return rows.assign(
        state=pd.Series("unproven", rows.index, dtype="str").mask(proven, "resolved"),
        reason=why.mask(proven, gone.mask(gone == "", "judged again: as it should be")),
        resolved_at=pd.Series(pd.Timestamp(now), rows.index).where(proven),
        resolved_by=pd.Series(snapshots[-1].id, rows.index, dtype="str").where(proven),
    )


def _unowned(view: View) -> pd.DataFrame:
    """The accounts that may be active, and of which nobody knows whose they are."""
    accounts = view.accounts
    return accounts[(accounts["situation"] != "matched") & ~known_false(accounts["active"])]


def _listed(rows: pd.DataFrame, among: pd.DataFrame) -> pd.Series:
    """Which findings are about one of these accounts."""
    mine, known = (pd.MultiIndex.from_frame(each[[*ACCOUNT]].astype("str")) for each in (rows, among))
    return pd.Series(mine.isin(known), rows.index) & rows["account_id"].notna()


def _gone(rows: pd.DataFrame, snapshots: Sequence[Snapshot], percent: float) -> tuple[pd.Series, pd.Series]:
    """For each finding what the present listing proves gone, in words, and why it cannot tell; else empty."""
    present = snapshots[-1].id
    apps = {line.app for line in snapshots[-1].manifest.apps}
    mine = rows[rows["account_id"].notna() & rows["app"].isin(apps)]
    gone, doubt = (pd.Series("", rows.index, dtype="str") for _ in range(2))
    if mine.empty:
        return gone, doubt
    accounts = accounts_seen(snapshots, mine.loc[:, list(ACCOUNT)].assign(row=mine.index), percent=percent)
    rights = mine[mine["value"].notna() & mine["attribute"].isin(tables.ENTITLEMENTS)]
    held = rights_seen(snapshots, rights.loc[:, list(RIGHT)].assign(row=rights.index), percent=percent)
    for every, word in ((held, "the right is gone"), (accounts, "the account is gone")):
        seen = every[every["snapshot"] == present].set_index("row")
        gone = gone.mask((seen["seen"] == "absent").reindex(rows.index, fill_value=False), word)
        unproven = (seen["seen"] == "unproven").reindex(rows.index, fill_value=False)
        doubt = doubt.mask(unproven, seen["doubt"].reindex(rows.index))
    return gone, doubt


def _alike(asked: pd.DataFrame, doubted: pd.DataFrame, names: Sequence[str]) -> set[str]:
    """Ids of the findings of which some doubted row says the same, as far as both say anything."""
    if doubted.empty:
        return set()
    if not names:
        return set(asked["finding_id"])
    left = asked[["finding_id", *names]].astype("str").fillna(_MISSING)
    right = doubted.astype("str").fillna(_MISSING).drop_duplicates()
    free = [name for name in names if (left[name] == _MISSING).all() or (right[name] == _MISSING).all()]
    on = [name for name in names if name not in free]
    if not on:
        return set(asked["finding_id"])
    both = left.merge(right[on].drop_duplicates(), how="inner", on=on, validate="m:1")
    return set(both["finding_id"])


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    ordered = rows.sort_values("finding_id", ignore_index=True)
    return tables.frame(tables.conform(ordered, tables.TRAIL))
