"""Finding kind ``ambiguous``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import joined, known_false


@rule(
    title="Account has several possible owners",
    family="orphan",
    severity="medium",
    action="Decide the owner in links.csv, and correct the identifier that two people share.",
    stopped_by=("create",),
    controls=(
        "soc2/CC6.2", "iso27001-2022/A.5.16", "pci-dss-4.0.1/8.2.1", "nist-800-53-r5/AC-2", "nist-800-53-r5/IA-4",
        "cis-8.1/5.1",
    ),
)  # fmt: skip
def ambiguous(view: View) -> Judgement:
    """Accounts that more than one person could own.

    Detects: an account for which one identifier names several people, or for which two exact tiers name different
    people. It is reported whether it is active or not, at low severity when it is known to be inactive.

    Why: nothing that depends on the owner can be judged: a leaver's account can hide behind a colleague's name.

    Not evaluable: while the roster is not proven, every account that is not a finding: a person whom it leaves out
    may be the second candidate.

    Remediation: look at the keys that were compared, record the decision in ``links.csv``, and correct the wrong
    identifier at its source, or the ambiguity returns with the next account.
    """
    accounts = view.accounts
    found = judge(
        accounts,
        within=~accounts["nhi"],
        fails=accounts["situation"] == "ambiguous",
        unknown=because(accounts.index, (view.roster_unproven, "roster-unproven")),
    )
    return found.saying(
        expected="one person",
        actual=lambda rows: rows["link_reason"].fillna("several candidates") + ": " + joined(rows["runners_up"]),
        severity=lambda rows: known_false(rows["active"]).map({True: "low", False: None}).astype("str"),
    )
