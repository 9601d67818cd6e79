"""How far each tier carries in each app."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from scimaudit.correlate.app_rules import EXACT, AppRules
from scimaudit.correlate.exact import (
    GUEST,
    USER_NAME,
    Settings,
    employee_number_keys,
    external_id_keys,
    hits,
    identifiers_of,
)
from scimaudit.correlate.index import Mask, Rows
from scimaudit.correlate.pool import Pool


def match_rates(accounts: pd.DataFrame, people: pd.DataFrame, apps: Mapping[str, AppRules]) -> pd.DataFrame:
    """How many accounts have what a tier compares, and for how many of them it names exactly one person.

    Every tier is counted by itself, so one account counts in several; the time guard and decisions are left aside.

    :return: ``app``, ``tier``, ``with_key``, ``matched`` and ``share`` (of ``with_key``; null where no account has a
        key), sorted by app and tier: the tiers from T1 to T5 that the app runs, T1 where it declares
        ``external_id_is``.
    :raises ConfigError: an app's ``external_id_is`` names a column that no roster has.
    """
    pool = Pool.of(people)
    settings = Settings(accounts, apps)
    found = hits(accounts, pool, settings)
    apps_of = accounts["app"].astype("str").to_numpy()
    rows = []
    for number, tier in enumerate(EXACT, start=1):
        running = settings.runs(number)
        if number == 1:
            running &= settings.like([rules for rules in settings.rules if rules.external_id_is is not None])
        keyed = has_key(accounts, settings, number) & running
        mine = found.tier == number
        named = pd.DataFrame({
            "account": found.account[mine], "person": found.person[mine], "crowded": found.crowded[mine],
        }).drop_duplicates()  # fmt: skip
        sole = named.groupby("account").agg(people=("person", "size"), crowded=("crowded", "any"))
        one = np.zeros(len(accounts), np.bool_)
        one[sole.index[(sole["people"] == 1) & ~sole["crowded"]].to_numpy(np.int64)] = True
        counted = pd.DataFrame({"app": apps_of[running], "with_key": keyed[running], "matched": one[running]})
        rows.append(counted.groupby("app", sort=True).sum().reset_index().assign(tier=tier))
    counts = pd.concat(rows, ignore_index=True).sort_values(["app", "tier"], ignore_index=True)
    counts["share"] = counts["matched"] / counts["with_key"].where(counts["with_key"] > 0)
    return counts.astype({"with_key": "int64", "matched": "int64"})[["app", "tier", "with_key", "matched", "share"]]


def has_key(accounts: pd.DataFrame, settings: Settings, tier: int) -> Mask:
    """Which accounts have what the tier compares."""
    keyed = np.zeros(len(accounts), np.bool_)
    for rows in _keyed(accounts, settings, tier):
        keyed[rows] = True
    return keyed


def _keyed(accounts: pd.DataFrame, settings: Settings, tier: int) -> list[Rows]:
    if tier == 1:
        return [rows for _, _, rows, _ in external_id_keys(accounts, settings)]
    if tier == 2:
        return [rows for _, rows, _ in employee_number_keys(accounts, settings)]
    held = identifiers_of(accounts, settings)
    if tier == 3:
        return [part.account for part in held if part.tiers[0] == 3]
    if tier == 4:
        return [part.account for part in held if part.label in (USER_NAME, GUEST)]
    return [part.account for part in held]
