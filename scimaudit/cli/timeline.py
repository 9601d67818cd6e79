"""``scimaudit timeline``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Format, NoColor

Who = Annotated[str, typer.Argument(help="A person, named as for `who`; or an app.", show_default=False)]
Account = Annotated[
    str | None, typer.Argument(metavar="[ACCOUNT]", help="The app's account: its id or user name.", show_default=False)
]


def command(
    who: Who,
    account: Account = None,
    config: ConfigPath = DEFAULT_CONFIG,
    format: Annotated[Format, typer.Option("--format", "-f", help="How to write the list.")] = Format.table,
    no_color: NoColor = False,
) -> None:
    """What happened to a person, or to one account, as far as snapshots, findings and reviews show it.

    Each event lies between two times: when the former state was last shown, and when the new one first was.

    Example: scimaudit timeline ana.ames@corp.example
    Example: scimaudit timeline crm svc-backup
    """
    from scimaudit import workflow
    from scimaudit.cli import show_past
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    if account is None:
        name, events = workflow.timeline_of_person(loaded, who)
    else:
        name, events = workflow.timeline_of_account(loaded, who, account)
    show_past.timeline(terminal.console(no_color=no_color), name, events, format, loaded.audit.time_zone)
