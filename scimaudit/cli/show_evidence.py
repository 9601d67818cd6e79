"""How evidence reaches standard output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimaudit.evidence import SIGNATURE, TIMESTAMP, statement
from scimaudit.evidence.tombstones import WHAT
from scimaudit.renderers import _words, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from scimaudit.evidence.pseudonyms.export import Exported
    from scimaudit.evidence.replay import Replayed
    from scimaudit.evidence.retention import Due
    from scimaudit.evidence.verify import Verified

_SHORT = 16
"""Hex digits of a statement's digest that are shown: enough to note, and to compare with --head."""


def sealed(bundle: Path, *, stderr: bool = False) -> None:
    """Where the bundle is, and the digest to note somewhere else."""
    told = statement.load(bundle)
    out = terminal.console(stderr=stderr)
    signed = "signed" if (bundle / SIGNATURE).is_file() else "not signed: set evidence.key"
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
            _buried(out, each)
            continue
        there = (each.bundle / SIGNATURE).is_file()
        unasked = "its signature was not looked at (--signers)" if there else "not signed"
        who = f"signed by {each.signer}" if signers else unasked
        files = _words.count(each.files, "file")
        when = f", {_when(each)}" if (each.bundle / TIMESTAMP).is_file() else ""
        out.print(terminal.text(f"{each.bundle}: {files} as sealed, {each.statement.digest[:_SHORT]}, {who}{when}"))
        if whole := each.statement.pseudonymised:
            out.print(terminal.text(f"  a pseudonymised export of {whole}"))
        _buried(out, each)
    for problem in linked:
        out.print(terminal.text(f"the chain: {problem}", "bold red"))


def _when(found: Verified) -> str:
    if found.stamped is None:
        return "its timestamp was not looked at (--timestamp-ca)"
    return f"there at {found.stamped:%Y-%m-%d %H:%M:%S} UTC by its timestamp"


def _buried(out: Console, found: Verified) -> None:
    """What a bundle's tombstones say."""
    for stone in found.tombstones:
        files, what = _words.count(len(stone.removed), "file"), WHAT[stone.rule]
        rule = f"{stone.rule} = {stone.months} of {stone.by.bundle}"
        signed = "signed" if stone.signed else "not signed"
        text = f"  {what} removed on {stone.at:%Y-%m-%d} by {rule}: {files}, whose hashes stand in the manifest"
        out.print(terminal.text(f"{text}; tombstone {stone.digest[:_SHORT]}, {signed}"))


def retained(out: Console, found: Sequence[Due], *, removed: bool) -> None:
    """What the rules of retention remove, or removed, and what is kept all the same."""
    if not found:
        out.print(terminal.text("nothing was due" if removed else "nothing is due"))
    for each in found:
        files, size = _words.count(len(each.files), "file"), f"{each.size / 1_000_000:,.1f} MB"
        when = f"since {each.since:%Y-%m-%d} by {each.rule} = {each.months}"
        begun = ", which an earlier run began to remove" if each.begun else ""
        kept = f"; kept: {each.kept}" if each.kept else ""
        verb = "removed" if removed else "due"
        out.print(terminal.text(f"{each.bundle}: {WHAT[each.rule]} {verb} {when}, {files}, {size}{begun}{kept}"))
    if found and not removed and any(not each.kept for each in found):
        out.print(terminal.text("scimaudit retention --apply removes it; the store keeps its own raw bodies"))


def due(found: Due) -> dict[str, Any]:
    """One removal for machines."""
    return {
        "bundle": found.bundle.as_posix(),
        "rule": found.rule,
        "months": found.months,
        "since": found.since,
        "files": sorted(found.files),
        "bytes": found.size,
        "kept": found.kept or None,
        "begun": found.begun,
    }


def replayed(out: Console, found: Replayed) -> None:
    """What was made again, and what differs."""
    every = len(found.rebuilt) + len(found.kept)
    sources = f"{len(found.rebuilt)} of {_words.count(every, 'source')} made again from raw bodies"
    findings, files = _words.count(found.findings, "finding"), _words.count(found.files, "file")
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


def pseudonymised(found: Exported) -> None:
    """Where the export is, and, for whoever made it alone, what was not looked for in it."""
    out, told = terminal.console(), statement.load(found.folder)
    out.print(terminal.text(f"wrote {found.folder}, a pseudonymised export of {told.pseudonymised}"))
    out.print(terminal.text(f"{found.searched:,} identifiers were looked for in it, and none is left"))
    if found.excused:
        words = ", ".join(found.excused)
        text = f"not looked for, being words of the program or names of apps as well: {words}"
        terminal.console(stderr=True).print(terminal.text(text))


def plain(found: Verified) -> dict[str, Any]:
    """One bundle for machines."""
    return {
        "bundle": found.bundle.as_posix(),
        "digest": found.statement.digest,
        "files": found.files,
        "signer": found.signer or None,
        "stamped": found.stamped,
        "pseudonymised": found.statement.pseudonymised or None,
        "tombstones": [
            {
                "rule": stone.rule,
                "months": stone.months,
                "sealed_in": stone.by.bundle,
                "removed_at": stone.at,
                "files": len(stone.removed),
                "digest": stone.digest,
                "signed": stone.signed,
            }
            for stone in found.tombstones
        ],
        "problems": list(found.problems),
    }
