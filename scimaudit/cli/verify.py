"""``scimaudit verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import Json, NoColor

Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A sealed bundle; with --chain: a folder of them.")]
Signers = Annotated[
    Path | None, typer.Option("--signers", metavar="FILE", help="Who may have signed: allowed signers as ssh has them.")
]
TimestampCa = Annotated[
    Path | None,
    typer.Option("--timestamp-ca", metavar="FILE", help="Whose timestamps count: certificates of authorities, as PEM."),
]
Full = Annotated[bool, typer.Option("--full", help="Also read every raw body and every row of every table.")]
Chain = Annotated[bool, typer.Option("--chain", help="Verify all bundles of a folder, and that they are one chain.")]
Head = Annotated[
    str | None,
    typer.Option(
        "--head",
        metavar="DIGEST",
        help="How the bundle's digest, with --chain that of the last one, began when it was noted; 16 digits or more.",
    ),
]


def command(
    bundle: Bundle,
    signers: Signers = None,
    timestamp_ca: TimestampCa = None,
    full: Full = False,
    chain: Chain = False,
    head: Head = None,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Whether a bundle is what was sealed: every file by its hash, signature and timestamp, and its place in the chain.

    Ends with 5 and names what changed, is missing or was added.

    Example: scimaudit verify evidence --chain --signers signers
    """
    from datetime import UTC, datetime

    from scimaudit.cli import show, show_evidence
    from scimaudit.evidence import sealed
    from scimaudit.evidence import verify as verifying
    from scimaudit.renderers import terminal

    bundles, now = sealed(bundle) if chain else [bundle], datetime.now(UTC)
    noted = None if chain else head
    found = [
        verifying.verify(each, signers=signers, roots=timestamp_ca, full=full, at=now, head=noted) for each in bundles
    ]
    linked = verifying.chain(bundle, head=head)[1] if chain else ()
    if json:
        show.json({"bundles": [show_evidence.plain(each) for each in found], "chain": list(linked)})
    else:
        show_evidence.verified(terminal.console(no_color=no_color), found, linked, signers=signers is not None)
    if linked or any(each.problems for each in found):
        raise typer.Exit(5)
