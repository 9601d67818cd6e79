"""Finding kind ``birthright-missing``."""

from __future__ import annotations

import numpy as np

from scimaudit.policy import matching
from scimaudit.policy.entitlements import EntitlementRule
from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Right that policy gives is not held",
    family="excess",
    severity="low",
    action="Grant the right, or correct the birthright in the policy.",
    controls=("soc2/CC6.2", "iso27001-2022/A.5.18", "nist-800-53-r5/AC-2", "cis-8.1/6.1"),
)
def birthright_missing(view: View) -> Judgement:
    """People with an account who lack the rights that come with their post.

    Detects: an active account of a current person to whom a birthright in ``policy/entitlements.toml`` gives one of
    the named rights, when none of the person's active accounts in the app holds any of them. Where entitlements are
    not proven listed, or the birthright depends on a column that is empty, a missing right is not evaluable. A person
    without an account is ``missing-account``.

    Why: whoever lacks a right borrows a colleague's account, or a right from an administrator in a hurry.

    Remediation: grant it; if many lack it, the rule or the feed has changed.
    """
    giving = [each for each in view.policy.rules if each.birthright and (each.what.exact or each.what.patterns)]
    certain, possible = matching.people_of(giving, view.people)
    return merged([_judged(view, each, certain[:, place], possible[:, place]) for place, each in enumerate(giving)])


def _judged(view: View, given: EntitlementRule, certain: np.ndarray, possible: np.ndarray) -> Judgement:
    accounts, grants = view.accounts, view.grants
    live = (accounts["situation"] == "matched") & ~accounts["nhi"] & ~known_false(accounts["active"])
    mine = accounts[(accounts["app"] == given.what.app) & live & ~known_false(accounts["owner_current"])]
    mine = mine[possible[mine["owner_row"]]]
    named = given.what.names(view.entitlements)[grants["entitlement"]]
    holding = np.append(accounts["owner_row"].to_numpy(), -1)[grants.loc[named, "account"]]
    has = mine["owner_row"].isin(holding[holding >= 0])
    rows = mine.drop_duplicates("owner_row").assign(value=given.name)
    lacks = ~has.loc[rows.index]
    sure = known_true(rows["active"]) & known_true(rows["owner_current"]) & certain[rows["owner_row"]]
    proven = view.facts[given.what.app].entitlements == "complete"
    found = judge(
        rows,
        fails=lacks & sure & proven,
        unknown=because(
            rows.index,
            (lacks & (not proven), "walk-unproven"),
            (~sure, "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    wanted = ", ".join([*given.what.exact, *given.what.patterns])
    return found.saying(expected=f"{wanted}, by birthright ({given.why})", actual="not held")
