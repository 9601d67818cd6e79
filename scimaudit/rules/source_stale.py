"""Finding kind ``source-stale``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View


@rule(
    title="Source is stale",
    family="data",
    severity="high",
    action="Pull the source again, or ask for a fresh export.",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def source_stale(view: View) -> Judgement:
    """Rosters and listings that are too old to be believed.

    Detects: a roster or a listing that was true longer ago than its limit (``audit.gates``).

    Why: who left since then still looks employed, and what changed since then is not seen.

    Not evaluable: a source whose date is unknown.

    Remediation: pull again. For exports, give ``as_of`` or ``exported_at`` and make the export part of the routine.
    """
    rows = view.sources[["app", "as_of", "stale_after_days"]].assign(value=view.sources["name"])
    age = view.age_days(rows)
    found = judge(
        rows,
        fails=(age > rows["stale_after_days"]).fillna(False).astype(bool),
        unknown=because(rows.index, (age.isna(), "attribute-absent")),
    )
    days = age.loc[found.failed.index].astype("str")
    return found.saying(
        expected=lambda rows: "at most " + rows["stale_after_days"].astype("str") + " days old",
        actual=lambda rows: days + " days old, as of " + rows["as_of"].dt.strftime("%Y-%m-%d"),
    )
