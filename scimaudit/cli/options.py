"""The options that several commands share, spelled once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from scimaudit import __version__


class Severity(StrEnum):
    """The severities, mildest first."""

    info = "info"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


class Format(StrEnum):
    """How a list is written."""

    table = "table"
    csv = "csv"
    json = "json"


class ReportFormat(StrEnum):
    """The files that a report can be."""

    html = "html"
    csv = "csv"
    xlsx = "xlsx"
    json = "json"
    oscal = "oscal"


USUAL_REPORTS: Final = tuple(each for each in ReportFormat if each is not ReportFormat.oscal)
"""Those that are written where nobody says which."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scimaudit {__version__}")
        raise typer.Exit


show_version = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
]
ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration.", envvar="SCIMAUDIT_CONFIG")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but results and errors.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")]
FailOn = Annotated[
    Severity | None, typer.Option("--fail-on", help="End with 1 when a finding is at least this severe.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], metavar="DAY", help="Judge as of the end of this day, such as 2026-11-20."
    ),
]
RequireScope = Annotated[bool, typer.Option("--require-scope", help="End with 3 when an app's scope is not proven.")]
AcceptShrink = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-shrink",
        metavar="SOURCE",
        help="Accept for this run that a roster or an app shrank; repeat. Wants --reason.",
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why a shrunken source is accepted; kept in the audit.")
]
Formats = Annotated[
    list[ReportFormat] | None,
    typer.Option("--format", "-f", help="Report format; repeat for several. Default: all but oscal."),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for the reports.")]
AuditId = Annotated[str | None, typer.Option("--audit", metavar="ID", help="A stored audit; default: the newest.")]

DEFAULT_CONFIG = Path("scimaudit.toml")


def accepted(sources: list[str] | None, reason: str) -> dict[str, str]:
    """Each source that is accepted as it is, to who says so, and why.

    :raises ConfigError: no reason is given, or one without a source.
    """
    import getpass

    from scimaudit.errors import ConfigError

    if bool(sources) != bool(reason.strip()):
        raise ConfigError(
            "--accept-shrink and --reason go together", hint='--accept-shrink rosters.hr --reason "Sold a division"'
        )
    return dict.fromkeys(sources or (), f"{getpass.getuser()}: {reason.strip()}")
