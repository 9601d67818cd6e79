"""Finding kind ``unmatched``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Account belongs to nobody",
    family="orphan",
    severity="high",
    action="Name the owner in links.csv, register the account in nhi.csv, or disable it.",
    stopped_by=("create", "disable"),
    remedy="disable",
    decide=True,
    controls=(
        "soc2/CC6.2", "iso27001-2022/A.5.16", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "pci-dss-4.0.1/8.2.1",
        "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-2(3)", "cis-8.1/5.1",
    ),
)  # fmt: skip
def unmatched(view: View) -> Judgement:
    """Active accounts that no person in the system of record owns.

    Detects: an account that is active, that no exact tier (T0 to T5) links to a person, and that the register of
    non-humans does not cover. Accounts with several candidates are ``ambiguous``, not this. Where a weaker tier
    suggests somebody, the finding names the probable owner.

    Why: nobody is told when such an account should end, nobody reviews it, and no leaver process will ever reach
    it.

    Not evaluable: an account of unknown activity. Nothing passes while the roster is not proven.

    Remediation: decide who owns it (``scimaudit links``), register it as non-human with a live owner, or disable
    it. If many appear at once, look at the roster and at ``external_id_is`` before the accounts.
    """
    accounts = view.accounts
    found = judge(
        accounts,
        within=(accounts["situation"] != "ambiguous") & ~accounts["nhi"] & ~known_false(accounts["active"]),
        fails=(accounts["situation"] == "unmatched") & known_true(accounts["active"]),
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    return found.saying(
        expected="a person in the system of record",
        actual=lambda rows: "active; " + rows["link_reason"].fillna("no person matches"),
    )
