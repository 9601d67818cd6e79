"""Whether anybody at all could meet an expression, whatever the columns hold.

Each column can hold one of the texts that the expressions mention, some other text, or nothing. Where they compare with
patterns, "some other text" splits by which of the patterns it fits: texts made from the patterns show what is possible,
and every combination of fitting and not fitting bounds it. What neither shows nor rules out a person is undecided.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import pyarrow as pa

from scimaudit import identifiers, tables
from scimaudit.policy import patterns
from scimaudit.policy.expression import Atom, Compare, IsNull, Node, atoms, compared, decided

MOST: Final = 5_000
"""Steps of the search; beyond them the question is undecided."""

_Cell = Mapping[Atom, bool | None]
_OTHER: Final = "\x7f"  # a text that nobody mentions
_FIELDS: Final = {field.name: field for field in tables.PEOPLE}


@lru_cache(maxsize=100_000)
def reachable(who: Node) -> bool | None:
    """Whether somebody could meet the expression for certain; None where that is undecided."""
    return _possible({who: True})


@lru_cache(maxsize=100_000)
def implies(who: Node, other: Node) -> bool | None:
    """Whether everybody who meets the first expression meets the other; None where that is undecided."""
    if who == other:
        return True
    apart = _possible({who: True, other: False})
    return None if apart is None else not apart


def _possible(goal: Mapping[Node, bool]) -> bool | None:
    """Whether some person meets every expression whose goal is true, and none whose goal is false."""
    columns: dict[str, dict[Atom, None]] = {}
    for node in goal:
        for atom in atoms(node):
            columns.setdefault(atom.column, {})[atom] = None
    shown = [_shown(column, list(mine)) for column, mine in columns.items()]
    if _search(shown, goal):
        return True
    bounds = [_bounds(column, list(mine)) for column, mine in columns.items()]
    whole = [[*cells, *more] for cells, more in zip(shown, bounds, strict=True) if more is not None]
    if len(whole) < len(shown):
        return None
    return False if _search(whole, goal) is False else None


def _search(columns: Sequence[Sequence[_Cell]], goal: Mapping[Node, bool]) -> bool | None:
    """Whether one cell of each column can be chosen so that the goal is reached; None when that takes too long."""
    steps = itertools.count()

    def reached(depth: int, told: _Cell) -> bool | None:
        truths = [(decided(node, told.get), due) for node, due in goal.items()]
        # What a column that is not chosen yet would say counts as unknown, and what is false or true stays so.
        if any(truth is (not due) for truth, due in truths):
            return False
        if depth == len(columns):
            return all((truth is True) == due for truth, due in truths)
        for cell in columns[depth]:
            if next(steps) >= MOST:
                return None
            found = reached(depth + 1, {**told, **cell})
            if found is not False:
                return found
        return False

    return reached(0, {})


def _shown(column: str, mine: Sequence[Atom]) -> list[_Cell]:
    """What a column certainly can hold: the texts mentioned, texts made from the patterns, some other text, nothing."""
    field = _FIELDS.get(column)
    texts = [*_texts(mine, "in"), *_made(_texts(mine, "~"))]
    held = {key for text in texts if (key := identifiers.key(text))}
    if column == "status":
        held = set(tables.STATUSES)
    elif field is not None and pa.types.is_date(field.type):
        held = {text for text in held if _is_day(text)} | {"1900-01-01", "2999-12-31"}
    else:
        held.add(_OTHER)
    cells: list[_Cell] = [{atom: compared(atom, text) for atom in mine} for text in sorted(held)]
    if field is None or field.nullable:
        cells.append({atom: compared(atom, None) for atom in mine})
    return cells


def _bounds(column: str, mine: Sequence[Atom]) -> list[_Cell] | None:
    """What other texts can do at most: fit any set of the patterns, and be none of the texts. None: too many sets."""
    plain = sorted({_key(text) for text in _texts(mine, "~")})
    if column == "status" or not plain:
        return []
    if 2 ** len(plain) > MOST:
        return None
    sets = (dict(zip(plain, fits, strict=True)) for fits in itertools.product((False, True), repeat=len(plain)))
    return [{atom: _bounded(atom, fits) for atom in mine} for fits in sets if _thinkable(fits)]


def _thinkable(fits: Mapping[str, bool]) -> bool:
    """Whether one text could fit just these patterns, as far as comparing them in twos tells."""
    hit = [text for text, fit in fits.items() if fit]
    missed = [text for text, fit in fits.items() if not fit]
    return (
        all(patterns.overlap(one, other) for one, other in itertools.combinations(hit, 2))
        and not any(patterns.within(one, other) for one in hit for other in missed)
        and not any(patterns.within("?*", text) for text in missed)
    )


def _bounded(atom: Atom, fits: Mapping[str, bool]) -> bool:
    if isinstance(atom, IsNull):
        return False
    return (atom.operator == "~" and any(fits[_key(text)] for text in atom.texts)) != atom.negated


def _texts(mine: Sequence[Atom], operator: str) -> list[str]:
    return [text for atom in mine if isinstance(atom, Compare) and atom.operator == operator for text in atom.texts]


def _key(text: str) -> str:
    return identifiers.key(text) or ""


def _made(plain: Sequence[str]) -> list[str]:
    """Texts that fit the patterns, and one text for each two of them that may fit both."""
    short = [text.replace("*", "").replace("?", "x") for text in plain]
    long = [text.replace("*", "xx").replace("?", "y") for text in plain]
    return short + long + ["".join(both) for both in itertools.permutations(short, 2)]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
