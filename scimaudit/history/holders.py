"""Who bore a user name or an address, and when: identifiers are given to somebody else sooner than one thinks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from scimaudit import tables
from scimaudit.snapshot.store import Snapshot


def holders(snapshots: Sequence[Snapshot]) -> pd.DataFrame:
    """Every user name, address and alias that the snapshots show of anybody.

    :param snapshots: oldest first; at least one.
    :returns: ``identifier_key``, ``person_id``, ``borne_as`` (``user_name``, ``emails`` or ``aliases``), ``first_seen``
        and ``last_seen`` (the ends of the first and the last snapshot that show it so, without one between them that
        does not, UTC); by identifier and time.
    :raises IntegrityError: a snapshot cannot be read.
    """
    parts = [_held(snapshot).assign(place=place) for place, snapshot in enumerate(snapshots)]
    every = pd.concat(parts, ignore_index=True)
    who = ["identifier_key", "person_id", "borne_as"]
    # Of snapshots that follow one another the place less the rank is the same.
    every["run"] = every["place"] - every.groupby(who).cumcount()
    spans = every.groupby([*who, "run"])["seen"].agg(first_seen="min", last_seen="max")
    by = ["identifier_key", "first_seen", "person_id", "borne_as"]
    told = spans.reset_index().drop(columns="run")
    ordered: pd.DataFrame = told.sort_values(by, kind="stable", ignore_index=True)
    return ordered


def before(snapshots: Sequence[Snapshot]) -> pd.DataFrame | None:
    """The user names and primary addresses that the time guard of correlation asks about; ``None``: nobody tells.

    An alias is left out: the address of a leaver is often forwarded to somebody else, and stays the leaver's.
    """
    if not snapshots:
        return None
    every = holders(snapshots)
    return every[every["borne_as"] != "aliases"].reset_index(drop=True)


def _held(snapshot: Snapshot) -> pd.DataFrame:
    people = tables.frame(snapshot.people(), ["person_id", "user_name_key", "email_keys", "alias_keys"])
    parts = []
    for column, borne_as in (("user_name_key", "user_name"), ("email_keys", "emails"), ("alias_keys", "aliases")):
        held = people[["person_id", column]].rename(columns={column: "identifier_key"})
        parts.append(held.explode("identifier_key").astype("str").assign(borne_as=borne_as))
    held = pd.concat(parts, ignore_index=True).dropna().drop_duplicates()
    return held.assign(seen=pd.Timestamp(snapshot.manifest.ended))
