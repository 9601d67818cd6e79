"""Which people the rules speak of, decided per distinct combination of the columns that the rules name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from scimaudit import identifiers
from scimaudit.policy import patterns
from scimaudit.policy.expression import Atom, Both, Compare, Either, Everyone, IsNull, Node, Not, columns_of

if TYPE_CHECKING:
    from scimaudit.policy.entitlements import EntitlementRule

# Kleene's logic on whole columns: "and" is the least, "or" the greatest, "not" the rest to two.
FALSE, UNKNOWN, TRUE = 0, 1, 2

ACCOUNT: Final = "account."
"""Before the name of a column of accounts; of a person alone nobody knows what their account says."""


def people_of(rules: Sequence[EntitlementRule], people: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """For each person (row) and rule (column), whether the rule speaks of them: for certain, and possibly.

    Who is certain is possible too; the others depend on columns that are null, or of accounts.
    """
    truths, group = truths_of(rules, people)
    mine = truths[group]
    return mine == TRUE, mine != FALSE


def truths_of(rules: Sequence[EntitlementRule], people: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """For each distinct person (row) and rule (column) :data:`TRUE`, :data:`FALSE` or :data:`UNKNOWN`.

    :param people: the columns that the rules name; what compares one of accounts that is missing is unknown.
    :returns: that table, and for each person which of its rows is theirs.
    """
    named = sorted({name for rule in rules for name in columns_of(rule.who)})
    columns = {name: _Column(people[name]) for name in named if name in people or not name.startswith(ACCOUNT)}
    group, firsts = _combinations([column.codes for column in columns.values()], len(people))
    for column in columns.values():
        column.codes = column.codes[firsts]
    found = np.empty((len(rules), len(firsts)), dtype=np.int8)
    for place, rule in enumerate(rules):
        found[place] = _truth(rule.who, columns, len(firsts))
    return found.T, group


def of_accounts(rule: EntitlementRule) -> bool:
    """Whether a rule looks at columns of accounts."""
    return any(name.startswith(ACCOUNT) for name in columns_of(rule.who))


def _truth(node: Node, columns: dict[str, _Column], size: int) -> np.ndarray:
    found: np.ndarray
    match node:
        case Everyone():
            found = np.full(size, TRUE, dtype=np.int8)
        case Compare() | IsNull():
            known = columns.get(node.column)
            found = np.full(size, UNKNOWN, dtype=np.int8) if known is None else known.truth(node)
        case Not(part=part):
            found = TRUE - _truth(part, columns, size)
        case Both(parts=parts):
            found = np.minimum.reduce([_truth(part, columns, size) for part in parts])
        case Either(parts=parts):
            found = np.maximum.reduce([_truth(part, columns, size) for part in parts])
    return found


class _Column:
    """A column of people as codes of its distinct keys; the last code is that of null."""

    def __init__(self, column: pd.Series) -> None:
        codes, texts = pd.factorize(_text(column))
        keys = [identifiers.key(str(text)) for text in texts]
        self._places = {key: place for place, key in enumerate(dict.fromkeys(key for key in keys if key is not None))}
        null = len(self._places)
        self._texts = patterns.Texts(list(self._places))
        # Code -1, a null, reads the last place; a text without a key is none either.
        self.codes = np.array([*(null if key is None else self._places[key] for key in keys), null])[codes]

    def truth(self, atom: Atom) -> np.ndarray:
        """What a comparison is, for each code in :attr:`codes`."""
        told = np.full(len(self._places) + 1, FALSE, dtype=np.int8)
        if isinstance(atom, IsNull):
            told[-1] = TRUE
        else:
            told[self._fitting(atom)] = TRUE
            told = TRUE - told if atom.negated else told
            told[-1] = UNKNOWN
        found: np.ndarray = told[self.codes]
        return found

    def _fitting(self, atom: Compare) -> list[int]:
        """The keys that the comparison names."""
        wanted = [key for text in atom.texts if (key := identifiers.key(text))]
        if atom.operator == "in":
            return [self._places[key] for key in wanted if key in self._places]
        return [place for pattern in wanted for place in self._texts.fitting(pattern)]


def _text(column: pd.Series) -> pd.Series:
    """A column as text; days as ``2026-12-31``."""
    return column.dt.strftime("%Y-%m-%d") if column.dtype.kind == "M" else column.astype("str")


def _combinations(columns: Sequence[np.ndarray], size: int) -> tuple[np.ndarray, np.ndarray]:
    """For each row the number of its combination of codes, and for each combination the first row that has it."""
    packed = np.zeros(size, dtype=np.int64)
    for codes in columns:
        # Numbered anew at each step, so that the product of the sizes cannot overflow.
        packed, _ = pd.factorize(packed * (int(codes.max(initial=0)) + 1) + codes)
    _, firsts = np.unique(packed, return_index=True)
    return packed, firsts
