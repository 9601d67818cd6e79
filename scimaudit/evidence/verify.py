"""Whether a bundle is what was sealed, who signed it, and whether a folder of bundles is one unbroken chain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson
import pyarrow as pa

from scimaudit.errors import IntegrityError, ScimAuditError
from scimaudit.evidence import (
    MANIFEST,
    OUTSIDE,
    SNAPSHOT,
    TABLES,
    contents,
    files,
    sealed,
    signing,
    statement,
    tombstones,
)
from scimaudit.evidence.statement import Statement
from scimaudit.evidence.tombstones import Tombstone
from scimaudit.snapshot.record import bodies
from scimaudit.snapshot.store import Snapshot, file_digest

_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True)
class Verified:
    """What was looked at.

    :param problems: what is wrong, one sentence each; empty where nothing is.
    :param files: how many files were compared. ``signer``: who signed it; empty where that was not asked.
    :param tombstones: what was removed of it since it was sealed.
    """

    bundle: Path
    statement: Statement
    files: int
    signer: str
    problems: tuple[str, ...]
    tombstones: tuple[Tombstone, ...] = ()


def verify(bundle: Path, *, signers: Path | None = None, full: bool = False, at: datetime | None = None) -> Verified:
    """Compare every file of a bundle with its manifest, and that with the statement.

    :param signers: allowed signers; with it an unsigned bundle is a problem.
    :param full: also read every raw body and every row of every table.
    :param at: the time now: no tombstone can be of a later one.
    :raises IntegrityError: there is no statement to compare with.
    :raises ConfigError: the signature cannot be looked at.
    """
    told = statement.load(bundle)
    problems = list(_files(bundle, told))
    signer = ""
    if signers is not None:
        try:
            signer = signing.signer(bundle, signers)
        except IntegrityError as error:
            problems.append(error.message)
    stones, amiss = tombstones.judged(bundle, told, signers=signers, at=at)
    problems += amiss
    if full and not problems and not told.pseudonymised:
        problems += _inside(bundle, stones)
    return Verified(
        bundle, told, len(_listed(bundle)[0].keys() - tombstones.gone(bundle)), signer, tuple(problems), stones
    )


def chain(bundles: Path, *, head: str = "") -> tuple[list[Statement], tuple[str, ...]]:
    """The bundles of a folder from the first to the last, and what is wrong with them as a chain.

    That the newest ones were removed shows only against a digest that is kept elsewhere.

    :param head: how the digest of the last statement begins, as it was noted.
    :raises IntegrityError: a statement cannot be read.
    """
    found = [statement.load(bundle) for bundle in sealed(bundles)]
    by_digest = {each.digest: each for each in found}
    problems = [f"{bundles} holds no sealed bundle"] if not found else []
    children: dict[str, list[str]] = {}
    for each in found:
        if each.parent is None:
            continue
        name, digest = each.parent
        children.setdefault(digest, []).append(each.bundle)
        if digest not in by_digest:
            problems.append(f"{name}, the parent of {each.bundle}, is missing, or its statement is another one now")
    firsts = [each for each in found if each.parent is None]
    if len(firsts) > 1:
        problems.append("several bundles have no parent: " + ", ".join(each.bundle for each in firsts))
    problems += [
        f"several bundles have one parent: {', '.join(names)}" for names in children.values() if len(names) > 1
    ]
    ordered = _ordered(firsts[:1], found)
    problems += tombstones.unchained(found, sealed(bundles))
    if not problems and len(ordered) != len(found):
        problems.append("the bundles are no single chain")
    if head and not (ordered and ordered[-1].digest.startswith(head.lower())):
        last = f"{ordered[-1].bundle} ({ordered[-1].digest[:16]})" if ordered else "missing"
        problems.append(f"the last bundle is {last}, not the one that begins with {head}")
    return ordered, tuple(problems)


def _ordered(firsts: Sequence[Statement], found: Sequence[Statement]) -> list[Statement]:
    after = {each.parent[1]: each for each in found if each.parent}
    ordered = list(firsts)
    while ordered and ordered[-1].digest in after and len(ordered) < len(found):
        ordered.append(after[ordered[-1].digest])
    return ordered


def _files(bundle: Path, told: Statement) -> Iterator[str]:
    """What is wrong with the files."""
    if not (bundle / MANIFEST).is_file():
        yield f"{MANIFEST} is missing"
        return
    if _digest(bundle / MANIFEST) != told.manifest:
        yield f"{MANIFEST} is not the one that the statement speaks of"
    due, broken = _listed(bundle)
    yield from broken
    try:
        there = {path for path in set(files(bundle)) - OUTSIDE if not tombstones.ours(path)}
    except IntegrityError as error:
        yield error.message
        return
    gone = tombstones.gone(bundle)
    for path in sorted(due.keys() | there):
        if path in gone:
            if path in there:
                yield f"{path} {tombstones.LEFT}"
        elif path not in there:
            yield f"{path} is missing"
        elif path not in due:
            yield f"{path} was added"
        elif (found := _digest(bundle / path)) != due[path]:
            yield f"{path} changed" if found else f"{path} cannot be read"


def _digest(path: Path) -> str:
    """SHA-256 of a file; empty where it cannot be read."""
    try:
        return file_digest(path)
    except OSError:
        return ""


def _listed(bundle: Path) -> tuple[dict[str, str], list[str]]:
    """Path to digest as the manifest has them, and its lines that cannot be."""
    due: dict[str, str] = {}
    broken = []
    try:
        *lines, end = (bundle / MANIFEST).read_bytes().decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return {}, [f"{MANIFEST} cannot be read"]
    if end:
        broken.append(f"{MANIFEST} does not end with its last line")
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or found[2] in due or found[2] in OUTSIDE or not _inner(found[2]):
            broken.append(f"{MANIFEST} has a line that cannot be: {line}")
        else:
            due[found[2]] = found[1]
    if list(due) != sorted(due):
        broken.append(f"{MANIFEST} is not in order")
    return due, broken


def _inner(path: str) -> bool:
    """Whether a path stays inside the bundle."""
    return not path.startswith("/") and not {"", ".", ".."} & set(path.split("/"))


def _inside(bundle: Path, stones: Sequence[Tombstone]) -> Iterator[str]:
    """Raw bodies that are not what was received, and tables whose rows are not those that were sealed."""
    if any(stone.rule == tombstones.WHOLE for stone in stones):
        return
    snapshot = Snapshot(bundle / SNAPSHOT)
    try:
        if not stones:
            snapshot.verify()
        for source in () if stones else snapshot.manifest.sources:
            for _ in bodies(snapshot.path / "raw" / source.raw):
                pass
        due = orjson.loads((bundle / TABLES).read_bytes())
        for name, found in contents.digests(snapshot):
            if not isinstance(due, dict) or due.get(name) != found:
                yield f"the rows of {name} are not those that were sealed"
    except ScimAuditError as error:
        yield error.message
    except (OSError, ValueError, KeyError, MemoryError, pa.ArrowException) as error:
        yield f"{bundle} cannot be read: {error}"
