"""Finding kind ``grant-expired``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Right is held past its end",
    family="excess",
    severity="high",
    action="{remove}, or have it approved anew.",
    stopped_by=("entitlement_removal",),
    remedy="remove",
    decide=True,
    controls=("soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.5", "nist-800-53-r5/AC-2(2)", "cis-8.1/6.2"),
)
def grant_expired(view: View) -> Judgement:
    """Rights whose time is over and that are still held.

    Detects: a right on an account that is not inactive, whose end has passed: the end that the app itself tells, the
    day in its name (``ends_in_name``), the last day of its line in ``policy/approvals.csv``, or the day it was
    granted plus the ``days`` of the policy's rules that name it. The earliest counts.

    Why: what was given for a while was not meant for ever, and nobody else will come back for it.

    Not evaluable: a right whose days the policy limits and of which nobody tells when it was granted, unless
    another end has passed; a right past its end on an account of unknown activity.

    Remediation: remove it; repair the process that should have.
    """
    grants = view.tenure
    over = grants["end"] <= pd.Timestamp(view.as_of)
    found = judge(
        grants,
        within=(grants["end"].notna() | grants["days"].notna())
        & ~known_false(grants["active"])
        & (grants["account"] >= 0),
        fails=known_true(grants["active"]) & over,
        unknown=because(
            grants.index,
            (over & grants["active"].isna(), "semantics-unknown"),
            (grants["days"].notna() & grants["granted_at"].isna(), "attribute-absent"),
        ),
    )
    mine = found.failed
    name = mine["display"].astype("str").fillna(mine["value"].astype("str"))
    return found.saying(
        expected="removed by "
        + mine["end"].dt.tz_convert(view.zone).dt.strftime("%Y-%m-%d")
        + ", as "
        + mine["by"]
        + " says",
        actual="still holds " + mine["attribute"].astype("str") + " " + name,
    )
