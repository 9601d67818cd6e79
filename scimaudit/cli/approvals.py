"""``scimaudit approvals``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor

Target = Annotated[str, typer.Argument(metavar="[TARGET]", help="A finding's id, app/account, an app, or a person.")]
Everything = Annotated[bool, typer.Option("--all", help="Also the rights of an app of which nobody must say yes.")]


def command(
    target: Target = "",
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    all: Everything = False,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Who approved this: each privileged right with its approval or nobody, and what else somebody decided.

    Example: scimaudit approvals crm/ana.ames
    """
    from scimaudit import explain, inquiry, targets, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    case = workflow.case(loaded, audit)
    asked = targets.find(case, target)
    lines = explain.decisions(case, loaded, asked, everything=all)
    if json:
        show.json(lines)
    else:
        show.approvals(terminal.console(no_color=no_color), lines)
    show.caution(inquiry.unproven(case.audit, asked.app or None))
