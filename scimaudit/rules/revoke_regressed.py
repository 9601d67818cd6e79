"""Finding kind ``revoke-regressed``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.revoked import revoked, said


@rule(
    title="What a review revoked has come back",
    family="control",
    severity="high",
    action="{remove}, and find what gives it anew: an import, a group, a rule of the directory.",
    stopped_by=(),
    remedy="remove",
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2(3)",
        "nist-800-53-r5/AC-6(7)", "nist-800-171-r2/3.1.1", "nydfs-500/500.7(a)(4)", "cis-8.1/6.2",
    ),
)  # fmt: skip
def revoke_regressed(view: View) -> Judgement:
    """Rights and accounts that a reviewer revoked, that were gone, and that are there again.

    Detects: a right, or an account, whose standing decision is revoke, that a complete listing proved gone, and that a
    later one shows again; also where the same person holds it by another account, or by a group of the same name. What
    is there since the decision is `revoke-not-done`.

    Why: something gives it anew. It will go on doing so, and nobody who closed the ticket will look again.

    Not evaluable: decisions that are still young, and those of which the newest listing cannot tell.

    Remediation: find what gives it anew and end that first; then take it away; or decide anew that it is needed.
    """
    rows = revoked(view)
    found = judge(
        rows,
        within=(rows["decision"] == "revoke") & (rows["state"] != "not-done"),
        fails=rows["state"] == "regressed",
        unknown=because(
            rows.index,
            (rows["state"] == "open", "too-young"),
            ((rows["state"] == "unproven") | (rows["doubt"] != ""), "walk-unproven"),
        ),
    )
    return found.saying(expected=said(found.failed), actual=found.failed["reason"])
