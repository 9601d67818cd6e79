"""Finding kind ``missing-account``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy import entitlements
from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.possible import possible_owners


@rule(
    title="Person lacks an account that policy gives",
    family="drift",
    severity="low",
    action="Create the account, or correct the birthright in the policy.",
    stopped_by=("create",),
    controls=("soc2/CC6.2", "iso27001-2022/A.5.16", "pci-dss-4.0.1/8.2.4", "nist-800-53-r5/AC-2", "cis-8.1/6.1"),
)
def missing_account(view: View) -> Judgement:
    """People who should have an account by birthright and have none.

    Detects: a current person to whom a birthright in ``policy/entitlements.toml`` gives an app, and who owns no
    account there, active or not.

    Why: joiners without their accounts borrow other people's.

    Not evaluable: a person without an account where the listing is not proven complete, or is known not to show
    every account, and one who is a candidate for an account with several possible owners; a person of unknown
    status, or whose birthright depends on an empty column. Nobody passes while the roster is not proven.

    Remediation: create the account; if many lack it, the joiner feed has stopped.
    """
    due = entitlements.birthrights(view.policy.rules, view.people)
    candidates = possible_owners(view)
    return merged([_judged(view, app, *due[app], candidates) for app in sorted(due)])


def _judged(view: View, app: str, certain: np.ndarray, possible: np.ndarray, candidates: pd.DataFrame) -> Judgement:
    people = view.people[possible & ~known_false(view.people["current"]).to_numpy()]
    mine = view.accounts[(view.accounts["app"] == app) & ~view.accounts["nhi"]]
    has = np.zeros(len(view.people) + 1, dtype=bool)
    has[mine["owner_row"]] = True
    rows = people[["person_id"]].assign(app=app)
    lacks = pd.Series(~has[people.index], index=people.index)
    current = known_true(people["current"])
    due = certain[people.index]
    facts = view.facts[app]
    walked, partial = facts.walk == "complete", facts.scope == "partial"
    candidate = pd.Series(
        people.index.isin(candidates.loc[candidates["account"].isin(mine.index), "person"]), people.index
    )
    found = judge(
        rows,
        fails=lacks & due & current & ~candidate & (walked and not partial),
        unknown=because(
            rows.index,
            (lacks & (not walked), "walk-unproven"),
            (lacks & partial, "scope-unproven"),
            ((lacks & candidate) | ~due | ~current, "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    unknown_scope = "" if facts.scope == "all" else " (whether it shows every account is not proven)"
    return found.saying(expected="an account, by birthright", actual="no account in the listing" + unknown_scope)
