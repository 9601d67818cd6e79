"""What the reports show of how long changes took, and of the figures for a dashboard."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from scimaudit.plural import count
from scimaudit.renderers import _words
from scimaudit.result import Audit, MetricLine, SpanLine, SpanSummary
from scimaudit.result.over_time import Event, SpanVerdict

TONES: Final[Mapping[SpanVerdict, str]] = {
    "in time": "good", "late": "bad", "unclear": "doubt", "open": "bad", "not evaluable": "doubt",
}  # fmt: skip
EVENTS: Final[Mapping[Event, str]] = {
    "leaver": "Leavers: from the end of the last day to the closed account",
    "joiner": "Joiners: from the first day to the active account",
    "mover": "Movers: from the first day in the new post to its rights alone",
}
SHOWN: Final = 200
"""Changes that stand in the page, leavers first; the workbook has them all."""
CHARTED: Final = 40
WIDTH, ROW, HEAD, LEFT, RIGHT = 1000, 22, 26, 300, 110
_STACK: Final = (
    ("in_time", "good"), ("unclear", "doubt"), ("not_evaluable", "none"), ("late", "late"), ("open", "bad"),
)  # fmt: skip
"""The parts of a quarter's column, from below, with their tones."""
_STEPS: Final = ((24, "a day"), (24 * 7, "a week"), (24 * 30, "30 days"), (24 * 365, "a year"))


def context(audit: Audit, names: Mapping[str, str]) -> dict[str, Any]:
    """What the templates are given.

    :param names: app to the name to show.
    """
    told = audit.over_time
    leaving = [line for line in told.spans if line.event == "leaver"]
    return {
        "spans": [_line(line, names, audit.meta.time_zone) for line in told.spans[:SHOWN]],
        "more_spans": max(len(told.spans) - SHOWN, 0),
        "span_sums": [_sums(event, told.span_summaries, names) for event in EVENTS if _any(event, told.span_summaries)],
        "span_chart": _chart(leaving, names, audit.meta.as_of),
        "span_trend": _trend(told.span_summaries),
        "record": _record(audit),
        "metrics": _metrics(told.metrics, names),
    }


def hours(line: SpanLine) -> str:
    """The bounds of one change in words."""
    if line.verdict == "not evaluable" and line.hours_to is None:
        return ""
    return bounds((line.hours_from, line.hours_to))


def bounds(pair: tuple[float | None, float | None]) -> str:
    """A pair of bounds in hours: ``21 to 69``, ``over 476``, ``at most 21``; empty where nothing was measured."""
    least, most = pair
    if least is None:
        return "" if most is None else f"at most {_hours(most)}"
    if most is None:
        return f"over {_hours(least)}"
    if not least:
        return f"at most {_hours(most)}" if most else "0"
    return f"{_hours(least)} to {_hours(most)}"


