"""``scimaudit links``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Format, NoColor

App = Annotated[str | None, typer.Option("--app", metavar="APP", help="Only this app.")]
Form = Annotated[Format, typer.Option("--format", "-f", help="How to write the list.")]


def command(
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    app: App = None,
    format: Form = Format.table,
    no_color: NoColor = False,
) -> None:
    """The queue: accounts whose owner is unclear, the candidates, and the line that would decide each.

    Example: scimaudit links --app crm
    """
    from scimaudit import inquiry, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    case = workflow.case(loaded, audit)
    rows = inquiry.queue(case, app)
    show.queue(rows, format, terminal.console(no_color=no_color), loaded.policy / "links.csv")
    show.caution(inquiry.unproven(case.audit, app))
