"""Finding kind ``listing-gap``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import joined


@rule(
    title="Account is in one listing and not in another",
    family="data",
    severity="high",
    action="Find out which listing is right, and why the other one hides the account.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def listing_gap(view: View) -> Judgement:
    """Accounts that one listing of an app shows and another does not.

    Detects: in apps with two or more listings, an account that is absent from a listing whose walk is proven
    complete.

    Why: one of the two inventories is wrong. An account in the export but not in SCIM is one that SCIM will never
    remove.

    Not evaluable: an account that is absent from no listing but such as are not proven complete.

    Remediation: look the account up in the app's console; link it to the feed or disable it, or correct the export.
    """
    listings = view.sources[(view.sources["fills"] == "accounts") & view.sources["app"].duplicated(keep=False)]
    accounts = view.accounts
    absent = pd.Series("", index=accounts.index, dtype="str")
    unproven = pd.Series(False, index=accounts.index)
    for app, name, walk in zip(listings["app"], listings["name"], listings["walk"], strict=True):
        missing = (accounts["app"] == app) & ~view.seen_in([name])
        absent = absent.mask(missing, absent + ", " + name) if walk == "complete" else absent
        unproven |= missing & (walk != "complete")
    found = judge(
        accounts,
        within=accounts["app"].isin(listings["app"]),
        fails=absent != "",
        unknown=because(accounts.index, (unproven, "walk-unproven")),
    )
    return found.saying(
        expected="in every listing of the app",
        actual=lambda rows: "in " + joined(rows["listings"]) + ", not in " + absent.loc[rows.index].str[2:],
    )
