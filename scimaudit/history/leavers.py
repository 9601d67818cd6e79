"""From the end of a person's last day to the moment at which each of their accounts was closed."""

from __future__ import annotations

import pandas as pd

from scimaudit.history.intervals import CLOSED, LONG_AGO, judged, last_change
from scimaudit.view import View
from scimaudit.view.columns import known_true

UNDUE = "the roster tells no last day"


def leavers(view: View, owned: pd.DataFrame, ends: pd.Series) -> pd.DataFrame:
    """The accounts of everybody who has left, with the end of their last day.

    :param owned: accounts of people, as :func:`scimaudit.history.spans.owned` gives them.
    :param ends: when the last day of each person is over, UTC.
    """
    due = ends.take(owned["person_row"].to_numpy()).set_axis(owned.index)
    left = known_true(view.people["ended"]).to_numpy()[owned["person_row"]]
    # Whoever is called terminated before their last day is over has not left yet.
    mine = left & ~(due > pd.Timestamp(view.as_of))
    return owned[mine].assign(event="leaver", due_from=due[mine], due_to=due[mine], undue=UNDUE)


def closings(events: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """When each account was closed for good, judged.

    What was closed before any listing could tell is left out: the record says nothing of how that was.

    :param events: as :func:`leavers` gives them.
    :param seen: the sightings of their accounts, with ``row``: the label of the event.
    """
    found = events.join(last_change(seen, old=("active",), new=CLOSED), how="inner")
    began = seen[seen["since"] > LONG_AGO].groupby("row")["since"].min().reindex(found.index)
    before = found["due_to"].isna() | (found["due_to"] < began)
    return judged(found[~(found["by"].notna() & found["after"].isna() & before)])
