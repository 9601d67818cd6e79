"""Finding kind ``prestart``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Account is active before its owner starts",
    family="orphan",
    severity="low",
    action="Disable the account until the start date, or correct the date in the system of record.",
    stopped_by=("create",),
    remedy="disable",
    decide=True,
    controls=("soc2/CC6.2", "iso27001-2022/A.5.16", "nist-800-53-r5/AC-2", "cis-8.1/6.1"),
)
def prestart(view: View, *, early_days: int = 0) -> Judgement:
    """Active accounts of people whose employment has not begun.

    Detects: an account that is active while the start date of the one person it belongs to lies more than
    ``early_days`` ahead. People who have left are judged by ``leaver-active``.

    Why: whoever has not signed yet has promised nothing yet, and a start that is called off leaves the account behind.

    Not evaluable: an account of unknown activity, and an active one whose owner is said to be yet to come, without
    a start date or with one that has passed. Nothing passes while the roster is not proven.

    Remediation: let the joiner process enable accounts on the first day; give hardware and training accounts an
    ``early_days`` of their own.
    """
    accounts = view.accounts
    start = view.owner("start_date")
    ahead = (start.dt.normalize() - pd.Timestamp(view.today)).dt.days.astype("Int64")
    status = accounts["owner_status"].astype("str")
    early = known_false(accounts["owner_started"])
    waiting = (early | (status == "prehire")) & ~known_true(accounts["owner_ended"])
    found = judge(
        accounts,
        within=(accounts["situation"] == "matched") & ~accounts["nhi"] & waiting,
        fails=known_true(accounts["active"]) & (ahead > early_days).fillna(False).astype(bool),
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (start.isna() & ~known_false(accounts["active"]), "attribute-absent"),
            (~early & ~known_false(accounts["active"]), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    days = start.loc[found.failed.index].dt.strftime("%Y-%m-%d")
    return found.saying(
        expected="inactive until " + days, actual="active, " + ahead.loc[days.index].astype("str") + " days before"
    )
