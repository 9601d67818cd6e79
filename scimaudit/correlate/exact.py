"""Tiers T1 to T5: every account is looked up by every key it has, once per key, over all apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.correlate.app_rules import AppRules
from scimaudit.correlate.folding import local_parts
from scimaudit.correlate.index import Found, Index, Mask, Rows, as_mask, elements, leading, paired, present, strings
from scimaudit.correlate.pool import LOGIN, OTHER, PRIMARY, Pool, pad

LABELS: Final = (
    "external_id",
    "employee_number",
    "emails",
    "user_name",
    "user_name decoded",
    "user_name local part",
    "emails moved to another domain",
)
EXTERNAL_ID, EMPLOYEE_NUMBER, MAIL, USER_NAME, GUEST, LOCAL_PART, MOVED = range(len(LABELS))
RAW: Final = {
    EXTERNAL_ID: "external_id",
    EMPLOYEE_NUMBER: "employee_number",
    USER_NAME: "user_name",
    GUEST: "user_name",
    LOCAL_PART: "user_name",
}
"""The account column that a label's value stands in; addresses are shown by their keys."""
_GUEST_MARK: Final = "#ext#"


@dataclass(frozen=True)
class Hits:
    """Pairs of an account and a person who share a key, sorted by account, then tier.

    :param account: position of the account.
    :param person: position in the pool.
    :param tier: 1 to 5.
    :param label: what of the account was compared, a position in :data:`LABELS`.
    :param entry: which key of the roster it was; equal numbers are equal keys of one person.
    :param crowded: more people share the key than are listed.
    :param lefts: keys of accounts; ``left_at`` tells which of them is this hit's. So a hit is numbers until it is told.
    :param rights: keys of people, with ``right_at``.
    """

    account: Rows
    person: Rows
    tier: Rows
    label: Rows
    entry: Rows
    crowded: Mask
    lefts: pa.Array
    left_at: Rows
    rights: pa.Array
    right_at: Rows

    def __len__(self) -> int:
        return len(self.account)

    def left(self, places: Rows) -> pa.Array:
        """The accounts' keys of the hits at these places."""
        return self.lefts.take(pa.array(self.left_at[places]))

    def right(self, places: Rows) -> pa.Array:
        """The people's keys of the hits at these places."""
        return self.rights.take(pa.array(self.right_at[places]))

    def only(self, chosen: Mask | Rows) -> Hits:
        """The hits chosen by a mask or by position."""
        numbers = ("account", "person", "tier", "label", "entry", "crowded", "left_at", "right_at")
        return replace(self, **{name: getattr(self, name)[chosen] for name in numbers})

    def without(self, barred: tuple[Rows, Rows]) -> Hits:
        """The hits that are not among these pairs of an account and a person."""
        accounts, people = barred
        if not len(accounts):
            return self
        pairs = paired(np.concatenate([self.account, accounts]), np.concatenate([self.person, people]))
        return self.only(~np.isin(pairs[: len(self)], pairs[len(self) :]))

    def texts(self, accounts: pd.DataFrame) -> tuple[Rows, pa.Array]:
        """Each hit in words: tier, attribute, the account's value as received, the person's key.

        :return: positions of the hits, those of a higher tier first, and their texts.
        """
        parts, order = [pa.array([], pa.string())], [np.empty(0, np.int64)]
        kind = self.tier * len(LABELS) + self.label
        for code in np.flatnonzero(np.bincount(kind)).tolist():
            tier, label = divmod(code, len(LABELS))
            rows = np.flatnonzero(kind == code)
            shown = RAW.get(label)
            left = strings(accounts[shown]).take(pa.array(self.account[rows])) if shown else self.left(rows)
            parts.append(pc.binary_join_element_wise(f"T{tier} {LABELS[label]} ", left, " = ", self.right(rows), ""))
            order.append(rows)
        return np.concatenate(order), pa.concat_arrays(parts)


@dataclass(frozen=True)
class Identifiers:
    """Addresses and user names of accounts, one row each.

    :param account: position of the account.
    :param key: the normalised identifier that is looked up.
    :param left: the account's own key that it was made from.
    :param label: a position in :data:`LABELS`.
    :param tiers: tier that a hit means, by the role the identifier has for the person: primary mail, user name, other.
    """

    account: Rows
    key: pa.Array
    left: pa.Array
    label: int
    tiers: tuple[int, int, int]


class Settings:
    """The rules of the apps, spread over the accounts.

    :param accounts: rows of the accounts table.
    :param apps: rules by app; an app that is not named there has the defaults.
    """

    def __init__(self, accounts: pd.DataFrame, apps: Mapping[str, AppRules]) -> None:
        names = accounts["app"].astype("category").cat
        self._codes = names.codes.to_numpy()
        held = set(np.unique(self._codes).tolist())
        default = AppRules()
        self._rules = [apps.get(str(name), default) for name in names.categories]
        self.rules: Sequence[AppRules] = [rules for code, rules in enumerate(self._rules) if code in held]

    def runs(self, tier: int) -> Mask:
        """Which accounts belong to an app that runs the tier."""
        return self._spread([f"T{tier}" in rules.tiers for rules in self._rules])

    def like(self, chosen: Sequence[AppRules]) -> Mask:
        """Which accounts belong to an app with one of these rules."""
        wanted = {id(rules) for rules in chosen}
        return self._spread([id(rules) in wanted for rules in self._rules])

    def _spread(self, flags: list[bool]) -> Mask:
        return np.asarray(flags, dtype=np.bool_)[self._codes]


