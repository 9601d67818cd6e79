"""``scimaudit audit``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import (
    DEFAULT_CONFIG,
    AcceptShrink,
    AsOf,
    ConfigPath,
    FailOn,
    Json,
    NoColor,
    Quiet,
    Reason,
    RequireScope,
    accepted,
)

SnapshotId = Annotated[
    str | None, typer.Argument(metavar="[SNAPSHOT]", help="A snapshot's id; default: the newest.", show_default=False)
]


def command(
    snapshot: SnapshotId = None,
    config: ConfigPath = DEFAULT_CONFIG,
    as_of: AsOf = None,
    fail_on: FailOn = None,
    require_scope: RequireScope = False,
    accept_shrink: AcceptShrink = None,
    reason: Reason = "",
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Judge a snapshot, offline, by the configuration and policy as they are now.

    Example: scimaudit audit --as-of 2026-09-30 --fail-on medium
    """
    from scimaudit import workflow
    from scimaudit.cli.show import audit as show
    from scimaudit.config import load

    stored = workflow.audit(
        load(config),
        snapshot=snapshot,
        as_of=as_of.date() if as_of else None,
        fail_on=fail_on,
        require_scope=require_scope,
        accept=accepted(accept_shrink, reason),
    )
    show(stored.audit, json=json, quiet=quiet, no_color=no_color)
    raise typer.Exit(stored.audit.meta.exit_code)
