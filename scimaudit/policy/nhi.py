"""``policy/nhi.csv``: the register of non-human accounts, with the person who answers for each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from scimaudit import identifiers
from scimaudit.errors import PolicyError
from scimaudit.policy import patterns, reading

KINDS: Final = ("service", "shared", "bot", "break-glass")
COLUMNS: Final = ("app", "account", "kind", "owner", "purpose", "review_date", "expires")
REQUIRED: Final = ("app", "account", "kind")


@dataclass(frozen=True)
class NonHuman:
    """One line of the register.

    :param account: userName or id of the account, or a pattern (``*`` and ``?``) over them.
    :param owner: mail address, user name, employee number or person id of who answers for it; empty when nobody does.
    :param expires: last day on which the line counts, inclusive.
    """

    app: str
    account: str
    kind: str
    owner: str = ""
    purpose: str = ""
    review_date: date | None = None
    expires: date | None = None

    def expired(self, today: date) -> bool:
        """Whether the line no longer counts."""
        return self.expires is not None and self.expires < today


def load(path: Path) -> tuple[NonHuman, ...]:
    """Read the register; a file that is not there is an empty one.

    :raises PolicyError: the file cannot be read, or a line is wrong; names the line.
    """
    return parse(reading.csv_text(path), str(path))


def parse(text: str, where: str) -> tuple[NonHuman, ...]:
    """The register in ``text``.

    :raises PolicyError: a line is wrong; names the line.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise PolicyError(f"{where}, line {reader.line_num}: {error}") from error
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if not lines:
        return ()
    header = _header(lines[0][1], where)
    found: list[NonHuman] = []
    seen: dict[tuple[str, str | None], int] = {}
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            raise PolicyError(f"{where}, line {number}: {len(cells)} cells where the header has {len(header)}")
        entry = _entry(dict(zip(header, cells, strict=True)), f"{where}, line {number}")
        first = seen.setdefault((entry.app, identifiers.key(entry.account)), number)
        if first != number:
            raise PolicyError(
                f"{where}, line {number}: {entry.account!r} of {entry.app!r} already stands on line {first}",
                hint="keep one of the two lines",
            )
        found.append(entry)
    return tuple(found)


def registered(register: Sequence[NonHuman], accounts: pd.DataFrame) -> np.ndarray:
    """For each account the position of its line in the register, or -1.

    A line that names the account beats a pattern; of two patterns, the one with more literal characters wins, so that
    the order of lines never matters.

    :param accounts: with ``app``, ``account_id``, ``user_name`` and ``user_name_key``.
    """
    found = np.full(len(accounts), -1, dtype=np.int32)
    names = accounts[["account_id", "user_name", "user_name_key"]]
    for app in sorted({entry.app for entry in register}):
        rows = np.flatnonzero((accounts["app"] == app).to_numpy(dtype=bool, na_value=False))
        mine = [place for place, entry in enumerate(register) if entry.app == app]
        found[rows] = _registered_in_app(register, mine, names.iloc[rows])
    return found


def _registered_in_app(register: Sequence[NonHuman], mine: list[int], accounts: pd.DataFrame) -> np.ndarray:
    exact = {register[place].account: place for place in mine if not patterns.is_pattern(register[place].account)}
    folded = {identifiers.key(account): place for account, place in exact.items()}
    by_id = accounts["account_id"].map(exact).to_numpy(dtype=float)
    by_name = accounts["user_name_key"].map(folded).to_numpy(dtype=float)
    found = np.nan_to_num(np.where(np.isnan(by_id), by_name, by_id), nan=-1).astype(np.int32)
    for place in sorted(set(mine) - set(exact.values()), key=lambda place: _rank(register[place])):
        pattern = [register[place].account]
        hit = patterns.matches(accounts["user_name"], pattern) | patterns.matches(accounts["account_id"], pattern)
        found[hit & (found == -1)] = place
    return found


def _rank(entry: NonHuman) -> tuple[int, str]:
    return -sum(sign not in "*?" for sign in entry.account), entry.account


def _header(cells: list[str], where: str) -> list[str]:
    unknown = [cell for cell in cells if cell not in COLUMNS]
    missing = [name for name in REQUIRED if name not in cells]
    if unknown or missing or len(set(cells)) != len(cells):
        trouble = (
            f"unknown column {unknown[0]!r}"
            if unknown
            else f"no column {missing[0]!r}"
            if missing
            else "a column stands twice"
        )
        raise PolicyError(f"{where}, line 1: {trouble}", hint="columns: " + ", ".join(COLUMNS))
    return cells


def _entry(cells: dict[str, str], where: str) -> NonHuman:
    for name in REQUIRED:
        if not cells[name]:
            raise PolicyError(f"{where}: {name} is empty")
    if cells["kind"] not in KINDS:
        raise PolicyError(f"{where}: kind is {cells['kind']!r}", hint="kinds: " + ", ".join(KINDS))
    days = {name: reading.day(cells.get(name, ""), f"{where}: {name}") for name in ("review_date", "expires")}
    return NonHuman(
        cells["app"], cells["account"], cells["kind"], cells.get("owner", ""), cells.get("purpose", ""), **days
    )
