"""``scimaudit run``."""

from __future__ import annotations

import typer

from scimaudit.cli.options import (
    DEFAULT_CONFIG,
    USUAL_REPORTS,
    AcceptShrink,
    AsOf,
    ConfigPath,
    FailOn,
    Formats,
    Json,
    NoColor,
    Output,
    Quiet,
    Reason,
    RequireScope,
    accepted,
)
from scimaudit.cli.pull import Apps, Quick


def command(
    config: ConfigPath = DEFAULT_CONFIG,
    app: Apps = None,
    quick: Quick = False,
    as_of: AsOf = None,
    fail_on: FailOn = None,
    require_scope: RequireScope = False,
    accept_shrink: AcceptShrink = None,
    reason: Reason = "",
    format: Formats = None,
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Pull, audit and report in one go.

    Example: scimaudit run --fail-on high --output evidence/
    """
    from datetime import UTC, datetime

    from scimaudit import workflow
    from scimaudit.cli import failing, show, show_evidence
    from scimaudit.cli.progress import Live
    from scimaudit.config import load
    from scimaudit.errors import IntegrityError
    from scimaudit.renderers.terminal import console

    loaded, tolerated = load(config), accepted(accept_shrink, reason)
    with Live(quiet=quiet, no_color=no_color) as live:
        snapshot = workflow.pull(loaded, now=lambda: datetime.now(UTC), watcher=live, quick=quick, only=app or ())
    day = as_of.date() if as_of else None
    stored = workflow.audit(
        loaded, snapshot=snapshot.id, as_of=day, fail_on=fail_on, require_scope=require_scope, accept=tolerated
    )
    code = stored.audit.meta.exit_code
    # First, for a report or a sealing that fails must not keep anybody from seeing what was found.
    with failing.after_verdict(code):
        show.audit(stored.audit, json=json, quiet=quiet, no_color=no_color)
        paths = workflow.report(stored, format or USUAL_REPORTS, output)
        said = console(no_color=no_color, stderr=json)
        if not quiet:
            said.print()
            for path in paths:
                said.print(path)
    if loaded.evidence.seal:
        with failing.after_verdict(code, least=IntegrityError.exit_code):
            bundle = workflow.seal(loaded, stored.path.name, now=datetime.now(UTC), reports=paths)
            if not quiet:
                show_evidence.sealed(bundle, stderr=json)
    raise typer.Exit(code)
