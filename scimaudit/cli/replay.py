"""``scimaudit replay``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import Json, NoColor

Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A sealed bundle.")]


def command(bundle: Bundle, json: Json = False, no_color: NoColor = False) -> None:
    """Make the same from a bundle again: raw bodies into tables, tables and policy into findings, these into reports.

    Verifies the bundle first, asks no server and reads no secret. Ends with 5 where anything differs, and with 3 where
    a source could not be made again and its tables were taken as sealed.

    Example: scimaudit replay evidence/2026-11-20T190000.018Z-67e46386
    """
    from datetime import UTC, datetime

    from scimaudit.cli import show, show_evidence
    from scimaudit.evidence import replay as replaying
    from scimaudit.evidence import verify
    from scimaudit.renderers import terminal

    checked = verify.verify(bundle, at=datetime.now(UTC))
    if checked.problems:
        if json:
            show.json(show_evidence.plain(checked))
        else:
            show_evidence.verified(terminal.console(no_color=no_color), [checked], (), signers=False)
        raise typer.Exit(5)
    found = replaying.replay(bundle)
    if json:
        show.json(found)
    else:
        show_evidence.replayed(terminal.console(no_color=no_color), found)
    if found.problems or found.kept:
        raise typer.Exit(5 if found.problems else 3)
