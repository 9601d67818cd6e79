"""``scimaudit register``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor

Target = Annotated[str, typer.Argument(metavar="[TARGET]", help="An app (or app/account), or a finding's id.")]


def command(
    target: Target = "",
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Which control stops this: the controls of each app side by side with their gaps, or those of one finding.

    Example: scimaudit register crm
    """
    from scimaudit import inquiry, register, targets, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    result = workflow.case(load(config), audit).audit
    row = targets.finding(result, target)
    out = terminal.console(no_color=no_color)
    if row is not None:
        found = register.stopping(result, row)
        show.caution(inquiry.gated(result, found.app or None))
        show.json(found) if json else show.stopping(out, found)
        return
    lines = register.register_lines(result, target or None)
    show.caution(inquiry.gated(result, lines[0].app if target else None))
    show.json(lines) if json else show.register(out, lines)
