"""``scimaudit rules``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor

Kind = Annotated[str, typer.Argument(metavar="[KIND]", help="Only this kind, in full.")]
App = Annotated[str | None, typer.Option("--app", metavar="APP", help="Figures of this app alone.")]


def command(
    kind: Kind = "",
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    app: App = None,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Every rule with what it judged, found and could not judge, and why not; one kind in full.

    Example: scimaudit rules dormant
    """
    from scimaudit import answers, inquiry, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.errors import ConfigError
    from scimaudit.renderers import terminal

    result = workflow.case(load(config), audit).audit
    known = [each.kind for each in result.kinds]
    if kind and kind not in known:
        raise ConfigError(f"there is no rule {kind!r}", hint="known rules: " + ", ".join(known))
    lines = [line for line in answers.rule_lines(result, app) if kind in ("", line.kind)]
    show.caution(inquiry.gated(result, app))
    out = terminal.console(no_color=no_color)
    if json:
        show.json(lines)
    elif kind:
        show.kind(out, next(each for each in result.kinds if each.kind == kind), lines[0])
    else:
        show.rules(out, lines)
