"""Finding kind ``nhi-interactive``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true, taken


@rule(
    title="Somebody signs in as a service account",
    family="orphan",
    severity="high",
    stopped_by=("sign_in",),
    action="Find out who signed in, change its secret, and forbid interactive sign-in for it.",
    controls=(
        "soc2/CC6.1", "iso27001-2022/A.5.16", "iso27001-2022/A.8.2", "pci-dss-4.0.1/8.6.1", "nist-800-53-r5/IA-2",
        "cis-8.1/5.5",
    ),
)  # fmt: skip
def nhi_interactive(view: View, *, days: int = 90) -> Judgement:
    """Service accounts and bots that people sign in with.

    Detects: an active service account with an interactive sign-in within ``days``, in an app that declares
    ``interactive_sign_ins``: that the sign-in times of its listings are those of people at a screen. A line of
    ``policy/nhi.csv`` that says why people may sign in with it (``interactive``) lets it pass.

    Why: who knows the secret of a machine can act as the machine, past every sign-in control that people have.

    Not evaluable: an app of which nobody says whose its sign-in times are, a listing without any, and an account of
    unknown activity.

    Remediation: personal accounts for people; for the machine a secret that nobody knows and that is not a password.
    """
    accounts = view.accounts
    told = view.of_app(accounts["app"], "interactive_sign_ins")
    lines = pd.Series([bool(line.interactive) for line in view.policy.nhi], dtype="boolean")
    allowed = known_true(taken(lines, accounts["nhi_line"].to_numpy(), accounts.index)) & accounts["nhi"]
    recent = (pd.Timestamp(view.as_of) - accounts["last_login"]).dt.days <= days
    found = judge(
        accounts,
        within=(accounts["account_kind"] == "service") & ~known_false(accounts["active"]),
        fails=known_true(accounts["active"]) & recent & told & ~allowed,
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (~allowed & accounts["last_login"].isna() & ~view.supplied("last_login"), "attribute-absent"),
            (~allowed & ~told, "semantics-unknown"),
        ),
    )
    return found.saying(
        attribute="last_login",
        expected="no interactive sign-in, or a line in the register that says why",
        actual=lambda rows: "signed in interactively on " + rows["last_login"].dt.strftime("%Y-%m-%d"),
    )
