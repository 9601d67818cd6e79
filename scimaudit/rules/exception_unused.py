"""Finding kind ``exception-unused``."""

from __future__ import annotations

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View


@rule(
    title="Exception covers nothing",
    family="control",
    severity="low",
    action="Remove it: what it excused is gone, or it was never written as it was meant.",
    stopped_by=(),
    controls=("soc2/CC6.3", "iso27001-2022/A.5.18", "nist-800-53-r5/AC-2"),
    after_settling=True,
)
def exception_unused(view: View) -> Judgement:
    """Exceptions in force that no finding needs.

    Detects: an exception in ``policy/exceptions.toml`` that is approved and has not expired, and that covers no
    finding of this audit.

    Why: it waits for the next problem of that account and hides it on the day it comes.

    Not evaluable: never: the findings that it covers are counted.

    Remediation: remove the table from the file.
    """
    rows = view.exceptions.assign(value=view.exceptions["id"])
    found = judge(rows, within=rows["state"] == "valid", fails=(rows["state"] == "valid") & (rows["used"] == 0))
    return found.saying(expected="a finding that it covers", actual=lambda rows: rows["id"] + " covers none")
