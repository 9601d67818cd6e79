"""Finding kind ``scope-partial``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View


@rule(
    title="Listing does not show every account",
    family="data",
    severity="high",
    action="Add a second inventory of the app, such as an export of its user list.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def scope_partial(view: View) -> Judgement:
    """Apps whose listings are known not to show every account.

    Detects: an app whose listings together are known to hide accounts, for example those that were not made by
    SCIM.

    Why: the accounts that were made by hand are the ones no process removes, and this listing cannot show them.

    Not evaluable: an app of which nobody knows whether its listings show every account.

    Remediation: add a second listing that shows all accounts (an export, an administrators' interface), or a
    hand-made canary account, or the seat count that the app's console shows.
    """
    rows = view.apps.loc[view.apps["listed"], ["app", "scope", "scope_reason"]]
    unproven = ~rows["scope"].isin(["all", "partial"])
    found = judge(rows, fails=rows["scope"] == "partial", unknown=because(rows.index, (unproven, "scope-unproven")))
    return found.saying(
        expected="every account of the app", actual=lambda rows: "partial: " + rows["scope_reason"].fillna("")
    )
