"""A drill in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scimaudit.config import Config
from scimaudit.drill.record import Canary, Record
from scimaudit.drill.verdict import Verdict, whole
from scimaudit.errors import ConfigError


@dataclass(frozen=True)
class DrillLine:
    """One drill.

    :param subject: whose change it is; why that cannot be told, where the plan cannot be read any more.
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

    A plan that the configuration no longer fits has no verdicts; whether its canary is gone is told all the same.
    """
    seen = record.observations()
    last = max((each.ended for each in seen), default=None)
    try:
        plan = record.plan(config)
    except ConfigError as error:
        return DrillLine(record.id, "", error.message, record.begun, None, len(seen), last, {}, None, record.canary)
    start = record.start(plan)
    cells = record.cells(plan) if start is not None else []
    return DrillLine(
        record.id,
        plan.kind,
        plan.person or "canary",
        record.begun,
        start,
        len(seen),
        last,
        dict(Counter(cell.verdict for cell in cells)),
        whole(cells) if cells else None,
        record.canary,
    )
