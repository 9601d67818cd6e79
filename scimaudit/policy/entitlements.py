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
from scimaudit.policy import expression, patterns, reading

ATTRIBUTES: Final = ("groups", "roles", "entitlements", "licenses")
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
        for column in ("value", "display"):
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

    :param columns: the columns of people that ``who`` may name.
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
    if attribute is not None and attribute not in ATTRIBUTES:
        raise PolicyError(f"{where}: attribute is {attribute!r}", hint="attributes: " + ", ".join(ATTRIBUTES))
    found = What(data["app"], attribute, reading.texts(data, "values", where), reading.texts(data, "patterns", where))
    if not whole_app and not found.exact and not found.patterns:
        raise PolicyError(f"{where}: says neither values nor patterns")
    return found


def people_of(rules: Sequence[EntitlementRule], people: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """For each person (row) and rule (column), whether the rule speaks of them: for certain, and possibly.

    Who is certain is possible too; the others depend on columns that are null.
    """
    truths = _truths(rules, people)
    return truths == 1, truths != 0


def _truths(rules: Sequence[EntitlementRule], people: pd.DataFrame) -> np.ndarray:
    """The same as 1 (yes), 0 (no) and -1 (that depends on what is not known); decided per distinct combination."""
    found = np.zeros((len(people), len(rules)), dtype=np.int8)
    named = sorted({name for rule in rules for name in expression.columns_of(rule.who)})
    coded = {name: pd.factorize(_text(people[name])) for name in named}
    for place, rule in enumerate(rules):
        columns = sorted(expression.columns_of(rule.who))
        if not columns:
            found[:, place] = expression.holds(rule.who, {})
            continue
        group, firsts = _combinations([coded[name] for name in columns])
        truths = [
            expression.truth(rule.who, dict(zip(columns, cells, strict=True)))
            for cells in zip(*(_cells(coded[name], firsts) for name in columns), strict=True)
        ]
        found[:, place] = np.array([-1 if each is None else each for each in truths], dtype=np.int8)[group]
    return found


def verdicts(
    rules: Sequence[EntitlementRule], people: pd.DataFrame, entitlements: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the policy says of every person and entitlement, without spelling out every pair.

    :returns: class of each person, class of each entitlement, and the table of :data:`ALLOWED`, :data:`DENIED`,
        :data:`NOT_ALLOWED`, :data:`SILENT` or :data:`UNKNOWN` by both classes.
    """
    both, person = _classes(np.hstack(people_of(rules, people)))
    certain, possible = both[:, : len(rules)], both[:, len(rules) :]
    columns = [rule.what.names(entitlements) for rule in rules]
    named, entitlement = _classes(np.array(columns, dtype=bool).reshape(len(rules), len(entitlements)).T)
    deny = np.array([rule.deny for rule in rules], dtype=bool)
    table = np.full((len(both), len(named)), NOT_ALLOWED, dtype=np.int8)
    table[_meet(possible, named, ~deny)] = UNKNOWN
    table[_meet(certain, named, ~deny)] = ALLOWED
    # A deny says nothing of the people it does not name.
    table[:, ~named[:, ~deny].any(axis=1)] = SILENT
    table[_meet(possible, named, deny) & (table != NOT_ALLOWED)] = UNKNOWN
    table[_meet(certain, named, deny)] = DENIED
    return person, entitlement, table


def _meet(who: np.ndarray, named: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """For each class of people and of entitlements, whether one of the chosen rules speaks of both."""
    found: np.ndarray = who[:, chosen].astype(np.int32) @ named[:, chosen].T.astype(np.int32) > 0
    return found


def birthrights(rules: Sequence[EntitlementRule], people: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For each app that policy gives by birthright, which people should have an account in it: certain, possible."""
    giving = [rule for rule in rules if rule.birthright]
    certain, possible = people_of(giving, people)
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
    named = what(data["what"], f"{where}: what", whole_app=bool(data.get("birthright")))
    rest = {key: value for key, value in data.items() if key not in ("who", "what")}
    return EntitlementRule(who=who, text=data["who"], what=named, place=entry.place, **rest)


def _text(column: pd.Series) -> pd.Series:
    """A column as text; days as ``2026-12-31``."""
    return column.dt.strftime("%Y-%m-%d") if column.dtype.kind == "M" else column.astype("str")


def _combinations(columns: Sequence[tuple[np.ndarray, pd.Index]]) -> tuple[np.ndarray, np.ndarray]:
    """For each row the number of its combination of values, and for each combination the first row that has it."""
    packed = np.zeros(len(columns[0][0]), dtype=np.int64)
    for codes, distinct in columns:
        # Numbered anew at each step, so that the product of the sizes cannot overflow.
        packed, _ = pd.factorize(packed * (len(distinct) + 1) + codes + 1)
    _, firsts = np.unique(packed, return_index=True)
    return packed, firsts


def _cells(column: tuple[np.ndarray, pd.Index], rows: np.ndarray) -> list[str | None]:
    codes, distinct = column
    return [None if code < 0 else str(distinct[code]) for code in codes[rows].tolist()]


def _classes(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of a table of flags, and for each row which of them it is."""
    codes = np.zeros(len(flags), dtype=np.int64)
    # Thirty flags at a time fit beside the class found so far in one number.
    for start in range(0, flags.shape[1], 30):
        chunk = flags[:, start : start + 30]
        codes, _ = pd.factorize(codes * (1 << 30) + chunk @ (1 << np.arange(chunk.shape[1])))
    distinct = np.zeros((int(codes.max(initial=0)) + 1, flags.shape[1]), dtype=bool)
    distinct[codes] = flags
    return distinct, codes
