"""Finding kind ``never-used``."""

from __future__ import annotations

import pandas as pd

from scimaudit.plural import count
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.sign_ins import unseen_use


@rule(
    title="Account was never used",
    family="orphan",
    severity="low",
    action="Ask the owner whether the account is needed, and disable it if not.",
    stopped_by=("disable",),
    remedy="disable",
    decide=True,
    controls=(
        "soc2/CC6.2", "iso27001-2022/A.5.18", "pci-dss-4.0.1/8.2.6", "nist-800-53-r5/AC-2(3)", "cis-8.1/5.3",
    ),
)  # fmt: skip
def never_used(view: View, *, days: int = 90) -> Judgement:
    """Active accounts without any sign-in on record.

    Detects: an active account that is more than ``days`` old and for which a listing that supplies sign-in times
    has none. Break-glass accounts are outside: they are meant to be unused.

    Why: an initial password nobody has changed is often one that several people know.

    Not evaluable: an account without a sign-in whose listings supply no sign-in times, or whose creation date is
    unknown; one that is not yet more than ``days`` old; one of unknown activity; a service account in an app that
    tells the sign-ins of people alone (``interactive_sign_ins``).

    Remediation: disable the account; look at why it was provisioned, for the same rule keeps making more of them.
    """
    accounts = view.accounts
    unseen = accounts["last_login"].isna()
    age = (pd.Timestamp(view.as_of) - accounts["created"]).dt.days
    supplied = view.supplied("last_login")
    found = judge(
        accounts,
        within=~known_false(accounts["active"]) & (accounts["account_kind"] != "break-glass"),
        fails=known_true(accounts["active"]) & unseen & supplied & (age > days) & ~unseen_use(view),
        unknown=because(
            accounts.index,
            (unseen & ~supplied, "attribute-absent"),
            (accounts["active"].isna() | (unseen & unseen_use(view)), "semantics-unknown"),
            (unseen & age.isna(), "attribute-absent"),
            (unseen, "too-young"),
        ),
    )
    return found.saying(
        attribute="last_login",
        expected=f"a sign-in within {count(days, 'day')} of creation, or inactive",
        actual=lambda rows: "active, no sign-in since its creation on " + rows["created"].dt.strftime("%Y-%m-%d"),
    )
