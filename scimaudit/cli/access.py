"""``scimaudit access``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Format, NoColor

App = Annotated[str, typer.Argument(help="The app's name.", show_default=False)]
Form = Annotated[Format, typer.Option("--format", "-f", help="How to write the list.")]


def command(
    app: App,
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    format: Form = Format.table,
    no_color: NoColor = False,
) -> None:
    """Who holds what in an app, privileged rights first; useful before there is any policy.

    Example: scimaudit access crm
    """
    from scimaudit import inquiry, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    case = workflow.case(load(config), audit)
    rows = inquiry.holders(case, app)
    show.holders(rows, format, terminal.console(no_color=no_color))
    show.caution(inquiry.unproven(case.audit, app))
