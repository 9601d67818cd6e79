"""Finding kind ``privileged-unapproved``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true, taken
from scimaudit.view.holders import holders
from scimaudit.view.tenure import tenure


@rule(
    title="Privileged right without an approval",
    family="excess",
    severity="high",
    action="Have the app's owner approve it in approvals.csv with an end, or remove it.",
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.8.2", "pci-dss-4.0.1/7.2.3", "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-6(5)",
        "cis-8.1/5.4",
    ),
)  # fmt: skip
def privileged_unapproved(view: View) -> Judgement:
    """Rights that give power, or that the policy wants approved, and that nobody approved.

    Detects: a privileged right, or one that a rule with ``requires_approval`` names, on an account that is not
    inactive, without a line in ``policy/approvals.csv``, or with one that the holder signed. An approval that has
    run out is ``grant-expired``.

    Why: power that nobody gave on record is power that somebody took.

    Not evaluable: every right without fault where the policy folder has no approvals at all, for nothing says that
    they are kept there; an approval whose signer or whose holder nobody knows for certain, for they may be one
    person; an account of unknown activity. Nothing passes where the app's entitlements are not proven listed.

    Remediation: ask the owner of the app; a right that nobody wants to sign for is removed.
    """
    grants = view.grants
    known = tenure(view)
    active = pd.Series(
        np.append(~known_false(view.accounts["active"]).to_numpy(), False)[grants["account"]], grants.index
    )
    wanted = known_true(grants["privileged"]) | known["needs"]
    self_signed, unclear = _by_holder(view, known["approval"].to_numpy())
    found = judge(
        grants,
        within=wanted & active,
        fails=known_true(grants["active"]) & ((known["approval"] < 0) | self_signed) & bool(view.policy.approvals),
        unknown=because(
            grants.index,
            (grants["active"].isna(), "semantics-unknown"),
            (not view.policy.approvals, "policy-silent"),
            (unclear, "semantics-unknown"),
            (view.of_app(grants["app"], "entitlements") != "complete", "walk-unproven"),
        ),
    )
    name = found.failed["display"].astype("str").fillna(found.failed["value"].astype("str"))
    signed = self_signed.loc[found.failed.index]
    held = "holds " + found.failed["attribute"].astype("str") + " " + name
    return found.saying(
        expected="approved by somebody else",
        actual=held + pd.Series(", approved by nobody", held.index).mask(signed, ", approved by its holder"),
    )


def _by_holder(view: View, approval: np.ndarray) -> tuple[pd.Series, pd.Series]:
    """Whether the approver is the account's owner, and whether that cannot be told of an approval."""
    lines = view.policy.approvals
    who = holders(view.people, [line.approved_by for line in lines])["person_id"]
    signer = pd.Series([who[line.approved_by] for line in lines], dtype="str")
    by = taken(signer, approval, view.grants.index)
    holder = view.grants["person_id"].astype("str")
    human = ~known_true(taken(view.accounts["nhi"], view.grants["account"].to_numpy(), view.grants.index))
    unclear = pd.Series(approval >= 0, by.index) & (by.isna() | (human & holder.isna()))
    return (by == holder).fillna(value=False).astype(bool), unclear
