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
from scimaudit.tables import ENTITLEMENTS

COLUMNS: Final = ("app", "attribute", "value", "name", "privileged", "eligible", "owner", "risk")
REQUIRED: Final = ("app", "value")
OPTIONAL: Final = ("attribute", "name", "privileged", "eligible", "owner", "risk")
_TOLD: Final = {"title": "str", "owner": "str", "risk": "str", "privileged": "boolean", "eligible": "boolean"}
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
        if told["attribute"] not in ("", *ENTITLEMENTS):
            hint = "attributes: " + ", ".join(ENTITLEMENTS)
            raise PolicyError(f"{entry.where}: attribute is {told['attribute']!r}", hint=hint)
        privileged, eligible = (_flag(told.pop(name), f"{entry.where}: {name}") for name in ("privileged", "eligible"))
        line = Described(**told, privileged=privileged, eligible=bool(eligible), place=entry.place)
        first = found.setdefault((line.app, line.attribute, line.value), line)
        if first is not line:
            raise PolicyError(
                f"{entry.where}: {line.value!r} of {line.app!r} already stands in {first.place}", hint="keep one line"
            )
    return tuple(found.values())


def described(catalogue: Sequence[Described], rights: pd.DataFrame) -> pd.DataFrame:
    """For each entitlement what the catalogue says of it: ``title``, ``owner``, ``risk``, ``privileged``, ``eligible``.

    Of several lines each column is told by the best one that says something: a line that names the entitlement beats a
    pattern, and its id beats its name; of two patterns the one with more literal characters, then one that says yes.
    The order of lines never matters.

    :param rights: ``app``, ``attribute``, ``value`` and ``display``.
    """
    if not catalogue:
        return pd.DataFrame(index=rights.index, columns=list(_TOLD), dtype=object).astype(_TOLD)
    told = pd.DataFrame(
        {
            "title": [line.name or None for line in catalogue],
            "owner": [line.owner or None for line in catalogue],
            "risk": [line.risk or None for line in catalogue],
            "privileged": [line.privileged for line in catalogue],
            "eligible": [line.eligible or None for line in catalogue],
        },
        dtype=object,
    ).astype(_TOLD)
    order = _best_first(catalogue, rights)
    found = {}
    for name in told.columns:
        says = told[name].notna().to_numpy()
        place = np.full(len(rights), -1, dtype=np.int64)
        for line, rows in order:
            chosen = rows[(place[rows] < 0) & says[line]]
            place[chosen] = line if isinstance(line, int) else line[(place[rows] < 0) & says[line]]
        found[name] = pd.api.extensions.take(told[name].array, place, allow_fill=True)
    return pd.DataFrame(found, index=rights.index)


def _best_first(catalogue: Sequence[Described], rights: pd.DataFrame) -> list[tuple[int | np.ndarray, np.ndarray]]:
    """Lines, or one line for each row, with the rows of ``rights`` that they describe, the best first."""
    named = {
        (line.app, line.attribute, line.value): place
        for place, line in enumerate(catalogue)
        if not patterns.is_pattern(line.value)
    }
    plain = rights.astype(dict.fromkeys(("app", "attribute", "value", "display"), "str"))
    order: list[tuple[int | np.ndarray, np.ndarray]] = []
    for column in ("value", "display"):
        for attribute in (plain["attribute"], pd.Series("", index=rights.index)):
            at = _positions(named, pd.MultiIndex.from_arrays([plain["app"], attribute, plain[column]]))
            rows = np.flatnonzero(at >= 0)
            order.append((at[rows], rows))
    wide = sorted(set(range(len(catalogue))) - set(named.values()), key=lambda place: _rank(catalogue[place]))
    order += zip(wide, _fitting([catalogue[place] for place in wide], rights), strict=True)
    return order


def _fitting(lines: Sequence[Described], rights: pd.DataFrame) -> list[np.ndarray]:
    """For each line with a pattern the positions of the entitlements that it fits."""
    whats = [entitlements.What(line.app, line.attribute or None, patterns=(line.value,)) for line in lines]
    return entitlements.rows_named(whats, rights)


def _positions(named: dict[tuple[str, str, str], int], asked: pd.MultiIndex) -> np.ndarray:
    if not named:
        return np.full(len(asked), -1, dtype=np.int64)
    at = pd.MultiIndex.from_tuples(named).get_indexer(asked)
    return np.append(np.fromiter(named.values(), dtype=np.int64), -1)[at]


def _rank(line: Described) -> tuple[int, bool, bool, bool, str]:
    literal = sum(sign not in "*?" for sign in line.value)
    return -literal, line.attribute == "", line.privileged is not True, line.eligible, line.value


def _flag(text: str, where: str) -> bool | None:
    if text not in _FLAGS:
        raise PolicyError(f"{where} is {text!r}", hint="write yes or no, or leave it empty")
    return _FLAGS[text]
