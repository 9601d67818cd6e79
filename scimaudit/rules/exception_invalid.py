"""Finding kind ``exception-invalid``."""

from __future__ import annotations

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View


@rule(
    title="Exception does not count",
    family="control",
    severity="medium",
    action="Have the registered owner approve it anew, within the limits, or remove it and act on the finding.",
    stopped_by=(),
    controls=("soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2"),
    after_settling=True,
)
def exception_invalid(view: View) -> Judgement:
    """Exceptions that nobody accountable stands behind.

    Detects: an exception in ``policy/exceptions.toml`` whose approver is not the registered owner of the app or a
    declared delegate (for a pair across apps: the owner of the pair), does not work here, asked for it, or is its
    subject; one that was approved in the future, lasts longer than ``audit.exceptions.max_days``, or covers more than
    ``audit.exceptions.max_findings`` findings. It is not applied: the findings it speaks of stay open.

    Why: an exception that its beneficiary grants is no control, and one without an end is a policy nobody decided.

    Not evaluable: never: what nobody can tell of the approver counts against the exception.

    Remediation: let whoever answers for the app decide; ``scimaudit exceptions draft`` writes what has to be signed.
    """
    rows = view.exceptions.assign(value=view.exceptions["id"])
    found = judge(rows, within=rows["state"] != "expired", fails=rows["state"] == "invalid")
    return found.saying(
        expected="approved by whoever answers for it, within the limits", actual=lambda rows: rows["trouble"]
    )
