"""How long each change of a person took to reach each account: intervals between listings, and the app's limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Final

import numpy as np
import pandas as pd

from scimaudit.history.intervals import dated
from scimaudit.history.joiners import asked, joiners, openings
from scimaudit.history.leavers import closings, leavers
from scimaudit.history.movers import movers
from scimaudit.history.sightings import ACCOUNT, accounts_seen
from scimaudit.snapshot.store import Snapshot
from scimaudit.view import View
from scimaudit.view.columns import day_begins, taken
from scimaudit.view.inputs import no_spans

_EVENTS: Final = ("leaver", "mover", "joiner")


def spans(
    view: View,
    gone: pd.DataFrame | None,
    snapshots: Sequence[Snapshot],
    *,
    zones: Mapping[str, tzinfo],
    percent: float = 20,
) -> pd.DataFrame:
    """What the snapshots show of every leaver, joiner and mover, account by account.

    :param gone: accounts that only earlier snapshots show, with the columns of ``view.accounts``; ``None`` for none.
    :param snapshots: oldest first, the present one last.
    :param zones: roster to its time zone, where that is not the organisation's.
    :param percent: see :func:`scimaudit.history.sightings.showings`.
    :returns: the columns of :class:`scimaudit.result.SpanLine`, whose docstring says what they mean.
    :raises IntegrityError: a snapshot cannot be read.
    """
    mine = owned(view, gone)
    left = leavers(view, mine, _begins(view, "end_date", zones, days=1))
    come = joiners(view, mine, _begins(view, "start_date", zones))
    moved = movers(view, mine, snapshots, percent=percent)
    new = pd.concat([part for part in (come, moved.given) if len(part)] or [come], ignore_index=True)
    if left.empty and new.empty and moved.lines.empty:
        return no_spans()
    pairs = asked(new, mine)
    wanted = pd.concat([left[[*ACCOUNT]], pairs[[*ACCOUNT]]]).drop_duplicates(ignore_index=True)
    seen = dated(accounts_seen(snapshots, wanted, percent=percent), snapshots)
    sla = {name: facts.sla_hours for name, facts in view.facts.items()}
    left, new = (rows.assign(sla_hours=rows["app"].map(sla).astype("float64")) for rows in (left, new))
    closed = closings(left, _of(left.reset_index(names="row")[["row", *ACCOUNT]], seen))
    opened = openings(new, pairs, _of(pairs, seen)) if len(new) else new
    every = [part for part in (closed, opened, moved.lines) if len(part)]
    return _finished(pd.concat(every, ignore_index=True), view) if every else no_spans()


def owned(view: View, gone: pd.DataFrame | None) -> pd.DataFrame:
    """The accounts of people, those that are gone included: ``app``, ``account_id``, ``account``, ``person_row``."""
    parts = [
        pd.DataFrame(
            {
                "app": rows["app"].astype("str"),
                "account_id": rows["account_id"].astype("str"),
                "account": rows["user_name"].astype("str").fillna(rows["account_id"].astype("str")),
                "person_row": rows["owner_row"].astype("int64"),
            }
        )[((rows["situation"] == "matched") & ~rows["nhi"]).to_numpy()]
        for rows in (view.accounts, gone)
        if rows is not None
    ]
    return pd.concat(parts, ignore_index=True).drop_duplicates([*ACCOUNT], ignore_index=True)


def _begins(view: View, column: str, zones: Mapping[str, tzinfo], days: int = 0) -> pd.Series:
    """When the day in a column of people, or one so many days later, begins where their roster is kept; UTC."""
    told = view.people[column] + pd.Timedelta(days=days)
    begins = day_begins(told, view.zone)
    for roster, zone in zones.items():
        here = (view.people["roster"] == roster).to_numpy()
        begins = begins.mask(here, day_begins(told, zone))
    return begins


def _of(rows: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """The sightings of each row, under its label."""
    return rows.merge(seen, how="inner", on=[*ACCOUNT], validate="m:m")


def _finished(lines: pd.DataFrame, view: View) -> pd.DataFrame:
    person = lines["person_row"].to_numpy(dtype=np.int64)
    told = view.people[["person_id", "display_name"]].astype("str")
    moments = {name: lines[name].dt.as_unit("us") for name in ("after", "by")}
    whole = lines.assign(
        **moments,
        due=lines["due_to"].dt.as_unit("us"),
        at=pd.Series(pd.NaT, lines.index, dtype="datetime64[us, UTC]"),
        person_id=taken(told["person_id"], person, lines.index),
        person=taken(told["display_name"], person, lines.index).fillna(""),
        account=lines["account"].fillna(""),
    )
    order = whole["event"].map({event: place for place, event in enumerate(_EVENTS)})
    keys = ["order", "app", "due", "account", "account_id", "person_id"]
    ordered = whole.assign(order=order).sort_values(keys, kind="stable", ignore_index=True)
    none = no_spans()
    return ordered[list(none.columns)].astype(dict(none.dtypes))
