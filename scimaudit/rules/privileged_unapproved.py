"""Finding kind ``privileged-unapproved``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.signed import signed


@rule(
    title="Privileged right without an approval",
    family="excess",
    severity="high",
    action="{remove}, or have whoever answers for it approve it in approvals.csv, with an end.",
    stopped_by=("entitlement_removal",),
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.8.2", "pci-dss-4.0.1/7.2.3", "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-6(5)",
        "cis-8.1/5.4",
    ),
)  # fmt: skip
def privileged_unapproved(view: View) -> Judgement:
    """Rights that give power, or that the policy wants approved, and that nobody approved who may.

    Detects: a privileged right, or one that a rule with ``requires_approval`` names, on an account that is not
    inactive, without a line in ``policy/approvals.csv``, or with one that the holder signed, or somebody whom the
    roster does not know, or somebody who answers neither for the right (``owner`` of its line in the catalogue, of a
    rule that allows it) nor for the app (its owner, its delegates), or that is dated on a day still to come. An
    approval that has run out is ``grant-expired``.

    Why: power that nobody gave on record is power that somebody took.

    Not evaluable: every right without fault where the policy folder has no approvals at all, for nothing says that
    they are kept there; an approval whose signer or whose holder nobody knows for certain, for they may be one
    person; one where nobody is registered who could sign; an account of unknown activity; an app of which nobody has
    said which rights give power. Nothing passes where the app's entitlements are not proven listed.

    Remediation: ask the owner of the app; a right that nobody wants to sign for is removed.
    """
    grants = view.tenure
    by = signed(view, grants.loc[grants["approval"] >= 0, "approval"])
    void = by["by_holder"] | (by["signer"] == "stranger") | by["barred"] | by["early"]
    refused = (grants["approval"] < 0) | void.reindex(grants.index, fill_value=False)
    unclear = (~by["by_holder"] & ~by["by_somebody_else"]) | (by["signer"] == "unclear")
    found = judge(
        grants,
        within=(known_true(grants["privileged"]) | grants["needs"])
        & ~known_false(grants["active"])
        & (grants["account"] >= 0),
        fails=known_true(grants["active"]) & refused & bool(view.policy.approvals),
        unknown=because(
            grants.index,
            (grants["active"].isna(), "semantics-unknown"),
            (not view.policy.approvals, "policy-silent"),
            (unclear.reindex(grants.index, fill_value=False), "semantics-unknown"),
            ((~by["entitled"]).reindex(grants.index, fill_value=False), "policy-silent"),
            (view.unproven(grants["app"]), "walk-unproven"),
        ),
    )
    name = found.failed["display"].astype("str").fillna(found.failed["value"].astype("str"))
    told = by.reindex(found.failed.index)
    how = pd.Series("nobody", told.index, dtype="str").mask(told["signer"].notna(), "somebody who may not")
    how = how.mask(known_true(told["early"].astype("boolean")), "somebody on a day that is still to come")
    how = how.mask(told["signer"] == "stranger", "somebody whom the roster does not know")
    said = found.saying(
        expected="approved by somebody else who answers for it",
        actual="holds " + found.failed["attribute"].astype("str") + " " + name + ", approved by "
        + how.mask(known_true(told["by_holder"].astype("boolean")), "its holder"),
    )  # fmt: skip
    return merged([said, _power_unsaid(view)])


def _power_unsaid(view: View) -> Judgement:
    """Apps of which nobody has said which rights give power: neither a pattern, nor the catalogue, nor a listing."""
    told = view.grants.loc[view.grants["privileged"].notna(), "app"].unique()
    held = view.grants["app"].unique()
    silent = [name for name, facts in view.facts.items() if name in held and name not in told and not facts.privileged]
    rows = pd.DataFrame({"app": pd.Categorical(silent, categories=list(view.facts))})
    none = pd.Series(False, index=rows.index)
    return judge(rows, fails=none, unknown=because(rows.index, (True, "policy-silent")))
