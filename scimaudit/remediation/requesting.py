"""The exact requests of a task, from what the snapshot shows of the account."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from scimaudit import tables
from scimaudit.config import Config
from scimaudit.remediation import Request, Task
from scimaudit.remediation.channel import Channel, channel
from scimaudit.snapshot.store import Snapshot

_ACCOUNT = ["account_id", "user_name", "active", "raw_file"]
_GRANT = ["account_id", "attribute", "value", "display", "type", "via"]


@dataclass(frozen=True)
class Held:
    """What the snapshot shows of the accounts of one app that something is to be done about.

    :param way: the channel to the app, or why there is none.
    :param accounts: account id to its row; ``grants``: the rights of those accounts.
    """

    way: Channel | str
    accounts: dict[str, dict[Hashable, Any]]
    grants: pd.DataFrame

    def name(self, attribute: str, value: str) -> str:
        """What a right is called; its id where nobody says."""
        rows = self.grants[(self.grants["attribute"] == attribute) & (self.grants["value"] == value)]
        named = rows["display"].dropna()
        return str(named.iloc[0]) if len(named) else value


def held(snapshot: Snapshot, config: Config, wanted: Iterable[tuple[str, str]]) -> dict[str, Held]:
    """App to what the snapshot shows of the accounts wanted there.

    :param wanted: pairs of app and account id.
    :raises IntegrityError: the snapshot cannot be read.
    """
    asked: dict[str, set[str]] = {}
    for app, account in wanted:
        asked.setdefault(app, set()).add(account)
    configured = {app.name: app for app in config.apps}
    listed = [line.app for line in snapshot.manifest.apps]
    found = {}
    for app in (name for name in listed if name in asked):
        accounts = tables.frame(snapshot.accounts(app, _ACCOUNT)).astype({"account_id": "str", "raw_file": "str"})
        accounts = accounts[accounts["account_id"].isin(asked[app])]
        grants = tables.frame(snapshot.grants(app, _GRANT)).astype(dict.fromkeys(_GRANT, "str"))
        collected = [line for line in snapshot.manifest.sources if line.app == app and line.fills == "accounts"]
        way = channel(configured.get(app), snapshot, collected)
        rows = accounts.set_index("account_id").to_dict("index")
        mine = grants[grants["account_id"].isin(asked[app])]
        found[app] = Held(way, {str(key): row for key, row in rows.items()}, mine)
    return found


def requested(task: Task, known: Held | None, doubt: str) -> Task:
    """The task with its requests, or with why it has none.

    :param known: what the snapshot shows of its app; ``None`` where it shows nothing.
    :param doubt: why nobody should act on it by a request; empty where nothing speaks against that.
    """
    if task.what == "other":
        return task
    if doubt:
        return replace(task, silent=doubt)
    if known is None or task.account_id not in known.accounts:
        return replace(task, silent="the newest listing does not show the account")
    if isinstance(known.way, str):
        return replace(task, silent=known.way)
    row = known.accounts[task.account_id]
    if row["raw_file"] != known.way.listing:
        return replace(task, silent="the account came from another listing, so its id there is not known")
    answers = list(_answers(task, known, known.way, row))
    requests = tuple(answer for answer in answers if isinstance(answer, Request))
    silent = "; ".join(dict.fromkeys(answer for answer in answers if isinstance(answer, str)))
    return replace(task, requests=requests, silent=silent or ("" if requests else "nothing is left to take away"))


def _answers(task: Task, known: Held, way: Channel, row: dict[Hashable, Any]) -> Iterable[Request | str]:
    if task.what == "disable" and row["active"] is not False:
        yield way.disable(task.account_id)
    mine = known.grants[known.grants["account_id"] == task.account_id]
    if task.what == "remove":
        mine = mine[(mine["attribute"] == task.attribute) & (mine["value"] == task.value)]
        if mine.empty:
            yield "the newest listing does not show the right"
    name = row["user_name"] if isinstance(row["user_name"], str) else ""
    yield from _removals(mine, way, task.account_id, way.member(task.account_id, name))


def _removals(grants: pd.DataFrame, way: Channel, account_id: str, member: str) -> Iterable[Request | str]:
    """A request for each right that is held directly; one that comes through a group ends where that group is left."""
    direct = grants["type"] == "direct"
    left = _names(grants[direct & (grants["attribute"] == "groups")])
    for _, value, display, via in _texts(grants[~direct]):
        if via not in left:
            yield f"{display or value} comes through {via or 'another group'}: it ends when the account leaves that"
    for attribute, value, display, _ in _texts(grants[direct].drop_duplicates(["attribute", "value"])):
        if attribute == "groups":
            yield way.leave(value, member, display or value)
        else:
            yield way.drop(account_id, attribute, value, display or value)


def _texts(rows: pd.DataFrame) -> Sequence[tuple[str, str, str, str]]:
    return list(rows[["attribute", "value", "display", "via"]].fillna("").itertuples(index=False, name=None))


def _names(rows: pd.DataFrame) -> set[str]:
    return {*rows["display"].dropna(), *rows["value"].dropna()}
