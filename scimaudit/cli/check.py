"""``scimaudit check``."""

from __future__ import annotations

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Json, NoColor, Quiet


def command(
    config: ConfigPath = DEFAULT_CONFIG, json: Json = False, quiet: Quiet = False, no_color: NoColor = False
) -> None:
    """Validate the configuration, reach each source, and show how well each correlation key matches.

    Example: scimaudit check
    """
    from datetime import UTC, datetime

    from scimaudit import checkup
    from scimaudit.cli import show
    from scimaudit.cli.progress import Live
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    with Live(quiet=quiet, no_color=no_color) as live:
        found = checkup.check(loaded, now=lambda: datetime.now(UTC), watcher=live)
    if json:
        show.json(found)
    else:
        terminal.checkup(terminal.console(no_color=no_color), found)
    raise typer.Exit(3 if any(source.error for source in found.sources) else 0)
