"""Finding kind ``privileged-unapproved``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true, taken
from scimaudit.view.holders import holders


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
    inactive, without a line in ``policy/approvals.csv``, or with one that the holder signed. Where the policy folder
    has no approvals at all, nothing says that approvals are kept there: not evaluable. An approval that has run out
    is ``grant-expired``.

    Why: power that nobody gave on record is power that somebody took.

    Remediation: ask the owner of the app; a right that nobody wants to sign for is removed.
    """
    grants = view.tenure
    self_signed = _by_holder(view, grants)
    found = judge(
        grants,
        within=(known_true(grants["privileged"]) | grants["needs"])
        & ~known_false(grants["active"])
        & (grants["account"] >= 0),
        fails=known_true(grants["active"]) & ((grants["approval"] < 0) | self_signed) & bool(view.policy.approvals),
        unknown=because(
            grants.index,
            (grants["active"].isna(), "semantics-unknown"),
            (not view.policy.approvals, "policy-silent"),
            (view.unproven(grants["app"]), "walk-unproven"),
        ),
    )
    name = found.failed["display"].astype("str").fillna(found.failed["value"].astype("str"))
    signed = self_signed.loc[found.failed.index]
    held = "holds " + found.failed["attribute"].astype("str") + " " + name
    return found.saying(
        expected="approved by somebody else",
        actual=held + pd.Series(", approved by nobody", held.index).mask(signed, ", approved by its holder"),
    )


def _by_holder(view: View, grants: pd.DataFrame) -> pd.Series:
    """Whether the approver is the account's owner."""
    lines = view.policy.approvals
    who = holders(view.people, [line.approved_by for line in lines])["person_id"]
    signer = pd.Series([who[line.approved_by] for line in lines], dtype="str")
    by = taken(signer, grants["approval"].to_numpy(), grants.index)
    return (by == grants["person_id"].astype("str")).fillna(value=False).astype(bool)
