"""``scimaudit pseudonymise``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Bundle = Annotated[Path, typer.Argument(metavar="BUNDLE", help="A sealed bundle.")]
KeyFile = Annotated[
    Path, typer.Option("--key-file", metavar="FILE", help="The key of the tokens; keep it apart from what is written.")
]
NewKey = Annotated[bool, typer.Option("--new-key", help="Make the key first.")]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A new folder, not among the bundles.")]
Sign = Annotated[Path | None, typer.Option("--sign", metavar="KEY", help="SSH key to sign the export with.")]


def command(bundle: Bundle, key_file: KeyFile, output: Folder, new_key: NewKey = False, sign: Sign = None) -> None:
    """Write a bundle's findings, ledger, tables, pack and reports with tokens in place of people and accounts.

    The same key gives the same tokens. Verifies the bundle first, and ends with 5 and writes nothing where an
    identifier would be left. What is written stays personal data.

    Example: scimaudit pseudonymise evidence/2026-11-20T190000.018Z-67e46386 --key-file tokens.key --new-key -o shared
    """
    from datetime import UTC, datetime

    from scimaudit.cli import show_evidence, show_retention
    from scimaudit.evidence import verify
    from scimaudit.evidence.pseudonyms import tokens
    from scimaudit.evidence.pseudonyms.export import export
    from scimaudit.renderers import terminal
    from scimaudit.transport.secret import Secret

    checked = verify.verify(bundle, at=datetime.now(UTC))
    if checked.problems:
        show_evidence.verified(terminal.console(), [checked], (), signers=False)
        raise typer.Exit(5)
    if new_key:
        tokens.make_key(key_file)
    secret = Secret(file=key_file).resolve(Path())
    made = tokens.Tokens(tokens.key(secret.get_secret_value()))
    show_retention.pseudonymised(export(bundle, output, made, key=sign))
