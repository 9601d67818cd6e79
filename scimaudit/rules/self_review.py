"""Finding kind ``self-review``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_true


@rule(
    title="Reviewer decided on their own access",
    family="control",
    severity="high",
    action="Let somebody else decide: open a review of these rights anew.",
    stopped_by=(),
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.5.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-5",
        "nist-800-171-r2/3.1.4", "cis-8.1/6.8",
    ),
)  # fmt: skip
def self_review(view: View) -> Judgement:
    """Decisions of a review by the person whose account it is.

    Detects: a decision other than revoke on an account that, as accounts belong to people now, is the reviewer's own. A
    campaign gives nobody their own account; this finds the accounts whose owner became known later.

    Why: who decides on their own access decides nothing.

    Not evaluable: accounts whose owner is unclear, and accounts that are not listed any more.

    Remediation: let somebody else decide on the right.
    """
    decisions = view.reviewed.decisions
    rows = decisions.assign(app=pd.Categorical(decisions["app"], categories=list(view.facts)))
    names = ["app", "account_id", "situation", "person_id"]
    owners = view.accounts[names].astype("str").assign(nhi=view.accounts["nhi"]).dropna(subset=["account_id"])
    known = rows[["app", "account_id"]].astype("str")
    mine = known.merge(owners, how="left", on=["app", "account_id"], validate="m:1").set_index(rows.index)
    own = (mine["person_id"] == rows["reviewer"]).fillna(value=False).astype(bool)
    unclear = (mine["situation"] != "matched") & ~known_true(mine["nhi"].astype("boolean"))
    found = judge(
        rows,
        within=~rows["decision"].isin(["revoke", "abstain"]),
        fails=own,
        unknown=because(rows.index, (unclear, "semantics-unknown")),
    )
    failed = found.failed
    right = (failed["attribute"] + " " + failed["display"]).fillna("the account")
    day = failed["decided_at"].dt.strftime("%Y-%m-%d")
    return found.saying(
        person_id=failed["reviewer"],
        expected="decided by somebody else",
        actual="decided " + failed["decision"] + " on " + right + " in " + failed["campaign"] + " on " + day,
    )
