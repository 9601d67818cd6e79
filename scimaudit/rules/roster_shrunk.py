"""Finding kind ``roster-shrunk``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_true


@rule(
    title="Roster shrank",
    family="data",
    severity="high",
    action="Check the roster export before acting on any finding.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def roster_shrunk(view: View, *, percent: float = 20.0, rows: int = 5) -> Judgement:
    """A system of record that lost too many people since the last snapshot.

    Detects: a roster with fewer people than in the snapshot before, by more than ``percent`` per cent and by more
    than ``rows``; or with nobody left, however few there were. Each roster counts alone, so that a small one cannot
    vanish behind a large one; one that is no longer pulled has lost everybody.

    Why: a roster cut short turns everyone it lost into somebody to disable.

    Not evaluable: a roster that no earlier snapshot has, so every roster on the first audit.

    Remediation: compare the export with the one before; filters, a failed job and a lost company are the usual
    causes.
    """
    earlier = pd.Series(view.previous.people if view.previous else {}, dtype="Int64")
    parsed = view.sources.set_index("name")["parsed"]
    names = earlier.index.union(pd.Index(view.rosters, dtype="str"))
    before, now = earlier.reindex(names), parsed.reindex(names, fill_value=0)
    limit = (before * percent / 100).clip(lower=rows)
    limit = limit.mask(known_true((now == 0) & (before > 0) & (limit >= before)), before - 1)
    table = pd.DataFrame({"before": before, "now": now, "limit": limit})
    table = table.rename_axis("value").reset_index().astype({"value": "str"})
    found = judge(
        table,
        fails=known_true(table["before"] - table["now"] > table["limit"]),
        unknown=because(table.index, (table["before"].isna(), "too-young")),
    )
    return found.saying(
        expected=lambda rows: (
            "at least "
            + (rows["before"] - rows["limit"]).map("{:.0f}".format).astype("str")
            + " of "
            + rows["before"].astype("str")
            + " people"
        ),
        actual=lambda rows: rows["now"].astype("str") + " people",
    )
