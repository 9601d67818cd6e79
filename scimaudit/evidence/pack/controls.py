"""``controls.csv``: what was tested for each control of each framework, and what could not be."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from scimaudit.answers import control_lines
from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs
from scimaudit.result import Audit

FIELDS: Final = (
    "control_id", "framework", "kinds_mapped", "population_tested", "failed", "not_evaluable",
    "not_evaluable_because", "unproven_apps", cells.PROOF,
)  # fmt: skip


def controls(audit: Audit, proofs: Proofs) -> pa.Table:
    """Every control, those that no rule tests included: :data:`FIELDS`."""
    lines = []
    for line in control_lines(audit):
        judged = line.tested - line.not_evaluable
        framework, _, name = line.control.partition("/")
        because = "; ".join(line.why) or (
            cells.NOT_APPLICABLE if line.kinds else "no rule that is switched on is relevant to it: nothing was tested"
        )
        lines.append(
            {
                "control_id": name,
                "framework": framework,
                "kinds_mapped": line.kinds or "none",
                # Rows that could not be judged were not tested, and are told beside.
                "population_tested": judged,
                # Whatever a rule found at fault, excepted or not: an exception of exceptions.csv is another thing.
                "failed": line.failed if judged else "nothing was tested",
                "not_evaluable": line.not_evaluable if line.tested else "nothing was tested",
                "not_evaluable_because": because if line.tested or not line.kinds else "the rules met no row to test",
                "unproven_apps": proofs.unproven or "none",
                cells.PROOF: proofs.everything,
            }
        )
    return cells.rows(FIELDS, lines)
