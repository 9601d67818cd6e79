"""``scimaudit account``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor

App = Annotated[str, typer.Argument(help="The app's name.", show_default=False)]
Account = Annotated[str, typer.Argument(metavar="ID", help="The account's id or user name.", show_default=False)]


def command(
    app: App,
    id: Account,
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """One account: whose it is and why, what it holds, what is wrong with it.

    Example: scimaudit account crm svc-backup
    """
    from scimaudit import inquiry, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    case = workflow.case(loaded, audit)
    line = inquiry.one_account(case, app, id)
    if json:
        show.json(line)
    else:
        terminal.account(terminal.console(no_color=no_color), line, loaded.audit.time_zone)
    show.caution(inquiry.unproven(case.audit, app))
