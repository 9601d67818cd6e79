"""``scimaudit feeds``."""

from __future__ import annotations

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor


def command(
    config: ConfigPath = DEFAULT_CONFIG, audit: AuditId = None, json: Json = False, no_color: NoColor = False
) -> None:
    """Which roster should feed each attribute of each app, and how many accounts the source really owns.

    Example: scimaudit feeds
    """
    from scimaudit import workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    lines = workflow.case(load(config), audit).audit.feeds
    if json:
        show.json(lines)
    else:
        show.feeds(terminal.console(no_color=no_color), lines)
