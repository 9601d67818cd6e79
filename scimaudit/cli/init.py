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


def command(
    config: Target = DEFAULT_CONFIG, roster: RosterFile = None, organisation: Organisation = None, force: Force = False
) -> None:
    """Write a commented scimaudit.toml and keep the store out of git.

    Example: scimaudit init --roster hr.csv --organisation 'Example Ltd'
    """
    import sys

    from scimaudit.scaffold import write

    asked = sys.stdin.isatty()
    if roster is None:
        roster = typer.prompt("HR export (CSV or XLSX)", default="hr.csv") if asked else "hr.csv"
    if organisation is None:
        organisation = typer.prompt("Organisation", default="") if asked else ""
    for path in write(config, roster=roster, organisation=organisation, force=force):
        typer.echo(path)
    typer.echo(f"Next: fill in {config}, then scimaudit check --config {config}")
