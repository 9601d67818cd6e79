"""Finding kind ``app-shrunk``."""

from __future__ import annotations

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View


@rule(
    title="App shrank",
    family="data",
    severity="high",
    action="Check the listing before closing any finding of this app.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def app_shrunk(view: View, *, percent: float = 20.0) -> Judgement:
    """Apps that lost too many accounts since the last snapshot.

    Detects: fewer accounts in an app than in the snapshot before, by more than ``percent`` per cent. Apps that were
    not listed then are outside.

    Why: accounts do not vanish by the dozen; listings that were cut short do. A vanished account would count as
    closed.

    Not evaluable: never: both counts are known, and a listing that lacks accounts can only look smaller than the
    app is.

    Remediation: compare both listings, and look at what the token may see. Where the removal was real, the next
    snapshot has the new count as its baseline.
    """
    counts = view.previous.accounts if view.previous else {}
    now = view.accounts["app"].value_counts()
    rows = view.apps[["app"]].assign(
        before=view.apps["app"].map(counts), now=view.apps["app"].map(now.to_dict()).fillna(0)
    )
    rows = rows[rows["before"] > 0].astype({"before": "int64", "now": "int64"})
    least = rows["before"] * (1 - percent / 100)
    found = judge(rows, fails=rows["now"] < least)
    return found.saying(
        expected=lambda rows: f"at least {100 - percent:g} % of " + rows["before"].astype("str") + " accounts",
        actual=lambda rows: rows["now"].astype("str") + " accounts",
    )