def _hours(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _record(audit: Audit) -> str:
    told = audit.over_time
    since = _words.when(told.since, audit.meta.time_zone)
    return f"{count(told.snapshots, 'snapshot')}, the first of {since}" if since else "one snapshot"


def _any(event: Event, lines: Sequence[SpanSummary]) -> bool:
    return any(line.event == event for line in lines)


def _line(line: SpanLine, names: Mapping[str, str], zone: str) -> dict[str, Any]:
    return {
        "event": line.event,
        "app": names.get(line.app, line.app),
        "account": line.account or "no account",
        "person": line.person or line.person_id,
        "due": _words.when(line.due, zone) or "nobody tells",
        "after": _words.when(line.after, zone),
        "by": _words.when(line.by, zone),
        "hours": hours(line),
        "limit": f"{line.sla_hours:g}",
        "verdict": line.verdict,
        "tone": TONES[line.verdict],
        "reason": line.reason,
    }


def _sums(event: Event, lines: Sequence[SpanSummary], names: Mapping[str, str]) -> dict[str, Any]:
    mine = [line for line in lines if line.event == event and not line.period]
    return {
        "title": EVENTS[event],
        "lines": [
            {
                "app": names.get(line.app, line.app) or "All apps",
                "whole": not line.app,
                "events": line.events,
                "in_time": line.in_time,
                "late": line.late,
                "unclear": line.unclear,
                "open": line.open,
                "not_evaluable": line.not_evaluable,
                "median": bounds(line.median_hours),
                "p90": bounds(line.p90_hours),
                "worst": bounds(line.worst_hours),
                "exposure": _days(line.exposure_days),
            }
            for line in sorted(mine, key=lambda line: (not line.app, names.get(line.app, line.app)))
        ],
    }


def _days(pair: tuple[float, float | None]) -> str:
    least, most = pair
    if most is None:
        return f"over {_hours(least)}"
    return _hours(least) if _hours(least) == _hours(most) else f"{_hours(least)} to {_hours(most)}"


def _chart(lines: Sequence[SpanLine], names: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    """The leavers' intervals on a scale that grows as the times do: a bar from the least to the most hours."""
    timed = [line for line in lines if line.due is not None and line.hours_from is not None]
    if not timed:
        return None
    worst = sorted(timed, key=lambda line: (-_most(line, now), line.app, line.account))[:CHARTED]
    longest = max(24.0, *(_most(line, now) for line in worst))
    limits = {line.sla_hours for line in worst}
    bars = []
    for number, line in enumerate(worst):
        start, end = _place(line.hours_from or 0, longest), _place(_most(line, now), longest)
        bars.append(
            {
                "label": f"{line.person or line.person_id}, {names.get(line.app, line.app)}",
                "x": start,
                "width": round(max(end - start, 3), 2),
                "y": HEAD + number * ROW,
                "tone": TONES[line.verdict],
                "open": line.verdict == "open",
                "solid": round(max(start - LEFT, 0), 2),
                "limit": _place(line.sla_hours, longest),
                "said": f"{hours(line)} h",
                "verdict": line.verdict,
            }
        )
    ticks = [{"x": _place(step, longest), "label": name} for step, name in _STEPS if step <= longest]
    return {
        "bars": bars,
        "ticks": ticks,
        "left": LEFT,
        "width": WIDTH,
        "height": HEAD + len(bars) * ROW + 4,
        "row": ROW,
        "more": len(timed) - len(worst),
        "limits": ", ".join(f"{each:g}" for each in sorted(limits)),
        "title": f"Hours from the last day to the closed account, {count(len(bars), 'account')}",
    }


def _most(line: SpanLine, now: datetime) -> float:
    """The hours at most; what is open, or may be, counts until now."""
    if line.hours_to is not None:
        return line.hours_to
    return max((now - line.due).total_seconds() / 3600, line.hours_from or 0) if line.due else 0.0


def _place(value: float, longest: float) -> float:
    """Where so many hours stand: a day takes as much room near the limit as a year far from it."""
    return round(LEFT + (WIDTH - LEFT - RIGHT) * math.log1p(value) / math.log1p(longest), 2)


def _trend(lines: Sequence[SpanSummary]) -> dict[str, Any] | None:
    """Leavers' accounts by quarter of the last day, in the order of time."""
    mine = [line for line in lines if line.event == "leaver" and not line.app and line.period]
    quarters = sorted(mine, key=lambda line: line.period)[-12:]
    if len(quarters) < 2:
        return None
    most = max(line.events for line in quarters)
    columns = []
    for number, line in enumerate(quarters):
        top, parts = 0.0, []
        for name, tone in _STACK:
            events = getattr(line, name)
            if events:
                height = 120 * events / most
                top += height
                parts.append({"tone": tone, "y": round(140 - top, 2), "height": round(height, 2)})
        counts = ", ".join(
            f"{getattr(line, name)} {name.replace('_', ' ')}"
            for name in ("in_time", "late", "unclear", "open", "not_evaluable")
            if getattr(line, name)
        )
        columns.append(
            {
                "x": 10 + number * 80, "period": line.period, "parts": parts, "said": f"{line.period}: {counts}",
                "median": bounds(line.median_hours), "counts": counts, "events": line.events,
            }
        )  # fmt: skip
    return {"columns": columns, "width": 10 + len(columns) * 80, "height": 165}


def _metrics(lines: Sequence[MetricLine], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each figure with its values; how long changes took stands in a table of its own."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        if line.name.startswith("time_to_") or line.unit == "seconds":
            continue
        labels = [names.get(value, value) if name == "app" else value for name, value in line.labels.items()]
        figure = found.setdefault(line.name, {"name": line.name, "meaning": line.meaning, "values": []})
        value = {"of": ", ".join(labels), "value": _value(line), "judged": line.of, "unknown": line.not_evaluable}
        figure["values"].append(value)
    return list(found.values())


def _value(line: MetricLine) -> str:
    if line.value is None:
        return ""
    return f"{line.value:.1%}" if line.unit == "ratio" else f"{_hours(line.value)} {line.unit}".rstrip()
