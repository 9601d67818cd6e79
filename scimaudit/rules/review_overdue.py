"""Finding kind ``review-overdue``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View


@rule(
    title="Review of a non-human account is overdue",
    family="control",
    severity="medium",
    action="Let its owner confirm purpose, rights and need, and write the next review date into nhi.csv.",
    stopped_by=(),
    controls=("soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.5.1", "nist-800-53-r5/AC-2", "cis-8.1/5.5"),
)
def review_overdue(view: View) -> Judgement:
    """Lines of the register of non-humans that nobody looked at in time.

    Detects: a line of ``policy/nhi.csv`` whose ``review_date`` has passed. A line without one is a finding too: it is
    never looked at.

    Why: a machine account does not leave, so only a date makes anybody ask whether it is still needed.

    Not evaluable: never: a line without a date is a finding.

    Remediation: confirm or disable the account; set the next date.
    """
    lines = view.policy.nhi
    rows = pd.DataFrame(
        {
            "app": pd.Categorical([line.app for line in lines], categories=list(view.facts)),
            "value": pd.array([line.account for line in lines], dtype="str"),
            "owner": pd.array([line.owner or None for line in lines], dtype="str"),
            "due": pd.Series([line.review_date for line in lines], dtype="datetime64[s]"),
        }
    )
    late = (rows["due"] < pd.Timestamp(view.today)) | rows["due"].isna()
    found = judge(rows, fails=late)
    said = ("review was due on " + found.failed["due"].dt.strftime("%Y-%m-%d")).fillna("no review date is set")
    return found.saying(expected="a review date that is still to come", actual=found.failed["value"] + ": " + said)
