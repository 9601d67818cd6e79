"""Finding kind ``revoke-not-done``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.revoked import revoked, said


@rule(
    title="What a review revoked is still there",
    family="control",
    severity="high",
    action="{remove}; a whole listing without it closes the decision.",
    stopped_by=(),
    remedy="remove",
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2(3)",
        "nist-800-53-r5/AC-6(7)", "nist-800-171-r2/3.1.1", "nydfs-500/500.7(a)(4)", "cis-8.1/6.2",
    ),
)  # fmt: skip
def revoke_not_done(view: View, *, days: int = 7) -> Judgement:
    """Rights and accounts that a reviewer revoked, and that later listings still show.

    Detects: a right, or an account, whose standing decision in an access review is revoke, and that a listing shows
    which began after the decision, more than ``days`` ago. A closed ticket does not end it; a listing without it does.

    Why: a review whose revocations are not carried out has reviewed nothing.

    Not evaluable: decisions younger than ``days`` (too young), and those of which no later listing can tell: the walk,
    the scope or the rights of the app are not proven, or the app was not listed since.

    Remediation: take it away in the app, then pull again: the listing that no longer shows it closes the decision.
    ``scimaudit remediation`` writes the request where the app takes one.
    """
    del days  # it is judged where the listings are compared
    rows = revoked(view)
    found = judge(
        rows,
        within=rows["decision"] == "revoke",
        fails=rows["state"] == "not-done",
        unknown=because(
            rows.index, (rows["state"] == "open", "too-young"), (rows["state"] == "unproven", "walk-unproven")
        ),
    )
    last = found.failed["still_there"].dt.strftime("%Y-%m-%d")
    return found.saying(expected=said(found.failed), actual="still there on " + last)
