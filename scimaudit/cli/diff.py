"""``scimaudit diff``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Format, NoColor


class What(StrEnum):
    """What can come, go and change."""

    findings = "findings"
    accounts = "accounts"
    grants = "grants"
    people = "people"


Id = Annotated[str | None, typer.Argument(metavar="[ID]", help="A snapshot or an audit.", show_default=False)]
Form = Annotated[Format, typer.Option("--format", "-f", help="How to write the list.")]


def command(
    before: Id = None,
    after: Id = None,
    config: ConfigPath = DEFAULT_CONFIG,
    what: Annotated[What, typer.Option("--what", help="What to list.")] = What.findings,
    app: Annotated[str | None, typer.Option("--app", metavar="APP", help="Only this app.")] = None,
    format: Form = Format.table,
    no_color: NoColor = False,
) -> None:
    """What came, went and changed between two audits; by default since the audit before the newest.

    A finding is gone only where that is proven: its rule judged the same account again, or a whole listing no longer
    shows it. Without proof it is unproven.

    Example: scimaudit diff --what grants --app crm
    """
    from scimaudit import workflow
    from scimaudit.cli import show_past
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    if app is not None:
        loaded.app(app)
    found = workflow.diff(loaded, before, after)
    show_past.diff(terminal.console(no_color=no_color), found, what.value, app, format, loaded.audit.time_zone)
