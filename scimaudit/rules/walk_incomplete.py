"""Finding kind ``walk-incomplete``."""

from __future__ import annotations

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View


@rule(
    title="Listing is not proven complete",
    family="data",
    severity="high",
    action="Repair the source or its permissions, and pull again.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def walk_incomplete(view: View) -> Judgement:
    """Rosters and listings that are not proven to have given every row.

    Detects: a roster or a listing whose walk is incomplete or failed; at medium severity one whose completeness
    cannot be proven either way, such as an export without a declared total.

    Why: a row that was never listed is never judged. Every *no finding* about this source is unproven.

    Not evaluable: never: what is not proven is the finding.

    Remediation: read the reason. Give the token the right to list everyone, declare the export's total, or allow
    the second pass and the probes.
    """
    rows = view.sources[["app", "walk", "walk_reason", "error"]].assign(value=view.sources["name"])
    found = judge(rows, fails=rows["walk"] != "complete")
    return found.saying(
        expected="every row, proven",
        actual=lambda rows: rows["walk"] + ": " + rows["error"].where(rows["error"] != "", rows["walk_reason"]),
        severity=lambda rows: rows["walk"].map({"unprovable": "medium"}).astype("str"),
    )
