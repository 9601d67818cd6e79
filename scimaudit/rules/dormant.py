"""Finding kind ``dormant``."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.sign_ins import unseen_use

_CLOCKS: Final = -1
"""Days by which the clocks and zones of an app may differ from ours; a sign-in later than that has not been."""


@rule(
    title="Account is dormant",
    family="orphan",
    severity="medium",
    action="Ask the owner whether the account is needed, and disable it if not.",
    stopped_by=("disable",),
    remedy="disable",
    decide=True,
    controls=(
        "soc2/CC6.2", "soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/8.2.6", "nist-800-53-r5/AC-2(3)",
        "cis-8.1/5.3",
    ),
)  # fmt: skip
def dormant(view: View, *, days: int = 90, nhi_days: int = 180) -> Judgement:
    """Active accounts that nobody has signed in to for a long time.

    Detects: an active account whose last successful sign-in is more than ``days`` ago; ``nhi_days`` for service and
    shared accounts. An account that has no sign-in on record, though its listings supply them, is judged by
    ``never-used``. Break-glass accounts are outside: they are meant to be unused (``break-glass-unready``).

    Why: a forgotten account is missed by nobody, so its abuse is noticed by nobody.

    Not evaluable: an account whose listings supply no sign-in time, and one of unknown activity; an idle service
    account in an app that tells the sign-ins of people alone (``interactive_sign_ins``); a sign-in more than a day
    after the moment judged.

    Remediation: disable it, wait, then delete it. CIS 5.3 asks for 45 days, PCI DSS 8.2.6 for 90: set ``days`` to
    the strictest that binds you.
    """
    accounts = view.accounts
    idle = (pd.Timestamp(view.as_of) - accounts["last_login"]).dt.days
    kind = accounts["account_kind"]
    limit = pd.Series(np.where(kind.isin(["service", "shared"]), nhi_days, days), index=accounts.index)
    never = accounts["last_login"].isna() & view.supplied("last_login")
    found = judge(
        accounts,
        within=~known_false(accounts["active"]) & ~never & (kind != "break-glass"),
        fails=known_true(accounts["active"]) & (idle > limit) & ~unseen_use(view),
        unknown=because(
            accounts.index,
            (accounts["last_login"].isna(), "attribute-absent"),
            (
                accounts["active"].isna() | ((idle > limit) & unseen_use(view)) | (idle < _CLOCKS),
                "semantics-unknown",
            ),
        ),
    )
    ago, most = (
        idle.loc[found.failed.index].astype("Int64").astype("str"),
        limit.loc[found.failed.index],
    )
    return found.saying(
        attribute="last_login",
        expected="a sign-in within " + most.astype("str") + " days, or inactive",
        actual=lambda rows: (
            "active, last sign-in " + rows["last_login"].dt.strftime("%Y-%m-%d") + ", " + ago + " days ago"
        ),
    )
