"""Finding kind ``roster-shrunk``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View


@rule(
    title="Roster shrank",
    family="data",
    severity="high",
    action="Check the roster export before acting on any finding.",
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def roster_shrunk(view: View, *, percent: float = 20.0, rows: int = 5) -> Judgement:
    """A system of record that lost too many people since the last snapshot.

    Detects: fewer people than in the snapshot before, by more than ``percent`` per cent and by more than ``rows``.
    Without an earlier snapshot the rule does not apply.

    Why: a roster cut short turns everyone it lost into somebody to disable.

    Remediation: compare the export with the one before; filters, a failed job and a lost company are the usual
    causes.
    """
    before, now = (view.previous.people if view.previous else 0), len(view.people)
    table = pd.DataFrame({"value": ["people"] * (view.previous is not None)}, dtype="str")
    limit = max(before * percent / 100, rows)
    found = judge(table, fails=pd.Series(before - now > limit, index=table.index, dtype=bool))
    return found.saying(expected=f"at least {before - limit:.0f} of {before} people", actual=f"{now} people")
