"""Finding kind ``app-shrunk``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_true


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

    Detects: fewer accounts in an app than in the snapshot before, by more than ``percent`` per cent.

    Why: accounts do not vanish by the dozen; listings that were cut short do. A vanished account would count as
    closed.

    Not evaluable: an app that the snapshot before does not have, so every app on the first audit. A listing that lacks
    accounts can only look smaller than the app is.

    Remediation: compare both listings, and look at what the token may see. Where the removal was real, the next
    snapshot has the new count as its baseline.
    """
    counts = view.previous.accounts if view.previous else {}
    now = view.accounts["app"].value_counts()
    rows = view.apps[["app"]].assign(
        before=view.apps["app"].map(counts), now=view.apps["app"].map(now.to_dict()).fillna(0)
    )
    rows = rows[view.apps["listed"] | (rows["before"] > 0)].astype({"before": "Int64", "now": "Int64"})
    least = rows["before"] * (1 - percent / 100)
    found = judge(
        rows,
        fails=known_true(rows["now"] < least),
        unknown=because(rows.index, (rows["before"].isna(), "too-young")),
    )
    return found.saying(
        expected=lambda rows: f"at least {100 - percent:g} % of " + rows["before"].astype("str") + " accounts",
        actual=lambda rows: rows["now"].astype("str") + " accounts",
    )
