"""Which roster should feed each attribute of each app, and whose accounts the app really has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.result import FeedLine
from scimaudit.view import View
from scimaudit.view.columns import arrow

_Counts = Mapping[str, Mapping[str, int]]
"""App to count by name."""


def feed_lines(view: View) -> tuple[FeedLine, ...]:
    """The authoritative-source map: one line per app and attribute that the roster feeds there; one for other apps.

    Non-human accounts of the register are nobody's to feed, and are left out.
    """
    whose = _whose(view)
    agreement = {name: _agreement(view, name) for name in view.alike}
    lines = []
    for app, facts in view.facts.items():
        if not facts.listed:
            continue
        counts = whose[app]
        fed = sorted(facts.drift) if facts.roster_feeds else []
        for attribute in fed:
            rosters, said = _rosters(view, attribute), agreement[attribute][app]
            lines.append(FeedLine(app=app, attribute=attribute, rosters=rosters, **counts, **said))
        if not fed:
            blank = {"agreeing": 0, "differing": 0, "unknown": counts["owned"] + counts["resembling"]}
            lines.append(FeedLine(app=app, attribute="", rosters=(), **counts, **blank))
    return tuple(lines)


def _whose(view: View) -> _Counts:
    """Per app the accounts that are owned, resembling and foreign; see :class:`scimaudit.result.FeedLine`."""
    accounts = view.accounts
    matched = (accounts["situation"] == "matched").to_numpy()
    linked = matched & _linked(accounts["keys"])
    return _counted(view, {"owned": linked, "resembling": matched & ~linked, "foreign": ~matched})


def _linked(keys: pd.Series) -> np.ndarray:
    """Whether the app's own link to the source, tier T1, is among what speaks for the owner."""
    lists = arrow(keys)
    by_link = pc.starts_with(pc.list_flatten(lists).cast(pa.string()), "T1 ")
    found = np.zeros(len(keys), dtype=bool)
    found[pc.filter(pc.list_parent_indices(lists), by_link).to_numpy()] = True
    return found


def _agreement(view: View, attribute: str) -> _Counts:
    """Per app how many matched accounts agree with their owner, differ, or cannot be compared."""
    same, known = view.alike[attribute]
    matched = (view.accounts["situation"] == "matched").to_numpy()
    return _counted(
        view,
        {"agreeing": matched & same & known, "differing": matched & known & ~same, "unknown": matched & ~known},
    )


def _counted(view: View, masks: Mapping[str, np.ndarray]) -> _Counts:
    human = ~view.accounts["nhi"].to_numpy()
    app = view.accounts["app"]
    counts = {name: app[mask & human].value_counts() for name, mask in masks.items()}
    return {name: {each: int(counts[each].get(name, 0)) for each in counts} for name in view.facts}


def _rosters(view: View, attribute: str) -> tuple[str, ...]:
    """The rosters that have the attribute, in the order in which they count."""
    return tuple(name.removeprefix("rosters.") for name in view.rosters if attribute in view.supplies[name])
