"""``scimaudit spans``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Format, NoColor


class Event(StrEnum):
    """What happened to a person."""

    leaver = "leaver"
    joiner = "joiner"
    mover = "mover"


Which = Annotated[Event | None, typer.Option("--event", help="Only leavers, joiners or movers.")]
App = Annotated[str | None, typer.Option("--app", metavar="APP", help="Only this app.")]
Output = Annotated[Format, typer.Option("--format", "-f", help="table, csv or json.")]


def command(
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    event: Which = None,
    app: App = None,
    form: Output = Format.table,
    no_color: NoColor = False,
) -> None:
    """How long each leaver, joiner and mover took to reach each account: between which listings, and within the limit.

    Example: scimaudit spans --event leaver --app crm
    """
    from scimaudit import inquiry, workflow
    from scimaudit.cli import show, show_over_time
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    if app is not None:
        loaded.app(app)
    result = workflow.case(loaded, audit).audit
    told = result.over_time
    lines = [line for line in told.spans if event in (None, line.event) and app in (None, line.app)]
    sums = [
        line
        for line in told.span_summaries
        if not line.period and event in (None, line.event) and line.app == (app or line.app)
    ]
    show.caution(inquiry.gated(result, app))
    show_over_time.spans(terminal.console(no_color=no_color), lines, sums, form, result.meta.time_zone)
