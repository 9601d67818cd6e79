"""Entries as a grid: each column of ours from its attribute, whether an account is active, and whom a DN means."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson

from scimaudit import tables
from scimaudit.sources._grid import Cell, Fault, Grid
from scimaudit.sources._keys import row_keys
from scimaudit.sources.ldap.search import Entry, Value
from scimaudit.sources.ldap.vendor import Disabled, Form, Vendor, moment

_DAYS: Final = frozenset(field.name for field in tables.PEOPLE if field.type == tables.DAY)
_LAST_DAYS: Final = ("end_date", "previous_end_date")
_LISTS: Final = frozenset({"emails", "aliases", "groups", "roles", "entitlements", "licenses"})
# A DN in which nothing is escaped, quoted, spaced or joined: almost every one is of this kind.
_PLAIN_PART: Final = r"[A-Za-z][A-Za-z0-9-]*=[\w.@-]+(?: [\w.@-]+)*"
_PLAIN: Final = re.compile(rf"{_PLAIN_PART}(?:,{_PLAIN_PART})*")
_MANAGER: Final = {"people": "manager_id", "accounts": "manager"}


def dn_key(dn: str) -> str:
    """A DN as it is compared: without regard to case, spaces between its parts, and the way letters are escaped.

    >>> dn_key(r"CN=Ames\\2C Ana, OU=People,dc=corp") == dn_key(r"cn=Ames\\, Ana,ou=people,DC=corp")
    True
    """
    if _PLAIN.fullmatch(dn):
        # What taking it apart would give, at a tenth of the cost: a directory names millions of them.
        return dn.casefold().replace(",", ",\0")
    return parted_key(dn)


def parted_key(dn: str) -> str:
    """:func:`dn_key` of any DN, taken apart."""
    from ldap3.core.exceptions import LDAPInvalidDnError
    from ldap3.utils.dn import parse_dn

    try:
        parts = parse_dn(dn, strip=True)
    except LDAPInvalidDnError:
        return dn.casefold()
    return "\0".join(f"{name.casefold()}={_unescaped(value).casefold()}{mark}" for name, value, mark in parts)


def _unescaped(value: str) -> str:
    """RFC 4514 section 2.4: a backslash stands before two hex digits of a byte, or before the letter itself."""
    if "\\" not in value:
        return value
    out, place = bytearray(), 0
    while place < len(value):
        letter = value[place]
        pair = value[place + 1 : place + 3]
        if letter != "\\":
            out += letter.encode()
            place += 1
        elif len(pair) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in pair):
            out.append(int(pair, 16))
            place += 3
        else:
            out += pair[:1].encode()
            place += 2
    return out.decode("utf-8", "replace")


def wanted(vendor: Vendor, columns: Mapping[str, str]) -> list[str]:
    """The attributes to ask for by name: operational ones are not given otherwise."""
    names = {*columns.values(), vendor.identity, *(test.attribute for test in vendor.disabled), *vendor.marker.values()}
    if vendor.primary_group:
        names |= {"primaryGroupID", *vendor.sids}
    return sorted(name for name in names if name)


def grid(entries: Sequence[Entry], vendor: Vendor, columns: Mapping[str, str], fills: str, now: datetime) -> Grid:
    """Entries as rows.

    :param columns: column of people or accounts (or an extra one) to attribute.
    :param now: the time, to see what has expired.
    """
    key = "person_id" if fills == "people" else "account_id"
    told = {key: vendor.identity, **{name: attribute for name, attribute in columns.items() if attribute}}
    managers = told.pop(_MANAGER[fills], "")
    cells: dict[str, list[Cell]] = {
        name: [_cell(entry, attribute, name, vendor) for entry in entries] for name, attribute in told.items()
    }
    if key not in columns:
        # A directory that does not show the identity still tells entries apart by their place.
        cells[key] = [cell or entry.dn for cell, entry in zip(cells[key], entries, strict=True)]
    flag = "status" if fills == "people" else "active"
    if flag not in told:
        cells[flag] = [_state(active(entry, vendor, now), fills) for entry in entries]
    if managers:
        cells[_MANAGER[fills]] = _managers(entries, managers, _names(entries, cells, fills))
    return Grid(
        header=tuple(cells),
        columns=list(cells.values()),
        places=range(1, len(entries) + 1),
        raw=lambda index: orjson.dumps([entries[index].dn, {k: list(map(str, v)) for k, v in _sorted(entries[index])}]),
        unit="row",
    )


def active(entry: Entry, vendor: Vendor, now: datetime) -> bool | None:
    """Whether the entry can sign in, as far as the directory says; None where it does not."""
    tests = [_says_disabled(entry, test, now) for test in vendor.disabled]
    if True in tests:
        return False
    heard = any(attribute.lower() in entry.attributes for attribute in vendor.marker.values())
    if not heard or any(test is None for test in tests):
        return None
    silent = all(test.attribute.lower() not in entry.attributes for test in vendor.disabled)
    return None if silent and vendor.active_when_silent == "unknown" else True


def _says_disabled(entry: Entry, test: Disabled, now: datetime) -> bool | None:
    """Whether the test speaks for disabled; None where its value cannot be read."""
    values = entry.texts(test.attribute)
    if not values:
        return None if test.attribute.lower() in entry.attributes else False
    try:
        if test.bit is not None:
            return bool(int(values[0]) & test.bit)
        if test.past is not None:
            ends = moment(values[0], test.past)
            return ends is not None and ends <= now
    except ValueError:
        return None
    return values[0].casefold() == (test.equals or "").casefold()


def _state(found: bool | None, fills: str) -> str | None:
    if found is None:
        return None
    if fills == "people":
        return "enabled" if found else "disabled"
    return "true" if found else "false"


def _cell(entry: Entry, attribute: str, column: str, vendor: Vendor) -> Cell:
    values = entry.attributes.get(attribute.lower(), ())
    if not values:
        return None
    if attribute in vendor.guids:
        return _guid(values[0])
    texts = [value for value in values if isinstance(value, str)]
    if column in _LISTS:
        return [text.partition(":")[2] if text[:5].lower() == "smtp:" else text for text in texts]
    if not texts:
        return Fault(f"{attribute} is not text")
    form = vendor.times.get(attribute)
    return texts[0] if form is None else _time(texts[0], form, column)


def _time(text: str, form: Form, column: str) -> Cell:
    try:
        found = moment(text, form)
    except ValueError as error:
        return Fault(str(error))
    if found is None or column not in _DAYS:
        return found
    # Who may sign in until midnight has that evening as the last day.
    return (found - timedelta(microseconds=1) if column in _LAST_DAYS else found).date().isoformat()


def _guid(value: Value) -> Cell:
    raw = value if isinstance(value, bytes) else value.encode()
    return str(uuid.UUID(bytes_le=raw)) if len(raw) == 16 else Fault("the GUID has not 16 bytes")


def _names(entries: Sequence[Entry], cells: Mapping[str, list[Cell]], fills: str) -> dict[str, str]:
    """DN to the key that the row will go by."""
    keys = row_keys(cells, fills, len(entries))
    return {dn_key(entry.dn): key for entry, key in zip(entries, keys, strict=True) if key}


def _managers(entries: Sequence[Entry], attribute: str, names: Mapping[str, str]) -> list[Cell]:
    """The manager of each entry as the key of the manager's own row; a DN outside the listing stays a DN."""
    said = [next(iter(entry.texts(attribute)), None) for entry in entries]
    known = {dn: names.get(dn_key(dn), dn) for dn in {dn for dn in said if dn}}
    return [known[dn] if dn else None for dn in said]


def _sorted(entry: Entry) -> list[tuple[str, Sequence[Value]]]:
    return sorted(entry.attributes.items())
