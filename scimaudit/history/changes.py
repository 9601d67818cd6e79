"""What came, went and changed between two snapshots, and between the findings of their audits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.history.sightings import ACCOUNT, RIGHT, accounts_seen, rights_seen
from scimaudit.snapshot.store import Snapshot

CHANGES: Final = ("came", "came back", "gone", "changed", "unproven", "stayed")
COLUMNS: Final = ("what", "change", "app", "id", "name", "attribute", "before", "after", "reason")
"""``what`` is findings, accounts, grants or people; ``reason`` says why something that is not shown is not gone."""


@dataclass(frozen=True)
class Diff:
    """Two audits side by side.

    :param before: the id of the earlier audit; ``after``: of the later.
    :param findings: as :func:`of_findings` gives them.
    :param rows: people, accounts and grants: :data:`COLUMNS`.
    """

    before: str
    after: str
    findings: pd.DataFrame
    rows: pd.DataFrame


_ACCOUNT: Final = (
    "active", "user_name", "emails", "display_name", "external_id", "employee_number", "department", "title",
    "manager", "user_type", "account_kind",
)  # fmt: skip
_PERSON: Final = (
    "status", "worker_type", "start_date", "end_date", "department", "title", "manager_id", "location", "company",
    "display_name", "user_name", "employee_number", "emails",
)  # fmt: skip


def of_findings(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """What became of findings between two audits.

    :param before: the trail of the earlier audit; ``after``: that of the later. Rows of
        :data:`scimaudit.tables.TRAIL`.
    :returns: the rows that stand in one of them, or may, with ``change`` (one of :data:`CHANGES`; ``gone`` is proven
        resolved, ``came back`` was that before), ``what`` and ``reason``. What the later audit does not know of,
        because it does not go on from the earlier, is ``unproven``.
    """
    was = before.set_index("finding_id")["state"].astype("str").reindex(after["finding_id"]).to_numpy()
    now = after["state"].astype("str").to_numpy()
    stood = pd.Series(was).isin(["standing", "unproven"]).to_numpy()
    change = np.select(
        [
            (now == "standing") & pd.isna(was),
            (now == "standing") & (was == "resolved"),
            (now == "standing"),
            (now == "resolved") & stood,
            now == "unproven",
        ],
        ["came", "came back", "stayed", "gone", "unproven"],
        "",
    )
    # Resolved by an audit between the two, which the earlier one never saw: it came and went.
    rows = after.assign(change=change)[change != ""]
    lost = before[~before["finding_id"].isin(after["finding_id"]) & (before["state"] != "resolved").to_numpy()]
    told = lost.assign(change="unproven", reason="the later audit does not go on from the earlier one")
    every = pd.concat([rows, told], ignore_index=True) if len(told) else rows.reset_index(drop=True)
    found: pd.DataFrame = every.assign(what="findings")
    return found


def of_people(before: Snapshot, after: Snapshot) -> pd.DataFrame:
    """What came, went and changed in the system of record, one row a person and attribute: :data:`COLUMNS`.

    A person who is not shown any more is ``gone`` only where every roster of then is there and proven whole.
    """
    doubt = roster_doubt(after, before)
    then, now = (_texts(each.people(), ["person_id", *_PERSON]) for each in (before, after))
    return _compared("people", "", "person_id", then, now, doubt)


def roster_doubt(after: Snapshot, before: Snapshot) -> str:
    """Why a person whom the earlier snapshot shows and the later does not is not proven gone; empty where it is."""
    now = {source.name: source for source in after.manifest.sources if source.fills == "people"}
    for source in before.manifest.sources:
        if source.fills == "people" and source.name not in now:
            return f"{source.name} is not in the snapshot any more"
    for name, source in now.items():
        if source.listing is None or source.listing.walk.state != "complete":
            return f"{name} is not proven complete"
        if len(source.listing.rejected) > source.acknowledged:
            return f"{name} has rejected rows"
        if source.outdated:
            return f"the settings of {name} changed since it was collected"
    return ""


def of_accounts(before: Snapshot, after: Snapshot, app: str, *, percent: float = 20) -> pd.DataFrame:
    """The same of the accounts of one app; one that is not shown is ``gone`` only where sightings prove that.

    :param percent: see :func:`scimaudit.history.sightings.showings`.
    """
    names = ["account_id", *_ACCOUNT]
    none = tables.empty(tables.ACCOUNTS)
    then, now = (_texts(each.accounts(app, names) if app in _apps(each) else none, names) for each in (before, after))
    rows = _compared("accounts", app, "account_id", then, now, "")
    gone = (rows["change"] == "gone").to_numpy()
    asked = rows.loc[gone, ["app", "id"]].set_axis([*ACCOUNT], axis=1).reset_index(drop=True)
    doubt = np.full(len(rows), "", dtype=object)
    doubt[gone] = _doubts(before, after, app, asked, percent)
    return rows.assign(change=rows["change"].mask(doubt != "", "unproven"), reason=doubt)


def of_grants(before: Snapshot, after: Snapshot, app: str, *, percent: float = 20) -> pd.DataFrame:
    """The same of the grants of one app; those that stayed are not among the rows.

    One that is not shown is ``gone`` only where sightings prove that.

    :param percent: see :func:`scimaudit.history.sightings.showings`.
    """
    then, now = (each.grants(app) if app in _apps(each) else tables.empty(tables.GRANTS) for each in (before, after))
    keys = [_keys(table) for table in (then, now)]
    came, gone = now.filter(~np.isin(keys[1], keys[0])), then.filter(~np.isin(keys[0], keys[1]))
    lost = _rights(gone, "gone")
    doubt = _doubts(before, after, app, tables.frame(gone.select(list(RIGHT))).astype("str"), percent)
    lost = lost.assign(change=lost["change"].mask(doubt != "", "unproven"), reason=doubt)
    rows = pd.concat([_rights(came, "came").assign(reason=""), lost], ignore_index=True)
    return rows.assign(what="grants", app=app)[list(COLUMNS)]


def stayed_grants(before: Snapshot, after: Snapshot, app: str) -> int:
    """How many grants of one app both snapshots show."""
    if app not in _apps(before) or app not in _apps(after):
        return 0
    then, now = (_keys(each.grants(app)) for each in (before, after))
    return int(np.isin(now, then).sum())


def _apps(snapshot: Snapshot) -> set[str]:
    return {line.app for line in snapshot.manifest.apps}


def _doubts(before: Snapshot, after: Snapshot, app: str, gone: pd.DataFrame, percent: float) -> np.ndarray:
    """Why each of these accounts, or rights, that are not shown any more is not proven gone; empty where it is."""
    if app not in _apps(after):
        return np.full(len(gone), "the app is not audited any more", dtype=object)
    told = rights_seen if "value" in gone else accounts_seen
    seen = told([before, after], gone.reset_index(names="place"), percent=percent)
    now = seen[seen["snapshot"] == after.id].set_index("place")["doubt"]
    return now.reindex(range(len(gone))).to_numpy(dtype=object)


def _texts(table: pa.Table, names: Sequence[str]) -> pd.DataFrame:
    """Columns as text, lists joined; missing is empty."""
    columns = {}
    for name in names:
        column = table[name]
        if pa.types.is_list(column.type):
            column = pc.binary_join(column.combine_chunks(), ", ")
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        columns[name] = pc.fill_null(column.cast(pa.string()), "")
    return tables.frame(pa.table(columns))


def _compared(what: str, app: str, key: str, then: pd.DataFrame, now: pd.DataFrame, doubt: str) -> pd.DataFrame:
    """Rows of two frames side by side: one that came, went or stayed is one row, a change is one per attribute."""
    left, right = then.set_index(key), now.set_index(key)
    both = left.index.intersection(right.index)
    old, new = left.loc[both], right.loc[both]
    differs = (old != new).to_numpy()
    at, column = np.nonzero(differs)
    names = np.array(list(new.columns), dtype=object)
    changed = pd.DataFrame(
        {
            "id": both.to_numpy()[at],
            "attribute": names[column],
            "before": old.to_numpy()[at, column],
            "after": new.to_numpy()[at, column],
        }
    ).assign(change="changed")
    parts = [changed]
    for ids, change in (
        (right.index.difference(left.index), "came"),
        (left.index.difference(right.index), "unproven" if doubt else "gone"),
        (both[np.flatnonzero(~differs.any(axis=1))], "stayed"),
    ):
        parts.append(pd.DataFrame({"id": ids.to_numpy()}).assign(change=change))
    rows = pd.concat(parts, ignore_index=True)
    named = pd.concat([right, left.loc[left.index.difference(right.index)]])
    label = named["display_name"].where(named["display_name"] != "", named["user_name"])
    rows = rows.assign(
        what=what,
        app=app,
        name=rows["id"].map(label),
        reason=np.where(rows["change"] == "unproven", doubt, ""),
        **{name: rows[name].fillna("") for name in ("attribute", "before", "after")},
    )
    return rows[list(COLUMNS)].sort_values(["change", "id", "attribute"], kind="stable", ignore_index=True)


def _keys(table: pa.Table) -> np.ndarray:
    """A number for each grant: which account holds which right."""
    frame = tables.frame(table.select(["account_id", "attribute", "value"]))
    return pd.util.hash_pandas_object(frame, index=False).to_numpy()


def _rights(table: pa.Table, change: str) -> pd.DataFrame:
    rows = tables.frame(table.select(["account_id", "attribute", "value", "display"])).astype("str")
    name = rows["display"].fillna(rows["value"])
    return pd.DataFrame(
        {"id": rows["account_id"], "name": name, "attribute": rows["attribute"], "before": "", "after": ""}
    ).assign(change=change)
