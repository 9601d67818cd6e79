"""Finding kind ``not-audited``."""

from __future__ import annotations

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View


@rule(
    title="App is not audited",
    family="data",
    severity="high",
    action="Give the app a source, even an export by hand.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def not_audited(view: View) -> Judgement:
    """Apps that the configuration knows and that have no source.

    Detects: an app without a listing.

    Why: what is not listed is not judged; leaving the app out of the report would hide that.

    Not evaluable: never: whether the snapshot has a listing of the app is known.

    Remediation: add a listing; a hand-made export with a declared total is enough to begin with.
    """
    rows = view.apps[["app", "listed", "reason"]]
    found = judge(rows, fails=~rows["listed"])
    return found.saying(
        expected="a listing of its accounts",
        actual=lambda rows: "no source" + (": " + rows["reason"].fillna("")).where(rows["reason"].fillna("") != "", ""),
    )
