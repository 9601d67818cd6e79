"""Who owns each account: the ladder of tiers T0 to T8.

T0 is a human decision. T1 to T5 compare keys exactly and are all evaluated for every account: agreement is recorded,
disagreement makes the account ambiguous. T6 to T8 only suggest owners for what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from scimaudit import tables
from scimaudit.correlate import attributes, exact, guard, suggest
from scimaudit.correlate import decisions as decided
from scimaudit.correlate.app_rules import EXACT, TIERS, AppRules
from scimaudit.correlate.guard import GUARD_DAYS
from scimaudit.correlate.pool import Pool
from scimaudit.correlate.rates import match_rates
from scimaudit.correlate.trials import TierTrial, explain
from scimaudit.correlate.verdict import CONFIDENCE, links

__all__ = ["CONFIDENCE", "EXACT", "GUARD_DAYS", "TIERS", "AppRules", "TierTrial", "correlate", "explain", "match_rates"]


def correlate(
    accounts: pd.DataFrame,
    people: pd.DataFrame,
    *,
    apps: Mapping[str, AppRules],
    today: date,
    decisions: pd.DataFrame | None = None,
    history: pd.DataFrame | None = None,
    guard_days: int = GUARD_DAYS,
) -> pd.DataFrame:
    """Link accounts to people.

    :param accounts: rows of :data:`scimaudit.tables.ACCOUNTS`; whole apps, since suggestions are limited per app.
    :param people: rows of :data:`scimaudit.tables.PEOPLE`, leavers included.
    :param apps: settings by app; an app that is not named has the defaults.
    :param today: the day of which decisions must hold.
    :param decisions: as :func:`scimaudit.correlate.decisions.read` gives them.
    :param history: ``identifier_key``, ``person_id``, ``first_seen``, ``last_seen``: who held a user name or address in
        earlier snapshots.
    :param guard_days: an account made more than so many days before its owner's first day is doubted.
    :return: rows of :data:`scimaudit.tables.LINKS`, one per account, in the order and with the index of ``accounts``.
    :raises ConfigError: an app's ``external_id_is`` names a column that no roster has.
    :raises TableError: a ``person_id`` occurs twice in ``people``.
    """
    pool = Pool.of(people)
    settings = exact.Settings(accounts, apps)
    said = decided.applied(decisions, accounts, pool, today)
    hits = exact.hits(accounts, pool, settings, history).without(said.barred)
    theirs = attributes.of_people(pool)
    doubts = guard.verdicts(hits, accounts, pool, theirs, history, guard_days)
    open_to = said.person == decided.UNDECIDED
    open_to[hits.account] = False
    left = np.flatnonzero(open_to)
    found = suggest.suggestions(accounts, left, pool, theirs, apps, said.barred)
    table = links(accounts, pool, said, hits, doubts, found)
    return tables.frame(table).set_axis(accounts.index)
