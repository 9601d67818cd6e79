"""A drill in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scimaudit.config import Config
from scimaudit.drill.record import Canary, Record
from scimaudit.drill.verdict import Verdict, whole


@dataclass(frozen=True)
class DrillLine:
    """One drill.

    :param start: when the clock started; ``None`` where nobody says, and there are no verdicts then.
    :param verdicts: how many expectations have each verdict; ``verdict``: over all of them.
    :param canary: ``live`` where one may still be there, ``left`` where a person has to remove it.
    """

    id: str
    kind: str
    subject: str
    begun: datetime
    start: datetime | None
    observations: int
    last: datetime | None
    verdicts: Mapping[str, int]
    verdict: Verdict | None
    canary: Canary


def line(record: Record, config: Config) -> DrillLine:
    """What a drill has seen so far.

    :raises ConfigError: the configuration no longer knows an app of its plan.
    """
    plan, seen = record.plan(config), record.observations()
    start = record.start(plan)
    cells = record.cells(plan) if start is not None else []
    return DrillLine(
        record.id,
        plan.kind,
        plan.person or "canary",
        record.begun,
        start,
        len(seen),
        max((each.ended for each in seen), default=None),
        dict(Counter(cell.verdict for cell in cells)),
        whole(cells) if cells else None,
        record.canary,
    )
