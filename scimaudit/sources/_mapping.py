"""From a grid to rows of people, accounts and grants: what each column means, and which rows cannot be used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.sources import Rejected
from scimaudit.sources._columns import Columns, oldest
from scimaudit.sources._grid import Grid, reject, shown
from scimaudit.sources._headings import GRANT_COLUMNS, KEYS
from scimaudit.sources._words import plain
from scimaudit.tables import ACCOUNT_KINDS, ACCOUNTS, FLAG, GRANTS, PEOPLE, TEXT, TEXTS, build

_KEY_TEXTS: Final = frozenset(
    ["person_id", "account_id", "employee_number", "user_name", "external_id", "manager_id", "manager"]
)
_SPECIAL: Final = frozenset(["status", "active", "account_kind", "display_name", "given_name", "family_name"])
_TOTALS = re.compile(r"((grand |sub)?total|summe|gesamt|anzahl|count|rows|records|end of)\b", re.IGNORECASE)
_TOTALS_WITHIN: Final = 3
_ADDRESS: Final = r"^[^@\s,;|]+@[^@\s,;|]+$"


@dataclass(frozen=True)
class Meaning:
    """How cells are to be understood.

    :param status: plain word to status.
    :param active: plain word to ``true`` or ``false``.
    :param extras: names of further text columns of people.
    """

    formats: Sequence[str]
    no_date: Sequence[str]
    list_separator: str
    name_order: str | None
    status: Mapping[str, str]
    active: Mapping[str, str]
    extras: Sequence[str]


@dataclass(frozen=True)
class Mapped:
    """What a grid brought: tables, and everything that has to be said about it."""

    tables: tuple[pa.Table, ...]
    parsed: int
    rejected: tuple[Rejected, ...]
    attributes: Mapping[str, int]
    unmapped: Mapping[str, int]
    as_of: datetime | None
    notes: tuple[str, ...]


def people(grid: Grid, places: Mapping[str, int], meaning: Meaning, *, roster: str) -> Mapped:
    """Rows of the people table; a later row with a known ``person_id`` is rejected."""
    columns = _columns(grid, places, meaning)
    found = {
        field.name: _read(columns, field) for field in PEOPLE if field.name in places and field.name not in _SPECIAL
    }
    found |= _names(columns, meaning.name_order)
    found |= {name: columns.text(name) for name in meaning.extras}
    raw_status = columns.text("status")
    found |= {"status": _meant(raw_status, meaning.status), "status_raw": raw_status}
    found["emails"] = found.get("emails", pa.nulls(columns.size, TEXTS))
    supplied = {name: values for name, values in found.items() if name != "status_raw"}
    parts = zip(found["given_name"].to_pylist(), found["family_name"].to_pylist(), strict=True)
    whole = pa.array([" ".join(filter(None, pair)) or None for pair in parts], TEXT)
    found["display_name"] = pc.coalesce(found["display_name"], whole)
    found["person_id"] = _named("people", found, columns, grid)
    as_of = columns.moments("as_of")
    kept, rejected = _sift(grid, columns)
    unmapped = _unmapped(raw_status.filter(kept), found["status"].filter(kept))
    found["status"] = pc.fill_null(found["status"], "unknown")
    table = _table(PEOPLE, found, kept, {"raw_row": grid.places, "roster": [roster] * columns.size})
    return Mapped(
        tables=(table,),
        parsed=table.num_rows,
        rejected=rejected,
        attributes=_supplied(supplied, kept),
        unmapped=unmapped,
        as_of=oldest(as_of.filter(kept)),
        notes=_notes(columns, found, kept),
    )


def accounts(
    grid: Grid,
    places: Mapping[str, int],
    meaning: Meaning,
    *,
    app: str,
    listing: str,
    body: int = 0,
    stands: Sequence[tuple[int, int]] | None = None,
) -> Mapped:
    """Rows of the accounts table and of the grants in its list columns; a later row with a known id is rejected.

    :param body: number of the one raw body that holds all rows.
    :param stands: of each row, the number of its body and its row there from 0, where there are several bodies.
    """
    columns = _columns(grid, places, meaning)
    found = {
        field.name: _read(columns, field) for field in ACCOUNTS if field.name in places and field.name not in _SPECIAL
    }
    found |= _names(columns, meaning.name_order)
    words = columns.text("active")
    flags = _meant(words, meaning.active)
    found["active"] = pc.equal(flags, "true")
    found["emails"] = found.get("emails", pa.nulls(columns.size, TEXTS))
    grants = {name: columns.texts(name) for name in GRANT_COLUMNS if name in places}
    supplied = {**found, **grants}
    kinds = _meant(columns.text("account_kind"), {kind: kind for kind in ACCOUNT_KINDS})
    if "account_kind" in places:
        supplied["account_kind"] = kinds
    found["account_kind"] = pc.fill_null(kinds, "unknown")
    found["account_id"] = _named("accounts", found, columns, grid)
    as_of = columns.moments("as_of")
    kept, rejected = _sift(grid, columns)
    constant: dict[str, Any] = {
        "app": [app] * columns.size,
        "listings": [[listing]] * columns.size,
        "raw_file": [listing] * columns.size,
        # The table counts from 0, an editor from 1.
        "raw_body": [body] * columns.size if stands is None else [number for number, _ in stands],
        "raw_row": [place - 1 for place in grid.places] if stands is None else [row for _, row in stands],
    }
    if "last_login" in places:
        source = pa.scalar(f"{listing}:{grid.header[places['last_login']]}", TEXT)
        constant["last_login_source"] = pc.if_else(pc.is_valid(found["last_login"]), source, pa.scalar(None, TEXT))
    table = _table(ACCOUNTS, found, kept, constant)
    held = [_grants(app, found["account_id"].filter(kept), name, lists.filter(kept)) for name, lists in grants.items()]
    return Mapped(
        tables=(table, *held),
        parsed=table.num_rows,
        rejected=rejected,
        attributes=_supplied(supplied, kept),
        unmapped=_unmapped(words.filter(kept), flags.filter(kept)) if "active" in places else {},
        as_of=oldest(as_of.filter(kept)),
        notes=_notes(columns, found, kept),
    )


def _columns(grid: Grid, places: Mapping[str, int], meaning: Meaning) -> Columns:
    return Columns(grid, places, formats=meaning.formats, no_date=meaning.no_date, separator=meaning.list_separator)


def _read(columns: Columns, field: pa.Field) -> pa.Array:
    if field.type == TEXTS:
        return columns.texts(field.name)
    if pa.types.is_date32(field.type):
        return columns.days(field.name)
    if pa.types.is_timestamp(field.type):
        return columns.moments(field.name)
    return columns.key(field.name) if field.name in _KEY_TEXTS else columns.text(field.name)


def _names(columns: Columns, order: str | None) -> dict[str, pa.Array]:
    """Display, given and family name; a whole name is split only where its parts are certain."""
    given, family = columns.text("given_name"), columns.text("family_name")
    whole = columns.text("name")
    if "name" in columns.places:
        split = [_split(name, order) for name in whole.to_pylist()]
        given = pc.coalesce(given, pa.array([part[0] for part in split], TEXT))
        family = pc.coalesce(family, pa.array([part[1] for part in split], TEXT))
    return {
        "display_name": pc.coalesce(columns.text("display_name"), whole),
        "given_name": given,
        "family_name": family,
    }


def _split(name: str | None, order: str | None) -> tuple[str | None, str | None]:
    """Given and family name: by one comma, or by the declared order where there are exactly two words.

    >>> _split("Ames, Ana", None), _split("Ana Ames", "first-last"), _split("Ana Maria Ames", "first-last")
    (('Ana', 'Ames'), ('Ana', 'Ames'), (None, None))
    """
    if name is None:
        return None, None
    if order != "first-last" and name.count(",") == 1:
        family, _, given = name.partition(",")
        return given.strip() or None, family.strip() or None
    words = name.split()
    if order is None or len(words) != 2 or "," in name:
        return None, None
    return (words[0], words[1]) if order == "first-last" else (words[1], words[0])


def _meant(words: pa.Array, meanings: Mapping[str, str]) -> pa.Array:
    """What each word means, null where that is not known; an empty cell is the word ``""``."""
    distinct = pc.fill_null(words, "").dictionary_encode()
    found = pa.array([meanings.get(plain(word)) for word in distinct.dictionary.to_pylist()], TEXT)
    return found.take(distinct.indices)


def _unmapped(words: pa.Array, meant: pa.Array) -> dict[str, int]:
    unknown = pc.fill_null(words.filter(pc.is_null(meant)), "")
    return {
        pair["values"]: pair["counts"]
        for pair in sorted(pc.value_counts(unknown).to_pylist(), key=lambda p: p["values"])
    }


def _named(fills: str, found: Mapping[str, pa.Array], columns: Columns, grid: Grid) -> pa.Array:
    """The key of each row: the first of its key columns that is filled. Rows without one, with the key of an earlier
    row, or that are no rows but a repeated header or a totals line, are faulty.
    """  # fmt: skip
    first_mail = pa.array([mails[0] if mails else None for mails in found["emails"].to_pylist()], TEXT)
    candidates = {name: first_mail if name == "emails" else found[name] for name in KEYS[fills] if name in found}
    ids = pc.coalesce(*candidates.values())
    for index in _totals(grid):
        columns.faults.setdefault(index, "reads like a totals line, not like a row")
    headings = {name: grid.header[columns.places[name]].strip() for name in candidates if name in columns.places}
    for name, heading in headings.items():
        repeated = pc.fill_null(pc.equal(candidates[name], heading), fill_value=False)
        for index in pc.indices_nonzero(repeated).to_pylist():
            columns.faults.setdefault(index, "repeats the header")
    for index in pc.indices_nonzero(pc.is_null(ids)).to_pylist():
        columns.faults.setdefault(index, f"has no {' and no '.join(headings)}")
    if pc.count_distinct(ids, mode="all").as_py() < len(ids):
        _mark_repeats(ids.to_pylist(), KEYS[fills][0], columns, grid)
    return ids


def _mark_repeats(ids: Sequence[str | None], column: str, columns: Columns, grid: Grid) -> None:
    seen: dict[str, int] = {}
    for index, text in enumerate(ids):
        if text is None or index in columns.faults:
            continue
        first = seen.setdefault(text, index)
        if first != index:
            place = f"{grid.where(first)}{grid.unit} {grid.places[first]}"
            columns.faults[index] = f"{column} {shown(text)} already stands on {place}"


def _totals(grid: Grid) -> list[int]:
    """Rows at the very end of a file that hold little but a word such as Total."""
    found = []
    for index in (index for rows in grid.ends() for index in rows[-_TOTALS_WITHIN:]):
        cells = [cell for column in grid.columns if (cell := column[index]) is not None and cell not in ("", [])]
        if (
            len(grid.header) > 2
            and 1 <= len(cells) <= 2
            and isinstance(cells[0], str)
            and _TOTALS.match(cells[0].strip())
        ):
            found.append(index)
    return found


def _sift(grid: Grid, columns: Columns) -> tuple[pa.Array, tuple[Rejected, ...]]:
    """Which rows are kept, and all rejected ones in the order of the file."""
    rejected = [
        *grid.rejected,
        *(
            reject(grid.places[index], grid.where(index) + reason, grid.raw(index))
            for index, reason in columns.faults.items()
        ),
    ]
    kept = [True] * columns.size
    for index in columns.faults:
        kept[index] = False
    return pa.array(kept, FLAG), tuple(sorted(rejected, key=lambda row: (row.place, row.digest)))


def _table(schema: pa.Schema, found: Mapping[str, pa.Array], kept: pa.Array, constant: Mapping[str, Any]) -> pa.Table:
    given = {**found, **{name: pa.array(values) for name, values in constant.items()}}
    chosen = {name: values.filter(kept) for name, values in given.items()}
    for name in ("employee_number", "external_id", "user_name"):
        if name in chosen:
            chosen[f"{name}_key"] = identifiers.keys(chosen[name])
    for name, keys in (("emails", "email_keys"), ("aliases", "alias_keys")):
        if name in chosen:
            chosen[keys] = identifiers.list_keys(chosen[name])
    return build(schema, chosen)


def _grants(app: str, ids: pa.Array, attribute: str, lists: pa.Array) -> pa.Table:
    values = pc.list_flatten(lists)
    size = len(values)
    return build(
        GRANTS,
        {
            "app": [app] * size,
            "account_id": ids.take(pc.list_parent_indices(lists)),
            "attribute": [attribute] * size,
            "value": values,
            "display": values,
            "type": ["direct"] * size,
        },
    )


def _supplied(found: Mapping[str, pa.Array], kept: pa.Array) -> dict[str, int]:
    counts = {
        name: len(kept_values) - kept_values.null_count
        for name, values in found.items()
        if (kept_values := values.filter(kept))
    }
    return {name: count for name, count in counts.items() if count}


def _notes(columns: Columns, found: Mapping[str, pa.Array], kept: pa.Array) -> tuple[str, ...]:
    notes = [f"{name} states no time zone and was read as UTC" for name in sorted(columns.zoneless)]
    mails = pc.list_flatten(found["emails"].filter(kept))
    odd = len(mails) - (pc.sum(pc.match_substring_regex(mails, _ADDRESS)).as_py() or 0)
    if odd:
        notes.append(f"{odd} of {len(mails)} entries in emails do not look like one mail address; check list_separator")
    return tuple(notes)