def hits(accounts: pd.DataFrame, pool: Pool, settings: Settings, history: pd.DataFrame | None = None) -> Hits:
    """Every pair that a tier from T1 to T5 makes.

    :raises ConfigError: an app's ``external_id_is`` names a column that no roster has.
    """
    external = list(_external_ids(accounts, pool, settings))
    numbers = list(_employee_numbers(accounts, pool, settings))
    index = pool.addresses(history)
    named = [_addresses(held, index, settings) for held in identifiers_of(accounts, settings)]
    exact_names = [part.account[part.tier == 4] for part in named]
    local = _local_parts(accounts, pool, settings, np.concatenate(exact_names))
    spaces = [[part] for part in (*external, *numbers)] + [named, [local]]
    return _sorted(spaces)


def external_id_keys(accounts: pd.DataFrame, settings: Settings) -> Iterator[tuple[str, int | None, Rows, pa.Array]]:
    """Per declared column (and padding): its name, the accounts that have an externalId to compare, and their keys."""
    keys = strings(accounts["external_id_key"])
    ready = present(keys) & settings.runs(1)
    for column in sorted({rules.external_id_is for rules in settings.rules if rules.external_id_is is not None}):
        declared = [rules for rules in settings.rules if rules.external_id_is == column]
        numbered = column == "employee_number"
        for digits in _distinct([rules.employee_number_digits if numbered else None for rules in declared]):
            mine = [rules for rules in declared if not numbered or rules.employee_number_digits == digits]
            rows = np.flatnonzero(ready & settings.like(mine))
            yield column, digits, rows, pad(keys.take(pa.array(rows)), digits)


def employee_number_keys(accounts: pd.DataFrame, settings: Settings) -> Iterator[tuple[int | None, Rows, pa.Array]]:
    """Per padding: the accounts that have an employee number to compare, and their keys."""
    keys = strings(accounts["employee_number_key"])
    ready = present(keys) & settings.runs(2)
    for digits in _distinct([rules.employee_number_digits for rules in settings.rules]):
        mine = [rules for rules in settings.rules if rules.employee_number_digits == digits]
        rows = np.flatnonzero(ready & settings.like(mine))
        yield digits, rows, pad(keys.take(pa.array(rows)), digits)


def identifiers_of(accounts: pd.DataFrame, settings: Settings) -> list[Identifiers]:
    """The addresses and user names of the accounts, best evidence first."""
    mails, holders = elements(accounts["email_keys"])
    first = leading(holders)
    names = strings(accounts["user_name_key"])
    named = np.flatnonzero(present(names))
    known = names.take(pa.array(named))
    decoded, guests = guest_addresses(known)
    own = [
        _identifiers(holders[first], mails.filter(pa.array(first)), MAIL, (3, 5, 5)),
        _identifiers(named[guests], decoded, GUEST, (3, 4, 5)),
        _identifiers(named, known, USER_NAME, (4, 4, 5)),
        _identifiers(holders[~first], mails.filter(pa.array(~first)), MAIL, (5, 5, 5)),
    ]
    return own + [moved for held in own for moved in _moved(held, settings)]


def guest_addresses(names: pa.Array) -> tuple[pa.Array, Rows]:
    """The home addresses inside the user names of Entra guests, and where those names stand."""
    places = np.flatnonzero(as_mask(pc.match_substring(names, _GUEST_MARK)))
    # Keys are lower case; Microsoft writes the mark in capitals.
    guests = pc.replace_substring(names.take(pa.array(places)), _GUEST_MARK, _GUEST_MARK.upper()).to_pylist()
    found = pa.array([identifiers.decode_guest(name) for name in guests], pa.string())
    home = ~as_mask(pc.match_substring(found, _GUEST_MARK.upper()))
    return found.filter(pa.array(home)), places[home]


def neighbours(domains: Mapping[str, str]) -> dict[str, set[str]]:
    """For each mail domain the others that stand for the same organisation, along chains of migrations."""
    groups: dict[str, set[str]] = {}
    for old, new in domains.items():
        joined = {old, new} | groups.get(old, set()) | groups.get(new, set())
        groups.update(dict.fromkeys(joined, joined))
    return {name: group - {name} for name, group in groups.items()}


