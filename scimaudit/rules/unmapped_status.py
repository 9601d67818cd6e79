"""Finding kind ``unmapped-status``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View


@rule(
    title="Status words without a meaning",
    family="data",
    severity="high",
    action="Map the words in the configuration (status = { active = [...], ... }).",
    stopped_by=(),
    controls=("soc2/CC6.1", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "cis-8.1/5.1"),
)
def unmapped_status(view: View) -> Judgement:
    """Rosters and listings with status words that the configuration does not map.

    Detects: a source with rows whose status word is none of those mapped. Such a status counts as unknown.

    Why: a leaver under an unmapped word is neither active nor gone, and no rule can judge their accounts.

    Not evaluable: a source that is not proven to have given every row: what never came may have any word.

    Remediation: ask the source's owner what the word means, and map it.
    """
    rows = view.sources[["app", "walk", "unmapped_status"]].assign(value=view.sources["name"])
    lost = because(rows.index, (rows["walk"] != "complete", "walk-unproven"))
    found = judge(rows, fails=rows["unmapped_status"] != "", unknown=lost)
    return found.saying(
        attribute="status",
        expected="every status word mapped",
        actual=lambda rows: "unmapped, with rows: " + rows["unmapped_status"],
    )
