"""``scimaudit ledger``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor

Target = Annotated[str, typer.Argument(metavar="[APP]", help="Only this app, as with --app.")]
App = Annotated[str | None, typer.Option("--app", metavar="APP", help="Only this app.")]
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only this kind, such as leaver-active.")]
Everything = Annotated[bool, typer.Option("--all", help="Also where everything was evaluable.")]


def command(
    target: Target = "",
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    app: App = None,
    kind: Kind = None,
    all: Everything = False,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """What could not be evaluated, how many of how many, why, and what would make it evaluable.

    Example: scimaudit ledger crm
    """
    from scimaudit import inquiry, ledger, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    app = app or target or None
    result = workflow.case(load(config), audit).audit
    found = ledger.ledger(result, app=app, kind=kind, everything=all)
    show.caution(inquiry.gated(result, app))
    if json:
        show.json(found)
    else:
        show.ledger(terminal.console(no_color=no_color), found)
