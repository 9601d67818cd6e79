"""``policy/entitlements.toml``: which people may, must or must not hold which entitlements.

Order never matters and a deny beats an allow. An entitlement that no allowing rule names is policy-silent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from scimaudit.errors import PolicyError
from scimaudit.policy import expression, matching, patterns, reading
from scimaudit.policy.lookup import Lookup
from scimaudit.tables import ENTITLEMENTS

ALLOWED, DENIED, NOT_ALLOWED, SILENT, UNKNOWN = 0, 1, 2, 3, 4
"""What the policy says of one grant; unknown where it depends on something that is not known of the person."""


@dataclass(frozen=True)
class What:
    """Entitlements of an app.

    :param attribute: ``groups``, ``roles``, ``entitlements`` or ``licenses``; ``None`` is any of them.
    :param exact: ids or names, compared exactly (``values`` in the file).
    :param patterns: patterns over ids and names, blind to letter case.
    """

    app: str
    attribute: str | None = None
    exact: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def names(self, entitlements: pd.DataFrame) -> np.ndarray:
        """Which rows of ``app``, ``attribute``, ``value``, ``display`` are meant."""
        mine = entitlements["app"] == self.app
        if self.attribute is not None:
            mine &= entitlements["attribute"] == self.attribute
        rows = np.flatnonzero(mine)
        hit = np.zeros(len(rows), dtype=bool)
        for column in ("value", "display") if len(rows) else ():
            texts = entitlements[column].take(rows)
            hit |= texts.isin(self.exact).to_numpy() | patterns.matches(texts, self.patterns)
        found = np.zeros(len(entitlements), dtype=bool)
        found[rows] = hit
        return found


@dataclass(frozen=True)
class EntitlementRule:
    """One ``[[rules]]`` table.

    :param who: the people it speaks of; ``text`` is what the file says.
    :param what: the entitlements; without values and patterns it speaks of the app alone.
    :param birthright: these people should have it, not only may.
    :param deny: they must not hold it.
    :param days: longest time that a grant by this rule may last.
    :param requires_approval: a grant by this rule needs an approval on record.
    """

    name: str
    who: expression.Node
    text: str
    what: What
    why: str
    owner: str = ""
    birthright: bool = False
    deny: bool = False
    days: int | None = None
    requires_approval: bool = False
    place: str = field(default="", compare=False, kw_only=True)


CENTURY: Final = 36_500
"""The most days that a limit may have; dates beyond it cannot be told apart from a slip of the pen."""

KEYS: Final = {
    "name": str, "who": str, "what": dict, "why": str, "owner": str, "birthright": bool, "deny": bool, "days": int,
    "requires_approval": bool,
}  # fmt: skip


def load(path: Path, columns: Collection[str]) -> tuple[EntitlementRule, ...]:
    """Read the rules; a file that is not there has none.

    :param columns: the columns of people, and of accounts, that ``who`` may name.
    :raises PolicyError: the file is wrong; names the rule.
    """
    entries = reading.tables_in(path, "rules", "rule")
    found = tuple(_rule(entry, columns) for entry in entries)
    reading.unique(entries, "name")
    return found


def what(data: Mapping[str, Any], where: str, *, whole_app: bool) -> What:
    """Entitlements as a policy file names them: ``{ app = …, attribute = …, values = […], patterns = […] }``.

    :param whole_app: neither values nor patterns are needed.
    :raises PolicyError: it is something else.
    """
    reading.check(data, {"app": str, "attribute": str, "values": list, "patterns": list}, ("app",), where)
    attribute = data.get("attribute")
    if attribute is not None and attribute not in ENTITLEMENTS:
        raise PolicyError(f"{where}: attribute is {attribute!r}", hint="attributes: " + ", ".join(ENTITLEMENTS))
    found = What(data["app"], attribute, reading.texts(data, "values", where), reading.texts(data, "patterns", where))
    if not whole_app and not found.exact and not found.patterns:
        raise PolicyError(f"{where}: says neither values nor patterns")
    return found


def rows_named(whats: Sequence[What], entitlements: pd.DataFrame) -> list[np.ndarray]:
    """For each of many, the positions of the rows that it names; looks at the texts of an app once."""
    by_app: dict[str, list[int]] = {}
    for place, each in enumerate(whats):
        by_app.setdefault(each.app, []).append(place)
    found = [np.zeros(0, dtype=np.int64)] * len(whats)
    attribute = entitlements["attribute"].astype("str").to_numpy(dtype=object)
    for app, places in by_app.items():
        rows = np.flatnonzero((entitlements["app"] == app).to_numpy())
        if not len(rows):
            continue
        mine = entitlements.take(rows)
        lookup = Lookup(mine["value"], mine["display"])
        for place in places:
            each = whats[place]
            hit = rows[lookup.rows(each.exact, each.patterns)]
            found[place] = hit if each.attribute is None else hit[attribute[hit] == each.attribute]
    return found


def verdicts(
    rules: Sequence[EntitlementRule], people: pd.DataFrame, entitlements: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the policy says of every person and entitlement, without spelling out every pair.

    :returns: class of each person, class of each entitlement, and the table of :data:`ALLOWED`, :data:`DENIED`,
        :data:`NOT_ALLOWED`, :data:`SILENT` or :data:`UNKNOWN` by both classes.
    """
    truths, group = matching.truths_of(rules, people)
    kinds, kind = _classes(truths)
    entitlement, named = _entitlement_classes(
        rows_named([rule.what for rule in rules], entitlements), len(entitlements)
    )
    size = int(entitlement.max(initial=0)) + 1
    allowed, denied = (_Reach(np.zeros((len(kinds), size), dtype=np.int8)) for _ in range(2))
    spoken = np.zeros(size, dtype=bool)
    for place, rule in enumerate(rules):
        (denied if rule.deny else allowed).add(kinds[:, place], named[place])
        spoken[named[place]] |= not rule.deny
    table = np.full((len(kinds), size), NOT_ALLOWED, dtype=np.int8)
    table[allowed.table == matching.UNKNOWN] = UNKNOWN
    table[allowed.table == matching.TRUE] = ALLOWED
    # A deny says nothing of the people it does not name.
    table[:, ~spoken] = SILENT
    table[(denied.table != matching.FALSE) & (table != NOT_ALLOWED)] = UNKNOWN
    table[denied.table == matching.TRUE] = DENIED
    return kind[group], entitlement, table


