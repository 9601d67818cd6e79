"""Rosters into people: who stands in several, which roster's word counts, and where they contradict each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers, tables
from scimaudit.plural import count
from scimaudit.snapshot import joining

_TOGETHER: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("status", "status_raw", "start_date", "end_date", "previous_end_date"),
    "department": ("department", "previous_department", "moved_on"),
    "title": ("title", "previous_title"),
    "employee_number": ("employee_number", "employee_number_key"),
    "user_name": ("user_name", "user_name_key"),
}
"""Columns that one roster gives as a whole: the end date of a former contract must never end the present one."""
_GATHERED: Final = {"emails": "email_keys", "aliases": "alias_keys"}
"""Identifiers: whatever any roster knows finds the person."""
_OWN: Final = frozenset({"person_id", "roster", "raw_row", "email_keys", "alias_keys"})
_PRESENCE: Final = {"active": "here", "leave": "here", "prehire": "to come", "terminated": "gone"}


@dataclass(frozen=True)
class Brought:
    """What one roster brought.

    :param people: rows of :data:`scimaudit.tables.PEOPLE`.
    :param join_on: the column by which its rows find their person in the rosters before it.
    :param leads: columns in which its word counts before that of the rosters before it.
    """

    name: str
    people: pa.Table
    join_on: str = "person_id"
    leads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Union:
    """All rosters together.

    :param people: one row per person, in the order met.
    :param overlaps: rows of :data:`scimaudit.tables.OVERLAPS`.
    :param joined: how many rows found their person in an earlier roster.
    :param coverage: per roster what it adds, in words.
    """

    people: pa.Table
    overlaps: pa.Table
    joined: int
    coverage: Mapping[str, tuple[str, ...]]


def union(rosters: Sequence[Brought]) -> Union:
    """The union of rosters in the order of the configuration.

    A row finds its person by ``join_on`` where exactly one person and exactly one row have that key; any other row is
    a person of its own. For a person in several rosters the earliest that says something decides, column by column,
    save that a roster leads in the columns it declares; addresses and aliases are gathered from all. Of two employments
    that follow each other the one of today decides.
    """
    if len(rosters) == 1:
        return Union(rosters[0].people, tables.empty(tables.OVERLAPS), 0, {})
    people = joining.decoded(tables.concat(tables.PEOPLE, [each.people for each in rosters[:1]]))
    found, coverage, joined = [], {}, 0
    for number, roster in enumerate(rosters[1:], 1):
        theirs = joining.decoded(roster.people)
        pairs = joining.pairs(people, theirs, roster.join_on)
        theirs = _renamed(people, theirs, pairs, roster.name)
        partners = theirs.take(joining.places(pairs, people.num_rows))
        found.append(_overlaps(people, partners, roster.name))
        alone = pc.invert(pc.is_in(pa.array(range(theirs.num_rows)), value_set=pa.array(pairs["right"])))
        coverage[roster.name] = _coverage(people, theirs, alone, len(pairs), roster)
        joined += len(pairs)
        people = pa.concat_tables(
            [
                _filled(
                    people, partners, roster.leads, settled={name for each in rosters[:number] for name in each.leads}
                ),
                theirs.filter(alone),
            ],
            promote_options="default",
        )
    overlaps = tables.concat(tables.OVERLAPS, found)
    first = rosters[0]
    shared = len(pc.unique(overlaps.filter(pc.equal(overlaps["over"].cast(pa.string()), first.name))["person_id"]))
    coverage[first.name] = (_counted(first.people.num_rows, shared, "later rosters"),)
    table = tables.build(tables.PEOPLE, {name: people[name] for name in people.column_names}, rows=people.num_rows)
    return Union(table, overlaps, joined, coverage)


def _renamed(people: pa.Table, theirs: pa.Table, pairs: pd.DataFrame, roster: str) -> pa.Table:
    """Their rows under the ids that the people have: a joined one's, and none that somebody else has already."""
    ours, own = people["person_id"].to_pylist(), theirs["person_id"].to_pylist()
    partner = dict(zip(pairs["right"], pairs["left"], strict=True))
    taken = set(ours)
    ids = [
        ours[partner[row]] if row in partner else f"{name} ({roster})" if name in taken else name
        for row, name in enumerate(own)
    ]
    now = dict(zip(own, ids, strict=True))
    managers = [now.get(name, name) for name in theirs["manager_id"].to_pylist()]
    return _set(_set(theirs, "person_id", ids), "manager_id", managers)


def _set(table: pa.Table, name: str, values: Sequence[str | None]) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, pa.array(values, pa.string()))


