"""``scimaudit retention``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Json, NoColor

Apply = Annotated[bool, typer.Option("--apply", help="Remove it, and leave a tombstone for each removal.")]


def command(
    config: ConfigPath = DEFAULT_CONFIG, apply: Apply = False, json: Json = False, no_color: NoColor = False
) -> None:
    """What sealed evidence is older than the configuration keeps; with --apply it is removed, under tombstones.

    evidence.keep_raw_months and evidence.keep_months say how long; where neither is set nothing is due. Of the newest
    bundle, of one on hold, and of one that an open campaign needs nothing is removed.

    Example: scimaudit retention --apply
    """
    from datetime import UTC, datetime

    from scimaudit import workflow
    from scimaudit.cli import show, show_retention
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    found = workflow.retention(load(config), now=datetime.now(UTC), removing=apply)
    if json:
        show.json({"removed" if apply else "due": [show_retention.due(each) for each in found]})
    else:
        show_retention.retained(terminal.console(no_color=no_color), found, removed=apply)
