"""What happened to one person or one account, as far as snapshots, findings and reviews show it, in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd

from scimaudit import tables
from scimaudit.history.changes import roster_doubt
from scimaudit.history.sightings import ACCOUNT, RIGHT, accounts_seen, rights_seen, window
from scimaudit.snapshot.store import Snapshot

COLUMNS: Final = ("after", "by", "what", "app", "account", "event", "told_by")
"""It happened after ``after`` and not after ``by`` (UTC); ``told_by``: the snapshot, review or audit that shows it."""

_FACTS: Final = (
    "status", "worker_type", "start_date", "end_date", "department", "title", "manager_id", "user_name", "emails",
)  # fmt: skip
_WORDS: Final = {
    "active": "active", "inactive": "inactive", "unknown": "there; nobody tells whether it is active",
    "absent": "gone", "held": "held",
}  # fmt: skip


_DEFINITE: Final = ("active", "inactive", "absent", "held")


def of_person(snapshots: Sequence[Snapshot], person_id: str) -> pd.DataFrame:
    """What the system of record said of a person: :data:`COLUMNS`.

    :param snapshots: oldest first.
    :raises IntegrityError: a snapshot cannot be read.
    """
    events: list[tuple[object, ...]] = []
    before: dict[str, str] | None = None
    last: Snapshot | None = None
    for snapshot in snapshots:
        facts, ended = _facts(snapshot, person_id), pd.Timestamp(snapshot.manifest.ended)
        doubt = roster_doubt(snapshot, last) if last is not None else ""
        texts = _difference(before, facts, doubt)
        events += [(_true_at(last), ended, "person", "", "", text, snapshot.id) for text in texts]
        before, last = facts, snapshot
    return _frame(events)


def of_accounts(snapshots: Sequence[Snapshot], accounts: pd.DataFrame, *, percent: float) -> pd.DataFrame:
    """What listings show of accounts and of every right that they ever held: :data:`COLUMNS`.

    :param accounts: distinct ``app`` and ``account_id``, with ``account`` (the name to show).
    :param percent: see :func:`scimaudit.history.sightings.showings`.
    :raises IntegrityError: a snapshot cannot be read.
    """
    parts = [_turns(accounts_seen(snapshots, accounts, percent=percent), list(ACCOUNT), "account")]
    rights = _rights(snapshots, accounts)
    if len(rights):
        parts.append(_turns(rights_seen(snapshots, rights, percent=percent), list(RIGHT), "right"))
    return pd.concat(parts, ignore_index=True)


def names(snapshots: Sequence[Snapshot], accounts: pd.DataFrame) -> pd.DataFrame:
    """The accounts with ``account``: the last user name that a snapshot shows, else their id.

    :param accounts: distinct ``app`` and ``account_id``.
    """
    parts = [accounts.assign(account=accounts["account_id"]).iloc[:0]]
    for snapshot in snapshots:
        for line in snapshot.manifest.apps:
            ids = accounts.loc[(accounts["app"] == line.app).to_numpy(dtype=bool), "account_id"]
            if len(ids):
                listed = tables.frame(snapshot.accounts(line.app, ["account_id", "user_name"])).astype("str")
                mine = listed[listed["account_id"].isin(ids)]
                parts.append(mine.rename(columns={"user_name": "account"}).assign(app=line.app))
    last = pd.concat(parts, ignore_index=True).dropna().drop_duplicates(list(ACCOUNT), keep="last")
    named = accounts.merge(last, how="left", on=list(ACCOUNT), validate="1:1")
    return named.assign(account=named["account"].fillna(named["account_id"]))


def of_findings(trail: pd.DataFrame, audit: str) -> pd.DataFrame:
    """When findings were first shown and when they were proven resolved: :data:`COLUMNS`.

    :param trail: rows of :data:`scimaudit.tables.TRAIL`.
    :param audit: the id of the audit it is of.
    """
    rows = trail.astype(dict.fromkeys(("kind", "severity", "app", "reason"), "str"))
    shown = rows.assign(
        by=rows["first_seen"], event="first found: " + rows["kind"] + ", now " + rows["severity"], told_by=audit
    )
    ended = rows[(rows["state"] == "resolved").to_numpy()]
    told = ended.assign(
        after=ended["last_seen"], by=ended["resolved_at"], event="resolved: " + ended["kind"] + ", " + ended["reason"],
        told_by=ended["resolved_by"],
    )  # fmt: skip
    every = pd.concat([shown, told], ignore_index=True).assign(what="finding", account=lambda found: found["user_name"])
    return _frame_of(every)


def of_decisions(decisions: pd.DataFrame) -> pd.DataFrame:
    """What reviews decided: :data:`COLUMNS`.

    :param decisions: as :func:`scimaudit.review.decisions.reviews` gives them, with ``account``.
    """
    rows = decisions.assign(
        by=decisions["decided_at"],
        what="review",
        event=decisions["decision"]
        + " "
        + decisions["display"].fillna("the account")
        + ", by "
        + decisions["reviewer"],
        told_by=decisions["campaign"],
    )
    return _frame_of(rows)


def in_order(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All events, oldest first."""
    every = pd.concat([part for part in parts if len(part)] or list(parts[:1]), ignore_index=True)
    ordered: pd.DataFrame = every.sort_values(
        ["by", "what", "app", "account", "event"], kind="stable", ignore_index=True
    )
    return ordered


