"""``scimaudit controls``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor

Framework = Annotated[str, typer.Argument(metavar="[FRAMEWORK]", help="Only this one, such as soc2.")]


def command(
    framework: Framework = "",
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """What was tested for each control of a framework, what failed, and what could not be judged and why.

    Whether a control is met, the assessor decides.

    Example: scimaudit controls soc2
    """
    from scimaudit import answers, inquiry, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    result = workflow.case(load(config), audit).audit
    lines = answers.control_lines(result, framework)
    show.caution(inquiry.gated(result))
    if json:
        show.json(lines)
    else:
        show.controls(terminal.console(no_color=no_color), lines)