def _moved(held: Identifiers, settings: Settings) -> Iterator[Identifiers]:
    migrations = _distinct([tuple(sorted(rules.domains.items())) for rules in settings.rules if rules.domains])
    for pairs in migrations:
        inside = settings.like([rules for rules in settings.rules if tuple(sorted(rules.domains.items())) == pairs])
        for domain, others in sorted(neighbours(dict(pairs)).items()):
            chosen = inside[held.account] & as_mask(pc.ends_with(held.key, f"@{domain}"))
            rows = pa.array(np.flatnonzero(chosen))
            stems = pc.utf8_slice_codeunits(held.key.take(rows), 0, -len(domain))
            for other in sorted(others):
                key = pc.binary_join_element_wise(stems, other, "")
                yield Identifiers(held.account[chosen], key, held.left.take(rows), MOVED, (5, 5, 5))


def _identifiers(account: Rows, key: pa.Array, label: int, tiers: tuple[int, int, int]) -> Identifiers:
    return Identifiers(account, key, key, label, tiers)


def _external_ids(accounts: pd.DataFrame, pool: Pool, settings: Settings) -> Iterator[Hits]:
    for column, digits, rows, keys in external_id_keys(accounts, settings):
        yield _one_tier(rows, keys, pool.external_ids(column, digits), 1, EXTERNAL_ID)


def _employee_numbers(accounts: pd.DataFrame, pool: Pool, settings: Settings) -> Iterator[Hits]:
    for digits, rows, keys in employee_number_keys(accounts, settings):
        yield _one_tier(rows, keys, pool.employee_numbers(digits), 2, EMPLOYEE_NUMBER)


def _local_parts(accounts: pd.DataFrame, pool: Pool, settings: Settings, named: Rows) -> Hits:
    """Local parts, where the app lets them count and the whole user name names nobody."""
    names = strings(accounts["user_name_key"])
    chosen = settings.like([rules for rules in settings.rules if rules.match_local_part]) & settings.runs(4)
    chosen &= present(names)
    chosen[named] = False
    # A guest's address belongs to another organisation: there the domain is what tells people apart.
    rows = np.flatnonzero(chosen)
    rows = rows[~as_mask(pc.match_substring(names.take(pa.array(rows)), _GUEST_MARK))]
    return _one_tier(rows, local_parts(names.take(pa.array(rows))), pool.local_parts(), 4, LOCAL_PART)


def _one_tier(rows: Rows, keys: pa.Array, index: Index, tier: int, label: int) -> Hits:
    found = index.find(keys)
    return _hits(found, rows, keys, index, np.full(len(found.row), tier), label)


def _addresses(held: Identifiers, index: Index, settings: Settings) -> Hits:
    found = index.find(held.key)
    owner = held.account[found.row]
    best = np.full(len(owner), 9)
    for role, tier in zip((PRIMARY, LOGIN, OTHER), held.tiers, strict=True):
        means = (index.role[found.entry] & role > 0) & settings.runs(tier)[owner]
        best = np.where(means, np.minimum(best, tier), best)
    every = _hits(found, held.account, held.left, index, best, held.label)
    return every.only(best < 9)


def _hits(found: Found, rows: Rows, left: pa.Array, index: Index, tier: Rows, label: int) -> Hits:
    return Hits(
        account=rows[found.row],
        person=found.person,
        tier=tier,
        label=np.full(len(tier), label),
        entry=found.entry,
        crowded=found.crowded,
        lefts=left,
        left_at=found.row,
        rights=index.vocabulary,
        right_at=index.code[found.entry],
    )


def _sorted(spaces: list[list[Hits]]) -> Hits:
    """All hits in order; entries of different indexes are told apart by an offset."""
    offset = 0
    parts: list[Hits] = []
    entries: list[Rows] = []
    for space in spaces:
        parts.extend(space)
        entries.extend(part.entry + offset for part in space)
        offset += 1 + max(int(part.entry.max(initial=0)) for part in space)
    lefts, left_at = _stacked([(part.lefts, part.left_at) for part in parts])
    rights, right_at = _stacked([(part.rights, part.right_at) for part in parts])
    every = Hits(
        account=np.concatenate([part.account for part in parts]),
        person=np.concatenate([part.person for part in parts]),
        tier=np.concatenate([part.tier for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        entry=np.concatenate(entries),
        crowded=np.concatenate([part.crowded for part in parts]),
        lefts=lefts,
        left_at=left_at,
        rights=rights,
        right_at=right_at,
    )
    # Stable: within a tier the identifiers keep their order, best evidence first.
    return every.only(np.argsort(paired(every.account, every.tier), kind="stable"))


def _stacked(parts: Sequence[tuple[pa.Array, Rows]]) -> tuple[pa.Array, Rows]:
    """Arrays under each other, each only once, with positions in them moved along."""
    arrays: list[pa.Array] = []
    begins: dict[int, int] = {}
    size = 0
    for array, _ in parts:
        if id(array) not in begins:
            begins[id(array)] = size
            arrays.append(array)
            size += len(array)
    return pa.concat_arrays(arrays), np.concatenate([places + begins[id(array)] for array, places in parts])


def _distinct(values: Sequence[Any]) -> list[Any]:
    return sorted(set(values), key=repr)
