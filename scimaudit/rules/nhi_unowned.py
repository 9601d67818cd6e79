"""Finding kind ``nhi-unowned``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import NON_HUMAN, View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.holders import holders


@rule(
    title="Non-human account without a live owner",
    family="orphan",
    severity="medium",
    action="Name a current person as its owner in nhi.csv, or disable the account.",
    stopped_by=("create",),
    remedy="disable",
    decide=True,
    controls=(
        "soc2/CC6.1", "soc2/CC6.3", "iso27001-2022/A.5.16", "iso27001-2022/A.8.2", "pci-dss-4.0.1/7.2.5",
        "pci-dss-4.0.1/8.6.1", "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-2(3)", "cis-8.1/5.5",
    ),
)  # fmt: skip
def nhi_unowned(view: View) -> Judgement:
    """Service, bot, shared and break-glass accounts that no current person answers for.

    Detects: an active account that a listing, the register, or the app's ``non_human`` patterns and
    ``non_human_types`` call non-human, and that has no line in ``policy/nhi.csv``, a line without an owner, an
    expired line, or an owner who is not in the system of record. An owner who has left is ``nhi-owner-left``.

    Why: nobody rotates the secrets of a machine account that nobody owns, and nobody dares to switch it off.

    Not evaluable: an account of unknown activity, and one whose owner may work here or not, by what the system of
    record says. Nothing passes while the roster is not proven.

    Remediation: find out what depends on it, name a person, set a review date; or disable it and see what breaks.
    """
    accounts = view.accounts
    registered = accounts["nhi_kind"].notna()
    states = holders(view.people, accounts["nhi_owner"].dropna().unique())["state"]
    owner = states.reindex(accounts["nhi_owner"].to_numpy()).set_axis(accounts.index)
    trouble = pd.Series(None, index=accounts.index, dtype="str")
    trouble = trouble.mask(owner == "stranger", "its registered owner is not in the roster")
    trouble = trouble.mask(registered & accounts["nhi_owner"].isna(), "its line in the register names no owner")
    trouble = trouble.mask(registered & ~accounts["nhi"], "its line in the register has expired")
    trouble = trouble.mask(~registered, "it is not in the register")
    found = judge(
        accounts,
        within=(registered | accounts["account_kind"].isin(NON_HUMAN)) & ~known_false(accounts["active"]),
        fails=known_true(accounts["active"]) & trouble.notna(),
        unknown=because(
            accounts.index,
            (accounts["active"].isna() | (owner == "unclear"), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    why = trouble.loc[found.failed.index]
    return found.saying(
        owner=None,
        expected="a current person who answers for it",
        actual=lambda rows: "active " + rows["account_kind"].astype("str") + " account" + _told_by(rows) + "; " + why,
    )


def _told_by(rows: pd.DataFrame) -> pd.Series:
    """What the app declares such accounts by, where that told it."""
    told: pd.Series = (" by " + rows["detected_by"]).fillna("")
    return told
