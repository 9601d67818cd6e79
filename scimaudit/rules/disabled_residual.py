"""Finding kind ``disabled-residual``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import joined_by, known_false, known_true

_SHOWN = 5


@rule(
    title="Inactive account still holds entitlements",
    family="orphan",
    severity="medium",
    action="Remove the groups, roles and licences of the inactive account.",
    stopped_by=("entitlement_removal",),
    remedy="strip",
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/8.2.5", "nist-800-53-r5/AC-2(3)", "nist-800-53-r5/AC-6",
        "cis-8.1/6.2",
    ),
)  # fmt: skip
def disabled_residual(view: View) -> Judgement:
    """Inactive accounts that kept groups, roles or licences.

    Detects: an account that is known to be inactive and holds at least one entitlement. Low severity where all it
    holds are licences.

    Why: whoever enables the account again, by mistake or on purpose, gets all of its power back at once; licences
    cost.

    Not evaluable: an account of unknown activity, and an inactive one that shows no entitlement where the app's
    entitlements are not proven listed.

    Remediation: remove the entitlements, and let the step that disables accounts remove them from now on.
    """
    accounts = view.accounts
    grants = view.grants[(view.grants["account"] >= 0) & known_false(view.grants["active"])]
    held = np.bincount(grants["account"], minlength=len(accounts))
    power = np.bincount(grants.loc[grants["attribute"] != "licenses", "account"], minlength=len(accounts))
    found = judge(
        accounts,
        within=~known_true(accounts["active"]),
        fails=known_false(accounts["active"]) & (held > 0),
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (view.unproven(accounts["app"]), "walk-unproven"),
        ),
    )
    failed = found.failed.index
    licences_only = pd.Series(power == 0, index=accounts.index).loc[failed]
    return found.saying(
        expected="inactive, holding nothing",
        actual="inactive, holds " + _texts(grants, pd.Series(held, index=accounts.index).loc[failed]),
        severity=licences_only.map({True: "low", False: None}).astype("str"),
    )


def _texts(grants: pd.DataFrame, held: pd.Series) -> pd.Series:
    """The first few entitlements of each account, and how many more there are."""
    named = (
        grants["attribute"].astype("str") + " " + grants["display"].astype("str").fillna(grants["value"].astype("str"))
    )
    rows = pd.DataFrame({"account": grants["account"], "named": named}).sort_values(["account", "named"])
    shown = rows[rows.groupby("account").cumcount() < _SHOWN]
    text = joined_by(shown["account"].to_numpy(), shown["named"]).reindex(held.index).astype("str")
    more = held - _SHOWN
    return text.mask(more > 0, text + " and " + more.astype("str") + " more")
