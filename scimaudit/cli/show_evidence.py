"""How evidence reaches standard output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimaudit.cli import show_retention
from scimaudit.evidence import SIGNATURE, TIMESTAMP, statement
from scimaudit.plural import count
from scimaudit.renderers import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from scimaudit.evidence.replay import Replayed
    from scimaudit.evidence.verify import Verified

_SHORT = 16
"""Hex digits of a statement's digest that are shown: enough to note, and to compare with --head."""


def sealed(bundle: Path, *, stderr: bool = False) -> None:
    """Where the bundle is, and the digest to note somewhere else."""
    told = statement.load(bundle)
    out = terminal.console(stderr=stderr)
    signed = "signed" if (bundle / SIGNATURE).is_file() else "not signed: a key in evidence.key signs the next one"
    out.print(terminal.text(f"sealed {bundle}"))
    if told.stamped:
        out.print(terminal.text(f"time-stamped by {told.predicate['timestamp']}"))
    out.print(terminal.text(f"{signed}; note this digest where nobody can change it: {told.digest[:_SHORT]}"))


def verified(out: Console, found: Sequence[Verified], linked: Sequence[str], *, signers: bool) -> None:
    """What was compared, and what is wrong."""
    for each in found:
        if each.problems:
            out.print(terminal.text(f"{each.bundle}: NOT WHAT WAS SEALED", "bold red"))
            for problem in each.problems:
                out.print(terminal.text(f"  {problem}"))
            show_retention.buried(out, each)
            continue
        there = (each.bundle / SIGNATURE).is_file()
        unasked = "its signature was not looked at (--signers)" if there else "not signed"
        who = f"signed by {each.signer}" if signers else unasked
        files = count(each.files, "file")
        when = f", {_when(each)}" if (each.bundle / TIMESTAMP).is_file() else ""
        out.print(terminal.text(f"{each.bundle}: {files} as sealed, {each.statement.digest[:_SHORT]}, {who}{when}"))
        show_retention.buried(out, each)
    for problem in linked:
        out.print(terminal.text(f"the chain: {problem}", "bold red"))


def _when(found: Verified) -> str:
    if found.stamped is None:
        return "its timestamp was not looked at (--timestamp-ca)"
    return f"there at {found.stamped:%Y-%m-%d %H:%M:%S} UTC by its timestamp"


def replayed(out: Console, found: Replayed) -> None:
    """What was made again, and what differs."""
    every = len(found.rebuilt) + len(found.kept)
    sources = f"{len(found.rebuilt)} of {count(every, 'source')} made again from raw bodies"
    findings, files = count(found.findings, "finding"), count(found.files, "file")
    if found.problems:
        out.print(terminal.text(f"NOT THE SAME: {sources}", "bold red"))
        for problem in found.problems:
            out.print(terminal.text(f"  {problem}"))
    elif found.kept:
        out.print(terminal.text(f"NOT ALL MADE AGAIN: {sources}; with the rest as sealed, {findings} are the same"))
    else:
        out.print(terminal.text(f"the same: {sources}; {findings} and all {files} made of them, byte for byte"))
    for name, why in found.kept.items():
        out.print(terminal.text(f"{name} was taken as sealed: {why}"))


def plain(found: Verified) -> dict[str, Any]:
    """One bundle for machines."""
    return {
        "bundle": found.bundle.as_posix(),
        "digest": found.statement.digest,
        "files": found.files,
        "signer": found.signer or None,
        "stamped": found.stamped,
        "problems": list(found.problems),
    } | show_retention.plain(found)