def _facts(snapshot: Snapshot, person_id: str) -> dict[str, str] | None:
    frame = tables.frame(snapshot.people(), ["person_id", *_FACTS])
    mine = frame[(frame["person_id"] == person_id).to_numpy(dtype=bool)]
    if mine.empty:
        return None
    row = mine.iloc[0]
    return {name: _text(row[name]) for name in _FACTS}


def _true_at(snapshot: Snapshot | None) -> datetime | None:
    """From when on what the rosters of a snapshot show may be of; ``None`` where nobody tells."""
    if snapshot is None:
        return None
    windows = [window(source) for source in snapshot.manifest.sources if source.fills == "people"]
    return min(each[0] for each in windows if each) if all(windows) else None


def _difference(before: dict[str, str] | None, now: dict[str, str] | None, doubt: str) -> list[str]:
    if now is None:
        return [f"not shown; {doubt}" if doubt else "in no roster any more"] if before is not None else []
    if before is None:
        known = [f"{name} {text}" for name, text in now.items() if text]
        return ["in the roster: " + ", ".join(known)]
    return [
        f"{name}: {before[name] or 'nothing'}, then {text or 'nothing'}"
        for name, text in now.items()
        if before[name] != text
    ]


def _rights(snapshots: Sequence[Snapshot], accounts: pd.DataFrame) -> pd.DataFrame:
    """Every right that any snapshot shows of the accounts, each once, with the name it had last."""
    parts = [accounts.assign(attribute="", value="", display="").iloc[:0]]
    for snapshot in snapshots:
        for line in snapshot.manifest.apps:
            mine = accounts[(accounts["app"] == line.app).to_numpy(dtype=bool)]
            if len(mine):
                grants = tables.frame(snapshot.grants(line.app), [*RIGHT, "display"]).astype("str")
                parts.append(grants.merge(mine, how="inner", on=list(ACCOUNT), validate="m:1"))
    every = pd.concat(parts, ignore_index=True).drop_duplicates(list(RIGHT), keep="last")
    return every.assign(display=every["display"].fillna(every["value"])).reset_index(drop=True)


def _turns(seen: pd.DataFrame, keys: list[str], what: str) -> pd.DataFrame:
    """The sightings that differ from the one before."""
    rows = seen.sort_values([*keys, "snapshot"], kind="stable", ignore_index=True)
    groups = rows.groupby(keys, sort=False)
    # That it was not there before anybody saw it is no event.
    known = rows["seen"].isin(["active", "inactive", "unknown", "held"])
    turned = (rows["seen"] != groups["seen"].shift()) & known.groupby([rows[key] for key in keys]).cummax()
    words = rows["seen"].map(_WORDS).astype("str").fillna("cannot be told: " + rows["doubt"])
    if what == "right":
        words = rows["attribute"] + " " + rows["display"] + ": " + words
    # It came after the state before was last shown; what could not be told in between bounds nothing.
    told_of = rows["since"].where(rows["seen"].isin(_DEFINITE))
    after = told_of.groupby([rows[key] for key in keys]).ffill()
    after = after.groupby([rows[key] for key in keys]).shift()
    told = rows.assign(after=after, by=rows["until"], what=what, event=words, told_by=rows["snapshot"])
    return _frame_of(told[turned.to_numpy()])


def _frame_of(rows: pd.DataFrame) -> pd.DataFrame:
    plain = rows.reindex(columns=list(COLUMNS))
    texts = {name: plain[name].astype("str").fillna("") for name in COLUMNS[2:]}
    return plain.assign(**texts, **{name: pd.to_datetime(plain[name], utc=True) for name in COLUMNS[:2]})


def _frame(events: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    return _frame_of(pd.DataFrame(list(events), columns=list(COLUMNS)))


def _text(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if pd.api.types.is_list_like(value):
        return ", ".join(map(str, value))
    return "" if pd.isna(value) else str(value)
