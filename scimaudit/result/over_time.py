"""What an audit says of the time before it: how long changes took, what a review decided, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Event = Literal["leaver", "joiner", "mover"]
SpanVerdict = Literal["in time", "late", "unclear", "open", "not evaluable"]
Changed = Literal["findings", "accounts", "grants", "people"]
RevocationState = Literal["verified-closed", "open", "not-done", "regressed", "unproven"]


@dataclass(frozen=True)
class SpanLine:
    """How long one change of a person took to reach one account: an interval between two listings, never a guess.

    The change reached the account after ``after`` and not after ``by``. ``hours_from`` and ``hours_to`` are the same
    counted from ``due``, never negative.

    :param due: when the clock starts: the end of the last day of employment, the start of the first day, or the start
        of the first day in the new post, in the roster's time zone. Where no roster tells the day of a move, it is when
        the new post was first seen, and ``hours_to`` counts from when the old one was last seen.
    :param after: when the old state was last seen; ``None`` where no listing shows it.
    :param by: when the new state was first seen; ``None`` where none shows it yet.
    :param at: the time itself, where a source tells it.
    :param verdict: ``in time`` and ``late`` only where the whole interval is; ``open``: the old state still stands.
    :param reason: why it is unclear or not evaluable; empty otherwise.
    """

    event: Event
    app: str
    account_id: str
    account: str
    person_id: str
    person: str
    due: datetime | None
    after: datetime | None
    by: datetime | None
    at: datetime | None
    hours_from: float | None
    hours_to: float | None
    sla_hours: float
    verdict: SpanVerdict
    reason: str = ""


@dataclass(frozen=True)
class SpanSummary:
    """The changes of one kind that one app had to follow in one period.

    ``events = in_time + late + unclear + open + not_evaluable``. Each figure in hours is a pair of bounds; ``None``
    where nothing was measured, or where an open change leaves the upper bound unknown.

    :param app: empty for all apps together.
    :param period: a quarter such as ``2026-Q3``, by ``due``; empty for all.
    :param exposure_days: account-days between ``due`` and the end of access, as bounds; open ones count until now, and
        where nobody tells since when, the upper is ``None``.
    """

    event: Event
    app: str
    period: str
    events: int
    in_time: int
    late: int
    unclear: int
    open: int
    not_evaluable: int
    median_hours: tuple[float | None, float | None] = (None, None)
    p90_hours: tuple[float | None, float | None] = (None, None)
    worst_hours: tuple[float | None, float | None] = (None, None)
    exposure_days: tuple[float, float | None] = (0.0, 0.0)


@dataclass(frozen=True)
class RevocationLine:
    """One decision of a review to take something away, and what later listings show of it.

    :param attribute: kind of the right; empty where the whole account is to go. ``value``: its id in the app.
    :param decision: ``revoke``, or ``modify``, which no listing can judge.
    :param state: ``verified-closed`` only where a later complete listing shows it gone; ``unproven``: no later listing
        can show that.
    :param proven_by: the snapshot that shows it gone. ``still_there``: when it was last seen after the decision.
    """

    campaign: str
    item_id: str
    app: str
    account_id: str
    account: str
    person_id: str
    person: str
    attribute: str
    value: str
    display: str
    decision: str
    reviewer: str
    decided_at: datetime
    state: RevocationState
    reason: str
    proven_by: str
    proven_at: datetime | None
    still_there: datetime | None


@dataclass(frozen=True)
class ChangeLine:
    """What came, went and changed since the audit before: ``what`` is findings, accounts, grants or people.

    :param app: empty for what has none.
    :param gone: of findings: proven resolved. ``came_back``: of findings: proven resolved before, and here again.
    :param unproven: were there before and are not shown now, where the present listing does not prove them gone.
    """

    what: Changed
    app: str
    came: int
    gone: int
    changed: int
    came_back: int
    stayed: int
    unproven: int


@dataclass(frozen=True)
class CampaignLine:
    """One access-review campaign.

    ``items = certified + revoked + modified + abstained + lapsed + undecided``.

    :param warnings: what lets one doubt its decisions: all approved, seconds a decision, silent reviewers.
    """

    id: str
    title: str
    snapshot_id: str
    opened_at: datetime
    opened_by: str
    due: str
    closed_at: datetime | None
    closed_by: str
    attested_by: str
    statement: str
    items: int
    certified: int
    revoked: int
    modified: int
    abstained: int
    lapsed: int
    undecided: int
    reviewers: int
    silent: int
    accepted: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class MetricLine:
    """One figure for a dashboard.

    :param value: ``None`` where it cannot be told; never zero for unknown.
    :param of: what the figure is a part of, where it is a share.
    :param not_evaluable: rows that could not be judged and are in neither.
    """

    name: str
    labels: Mapping[str, str]
    value: float | None
    unit: str
    meaning: str
    of: int | None = None
    not_evaluable: int = 0


@dataclass(frozen=True)
class OverTime:
    """Everything that an audit says of the time before it.

    :param before: the audit that ``changes`` compares with; empty where there is none.
    :param snapshots: how many snapshots it looked at, this one included; ``since``: when the first was taken.
    """

    before: str = ""
    snapshots: int = 1
    since: datetime | None = None
    changes: tuple[ChangeLine, ...] = ()
    spans: tuple[SpanLine, ...] = ()
    span_summaries: tuple[SpanSummary, ...] = ()
    revocations: tuple[RevocationLine, ...] = ()
    campaigns: tuple[CampaignLine, ...] = ()
    metrics: tuple[MetricLine, ...] = field(default=())