@dataclass(frozen=True)
class _Reach:
    """By class of people and of entitlements, the greatest truth that some rule speaks of both."""

    table: np.ndarray

    def add(self, who: np.ndarray, named: np.ndarray) -> None:
        people = np.flatnonzero(who)
        if len(named) and len(people):
            where = np.ix_(people, named)
            self.table[where] = np.maximum(self.table[where], who[people, None])


def birthrights(rules: Sequence[EntitlementRule], people: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For each app that policy gives by birthright, which people should have an account in it: certain, possible."""
    giving = [rule for rule in rules if rule.birthright]
    certain, possible = matching.people_of(giving, people)
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for app in dict.fromkeys(rule.what.app for rule in giving):
        mine = [place for place, rule in enumerate(giving) if rule.what.app == app]
        found[app] = np.logical_or.reduce(certain[:, mine], axis=1), np.logical_or.reduce(possible[:, mine], axis=1)
    return found


def _rule(entry: reading.Entry, columns: Collection[str]) -> EntitlementRule:
    data, where = entry.data, entry.where
    reading.check(data, KEYS, ("name", "who", "what", "why"), where)
    if data.get("deny") and data.get("birthright"):
        raise PolicyError(f"{where}: cannot both deny and be a birthright")
    if not 1 <= data.get("days", 1) <= CENTURY:
        raise PolicyError(f"{where}: days must be from 1 to {CENTURY}")
    who = expression.parse(data["who"], columns, f"{where}: who")
    if data.get("birthright") and any(name.startswith(matching.ACCOUNT) for name in expression.columns_of(who)):
        raise PolicyError(f"{where}: a birthright cannot depend on an account", hint="name columns of people alone")
    named = what(data["what"], f"{where}: what", whole_app=bool(data.get("birthright")))
    rest = {key: value for key, value in data.items() if key not in ("who", "what")}
    return EntitlementRule(who=who, text=data["who"], what=named, place=entry.place, **rest)


def _classes(truths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of a table of truths, and for each row which of them it is."""
    codes = np.zeros(len(truths), dtype=np.int64)
    # Fifteen truths at a time, two bits each, fit beside the class found so far in one number.
    for start in range(0, truths.shape[1], 15):
        chunk = truths[:, start : start + 15].astype(np.int64)
        codes, _ = pd.factorize(codes * (1 << 30) + chunk @ (1 << (2 * np.arange(chunk.shape[1]))))
    distinct = np.zeros((int(codes.max(initial=0)) + 1, truths.shape[1]), dtype=np.int8)
    distinct[codes] = truths
    return distinct, codes


def _entitlement_classes(named: Sequence[np.ndarray], size: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Which entitlements the same rules name: the class of each, and for each rule the classes that it names.

    :param named: for each rule the entitlements that it names.
    """
    codes = np.zeros(size, dtype=np.int64)
    for start in range(0, len(named), 30):
        chunk = np.zeros(size, dtype=np.int64)
        for bit, rows in enumerate(named[start : start + 30]):
            chunk[rows] |= 1 << bit
        codes, _ = pd.factorize(codes * (1 << 30) + chunk)
    return codes, [np.unique(codes[rows]) for rows in named]
