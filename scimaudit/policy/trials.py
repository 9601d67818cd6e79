"""``policy/tests.toml``: example people and what the policy must say of them, so that a rule cannot change unseen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from scimaudit.errors import PolicyError
from scimaudit.policy import reading
from scimaudit.policy.entitlements import (
    ALLOWED,
    DENIED,
    NOT_ALLOWED,
    SILENT,
    UNKNOWN,
    EntitlementRule,
    verdicts,
)
from scimaudit.policy.matching import ACCOUNT, people_of
from scimaudit.tables import ENTITLEMENTS

WORDS: Final = ("allowed", "denied", "not-allowed", "silent", "unknown", "birthright")


@dataclass(frozen=True)
class Trial:
    """One ``[[tests]]`` table.

    :param person: column of people, or of accounts with its prefix, to text; columns that are not named are empty.
    :param value: the entitlement's id or name; empty, with ``birthright``, is the app itself.
    :param expect: one of :data:`WORDS`.
    """

    name: str
    person: Mapping[str, str]
    app: str
    attribute: str
    value: str
    expect: str
    place: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True)
class Outcome:
    """What the policy says of a trial."""

    name: str
    expect: str
    found: str

    @property
    def passed(self) -> bool:
        """Whether it says what it should."""
        return self.expect == self.found


KEYS: Final = {"name": str, "person": dict, "account": dict, "app": str, "attribute": str, "value": str, "expect": str}
REQUIRED: Final = ("name", "app", "expect")


def load(path: Path, columns: Collection[str]) -> tuple[Trial, ...]:
    """Read the tests; a file that is not there has none.

    :param columns: the columns of people and of accounts that rules may name.
    :raises PolicyError: the file is wrong; names the test.
    """
    entries = reading.tables_in(path, "tests", "test")
    found = tuple(_trial(entry, columns) for entry in entries)
    reading.unique(entries, "name")
    return found


def _trial(entry: reading.Entry, columns: Collection[str]) -> Trial:
    data, where = entry.data, entry.where
    reading.check(data, KEYS, REQUIRED, where)
    person = {name: data.get(name, {}) for name in ("person", "account")}
    told = {**_told(person["person"], "", columns, where), **_told(person["account"], ACCOUNT, columns, where)}
    if data["expect"] not in WORDS:
        raise PolicyError(f"{where}: expect is {data['expect']!r}", hint="words: " + ", ".join(WORDS))
    attribute = data.get("attribute", "groups")
    if attribute not in ENTITLEMENTS:
        raise PolicyError(f"{where}: attribute is {attribute!r}", hint="attributes: " + ", ".join(ENTITLEMENTS))
    if not data.get("value") and data["expect"] != "birthright":
        raise PolicyError(f"{where}: value is missing", hint="only a birthright can be of the app itself")
    return Trial(data["name"], told, data["app"], attribute, data.get("value", ""), data["expect"], place=entry.place)


def _told(given: Mapping[str, object], prefix: str, columns: Collection[str], where: str) -> dict[str, str]:
    """The texts of one side of an example, by the name that rules have for the column."""
    known = [name.removeprefix(prefix) for name in columns if name.startswith(ACCOUNT) == bool(prefix)]
    for name, text in given.items():
        if name not in known:
            whose = "accounts" if prefix else "people"
            hint = "known columns: " + ", ".join(sorted(known))
            raise PolicyError(f"{where}: {whose} have no column {name!r}", hint=hint)
        if type(text) not in (str, date):
            told = "account" if prefix else "person"
            raise PolicyError(f"{where}: {told}.{name} must be text or a date, not {text!r}")
    return {prefix + name: str(text) for name, text in given.items()}


def tried(trials: Sequence[Trial], rules: Sequence[EntitlementRule], columns: Sequence[str]) -> list[Outcome]:
    """What the rules say of each trial."""
    people = pd.DataFrame(
        {name: pd.array([trial.person.get(name) for trial in trials], dtype="str") for name in columns}
    )
    asked = pd.DataFrame(
        {
            name: pd.array([getattr(trial, name) for trial in trials], dtype="str")
            for name in ("app", "attribute", "value")
        }
    ).assign(display=pd.array([None] * len(trials), dtype="str"))
    person, entitlement, table = verdicts(rules, people, asked)
    who, _ = people_of(rules, people)
    given = np.zeros(len(trials), dtype=bool)
    for place, rule in enumerate(rules):
        if rule.birthright:
            meant = rule.what.names(asked) | ((asked["app"] == rule.what.app) & (asked["value"] == "")).to_numpy(
                dtype=bool
            )
            given |= who[:, place] & meant
    words = {ALLOWED: "allowed", DENIED: "denied", NOT_ALLOWED: "not-allowed", SILENT: "silent", UNKNOWN: "unknown"}
    outcomes = []
    for place, trial in enumerate(trials):
        found = words[int(table[person[place], entitlement[place]])]
        if trial.expect == "birthright":
            # A deny takes a right back, and never the account: that somebody should have one is another matter.
            found = "denied" if trial.value and found == "denied" else "birthright" if given[place] else "no birthright"
        outcomes.append(Outcome(trial.name, trial.expect, found))
    return outcomes
