"""When something changed, told by what was seen before and after: an interval between two listings, never a guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from scimaudit.snapshot.store import Snapshot

CLOSED: Final = ("inactive", "absent")
LONG_AGO: Final = pd.Timestamp(0, tz="UTC")
"""When a listing was true at the earliest of which nobody tells it."""
TANGLED: Final = "the listings do not tell which of them came first"
ACROSS: Final = "it came between two listings, one within the limit and one beyond it"
FIRST: Final = "no listing shows it before"
SINCE: Final = "no listing since can tell"


def dated(seen: pd.DataFrame, snapshots: Sequence[Snapshot]) -> pd.DataFrame:
    """Sightings that all have a time: one of unknown age may be of any time until its snapshot was finished."""
    ended = {each.id: pd.Timestamp(each.manifest.ended) for each in snapshots}
    latest = pd.to_datetime(seen["snapshot"].map(ended), utc=True).dt.as_unit("us")
    unknown = seen["since"].isna() | seen["until"].isna()
    return seen.assign(since=seen["since"].mask(unknown, LONG_AGO), until=seen["until"].mask(unknown, latest))


def last_change(seen: pd.DataFrame, *, old: Sequence[str], new: Sequence[str]) -> pd.DataFrame:
    """When the old state was left for good, for each ``row`` of the sightings.

    :param seen: sightings as :func:`dated` gives them, with ``row``: what each is a sighting of.
    :param old: the words of ``seen`` that are the old state; ``new``: those of the new one. Others tell nothing.
    :returns: by row ``after`` (the old state was last seen after that) and ``by`` (the new one was first seen, for
        good, before that), null where none shows it; ``stands``: the old state was seen last; ``again``: after the new
        one; ``tangled``: two listings of overlapping times show both; ``doubt``: why the newest tells nothing.
    """
    was, became = seen[seen["seen"].isin(old)], seen[seen["seen"].isin(new)]
    found = _newest(seen)
    found["after"] = was.groupby("row")["since"].max()
    gone_on = was.groupby("row")["until"].max().reindex(became["row"]).array
    begun = found["after"].reindex(became["row"]).array
    later = pd.isna(gone_on) | (became["since"].array >= gone_on)
    earlier = np.asarray(became["until"].array <= begun, dtype=bool)
    found["by"] = became[later].groupby("row")["until"].min()
    overlapping = became.loc[~later & ~earlier, "row"]
    found["again"] = found.index.isin(became.loc[earlier, "row"])
    found["tangled"] = found["by"].isna() & found.index.isin(overlapping)
    found["stands"] = found["after"].notna() & found["by"].isna() & ~found["tangled"]
    return _known(found)


def first_change(seen: pd.DataFrame, *, old: Sequence[str], new: Sequence[str]) -> pd.DataFrame:
    """When the new state was first reached, whatever came later; otherwise as :func:`last_change`."""
    was, became = seen[seen["seen"].isin(old)], seen[seen["seen"].isin(new)]
    found = _newest(seen)
    found["by"] = became.groupby("row")["until"].min()
    first = became.groupby("row")["since"].min().reindex(was["row"]).array
    before = pd.isna(first) | (was["until"].array <= first)
    found["after"] = was[before].groupby("row")["since"].max()
    found["again"] = found["tangled"] = False
    found["stands"] = found["after"].notna() & found["by"].isna()
    return _known(found)


def together(seen: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Several sightings of one ``row`` in one snapshot as one: the word that stands first in ``order`` counts."""
    rank = seen["seen"].map({word: place for place, word in enumerate(order)})
    keys = ["row", "snapshot"]
    best = seen.assign(rank=rank)[rank == rank.groupby([seen[name] for name in keys]).transform("min")]
    grouped = best.groupby(keys, sort=True)
    return grouped.agg(
        seen=("seen", "first"), since=("since", "min"), until=("until", "max"), doubt=("doubt", "first")
    ).reset_index()


def judged(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines with ``hours_from``, ``hours_to``, ``verdict`` and ``reason``.

    :param lines: what :func:`last_change` and :func:`first_change` give, with ``due_from`` and ``due_to`` (the clock
        started between them, null where nobody tells), ``sla_hours`` and ``undue`` (why nobody tells).
    """
    hours_from = _hours(lines["after"] - lines["due_to"])
    hours_from = hours_from.mask(lines["after"].isna() & lines["by"].notna() & lines["due_to"].notna(), 0.0)
    hours_to = _hours(lines["by"] - lines["due_from"])
    timed, closed = lines["due_to"].notna(), lines["by"].notna()
    # Before the clock starts the old state is as it should be, and says nothing of what comes.
    still = lines["stands"] & (~timed | (lines["after"] >= lines["due_to"]))
    cases = [
        still, ~timed, ~closed, hours_to <= lines["sla_hours"], hours_from >= lines["sla_hours"],
    ]  # fmt: skip
    verdict = np.select(cases, ["open", "not evaluable", "not evaluable", "in time", "late"], "unclear")
    unknown = lines["doubt"].where(lines["doubt"] != "", SINCE).mask(lines["tangled"], TANGLED)
    again = pd.Series("", lines.index).mask(lines["again"], "it was closed, and is open again")
    reason = pd.Series("", lines.index, dtype="str").mask(verdict == "unclear", ACROSS)
    reason = reason.mask((verdict == "unclear") & lines["after"].isna(), FIRST).mask(~closed, unknown)
    reason = reason.mask(still, again).mask(~timed, lines["undue"])
    told = {"hours_from": hours_from, "hours_to": hours_to, "reason": reason}
    return lines.assign(**told, verdict=pd.Series(verdict, lines.index, dtype="str"))


def _hours(apart: pd.Series) -> pd.Series:
    hours: pd.Series = (apart.dt.total_seconds() / 3600).astype("float64").clip(lower=0)
    return hours


def _newest(seen: pd.DataFrame) -> pd.DataFrame:
    """By row, why the newest of its sightings tells nothing."""
    last = seen.sort_values(["row", "snapshot"], kind="stable").drop_duplicates("row", keep="last").set_index("row")
    doubt = last["doubt"].astype("str").fillna("")
    return doubt.mask(last["seen"] == "unknown", "nobody tells whether the account is active").to_frame("doubt")


def _known(found: pd.DataFrame) -> pd.DataFrame:
    # An old state of unknown time was there, and tells no bound.
    unknown = found["after"] == LONG_AGO
    return found.assign(after=found["after"].mask(unknown))
