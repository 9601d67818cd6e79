"""Finding kind ``out-of-band``."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Account was made outside the feed",
    family="drift",
    severity="medium",
    action="Find out who made the account and how, then link it to the feed or disable it.",
    stopped_by=("create",),
    remedy="disable",
    decide=True,
    controls=(
        "soc2/CC6.2", "soc2/CC6.3", "iso27001-2022/A.5.15", "iso27001-2022/A.5.18", "pci-dss-4.0.1/8.2.4",
        "nist-800-53-r5/AC-2", "cis-8.1/5.6", "cis-8.1/6.1",
    ),
)  # fmt: skip
def out_of_band(view: View) -> Judgement:
    """Accounts without the identifier that the app's feed would have given them.

    Detects: in apps whose register says that SCIM creates accounts, or that declare ``external_id_is``, an active
    account without an externalId. Where more than half of an app's accounts lack it, one finding speaks of the app
    and gives the count. Registered non-humans are outside.

    Why: what the feed did not make, the feed will not remove.

    Not evaluable: an account without an externalId where none of its listings supplies any, and an account of
    unknown activity.

    Remediation: link the account to the feed, or disable it; close the door it came through (invitations, sign-up
    on first sign-in, manual creation).
    """
    accounts = view.accounts
    feeds = view.of_app(accounts["app"], "roster_feeds")
    claims = view.of_app(accounts["app"], "scim_creates") | view.of_app(accounts["app"], "external_id_is").notna()
    lacks, supplied = accounts["external_id"].isna(), view.supplied("external_id")
    found = judge(
        accounts,
        within=feeds & claims & ~accounts["nhi"] & ~known_false(accounts["active"]),
        fails=lacks & supplied & known_true(accounts["active"]),
        unknown=because(
            accounts.index,
            (lacks & ~supplied, "attribute-absent"),
            (accounts["active"].isna(), "semantics-unknown"),
        ),
    )
    counts = found.ledger.assign(judged=found.ledger["population"] - found.ledger["not_evaluable"])
    most = counts[(counts["failed"] > 1) & (counts["failed"] * 2 > counts["judged"])]
    single = found.failed[~found.failed["app"].isin(most["app"])]
    rows = pd.concat([single.assign(actual="no externalId"), _per_app(most)], ignore_index=True)
    return replace(found, failed=rows.assign(attribute="external_id", expected="an externalId from the feed"))


def _per_app(most: pd.DataFrame) -> pd.DataFrame:
    text = most["failed"].astype("str") + " of " + most["judged"].astype("str") + " active accounts have no externalId"
    return pd.DataFrame({"app": most["app"], "actual": text})
