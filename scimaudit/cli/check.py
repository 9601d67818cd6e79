"""``scimaudit check``."""

from __future__ import annotations

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Json, NoColor, Quiet


def command(
    config: ConfigPath = DEFAULT_CONFIG, json: Json = False, quiet: Quiet = False, no_color: NoColor = False
) -> None:
    """Validate the configuration, reach each source, show how well each correlation key matches, and try sealing.

    Ends with 3 where a source fails, and with 2 where only sealing would.

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
    if any(source.error for source in found.sources):
        raise typer.Exit(3)
    raise typer.Exit(2 if any(part.error for part in found.sealing) else 0)
