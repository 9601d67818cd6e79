"""Finding kind ``exception-expired``."""

from __future__ import annotations

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View


@rule(
    title="Exception has expired",
    family="control",
    severity="medium",
    action="Act on the findings it covered, have it approved anew, or remove it.",
    stopped_by=(),
    controls=("soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2"),
    after_settling=True,
)
def exception_expired(view: View) -> Judgement:
    """Exceptions whose last day has passed.

    Detects: an exception in ``policy/exceptions.toml`` that expired before the day of the audit. It is not applied:
    the findings it covered are open again. One that does not count for another reason is ``exception-invalid``.

    Why: what was accepted for a while becomes the rule when nobody looks at the end of the while.

    Not evaluable: never: every exception has a last day.

    Remediation: do what was put off, or let the owner decide anew with today's knowledge.
    """
    rows = view.exceptions.assign(value=view.exceptions["id"])
    found = judge(rows, within=rows["state"] != "invalid", fails=rows["state"] == "expired")
    return found.saying(
        expected="in force, or removed",
        actual=lambda rows: (
            rows["id"]
            + " expired on "
            + rows["expires"].dt.strftime("%Y-%m-%d")
            + ("; findings it would cover: " + rows["used"].astype("str"))
        ),
    )
