"""Finding kind ``privileged-unapproved``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.signed import signed
from scimaudit.view.tenure import tenure


@rule(
    title="Privileged right without an approval",
    family="excess",
    severity="high",
    action="Have the app's owner approve it in approvals.csv with an end, or remove it.",
    stopped_by=("entitlement_removal",),
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.8.2", "pci-dss-4.0.1/7.2.3", "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-6(5)",
        "cis-8.1/5.4",
    ),
)  # fmt: skip
def privileged_unapproved(view: View) -> Judgement:
    """Rights that give power, or that the policy wants approved, and that nobody approved.

    Detects: a privileged right, or one that a rule with ``requires_approval`` names, on an account that is not
    inactive, without a line in ``policy/approvals.csv``, or with one that the holder
    signed, or somebody whom the roster does not know. Where the policy folder
    has no approvals at all, nothing says that approvals are kept there: not evaluable. An approval that has run out
    is ``grant-expired``.

    Why: power that nobody gave on record is power that somebody took.

    Remediation: ask the owner of the app; a right that nobody wants to sign for is removed.
    """
    grants = view.grants
    known = tenure(view)
    active = pd.Series(
        np.append(~known_false(view.accounts["active"]).to_numpy(), False)[grants["account"]], grants.index
    )
    wanted = known_true(grants["privileged"]) | known["needs"]
    by = signed(view, known.loc[known["approval"] >= 0, "approval"])
    void = (by["by_holder"] | (by["signer"] == "stranger")).reindex(grants.index, fill_value=False)
    found = judge(
        grants,
        within=wanted & active,
        fails=known_true(grants["active"]) & ((known["approval"] < 0) | void) & bool(view.policy.approvals),
        unknown=because(
            grants.index,
            (grants["active"].isna(), "semantics-unknown"),
            (not view.policy.approvals, "policy-silent"),
            (view.of_app(grants["app"], "entitlements") != "complete", "walk-unproven"),
        ),
    )
    name = found.failed["display"].astype("str").fillna(found.failed["value"].astype("str"))
    held = "holds " + found.failed["attribute"].astype("str") + " " + name
    told = by.reindex(found.failed.index)
    who = pd.Series("nobody", held.index).mask(told["signer"] == "stranger", "somebody whom the roster does not know")
    return found.saying(
        expected="approved by somebody else",
        actual=held + ", approved by " + who.mask(known_true(told["by_holder"]), "its holder"),
    )
