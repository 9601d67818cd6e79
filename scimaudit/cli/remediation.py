"""``scimaudit remediation``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Format, NoColor

App = Annotated[str | None, typer.Option("--app", metavar="APP", help="Only this app.")]
Owner = Annotated[str | None, typer.Option("--owner", metavar="MAIL", help="Only what this owner answers for.")]
Form = Annotated[Format, typer.Option("--format", "-f", help="table, csv or json.")]
Claims = Annotated[bool, typer.Option("--claims", help="Instead: what is said to be done, and what listings show.")]
Folder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Write each owner's table, tickets and SCIM requests here."),
]


def command(
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    app: App = None,
    owner: Owner = None,
    claims: Claims = False,
    form: Form = Format.table,
    output: Folder = None,
    no_color: NoColor = False,
) -> None:
    """What is to be done about findings and revocations, by owner, with the exact SCIM requests; sends none of them.

    Example: scimaudit remediation --app crm --output to-do
    """
    from scimaudit import inquiry, workflow
    from scimaudit.cli import show, show_remediation
    from scimaudit.config import load
    from scimaudit.remediation import NOBODY, writing
    from scimaudit.renderers import terminal

    loaded = load(config)
    if app is not None:
        loaded.app(app)
    found = workflow.remediation(loaded, audit)
    out = terminal.console(no_color=no_color)
    if owner is not None:
        found.answers(owner)
    doubt = inquiry.unproven(found.audit, app)
    show.caution(doubt)
    if claims:
        show_remediation.claims(out, [each for each in found.claims if app in (None, each.app)], form)
        return
    tasks = [
        task
        for task in found.tasks
        if app in (None, task.app) and (owner is None or owner.casefold() == (task.owner or NOBODY).casefold())
    ]
    if output is None:
        show_remediation.tasks(out, tasks, form, found.audit.meta.time_zone, doubt)
        return
    for path in writing.write(tasks, found.audit.meta.audit_id, output):
        typer.echo(path)
    if not tasks:
        typer.echo(show_remediation.nothing(doubt))
