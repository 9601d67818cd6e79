"""Finding kind ``shared``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true, taken


@rule(
    title="Account is used by several people",
    family="orphan",
    severity="medium",
    action="Give each person an account of their own, or have the app's owner accept it with a way to tell who acted.",
    stopped_by=("sign_in",),
    controls=(
        "soc2/CC6.1", "iso27001-2022/A.5.16", "pci-dss-4.0.1/8.2.2", "nist-800-53-r5/AC-2(9)", "nist-800-53-r5/IA-2",
    ),
)  # fmt: skip
def shared(view: View) -> Judgement:
    """Active accounts that more than one person signs in to.

    Detects: an active account that the register or a listing calls shared. The register names who answers for it
    (``nhi-unowned``). Where its line says how it is known who used it (``attribution``), the finding is one step
    milder; it stays one until an exception accepts it with a compensating control.

    Why: what is done with a shared account was done by nobody, and its password outlives everybody who knew it.

    Not evaluable: an account of unknown activity.

    Remediation: personal accounts; where the app allows none, a vault that records who took the password when.
    """
    accounts = view.accounts
    found = judge(
        accounts,
        within=(accounts["account_kind"] == "shared") & ~known_false(accounts["active"]),
        fails=known_true(accounts["active"]),
        unknown=because(accounts.index, (accounts["active"].isna(), "semantics-unknown")),
    )
    lines = pd.Series([line.attribution or None for line in view.policy.nhi], dtype="str")
    told = taken(lines, found.failed["nhi_line"].to_numpy(), found.failed.index).where(found.failed["nhi"])
    return found.saying(
        expected="one person's account",
        actual=("active, shared by several people; who used it is told by " + told).fillna(
            "active, shared by several people, and nothing tells who used it"
        ),
        bump=-told.notna().astype("int64"),
        why="who used it is known",
    )
