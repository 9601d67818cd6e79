"""``scimaudit holders``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Format, NoColor

Identifier = Annotated[str, typer.Argument(help="A user name or a mail address.", show_default=False)]
On = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], metavar="DAY", help="Who bore it on this day.")
]


def command(
    identifier: Identifier,
    config: ConfigPath = DEFAULT_CONFIG,
    on: On = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="How to write the list.")] = Format.table,
    no_color: NoColor = False,
) -> None:
    """Who bore a user name or an address, and when, as the snapshots show it.

    Names are given to somebody else sooner than one thinks. An account that was matched by a name which another person
    bore before is not accepted without a second look; this says who that was.

    Example: scimaudit holders ana.ames@corp.example --on 2026-08-31
    """
    from scimaudit import workflow
    from scimaudit.cli import show_past
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    found = workflow.identifier_history(loaded, identifier)
    day = on.date() if on else None
    show_past.holders(terminal.console(no_color=no_color), identifier, found, day, format, loaded.audit.time_zone)
