"""How drills reach standard output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import typer

from scimaudit.cli import show
from scimaudit.cli.options import Format
from scimaudit.drill import events as measured
from scimaudit.drill.verdict import whole
from scimaudit.renderers import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from scimaudit.drill.summary import DrillLine
    from scimaudit.drill.verdict import Cell
    from scimaudit.result.over_time import SpanLine

_STYLES: Final = {
    "in time": "green", "late": "red", "partial": "red", "never": "bold red", "open": "red", "unclear": "yellow",
    "not evaluable": "yellow", "waiting": "cyan",
}  # fmt: skip
_CELL: Final = (
    "app", "what", "wanted", "limit", "verdict", "hours_from", "hours_to", "after", "by", "reason",
)  # fmt: skip
_SPAN: Final = (
    "event", "person_id", "person", "app", "account", "due", "verdict", "hours_from", "hours_to", "sla_hours", "reason",
)  # fmt: skip


def progress(quiet: bool) -> Callable[[list[Cell]], None]:
    """Tells after each observation how many expectations have which verdict."""

    def told(cells: list[Cell]) -> None:
        if not quiet:
            counts = dict.fromkeys(cell.verdict for cell in cells)
            said = ", ".join(f"{sum(cell.verdict == each for cell in cells)} {each}" for each in counts)
            typer.echo(f"observed: {said}", err=True)

    return told


def matrix(out: Console, name: str, cells: Sequence[Cell], form: Format) -> None:
    """App × expectation; as CSV and JSON one line for each."""
    if form is Format.json:
        show.json([asdict(cell) for cell in cells])
        return
    if form is Format.csv:
        _csv(_CELL, [asdict(cell) for cell in cells])
        return
    columns = list(dict.fromkeys(cell.what for cell in cells))
    body = []
    for app in dict.fromkeys(cell.app for cell in cells):
        mine = {cell.what: cell for cell in cells if cell.app == app}
        verdict = whole(list(mine.values()))
        body.append(
            (
                app,
                terminal.text(verdict, _STYLES[verdict]),
                *(_shown(mine[what]) if what in mine else "" for what in columns),
            )
        )
    terminal.rows(out, name, ("app", "in all", *columns), body)
    for cell in cells:
        if cell.reason:
            out.print(terminal.text(f"{cell.app}, {cell.what}: {cell.verdict}: {cell.reason}"))


def drills(out: Console, lines: Sequence[DrillLine], form: Format) -> None:
    """Every drill in one line."""
    if form is Format.json:
        show.json([asdict(line) for line in lines])
        return
    head = ("drill", "kind", "subject", "start", "observations", "last", "in all", "canary")
    body = [
        (
            line.id, line.kind, line.subject, _moment(line.start), line.observations, _moment(line.last),
            line.verdict or "", line.canary,
        )
        for line in lines
    ]  # fmt: skip
    if form is Format.csv:
        _csv(head, [dict(zip(head, row, strict=True)) for row in body])
        return
    terminal.rows(out, f"{len(lines)} drills", head, body, right=("observations",))


def events(out: Console, lines: Sequence[SpanLine], since: date, zone: tzinfo, form: Format) -> None:
    """Person × app, with times of the organisation; as CSV and JSON one line for each account, in UTC."""
    if form is Format.json:
        show.json([asdict(line) for line in lines])
        return
    if form is Format.csv:
        _csv(_SPAN, [asdict(line) for line in lines])
        return
    if not lines:
        out.print(f"no events since {since}")
        return
    apps = sorted({line.app for line in lines})
    body = [
        (
            row.event,
            row.person or row.person_id,
            _moment(row.due and row.due.astimezone(zone)),
            *(_verdict(row.verdicts.get(app, "")) for app in apps),
        )
        for row in measured.rows(lines)
    ]
    terminal.rows(out, f"events since {since}", ("event", "person", "due", *apps), body)


def _shown(cell: Cell) -> object:
    hours = ""
    if cell.hours_to is not None:
        hours = f", {cell.hours_from or 0:g} to {cell.hours_to:g} h"
    elif cell.verdict in ("never", "partial") and cell.hours_from is not None:
        hours = f", over {cell.hours_from:g} h"
    return terminal.text(f"{cell.wanted}: {cell.verdict}{hours}", _STYLES[cell.verdict])


def _verdict(said: str) -> object:
    return terminal.text(said, _STYLES.get(said, ""))


def _csv(head: Sequence[str], rows: Sequence[dict[str, object]]) -> None:
    show.csv(pa.table({name: pa.array([_text(row[name]) for row in rows], pa.string()) for name in head}))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def _moment(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else ""
