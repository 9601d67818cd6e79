"""``policy/nhi.csv``: the register of non-human accounts, with the person who answers for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from scimaudit import identifiers
from scimaudit.errors import PolicyError
from scimaudit.policy import patterns, reading
from scimaudit.policy.lookup import Lookup

KINDS: Final = ("service", "shared", "bot", "break-glass")
COLUMNS: Final = (
    "app", "account", "kind", "owner", "purpose", "review_date", "expires",
    "interactive", "attribution", "vaulted", "monitored", "last_test",
)  # fmt: skip
REQUIRED: Final = ("app", "account", "kind")
OPTIONAL: Final = COLUMNS[3:]
_REASONS: Final = ("interactive", "attribution", "vaulted", "monitored")
_EMPTY_WORDS: Final = ("yes", "no", "true", "false", "none", "n/a", "-", "y", "n", "x")
_DAYS: Final = ("review_date", "expires", "last_test")


@dataclass(frozen=True)
class NonHuman:
    """One line of the register.

    :param account: userName or id of the account, or a pattern (``*`` and ``?``) over them.
    :param owner: mail address, user name, employee number or person id of who answers for it; empty when nobody does.
    :param expires: last day on which the line counts, inclusive.
    :param interactive: why people may sign in with it; empty when they may not.
    :param attribution: how it is known who used it, for a shared account.
    :param vaulted: where the secret of a break-glass account lies; ``monitored``: what tells that it was used;
        ``last_test``: when somebody last made sure that it works.
    """

    app: str
    account: str
    kind: str
    owner: str = ""
    purpose: str = ""
    review_date: date | None = None
    expires: date | None = None
    interactive: str = ""
    attribution: str = ""
    vaulted: str = ""
    monitored: str = ""
    last_test: date | None = None
    place: str = field(default="", compare=False, kw_only=True)

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
    found: dict[tuple[str, str | None], NonHuman] = {}
    for entry in reading.csv_lines(text, where, COLUMNS, REQUIRED, OPTIONAL):
        line = _line(entry)
        first = found.setdefault((line.app, identifiers.key(line.account)), line)
        if first is not line:
            raise PolicyError(
                f"{entry.where}: {line.account!r} of {line.app!r} already stands in {first.place}",
                hint="keep one of the two lines",
            )
    return tuple(found.values())


def registered(register: Sequence[NonHuman], accounts: pd.DataFrame) -> np.ndarray:
    """For each account the position of its line in the register, or -1.

    A line that names the account beats a pattern; of two patterns, the one with more literal characters wins, so that
    the order of lines never matters.

    :param accounts: with ``app``, ``account_id``, ``user_name`` and ``user_name_key``.
    """
    found = np.full(len(accounts), -1, dtype=np.int32)
    names = accounts[["account_id", "user_name", "user_name_key"]]
    for app in sorted({entry.app for entry in register} & set(accounts["app"].astype("str").unique())):
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
    wide = sorted(set(mine) - set(exact.values()), key=lambda place: _rank(register[place]))
    if wide:
        lookup = Lookup(accounts["user_name"], accounts["account_id"])
        for place in wide:
            hit = lookup.rows((), [register[place].account])
            found[hit[found[hit] == -1]] = place
    return found


def _rank(entry: NonHuman) -> tuple[int, str]:
    return -sum(sign not in "*?" for sign in entry.account), entry.account


def _line(entry: reading.Entry) -> NonHuman:
    told = dict(entry.data)
    if told["kind"] not in KINDS:
        raise PolicyError(f"{entry.where}: kind is {told['kind']!r}", hint="kinds: " + ", ".join(KINDS))
    for name in _REASONS:
        if told[name].casefold() in _EMPTY_WORDS:
            raise PolicyError(
                f"{entry.where}: {name} is {told[name]!r}", hint="say why, where or how, or leave it empty"
            )
    days = {name: reading.day(told[name], f"{entry.where}: {name}") for name in _DAYS}
    return NonHuman(**told | days, place=entry.place)
