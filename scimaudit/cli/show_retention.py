"""How removals of evidence, and exports of it without names, reach standard output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from scimaudit.evidence import statement
from scimaudit.evidence.tombstones import WHAT
from scimaudit.plural import count
from scimaudit.renderers import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from scimaudit.evidence.pseudonyms.export import Exported
    from scimaudit.evidence.retention import Due
    from scimaudit.evidence.verify import Verified

_SHORT: Final = 16
"""Hex digits of a tombstone's digest that are shown."""


def buried(out: Console, found: Verified) -> None:
    """What a bundle's tombstones say, and what it is an export of."""
    if whole := found.statement.pseudonymised:
        out.print(terminal.text(f"  a pseudonymised export of {whole}: it has no raw bodies that --full could read"))
    for stone in found.tombstones:
        files, what = count(len(stone.removed), "file"), WHAT[stone.rule]
        rule = f"{stone.rule} = {stone.months} of {stone.by.bundle}"
        signed = "signed" if stone.signed else "not signed"
        text = f"  {what} removed on {stone.at:%Y-%m-%d} by {rule}: {files}, whose hashes stand in the manifest"
        out.print(terminal.text(f"{text}; tombstone {stone.digest[:_SHORT]}, {signed}"))


def retained(out: Console, found: Sequence[Due], *, removed: bool) -> None:
    """What the rules of retention remove, or removed, and what is kept all the same."""
    if not found:
        out.print(terminal.text("nothing was due" if removed else "nothing is due"))
    for each in found:
        files, size = count(len(each.files), "file"), f"{each.size / 1_000_000:,.1f} MB"
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
    """The same as :func:`buried` for machines."""
    return {
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
    }
