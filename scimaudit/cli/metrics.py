"""``scimaudit metrics``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, NoColor


class Form(StrEnum):
    """How figures are written."""

    table = "table"
    json = "json"
    openmetrics = "openmetrics"


Output = Annotated[Form, typer.Option("--format", "-f", help="table, json or openmetrics (for a scraper).")]


def command(
    config: ConfigPath = DEFAULT_CONFIG, audit: AuditId = None, form: Output = Form.table, no_color: NoColor = False
) -> None:
    """The figures of an audit for a dashboard. What cannot be told is empty, and never zero.

    Example: scimaudit metrics --format openmetrics
    """
    import sys

    from scimaudit import inquiry, workflow
    from scimaudit.cli import show, show_over_time
    from scimaudit.config import load
    from scimaudit.renderers import _openmetrics, terminal

    result = workflow.case(load(config), audit).audit
    lines = result.over_time.metrics
    show.caution(inquiry.gated(result, None))
    if form is Form.json:
        show.json(lines)
    elif form is Form.openmetrics:
        sys.stdout.buffer.write(_openmetrics.text(lines).encode())
    else:
        show_over_time.metrics(terminal.console(no_color=no_color), lines)
