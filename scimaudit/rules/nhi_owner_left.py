"""Finding kind ``nhi-owner-left``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import NON_HUMAN, View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.holders import holders


@rule(
    title="Owner of a non-human account has left",
    family="orphan",
    severity="high",
    action="Name a current person as its owner in nhi.csv, change its secrets, or disable the account.",
    stopped_by=("disable",),
    remedy="disable",
    decide=True,
    controls=(
        "soc2/CC6.1", "soc2/CC6.3", "iso27001-2022/A.5.16", "iso27001-2022/A.8.2", "pci-dss-4.0.1/7.2.5",
        "pci-dss-4.0.1/8.6.1", "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-2(3)", "cis-8.1/5.5",
    ),
)  # fmt: skip
def nhi_owner_left(view: View) -> Judgement:
    """Service, bot, shared and break-glass accounts whose registered owner does not work here any more.

    Detects: an active account with a line in ``policy/nhi.csv`` whose owner is known to have left. An owner nobody
    knows, or none, is ``nhi-unowned``.

    Why: somebody outside knows its secrets, and nobody inside knows what it does.

    Not evaluable: an account of unknown activity, and an owner of whom it is unclear whether they work here.
    Nothing passes while the roster is not proven.

    Remediation: hand it over, rotate what the leaver knew, set a review date.
    """
    accounts = view.accounts
    states = holders(view.people, accounts["nhi_owner"].dropna().unique())["state"]
    owner = states.reindex(accounts["nhi_owner"].to_numpy()).set_axis(accounts.index)
    named = accounts["nhi_owner"].notna() & accounts["account_kind"].isin(NON_HUMAN)
    found = judge(
        accounts,
        within=named & ~known_false(accounts["active"]),
        fails=known_true(accounts["active"]) & (owner == "left"),
        unknown=because(
            accounts.index,
            (accounts["active"].isna() | (owner == "unclear"), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    return found.saying(
        owner=None,
        expected="an owner who works here",
        actual=lambda rows: (
            "active " + rows["account_kind"].astype("str") + " account; " + rows["nhi_owner"] + " has left"
        ),
    )
