"""What people were before: their former states, from earlier snapshots and from the roster's own history columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Final

import pandas as pd

from scimaudit.view.inputs import Previous

FORMER: Final[Mapping[str, str]] = {"department": "previous_department", "title": "previous_title"}
"""People column to the column of the roster that says what it held before."""


def former_states(people: pd.DataFrame, previous: Previous | None, today: date, zone: tzinfo) -> pd.DataFrame:
    """One row per person and former state.

    :returns: the columns of ``people`` as they were then, ``person_row`` (position in ``people``), ``until`` (the last
        moment at which it is known to have held, UTC) and ``gone_by`` (the first by which it no longer did; both null
        where that is not known).
    """
    parts = [_told(people, today, zone)]
    if previous is not None and len(previous.states):
        parts.append(previous.states)
    found = pd.concat(parts, ignore_index=True).reindex(columns=[*people.columns, "until", "gone_by"])
    rows = pd.Index(people["person_id"]).get_indexer(found["person_id"])
    placed: pd.DataFrame = found.assign(person_row=rows)[rows >= 0]
    return placed.reset_index(drop=True)


def _told(people: pd.DataFrame, today: date, zone: tzinfo) -> pd.DataFrame:
    """The states that history columns tell: the present one with department and title as they were before."""
    known = {now: before for now, before in FORMER.items() if before in people}
    moved = pd.Series(False, index=people.index)
    for before in known.values():
        moved |= people[before].notna()
    # A move that is still to come has no former post yet.
    moved &= ~(people["moved_on"] > pd.Timestamp(today))
    rows = people[moved]
    was = {now: rows[before].astype("str").fillna(rows[now].astype("str")) for now, before in known.items()}
    moment = rows["moved_on"].astype("datetime64[us]").dt.tz_localize(zone).dt.tz_convert("UTC")
    told: pd.DataFrame = rows.assign(**was, until=moment, gone_by=moment)
    return told
