"""``policy/catalogue.csv``: what each entitlement of an app is, who answers for it, and what it could be used for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from scimaudit.errors import PolicyError
from scimaudit.policy import entitlements, patterns, reading

COLUMNS: Final = ("app", "attribute", "value", "name", "privileged", "eligible", "owner", "risk")
REQUIRED: Final = ("app", "value")
OPTIONAL: Final = ("attribute", "name", "privileged", "eligible", "owner", "risk")
_FLAGS: Final = {"yes": True, "no": False, "": None}


@dataclass(frozen=True)
class Described:
    """One line.

    :param attribute: ``groups``, ``roles``, ``entitlements`` or ``licenses``; empty is any of them.
    :param value: id or name of the entitlement, or a pattern over them.
    :param name: what people call it, where the app's own name does not say.
    :param privileged: whether it gives power over the app; ``None`` where the line does not say.
    :param eligible: it is not held but may be activated for a while, each time anew.
    :param owner: mail address, user name, employee number or person id of who answers for it.
    :param risk: what could happen, in words.
    """

    app: str
    attribute: str
    value: str
    name: str = ""
    privileged: bool | None = None
    eligible: bool = False
    owner: str = ""
    risk: str = ""
    place: str = field(default="", compare=False, kw_only=True)


def load(path: Path) -> tuple[Described, ...]:
    """Read the catalogue; a file that is not there is an empty one.

    :raises PolicyError: it cannot be read, or a line is wrong; names the line.
    """
    return parse(reading.csv_text(path), str(path))


def parse(text: str, where: str) -> tuple[Described, ...]:
    """The catalogue in ``text``.

    :raises PolicyError: a line is wrong; names the line.
    """
    found: dict[tuple[str, str, str], Described] = {}
    for entry in reading.csv_lines(text, where, COLUMNS, REQUIRED, OPTIONAL):
        told = dict(entry.data)
        if told["attribute"] not in ("", *entitlements.ATTRIBUTES):
            hint = "attributes: " + ", ".join(entitlements.ATTRIBUTES)
            raise PolicyError(f"{entry.where}: attribute is {told['attribute']!r}", hint=hint)
        privileged, eligible = (_flag(told.pop(name), f"{entry.where}: {name}") for name in ("privileged", "eligible"))
        line = Described(**told, privileged=privileged, eligible=bool(eligible), place=entry.place)
        first = found.setdefault((line.app, line.attribute, line.value), line)
        if first is not line:
            raise PolicyError(
                f"{entry.where}: {line.value!r} of {line.app!r} already stands in {first.place}", hint="keep one line"
            )
    return tuple(found.values())


def lines_of(catalogue: Sequence[Described], rights: pd.DataFrame) -> np.ndarray:
    """For each entitlement the position of its line in the catalogue, or -1.

    A line that names it beats a pattern, and its id beats its name; of two patterns the one with more literal
    characters wins, so that the order of lines never matters.

    :param rights: ``app``, ``attribute``, ``value`` and ``display``.
    """
    found = np.full(len(rights), -1, dtype=np.int32)
    named = {
        (line.app, line.attribute, line.value): place
        for place, line in enumerate(catalogue)
        if not patterns.is_pattern(line.value)
    }
    plain = rights.astype(dict.fromkeys(("app", "attribute", "value", "display"), "str"))
    for column in ("value", "display"):
        for attribute in (plain["attribute"], pd.Series("", index=rights.index)):
            at = _positions(named, pd.MultiIndex.from_arrays([plain["app"], attribute, plain[column]]))
            found = np.where(found < 0, at, found)
    rest = sorted(set(range(len(catalogue))) - set(named.values()), key=lambda place: _rank(catalogue[place]))
    for place, meant in zip(rest, _fitting([catalogue[place] for place in rest], rights), strict=True):
        found[meant[found[meant] < 0]] = place
    return found


def _fitting(lines: Sequence[Described], rights: pd.DataFrame) -> list[np.ndarray]:
    """For each line with a pattern the positions of the entitlements that it fits."""
    whats = [entitlements.What(line.app, line.attribute or None, patterns=(line.value,)) for line in lines]
    return entitlements.rows_named(whats, rights)


def _positions(named: dict[tuple[str, str, str], int], asked: pd.MultiIndex) -> np.ndarray:
    if not named:
        return np.full(len(asked), -1, dtype=np.int32)
    at = pd.MultiIndex.from_tuples(named).get_indexer(asked)
    return np.append(np.fromiter(named.values(), dtype=np.int32), np.int32(-1))[at]


def _rank(line: Described) -> tuple[int, bool, str]:
    return -sum(sign not in "*?" for sign in line.value), line.attribute == "", line.value


def _flag(text: str, where: str) -> bool | None:
    if text not in _FLAGS:
        raise PolicyError(f"{where} is {text!r}", hint="write yes or no, or leave it empty")
    return _FLAGS[text]