def _filled(people: pa.Table, partners: pa.Table, leads: Sequence[str], settled: Collection[str]) -> pa.Table:
    """People with what their partners know and they do not; ``partners`` has a null row where there is none.

    :param leads: columns in which the partners lead; ``settled`` are those in which an earlier roster does.
    """
    columns: dict[str, Any] = {name: people[name] for name in people.column_names}
    columns |= {name: pa.nulls(people.num_rows, partners[name].type) for name in _extras(partners) - set(columns)}
    for name in (name for name in columns if name not in _OWN and name in partners.column_names):
        if name in _GATHERED:
            for each in (name, _GATHERED[name]):
                columns[each] = _gathered(columns[each], partners[each], first=name in leads)
        elif not any(name in names for names in _TOGETHER.values()):
            mine, other = columns[name], partners[name]
            columns[name] = pc.coalesce(other, mine) if name in leads else pc.coalesce(mine, other)
    for name, names in _TOGETHER.items():
        mine, other = _speaks(people, name), _speaks(partners, name)
        taken = other if name in leads else pc.and_(other, pc.invert(mine))
        if name == "status" and name not in settled:
            taken = pc.or_(taken, _goes_on(people, partners))
        for each in names:
            columns[each] = pc.if_else(taken, partners[each], people[each])
    return pa.table(columns)


def _extras(table: pa.Table) -> set[str]:
    return set(table.column_names) - set(tables.PEOPLE.names)


def _speaks(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Where the roster says anything of an employment, or has the identifier. An unmapped word counts."""
    if name != "status":
        return pc.is_valid(table[name])
    status = pc.fill_null(pc.not_equal(table["status"], "unknown"), fill_value=False)
    return pc.or_(status, pc.or_(pc.is_valid(table["status_raw"]), pc.is_valid(table["end_date"])))


def _goes_on(people: pa.Table, partners: pa.Table) -> pa.ChunkedArray:
    """Where the later roster has the employment of today: it began after the other ended, or fills the time before."""
    after = pc.and_(pc.equal(people["status"], "terminated"), pc.less(people["end_date"], partners["start_date"]))
    before = pc.and_(pc.equal(people["status"], "prehire"), pc.less(partners["end_date"], people["start_date"]))
    here = pc.is_in(partners["status"], value_set=pa.array(["active", "leave"]))
    return pc.and_(here, pc.fill_null(pc.or_kleene(after, before), fill_value=False))


def _gathered(mine: pa.ChunkedArray, other: pa.ChunkedArray, *, first: bool) -> pa.Array:
    left, right = (other, mine) if first else (mine, other)
    rows = zip(left.to_pylist(), right.to_pylist(), strict=True)
    return pa.array([a if not b else b if not a else list(dict.fromkeys([*a, *b])) for a, b in rows], tables.TEXTS)


def _overlaps(people: pa.Table, partners: pa.Table, roster: str) -> pa.Table:
    """One row per contradiction of two rosters, or one with no attribute where they agree."""
    frame = {
        side: tables.frame(table).assign(
            presence=lambda rows: rows["status"].astype("str").map(_PRESENCE),
            name=lambda rows: rows["given_name"].str.cat(rows["family_name"], sep=" "),
            end=lambda rows: rows["end_date"].dt.strftime("%Y-%m-%d"),
        )
        for side, table in (("over", people), ("later", partners))
    }
    both = frame["later"]["person_id"].notna()
    over, later = (side[both] for side in frame.values())
    # One employment after the other: a contractor who was hired contradicts nothing.
    successive = (over["end_date"] < later["start_date"]) | (later["end_date"] < over["start_date"])
    told: list[pd.DataFrame] = []
    for attribute, key, shown in (
        ("status", "presence", "status"),
        ("end_date", "end", "end"),
        ("name", "name", "name"),
    ):
        mine, other = _comparable(over[key], attribute), _comparable(later[key], attribute)
        differs = (mine != other) & mine.notna() & other.notna()
        if attribute != "name":
            differs &= ~successive
        if attribute == "end_date":
            # Gone and here have different ends anyway.
            differs &= ~told[0]["attribute"].reindex(over.index).notna()
        told.append(
            pd.DataFrame(
                {"attribute": attribute, "value": later[shown].astype("str"), "over_value": over[shown].astype("str")}
            )[differs]
        )
    differing = pd.concat(told)
    agreeing = over.index.difference(differing.index)
    rows = pd.concat([differing, pd.DataFrame(index=agreeing, columns=differing.columns, dtype="str")]).sort_index()
    rows = rows.assign(
        person_id=over["person_id"].reindex(rows.index), over=over["roster"].reindex(rows.index), roster=roster
    )
    return tables.conform(rows, tables.OVERLAPS)


def _comparable(column: pd.Series, attribute: str) -> pd.Series:
    if attribute != "name":
        return column
    folded = column.map(identifiers.near, na_action="ignore")
    return folded.astype("str").where(column.notna())


def _coverage(people: pa.Table, theirs: pa.Table, alone: pa.Array, joined: int, roster: Brought) -> tuple[str, ...]:
    notes = [_counted(theirs.num_rows, joined, "earlier rosters")]
    rest = theirs.filter(alone)
    for column in ("employee_number", "emails"):
        alike = 0 if column == roster.join_on else len(joining.pairs(people, rest, column))
        if alike:
            what = "an address" if column == "emails" else "an employee number"
            notes.append(
                f"{alike} share {what} with somebody of an earlier roster and count as other people; "
                f'set join_on = "{column}" if they are the same'
            )
    return tuple(notes)


def _counted(rows: int, shared: int, where: str) -> str:
    return f"{count(rows, 'person', 'people')}: {rows - shared} only here, {shared} also in {where}"
