"""``scimaudit pull``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, NoColor, Quiet

Apps = Annotated[
    list[str] | None,
    typer.Option("--app", metavar="APP", help="Pull only this app; reuse the others, each with its date."),
]
Quick = Annotated[bool, typer.Option("--quick", help="Skip second passes and probes; nothing is proven complete then.")]


def command(
    config: ConfigPath = DEFAULT_CONFIG,
    app: Apps = None,
    quick: Quick = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Collect rosters and listings into a snapshot; an interrupted pull goes on where it stopped.

    Example: scimaudit pull --app crm
    """
    from datetime import UTC, datetime

    from scimaudit import workflow
    from scimaudit.cli.progress import Live
    from scimaudit.config import load
    from scimaudit.renderers.terminal import console

    loaded = load(config)
    with Live(quiet=quiet, no_color=no_color) as live:
        snapshot = workflow.pull(loaded, now=lambda: datetime.now(UTC), watcher=live, quick=quick, only=app or ())
    console(no_color=no_color).print(snapshot.path)
    listings = [source.listing for source in snapshot.manifest.sources]
    proven = all(listing is not None and listing.walk.state == "complete" for listing in listings)
    raise typer.Exit(0 if proven else 3)
