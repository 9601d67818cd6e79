"""What the reports show of the time before: campaigns, and what became of what they revoked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from scimaudit.plural import count
from scimaudit.renderers import _spans, _words
from scimaudit.result import Audit, CampaignLine, MetricLine, RevocationLine, SpanLine, SpanSummary
from scimaudit.result.over_time import RevocationState

STATES: Final[Mapping[RevocationState, str]] = {
    "regressed": "come back",
    "not-done": "still there",
    "unproven": "cannot be told",
    "open": "open",
    "verified-closed": "proven gone",
}
TONES: Final = {"regressed": "bad", "not-done": "bad", "unproven": "doubt", "open": "plain", "verified-closed": "good"}

Cell = str | int | float | bool | datetime | None


@dataclass(frozen=True)
class Sheet:
    """A table of a workbook."""

    name: str
    header: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]


def context(audit: Audit, names: Mapping[str, str]) -> dict[str, Any]:
    """What the templates are given.

    :param names: app to the name to show.
    """
    told = audit.over_time
    zone = audit.meta.time_zone
    return {
        "campaigns": [_campaign(line, zone) for line in told.campaigns],
        "revocations": [_revocation(line, names, zone) for line in told.revocations],
        "came_of_it": came_of_it(told.revocations),
        **_spans.context(audit, names),
    }


def came_of_it(lines: Sequence[RevocationLine]) -> str:
    """What became of all that was revoked, in a sentence."""
    judged = [line for line in lines if line.decision == "revoke"]
    counts = Counter(line.state for line in judged)
    parts = [f"{counts[state]} {word}" for state, word in STATES.items() if counts[state]]
    return f"Of {count(len(judged), 'revocation')}: {', '.join(parts)}" if parts else "Nothing was revoked"


def sheets(audit: Audit) -> list[Sheet]:
    """The tables of a workbook; none where there is nothing to tell."""
    told = audit.over_time
    found = []
    if told.campaigns:
        found.append(_reviews(told.campaigns))
    if told.revocations:
        found.append(_revoked(told.revocations))
    if told.spans:
        found += [_spans_sheet(told.spans), _sums(told.span_summaries)]
    if told.metrics:
        found.append(_metrics(told.metrics))
    return found


def _reviews(lines: Sequence[CampaignLine]) -> Sheet:
    header = (
        "campaign", "title", "snapshot", "opened (UTC)", "opened by", "due", "closed (UTC)", "attested by",
        "statement", "items", "certified", "revoked", "modified", "abstained", "lapsed", "undecided", "reviewers",
        "silent", "accepted although not proven", "what lets one doubt it",
    )  # fmt: skip
    widths = (18, 28, 26, 18, 30, 12, 18, 30, 40, 8, 10, 10, 10, 10, 8, 10, 10, 8, 50, 70)
    rows: list[tuple[Cell, ...]] = [
        (
            line.id, line.title, line.snapshot_id, line.opened_at, line.opened_by, line.due, line.closed_at,
            line.attested_by, line.statement, line.items, line.certified, line.revoked, line.modified,
            line.abstained, line.lapsed, line.undecided, line.reviewers, line.silent, "; ".join(line.accepted),
            "; ".join(line.warnings),
        )
        for line in lines
    ]  # fmt: skip
    return Sheet("Reviews", header, widths, tuple(rows))


def _revoked(lines: Sequence[RevocationLine]) -> Sheet:
    header = (
        "state", "why", "app", "account", "account_id", "person", "right", "attribute", "value", "decision",
        "reviewer", "decided (UTC)", "campaign", "proven by snapshot", "proven (UTC)", "last seen there (UTC)",
    )  # fmt: skip
    widths = (16, 44, 14, 30, 20, 24, 28, 12, 28, 10, 24, 18, 18, 26, 18, 18)
    rows: list[tuple[Cell, ...]] = [
        (
            line.state, line.reason, line.app, line.account, line.account_id, line.person, line.display,
            line.attribute, line.value, line.decision, line.reviewer, line.decided_at, line.campaign,
            line.proven_by, line.proven_at, line.still_there,
        )
        for line in lines
    ]  # fmt: skip
    return Sheet("Revocations", header, widths, tuple(rows))


def _spans_sheet(lines: Sequence[SpanLine]) -> Sheet:
    header = (
        "event", "verdict", "why", "app", "account", "account_id", "person", "person_id", "due (UTC)",
        "after (UTC)", "by (UTC)", "at (UTC)", "hours at least", "hours at most", "limit in hours",
    )  # fmt: skip
    widths = (10, 14, 44, 14, 30, 20, 24, 14, 18, 18, 18, 18, 14, 14, 14)
    rows: list[tuple[Cell, ...]] = [
        (
            line.event, line.verdict, line.reason, line.app, line.account, line.account_id, line.person,
            line.person_id, line.due, line.after, line.by, line.at, line.hours_from, line.hours_to, line.sla_hours,
        )
        for line in lines
    ]  # fmt: skip
    return Sheet("Time to change", header, widths, tuple(rows))


def _sums(lines: Sequence[SpanSummary]) -> Sheet:
    figures = ("median", "p90", "worst")
    header = (
        "event", "app", "quarter", "changes", "in time", "late", "unclear", "open", "not evaluable",
        *(f"{name} hours at {end}" for name in figures for end in ("least", "most")),
        "account-days at least", "account-days at most",
    )  # fmt: skip
    widths = (10, 14, 12, *[12] * 14)
    rows: list[tuple[Cell, ...]] = [
        (
            line.event, line.app or "all apps", line.period or "all", line.events, line.in_time, line.late,
            line.unclear, line.open, line.not_evaluable, *line.median_hours, *line.p90_hours, *line.worst_hours,
            *line.exposure_days,
        )
        for line in lines
    ]  # fmt: skip
    return Sheet("Time in sums", header, widths, tuple(rows))


def _metrics(lines: Sequence[MetricLine]) -> Sheet:
    header = ("figure", "of", "value", "unit", "judged", "not evaluable", "what it is")
    rows: list[tuple[Cell, ...]] = [
        (
            line.name, ", ".join(f"{name} {value}" for name, value in line.labels.items()), line.value, line.unit,
            line.of, line.not_evaluable, line.meaning,
        )
        for line in lines
    ]  # fmt: skip
    return Sheet("Metrics", header, (34, 34, 14, 10, 10, 14, 80), tuple(rows))


def _campaign(line: CampaignLine, zone: str) -> dict[str, Any]:
    return {
        "title": line.title,
        "id": line.id,
        "opened": _words.when(line.opened_at, zone),
        "due": line.due,
        "closed": _words.when(line.closed_at, zone),
        "attested": f"{line.attested_by}: {line.statement}" if line.attested_by else "",
        "population": line.items,
        "reviewers": line.reviewers,
        "counts": [
            {"name": name, "number": getattr(line, name)}
            for name in ("certified", "revoked", "modified", "abstained", "lapsed", "undecided")
            if getattr(line, name)
        ],
        "accepted": list(line.accepted),
        "warnings": list(line.warnings),
    }


def _revocation(line: RevocationLine, names: Mapping[str, str], zone: str) -> dict[str, Any]:
    proof = f"proven by {line.proven_by}" if line.proven_by else line.reason
    return {
        "right": line.display or "the account",
        "attribute": line.attribute,
        "app": names.get(line.app, line.app),
        "who": line.person or line.account,
        "account": line.account,
        "decided": f"{line.decision} by {line.reviewer}, {_words.when(line.decided_at, zone)}, {line.campaign}",
        "state": STATES[line.state] if line.decision == "revoke" else "not judged",
        "tone": TONES[line.state] if line.decision == "revoke" else "doubt",
        "proof": proof if line.decision == "revoke" else "a listing cannot tell how much less was meant",
        "seen": _words.when(line.still_there, zone),
    }
