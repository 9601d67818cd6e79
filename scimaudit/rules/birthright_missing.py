"""Finding kind ``birthright-missing``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scimaudit.policy import matching
from scimaudit.policy.entitlements import EntitlementRule, rows_named
from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true

_ROWS = 1_000_000


@rule(
    title="Right that policy gives is not held",
    family="excess",
    severity="low",
    action="Grant the right, or correct the birthright in the policy.",
    stopped_by=("create",),
    controls=("soc2/CC6.2", "iso27001-2022/A.5.18", "nist-800-53-r5/AC-2", "cis-8.1/6.1"),
)
def birthright_missing(view: View) -> Judgement:
    """People with an account who lack the rights that come with their post.

    Detects: an active account of a current person to whom a birthright in ``policy/entitlements.toml`` gives one of
    the named rights, when none of the person's active accounts in the app holds any of them. A person without an
    account is ``missing-account``.

    Why: whoever lacks a right borrows a colleague's account, or a right from an administrator in a hurry.

    Not evaluable: a right that is missing where the app's entitlements are not proven listed, or that only an
    account of unknown activity holds; whoever's status, account or claim to the birthright (it depends on an empty
    column) is unknown. Nobody passes while the roster is not proven.

    Remediation: grant it; if many lack it, the rule or the feed has changed.
    """
    giving = [each for each in view.policy.rules if each.birthright and (each.what.exact or each.what.patterns)]
    certain, possible = matching.people_of(giving, view.people)
    named = rows_named([each.what for each in giving], view.entitlements)
    owners, held = _owners(view), _held(view)
    # So many birthrights at a time that the people in them stay about a million rows.
    step = max(1, _ROWS // max(len(view.people), 1))
    parts = [slice(start, start + step) for start in range(0, len(giving), step)]
    return merged(
        [_judged(view, giving[part], certain[:, part], possible[:, part], named[part], owners, held) for part in parts]
    )


def _owners(view: View) -> pd.DataFrame:
    """The first account in each app of everybody who owns one there that may be active, and may work here."""
    accounts = view.accounts
    live = (accounts["situation"] == "matched") & ~accounts["nhi"] & ~known_false(accounts["active"])
    mine: pd.DataFrame = accounts[live & ~known_false(accounts["owner_current"])]
    # One that is known to be active first, in whatever order they stand.
    ordered: pd.DataFrame = mine.sort_values("active", ascending=False, kind="stable", na_position="last")
    return ordered.drop_duplicates(["app", "owner_row"])


def _held(view: View) -> pd.DataFrame:
    """``entitlement``, ``owner`` (position in people) and ``active`` of every grant of a person's account that may be
    active; by entitlement.
    """
    grants = view.grants
    owner = np.append(view.accounts["owner_row"].to_numpy(), -1)[grants["account"]]
    human = np.append((~view.accounts["nhi"]).to_numpy(), False)[grants["account"]]
    active = known_true(grants["active"]).to_numpy()
    held = pd.DataFrame({"entitlement": grants["entitlement"].to_numpy(), "owner": owner, "active": active})
    mine: pd.DataFrame = held[(owner >= 0) & human & ~known_false(grants["active"]).to_numpy()]
    return mine.sort_values("entitlement", kind="stable", ignore_index=True)


def _judged(
    view: View,
    giving: Sequence[EntitlementRule],
    certain: np.ndarray,
    possible: np.ndarray,
    named: Sequence[np.ndarray],
    owners: pd.DataFrame,
    held: pd.DataFrame,
) -> Judgement:
    """Some of the birthrights, each over the owners of an account whom it may speak of."""
    places = {app: np.flatnonzero((owners["app"] == app).to_numpy()) for app in {each.what.app for each in giving}}
    person = owners["owner_row"].to_numpy()
    spoken = [places[each.what.app] for each in giving]
    spoken = [mine[possible[person[mine], number]] for number, mine in enumerate(spoken)]
    given = np.repeat(np.arange(len(giving)), [len(mine) for mine in spoken])
    rows = owners.take(np.concatenate(spoken)).reset_index(drop=True)
    who = rows["owner_row"].to_numpy()
    key = given * len(view.people) + who
    holding, active = _holding(held, named, len(view.people))
    lacks, perhaps = ~np.isin(key, holding), ~np.isin(key, holding[active])
    sure = known_true(rows["active"]) & known_true(rows["owner_current"]) & certain[who, given]
    proven = np.array([view.facts[each.what.app].entitlements == "complete" for each in giving], dtype=bool)[given]
    found = judge(
        rows.assign(value=pd.array([each.name for each in giving], dtype="str").take(given)),
        fails=lacks & sure & proven,
        unknown=because(
            rows.index,
            (lacks & ~proven, "walk-unproven"),
            (~sure | (perhaps & ~lacks), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    due = [f"{', '.join([*each.what.exact, *each.what.patterns])}, by birthright ({each.why})" for each in giving]
    told = pd.array(due, dtype="str").take(given[found.failed.index])
    return found.saying(expected=told, actual="not held")


def _holding(held: pd.DataFrame, named: Sequence[np.ndarray], people: int) -> tuple[np.ndarray, np.ndarray]:
    """Birthright and person, as one number, of everybody who holds one of its rights, and if that account is active."""
    entitlement = held["entitlement"].to_numpy()
    given, wanted = np.repeat(np.arange(len(named)), [len(rows) for rows in named]), np.concatenate([*named])
    first = np.searchsorted(entitlement, wanted, "left")
    count = np.searchsorted(entitlement, wanted, "right") - first
    # Each run of grants, one after the other: its first place plus how far into the run.
    places = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    return np.repeat(given, count) * people + held["owner"].to_numpy()[places], held["active"].to_numpy()[places]
