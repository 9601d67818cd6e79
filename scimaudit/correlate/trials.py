"""Every tier tried for one account, with what was compared: for ``scimaudit explain`` and ``scimaudit who``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from scimaudit.correlate import attributes, exact, guard, suggest
from scimaudit.correlate import decisions as decided
from scimaudit.correlate.app_rules import EXACT, AppRules
from scimaudit.correlate.guard import EARLY, GUARD_DAYS, PASSED
from scimaudit.correlate.index import strings
from scimaudit.correlate.pool import Pool
from scimaudit.correlate.rates import has_key
from scimaudit.errors import TableError

Outcome = Literal["decided", "names", "several", "doubted", "suggests", "miss", "no key", "not run", "not needed"]

_COLUMNS: Final = {
    "T1": (("external_id", "external_id_key"),),
    "T2": (("employee_number", "employee_number_key"),),
    "T3": (("emails", "email_keys"),),
    "T4": (("user_name", "user_name_key"),),
    "T5": (("emails", "email_keys"), ("user_name", "user_name_key")),
}


@dataclass(frozen=True)
class TierTrial:
    """One tier, tried on one account.

    :param tier: T0 to T8.
    :param tried: false where the app does not run the tier, or a higher tier made it unnecessary (T6 to T8).
    :param key: what the account offers for comparison, as received and, where that differs, normalised.
    :param candidates: ``person_id`` of everybody it names.
    :param outcome: in a word. ``doubted`` is the time guard's, ``several`` makes the account ambiguous.
    :param text: what was compared with what, or why nothing was.
    """

    tier: str
    tried: bool
    key: str
    candidates: tuple[str, ...]
    outcome: Outcome
    text: str


def explain(
    account_id: str,
    app: str,
    accounts: pd.DataFrame,
    people: pd.DataFrame,
    apps: Mapping[str, AppRules],
    *,
    today: date,
    decisions: pd.DataFrame | None = None,
    history: pd.DataFrame | None = None,
    guard_days: int = GUARD_DAYS,
) -> list[TierTrial]:
    """Try every tier on one account, as :func:`scimaudit.correlate.correlate` does with the same arguments.

    :return: nine trials, T0 first. The limit on T8 does not apply: one account is always compared.
    :raises TableError: the account is not there, or a ``person_id`` occurs twice.
    :raises ConfigError: the app's ``external_id_is`` names a column that no roster has.
    """
    row = accounts[(accounts["app"] == app) & (accounts["account_id"] == account_id)].head(1).reset_index(drop=True)
    if row.empty:
        raise TableError(f"app {app!r} has no account {account_id!r}", hint="give the app's own id of the account")
    pool = Pool.of(people)
    settings = exact.Settings(row, apps)
    said = decided.applied(decisions, row, pool, today)
    hits = exact.hits(row, pool, settings, history).without(said.barred)
    theirs = attributes.of_people(pool)
    doubts = guard.verdicts(hits, row, pool, theirs, history, guard_days)
    rest = np.flatnonzero(said.person == decided.UNDECIDED) if not len(hits) else np.empty(0, np.int64)
    found = suggest.suggestions(row, rest, pool, theirs, apps, said.barred)
    exacts = [_exact(number, row, pool, settings, hits, doubts) for number in range(1, len(EXACT) + 1)]
    return [_decision(said, pool), *exacts, *_suggested(row, pool, settings, found, needed=bool(len(rest)))]


def _decision(said: decided.Applied, pool: Pool) -> TierTrial:
    barred = tuple(pool.ids.take(pa.array(said.barred[1])).to_pylist())
    ruled_out = (
        f"links.csv rules out {', '.join(sorted(barred))}" if barred else "links.csv does not speak of the account"
    )
    if said.person[0] == decided.UNDECIDED:
        return TierTrial("T0", True, "", (), "miss", ruled_out)
    told = str(said.texts(np.zeros(1, np.int64))[0].as_py())
    owner = () if said.person[0] == decided.NOBODYS else (str(pool.ids[int(said.person[0])].as_py()),)
    return TierTrial("T0", True, "", owner, "decided", told)


def _exact(
    number: int, row: pd.DataFrame, pool: Pool, settings: exact.Settings, hits: exact.Hits, doubts: np.ndarray
) -> TierTrial:
    tier, key = f"T{number}", _offered(f"T{number}", row)
    if not settings.runs(number)[0]:
        return TierTrial(tier, False, key, (), "not run", "the app's tiers leave it out")
    if number == 1 and all(rules.external_id_is is None for rules in settings.rules):
        return TierTrial(tier, False, key, (), "not run", "the app does not declare external_id_is")
    if not has_key(row, settings, number)[0]:
        return TierTrial(tier, True, key, (), "no key", f"the account has no {_names(tier)}")
    mine = np.flatnonzero(hits.tier == number)
    if not len(mine):
        return TierTrial(tier, True, key, (), "miss", "no person has it")
    told = hits.only(mine)
    candidates = tuple(sorted(set(pool.ids.take(pa.array(told.person)).to_pylist())))
    words = list(dict.fromkeys(told.texts(row)[1].to_pylist()))
    if len(candidates) > 1:
        return TierTrial(tier, True, key, candidates, "several", "; ".join(words))
    against = doubts[mine]
    if (against == PASSED).any():
        return TierTrial(tier, True, key, candidates, "names", "; ".join(words))
    why = "made long before the person's first day" if (against == EARLY).all() else "held by somebody else before"
    return TierTrial(tier, True, key, candidates, "doubted", "; ".join([*words, f"{why}, and the name differs"]))


def _suggested(
    row: pd.DataFrame, pool: Pool, settings: exact.Settings, found: suggest.Suggestions, *, needed: bool
) -> Iterator[TierTrial]:
    decisive = "T0 to T5"
    for number in (6, 7, 8):
        tier, key = f"T{number}", _offered(f"T{number}", row)
        mine = found.rows[found.rows["tier"] == number]
        if not settings.runs(number)[0]:
            yield TierTrial(tier, False, key, (), "not run", "the app's tiers leave it out")
        elif not needed:
            yield TierTrial(tier, False, key, (), "not needed", f"{decisive} already speak for somebody")
        elif len(mine):
            candidates = tuple(pool.ids.take(pa.array(mine["person"].to_numpy(np.int64))).to_pylist())
            yield TierTrial(tier, True, key, candidates, "suggests", "; ".join(mine["text"]))
            needed, decisive = False, tier
        else:
            yield TierTrial(tier, True, key, (), "miss", "nobody is close enough")


def _names(tier: str) -> str:
    return " or ".join(column for column, _ in _COLUMNS[tier])


def _offered(tier: str, row: pd.DataFrame) -> str:
    """The account's values, as received and normalised."""
    if tier not in _COLUMNS:
        names = [strings(row[name])[0].as_py() for name in ("user_name", "given_name", "family_name", "display_name")]
        return ", ".join(name for name in names if name)
    return "; ".join(text for raw, folded in _COLUMNS[tier] if (text := _both(row, raw, folded)))


def _both(row: pd.DataFrame, raw: str, folded: str) -> str:
    received, key = (_shown(row[name]) for name in (raw, folded))
    return received if received == key else f"{received} (compared as {key or 'nothing'})"


def _shown(column: pd.Series) -> str:
    value = pa.array(column, from_pandas=True).to_pylist()[0]
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value or "")
