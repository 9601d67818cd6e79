"""``scimaudit init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG

Target = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The file to write.")]
RosterFile = Annotated[str | None, typer.Option("--roster", metavar="FILE", help="The HR export, CSV or XLSX.")]
Organisation = Annotated[str | None, typer.Option("--organisation", help="The name to print on reports.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Apps = Annotated[
    list[str] | None,
    typer.Option("--app", metavar="PROVIDER", help="Add the block of an app by its provider; may be given again."),
]


def command(
    config: Target = DEFAULT_CONFIG,
    roster: RosterFile = None,
    organisation: Organisation = None,
    app: Apps = None,
    force: Force = False,
) -> None:
    """Write a commented scimaudit.toml and keep the store out of git; with --app, add apps to the one that is there.

    Example: scimaudit init --roster hr.csv --organisation 'Example Ltd' --app slack
    """
    import sys

    from scimaudit.scaffold import add, blocks, write

    added = blocks(app or ())
    if added and config.exists() and not force:
        add(config, added)
        typer.echo(f"{config} has {', '.join(added)} now; fill in what says fill-in, then scimaudit check")
        return
    asked = sys.stdin.isatty()
    if roster is None:
        roster = typer.prompt("HR export (CSV or XLSX)", default="hr.csv") if asked else "hr.csv"
    if organisation is None:
        organisation = typer.prompt("Organisation", default="") if asked else ""
    for path in write(config, roster=roster, organisation=organisation, force=force):
        typer.echo(path)
    if added:
        add(config, added)
    typer.echo(f"Next: fill in {config}, then scimaudit check --config {config}")
