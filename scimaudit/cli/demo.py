"""``scimaudit demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import NoColor, Quiet

Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to work in; made anew.")]


def command(output: Folder = Path("scimaudit-demo"), quiet: Quiet = False, no_color: NoColor = False) -> None:
    """Audit a fictional company whose apps are real SCIM services on this machine, and write every report.

    Example: scimaudit demo --output my-demo
    """
    import os
    from datetime import UTC, datetime

    from scimaudit import workflow
    from scimaudit.cli import show
    from scimaudit.cli.options import ReportFormat
    from scimaudit.cli.progress import Live
    from scimaudit.config import load
    from scimaudit.demo.sample import prepare, sample_folder
    from scimaudit.demo.server import serve
    from scimaudit.renderers import terminal

    out = terminal.console(no_color=no_color)
    with serve(sample_folder()) as running:
        config = prepare(output, running)
        os.environ["SCIMAUDIT_DEMO_TOKEN"] = running.token
        loaded = load(config)
        with Live(quiet=quiet, no_color=no_color) as live:
            snapshot = workflow.pull(loaded, now=lambda: datetime.now(UTC), watcher=live)
    stored = workflow.audit(loaded, snapshot=snapshot.id)
    paths = workflow.report(stored, list(ReportFormat), output / "reports")
    show.audit(stored.audit, json=False, quiet=quiet, no_color=no_color)
    out.print()
    for path in paths:
        out.print(path)
    out.print()
    out.print(
        f"A real audit would have ended with exit code {stored.audit.meta.exit_code}; the demonstration ends with 0."
    )
    out.print(f"Ask on: scimaudit who 'Anna Berg' --config {config}")
