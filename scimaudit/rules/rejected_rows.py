"""Finding kind ``rejected-rows``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View


@rule(
    title="Rows that could not be read",
    family="data",
    severity="high",
    action="Correct the rows at the source, or acknowledge them by their digest.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def rejected_rows(view: View) -> Judgement:
    """Rosters and listings with unreadable rows that nobody has looked at.

    Detects: a source with rejected rows whose digests do not stand under ``acknowledged_rows``.

    Why: each is a person or an account that was not judged.

    Not evaluable: a source that is not proven to have given every row: what never came may be unreadable too.

    Remediation: the digests and places stand in the ledger of the source. Correct the row; where it is no person or
    account at all, acknowledge it.
    """
    rows = view.sources[["app", "walk", "received", "rejected", "unacknowledged"]].assign(value=view.sources["name"])
    lost = because(rows.index, (rows["walk"] != "complete", "walk-unproven"))
    found = judge(rows, fails=rows["unacknowledged"] > 0, unknown=lost)
    return found.saying(
        expected="every row read or acknowledged",
        actual=lambda rows: (
            rows["rejected"].astype("str")
            + " of "
            + rows["received"].astype("str")
            + " rows rejected, "
            + rows["unacknowledged"].astype("str")
            + " not acknowledged"
        ),
    )
