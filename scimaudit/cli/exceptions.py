"""``scimaudit exceptions``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor


class Action(StrEnum):
    """What to do with the exceptions."""

    list = "list"
    check = "check"
    expiring = "expiring"
    draft = "draft"


What = Annotated[Action, typer.Argument(metavar="[list|check|expiring|draft]", help="What to do.")]
Finding = Annotated[str, typer.Argument(metavar="[FINDING]", help="For draft: the finding's id.")]
Within = Annotated[int, typer.Option("--within", metavar="DAYS", help="For expiring: how soon.")]


def command(
    action: What = Action.list,
    finding: Finding = "",
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    within: Within = 30,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Who accepted which finding until when.

    check judges the file as it is now, and ends with 1 when an exception does not count or covers nothing.

    Example: scimaudit exceptions expiring --within 14
    """
    from scimaudit import answers, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    if action is Action.draft:
        case = workflow.case(loaded, audit)
        typer.echo(answers.draft_exception(case, finding, loaded.audit.exceptions.max_days), nl=False)
        return
    if action is Action.check:
        lines = workflow.exceptions_now(loaded)
    else:
        stored = workflow.case(loaded, audit).audit
        lines = stored.exceptions
        if action is Action.expiring:
            lines = answers.expiring(lines, stored.meta.as_of.date(), within)
    if json:
        show.json(lines)
    else:
        show.exceptions(terminal.console(no_color=no_color), lines)
    if action is Action.check and any(line.state != "valid" or not line.covers for line in lines):
        raise typer.Exit(1)
