"""Finding kind ``roster-conflict``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View

_SEVERITY = {"status": "high", "end_date": "high", "name": "low"}


@rule(
    title="Rosters contradict each other about a person",
    family="data",
    severity="medium",
    action="Ask the owners of both rosters which is right, and correct the other one.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.16", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def roster_conflict(view: View) -> Judgement:
    """People of whom two systems of record say different things.

    Detects: a person who stands in two rosters, of which one says gone and the other here (or yet to come), or who has
    two end dates or two names in them. The verdict on their accounts follows the roster that decides (the earlier one,
    or the one that is ``authoritative_for`` the column); this finding says that it is disputed. What one roster leaves
    out contradicts nothing, nor do two employments of which one began after the other had ended.

    Why: whoever has left by one system and not by the other keeps their access until somebody asks.

    Not evaluable: never: only what both rosters say is compared. A status word that nobody has mapped says nothing;
    it is ``unmapped-status``.

    Remediation: a contractor who was hired needs an end in the vendor's system; a person kept in the directory after
    leaving HR is a leaver. Two different names under one id are two people: join the rosters on another column.
    """
    rows = view.overlaps
    differs = rows["attribute"].notna()
    found = judge(rows, fails=differs)
    return found.saying(
        attribute=lambda rows: rows["attribute"].astype("str"),
        severity=lambda rows: rows["attribute"].astype("str").map(_SEVERITY),
        expected=lambda rows: _said(rows["over_value"], rows["over"]),
        actual=lambda rows: _said(rows["value"], rows["roster"]),
        # The text is in actual now; a finding's value is an entitlement.
        value=None,
    )


def _said(value: pd.Series, roster: pd.Series) -> pd.Series:
    text: pd.Series = value + " (" + roster.astype("str") + ")"
    return text
