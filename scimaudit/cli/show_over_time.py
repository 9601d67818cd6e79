"""How spans and metrics reach standard output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from scimaudit.cli import show
from scimaudit.cli.options import Format
from scimaudit.plural import count
from scimaudit.renderers import _spans, _words, terminal
from scimaudit.result import SpanLine

if TYPE_CHECKING:
    from rich.console import Console

    from scimaudit.result import MetricLine, SpanSummary

_COLOURS: Final = {"good": "green", "bad": "red", "doubt": "yellow"}


def spans(out: Console, lines: Sequence[SpanLine], sums: Sequence[SpanSummary], form: Format, zone: str) -> None:
    """Each change with its bounds, and what they come to per app."""
    if form is Format.json:
        show.json(lines)
        return
    if form is Format.csv:
        names = [each.name for each in fields(SpanLine)]
        show.csv(pa.table({name: [_cell(getattr(line, name)) for line in lines] for name in names}))
        return
    head = ("event", "app", "account", "person", "due", "hours", "limit", "verdict", "because")
    body = [
        (
            line.event, line.app, line.account, line.person, _words.when(line.due, zone), _spans.hours(line),
            f"{line.sla_hours:g}", terminal.text(line.verdict, _COLOURS.get(_spans.TONES[line.verdict], "")),
            line.reason,
        )
        for line in lines
    ]  # fmt: skip
    terminal.rows(out, count(len(lines), "change"), head, body, right=("hours", "limit"))
    columns = (
        "event",
        "app",
        "changes",
        "in time",
        "late",
        "unclear",
        "open",
        "not evaluable",
        "median",
        "p90",
        "worst",
    )
    told = [
        (
            line.event, line.app or "all", line.events, line.in_time, line.late, line.unclear, line.open,
            line.not_evaluable, *map(_spans.bounds, (line.median_hours, line.p90_hours, line.worst_hours)),
        )
        for line in sums
    ]  # fmt: skip
    if told:
        out.print()
        terminal.rows(out, "In hours from when it was due", columns, told, right=columns[2:])


def metrics(out: Console, lines: Sequence[MetricLine]) -> None:
    """Each figure with what it is of."""
    head = ("figure", "of", "value", "unit", "judged", "not evaluable")
    body = [
        (
            line.name, ", ".join(f"{name} {value}" for name, value in line.labels.items()),
            terminal.text("cannot be told", "yellow") if line.value is None else f"{line.value:,.10g}", line.unit,
            "" if line.of is None else f"{line.of:,}", f"{line.not_evaluable:,}" if line.not_evaluable else "",
        )
        for line in lines
    ]  # fmt: skip
    terminal.rows(out, count(len(lines), "figure"), head, body, right=("value", "judged", "not evaluable"))


def _cell(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
