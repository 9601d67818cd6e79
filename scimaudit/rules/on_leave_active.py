"""Finding kind ``on-leave-active``."""

from __future__ import annotations

from scimaudit.policy import patterns
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Account of somebody on leave is active",
    family="orphan",
    severity="info",
    action="Decide whether the person needs the app while away; suspend the account if not.",
    stopped_by=("disable",),
    remedy="disable",
    decide=True,
    controls=("soc2/CC6.3", "iso27001-2022/A.5.18", "nist-800-53-r5/AC-2(3)", "cis-8.1/6.2"),
)
def on_leave_active(view: View, *, apps: str = "*") -> Judgement:
    """Active accounts of people who are on leave.

    Detects: an account that is active while the one person it belongs to is on leave in the system of record, in the
    apps that ``apps`` names (patterns, separated by commas). It is advice: set ``severity`` where your policy wants
    such accounts suspended.

    Why: nobody notices the misuse of an account whose owner is away for months.

    Not evaluable: an account of unknown activity. People whose status is unknown are outside; ``leaver-active``
    counts their accounts as not evaluable.

    Remediation: suspend what is not needed for the length of the leave, and let the return process enable it again.
    """
    accounts = view.accounts
    chosen = patterns.matches(accounts["app"], [each.strip() for each in apps.split(",")])
    away = accounts["owner_status"] == "leave"
    found = judge(
        accounts,
        within=(accounts["situation"] == "matched") & ~accounts["nhi"] & away & ~known_true(accounts["owner_ended"])
        & ~known_false(accounts["active"]) & chosen,
        fails=known_true(accounts["active"]),
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )  # fmt: skip
    return found.saying(expected="suspended while its owner is on leave", actual="active")
