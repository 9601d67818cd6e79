"""Finding kind ``privileged-unapproved``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Privileged right without an approval",
    family="excess",
    severity="high",
    action="{remove}, or have whoever answers for it approve it in approvals.csv, with an end.",
    stopped_by=("entitlement_removal",),
    remedy="remove",
    decide=True,
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.8.2", "pci-dss-4.0.1/7.2.3", "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-6(5)",
        "cis-8.1/5.4",
    ),
)  # fmt: skip
def privileged_unapproved(view: View) -> Judgement:
    """Rights that give power, or that the policy wants approved, and that nobody approved who may.

    Detects: a privileged right, or one that a rule with ``requires_approval`` names, on an account that is not
    inactive, without a line in ``policy/approvals.csv``, or with one that does not count: signed by the holder (for a
    machine, by its owner), by somebody who did not work here that day, or who answers neither for the right (``owner``
    of its line in the catalogue, of a rule that allows it) nor for the app (its owner, its delegates), dated on a day
    still to come, or for longer than a rule's ``days``. An approval that has run out is ``grant-expired``.

    Why: power that nobody gave on record is power that somebody took.

    Not evaluable: every right without fault where the policy folder has no approvals at all, for nothing says that
    they are kept there; an approval whose signer or whose holder nobody knows for certain, for they may be one
    person; one where nobody is registered who could sign; an account of unknown activity; an app of which nobody has
    said which rights give power. Nothing passes where the app's entitlements are not proven listed.

    Remediation: ask the owner of the app; a right that nobody wants to sign for is removed.
    """
    grants = view.tenure
    void = (grants["approval"] < 0) | grants["void"].notna()
    found = judge(
        grants,
        within=(known_true(grants["privileged"]) | grants["needs"])
        & ~known_false(grants["active"])
        & (grants["account"] >= 0),
        fails=known_true(grants["active"]) & void & bool(view.policy.approvals),
        unknown=because(
            grants.index,
            (grants["active"].isna(), "semantics-unknown"),
            (not view.policy.approvals, "policy-silent"),
            (grants["unclear"].notna(), "semantics-unknown"),
            (grants["unregistered"], "policy-silent"),
            (view.unproven(grants["app"]), "walk-unproven"),
        ),
    )
    name = found.failed["display"].astype("str").fillna(found.failed["value"].astype("str"))
    held = "holds " + found.failed["attribute"].astype("str") + " " + name
    void_by = grants["void"].loc[found.failed.index]
    told = found.saying(
        expected="approved by somebody else who answers for it",
        actual=(held + "; its approval does not count: " + void_by).fillna(held + ", approved by nobody"),
    )
    return merged([told, _power_unsaid(view)])


def _power_unsaid(view: View) -> Judgement:
    """Apps of which nobody has said of every right held whether it gives power, and those whose rights are not proven.

    An app's patterns say it of all: what fits none gives none.
    """
    silent = set(view.grants.loc[view.grants["privileged"].isna(), "app"].unique())
    rows = pd.DataFrame(
        [(name, name in silent and not facts.privileged, facts.entitlements) for name, facts in view.facts.items()
         if facts.listed],
        columns=["app", "silent", "entitlements"],
    )  # fmt: skip
    rows["app"] = pd.Categorical(rows["app"], categories=list(view.facts))
    unproven = rows["entitlements"] != "complete"
    silent_ones = rows["silent"].astype(bool)
    return judge(
        rows,
        within=silent_ones | unproven,
        fails=pd.Series(False, index=rows.index),
        unknown=because(rows.index, (unproven, "walk-unproven"), (silent_ones, "policy-silent")),
    )
