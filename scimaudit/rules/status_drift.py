"""Finding kind ``status-drift``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy import entitlements
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Status differs from the system of record",
    family="drift",
    severity="high",
    action="Bring the account in line with the system of record, and repair the feed that should have done it.",
    stopped_by=("update", "disable"),
    controls=(
        "soc2/CC6.2", "iso27001-2022/A.5.16", "iso27001-2022/A.5.18", "pci-dss-4.0.1/8.2.4", "pci-dss-4.0.1/8.2.5",
        "nist-800-53-r5/AC-2(1)", "nist-800-53-r5/AC-2(3)", "cis-8.1/6.2",
    ),
)  # fmt: skip
def status_drift(view: View) -> Judgement:
    """Accounts that are active when their owner is not, or the reverse.

    Detects: in apps that the roster feeds, an active account whose owner has left; and an inactive account whose
    owner is active and started, when the person has no other active account there: a joiner or returner who is
    locked out. The reverse has low severity unless a birthright in the policy says that the person should have the
    app. People on leave pass either way; people who have not started are outside.

    Why: the app and the system of record disagree on who works here, so the feed between them does not work.

    Not evaluable: accounts and people of unknown status, and an inactive account whose owner works here and whose
    only other account is of unknown activity. Nothing passes while the roster is not proven.

    Remediation: correct the account, then follow the one change that did not arrive through the feed.
    """
    accounts = view.accounts
    fed = view.of_app(accounts["app"], "roster_feeds")
    ended, current = accounts["owner_ended"], known_true(accounts["owner_current"])
    working = current & (accounts["owner_status"] == "active")
    others_live, others_maybe = _other_accounts(accounts)
    overstays = known_true(ended) & known_true(accounts["active"])
    locked_out = working & known_false(accounts["active"]) & ~others_maybe
    found = judge(
        accounts,
        within=(accounts["situation"] == "matched")
        & ~accounts["nhi"]
        & fed
        & (known_true(ended) | current | ended.isna()),
        fails=overstays | locked_out,
        unknown=because(
            accounts.index,
            (accounts["active"].isna() | ended.isna(), "semantics-unknown"),
            (working & known_false(accounts["active"]) & others_maybe & ~others_live, "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    rows = found.failed
    active = known_true(rows["active"])
    due = _due(view).loc[rows.index]
    return found.saying(
        attribute="active",
        expected=("inactive, the roster says " + rows["owner_status"].astype("str") + _end(rows)).where(
            active, "active, the roster says active"
        ),
        actual=active.map({True: "active", False: "inactive"}).astype("str"),
        severity=pd.Series(None, rows.index, dtype="str").mask(~active & ~due, "low"),
    )


def _other_accounts(accounts: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """For each account, whether its owner has another in the same app that is active, or that may be."""
    key = accounts["owner_row"].to_numpy().astype(np.int64) * (len(accounts["app"].cat.categories) + 1)
    group = pd.factorize(key + accounts["app"].cat.codes.to_numpy())[0]

    def others(flag: pd.Series) -> pd.Series:
        return pd.Series(np.bincount(group, weights=flag)[group] > flag.to_numpy(), index=accounts.index)

    return others(known_true(accounts["active"])), others(~known_false(accounts["active"]))


def _due(view: View) -> pd.Series:
    """Which accounts belong to people who should have the app by birthright."""
    accounts = view.accounts
    due = np.zeros(len(accounts), dtype=bool)
    for app, (certain, _) in entitlements.birthrights(view.policy.rules, view.people).items():
        due |= (accounts["app"] == app).to_numpy() & np.append(certain, False)[accounts["owner_row"]]
    return pd.Series(due, index=accounts.index)


def _end(rows: pd.DataFrame) -> pd.Series:
    day: pd.Series = " until " + rows["owner_end_date"].dt.strftime("%Y-%m-%d")
    return day.fillna("")
