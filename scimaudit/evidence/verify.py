"""Whether a bundle is what was sealed, who signed it, and whether a folder of bundles is one unbroken chain."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

import orjson
import pyarrow as pa

from scimaudit.errors import ConfigError, IntegrityError, ScimAuditError
from scimaudit.evidence import (
    MANIFEST,
    OUTSIDE,
    PARTIAL,
    SNAPSHOT,
    STATEMENT,
    SUMS,
    TABLES,
    contents,
    read,
    sealed,
    signing,
    statement,
    sums,
    timestamp,
    tombstones,
    twins,
    walk,
)
from scimaudit.evidence.statement import Statement
from scimaudit.evidence.tombstones import Tombstone
from scimaudit.snapshot.record import bodies
from scimaudit.snapshot.store import Snapshot, file_digest

_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S.{,4095})")
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-[0-9a-f]{8}")
"""How a bundle is called; a folder that is called so holds that bundle, while a copy may be called anything else."""
_SHOWN: Final = 200
_HEAD: Final = re.compile(r"[0-9a-f]{16,64}")
"""What a digest that was noted must have at least; of fewer digits another statement with the same can be made."""


@dataclass(frozen=True)
class Verified:
    """What was looked at.

    :param problems: what is wrong, one sentence each; empty where nothing is.
    :param files: how many files were compared. ``signer``: who signed it; empty where that was not asked.
    :param stamped: when it was there at the latest, by its timestamp; ``None`` where that was not asked.
    :param tombstones: what was removed of it since it was sealed.
    """

    bundle: Path
    statement: Statement
    files: int
    signer: str
    problems: tuple[str, ...]
    stamped: datetime | None = None
    tombstones: tuple[Tombstone, ...] = ()


def verify(
    bundle: Path,
    *,
    signers: Path | None = None,
    roots: Path | None = None,
    full: bool = False,
    at: datetime | None = None,
    head: str | None = None,
) -> Verified:
    """Compare every file of a bundle with its manifest, and that with the statement.

    It is read where it lies; nothing of it is unpacked, rendered or run.

    :param signers: allowed signers; with it an unsigned bundle is a problem.
    :param roots: PEM file of a timestamp authority's certificates; with it a bundle without a timestamp is a problem.
    :param full: also read every raw body and every row of every table.
    :param at: the time, for signers who may sign only so long, and because no tombstone can be of a later one.
    :param head: how the digest of its statement begins, as it was noted.
    :raises IntegrityError: there is no statement to compare with.
    :raises ConfigError: the signature or the timestamp cannot be looked at; ``head`` is no beginning of a digest.
    """
    noted = _noted(head)
    told = statement.load(bundle)
    manifest = _listed(bundle)
    problems = [*_name(bundle, told), *sums.amiss(bundle), *_files(bundle, told, manifest)]
    if not told.digest.startswith(noted):
        problems.append(f"its digest is {told.digest[:16]}, not the one that begins with {noted}")
    said = read(bundle, STATEMENT)
    problems += timestamp.amiss(bundle, said, asked=told.stamped)
    signer, stamped = "", None
    try:
        signer = signing.signer(bundle, signers, at) if signers else ""
    except IntegrityError as error:
        problems.append(error.message)
    try:
        stamped = timestamp.stamped(bundle, said, roots) if roots else None
    except IntegrityError as error:
        problems.append(error.message)
    stones, amiss = tombstones.judged(bundle, told, signers=signers, at=at)
    problems += amiss
    if full and not problems and not told.pseudonymised:
        problems += _inside(bundle, stones)
    files = len(manifest.due.keys() - tombstones.gone(bundle))
    return Verified(bundle, told, files, signer, tuple(dict.fromkeys(problems)), stamped, stones)


def chain(bundles: Path, *, head: str | None = None) -> tuple[list[Statement], tuple[str, ...]]:
    """The bundles of a folder from the first to the last, and what is wrong with them as a chain.

    That the newest ones were removed shows only against a digest that is kept elsewhere.

    :param head: how the digest of the last statement begins, as it was noted: at least 16 hexadecimal digits.
    :raises IntegrityError: a statement cannot be read.
    :raises ConfigError: ``head`` is no beginning of a digest, or too short to tell statements apart.
    """
    noted = _noted(head)
    there = {path.name: statement.load(path) for path in sealed(bundles)}
    found = list(there.values())
    by_digest = {each.digest: each for each in found}
    problems = [f"{bundles} holds no sealed bundle"] if not found else []
    problems += [f"{name} holds the bundle {each.bundle}" for name, each in there.items() if name != each.bundle]
    problems += [f"{name} is a pseudonymised export, and no link" for name, each in there.items() if each.pseudonymised]
    problems += [f"{path.name} has parts of a seal and no statement" for path in _headless(bundles)]
    for path in sealed(bundles):
        seals = [path, *(path / folder for folder in tombstones.FOLDERS.values() if (path / folder).is_dir())]
        problems += [f"{each.relative_to(bundles)}: {problem}" for each in seals for problem in sums.amiss(each)]
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
    if noted and not (ordered and ordered[-1].digest.startswith(noted)):
        last = f"{ordered[-1].bundle} ({ordered[-1].digest[:16]})" if ordered else "missing"
        problems.append(f"the last bundle is {last}, not the one that begins with {noted}")
    return ordered, tuple(problems)


def _noted(head: str | None) -> str:
    """A digest as it was noted, in small letters; empty where none is given. An empty one is a slip, and no digest.

    :raises ConfigError: it is no beginning of a digest, or too short to tell statements apart.
    """
    if head is None:
        return ""
    if not _HEAD.fullmatch(head.lower()):
        raise ConfigError(f"{head!r} is no digest", hint="give at least 16 digits of it: seal prints as many")
    return head.lower()


def _ordered(firsts: Sequence[Statement], found: Sequence[Statement]) -> list[Statement]:
    after = {each.parent[1]: each for each in found if each.parent}
    ordered = list(firsts)
    while ordered and ordered[-1].digest in after and len(ordered) < len(found):
        ordered.append(after[ordered[-1].digest])
    return ordered


def _headless(bundles: Path) -> list[Path]:
    """Folders that were sealed and have no statement any more."""
    folders = bundles.iterdir() if bundles.is_dir() else ()
    return sorted(
        path
        for path in folders
        if any((path / name).exists() for name in (MANIFEST, SUMS))
        and not (path / STATEMENT).is_file()
        and not path.name.endswith(PARTIAL)
    )


def _name(bundle: Path, told: Statement) -> Iterator[str]:
    """Whether a folder that is called as a bundle is holds another one: an old one, put where a newer one was."""
    name = bundle.resolve().name
    if _NAME.fullmatch(name) and name != told.bundle:
        yield f"{name} holds the bundle {told.bundle}"


def _files(bundle: Path, told: Statement, manifest: _Listed) -> Iterator[str]:
    """What is wrong with the files."""
    yield from manifest.broken
    if not manifest.digest:
        return
    if manifest.digest != told.manifest:
        yield f"{MANIFEST} is not the one that the statement speaks of"
    due = manifest.due
    try:
        found, empty = walk(bundle)
    except IntegrityError as error:
        yield error.message
        return
    gone = tombstones.gone(bundle)
    there = {path for path in found if path not in OUTSIDE and not tombstones.ours(path)}
    for one, other in twins([*due, *found, *empty]):
        yield f"{one} and {other} are one name on some file systems"
    emptied = {parent.as_posix() for path in gone for parent in PurePosixPath(path).parents}
    yield from (f"{path}/ was added" for path in empty if path not in emptied)
    for path in sorted(due.keys() | there):
        if path in gone:
            if path in there:
                yield f"{path} {tombstones.LEFT}"
        elif path not in there:
            yield f"{path} is missing"
        elif path not in due:
            yield f"{path} was added"
        elif (digest := _digest(bundle / path)) != due[path]:
            yield f"{path} changed" if digest else f"{path} cannot be read"


def _digest(path: Path) -> str:
    """SHA-256 of a file; empty where it cannot be read."""
    try:
        return file_digest(path)
    except OSError:
        return ""


@dataclass(frozen=True)
class _Listed:
    """A manifest: its SHA-256 (empty where it cannot be read), path to digest, and what in it cannot be."""

    digest: str
    due: Mapping[str, str]
    broken: Sequence[str]


def _listed(bundle: Path) -> _Listed:
    due: dict[str, str] = {}
    broken = []
    try:
        data = read(bundle, MANIFEST)
    except FileNotFoundError:
        return _Listed("", {}, [f"{MANIFEST} is missing"])
    except IntegrityError as error:
        return _Listed("", {}, [error.message])
    except OSError:
        return _Listed("", {}, [f"{MANIFEST} cannot be read"])
    *lines, end = data.decode("utf-8", "surrogateescape").split("\n")
    if end:
        broken.append(f"{MANIFEST} does not end with its last line")
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or found[2] in due or found[2] in OUTSIDE or not _inner(found[2]):
            broken.append(f"{MANIFEST} has a line that cannot be: {line[:_SHOWN]}")
        else:
            due[found[2]] = found[1]
    if list(due) != sorted(due):
        broken.append(f"{MANIFEST} is not in order")
    return _Listed(hashlib.sha256(data).hexdigest(), due, broken)


def _inner(path: str) -> bool:
    """Whether a path stays inside the bundle."""
    return not {"", ".", ".."} & set(path.split("/"))


def _inside(bundle: Path, stones: Sequence[Tombstone]) -> Iterator[str]:
    """Raw bodies that are not what was received, and tables whose rows are not those that were sealed."""
    if any(stone.rule == tombstones.WHOLE for stone in stones):
        return
    snapshot = Snapshot(bundle / SNAPSHOT)
    try:
        gone = {path.removeprefix(f"{SNAPSHOT}/") for stone in stones for path in stone.removed}
        snapshot.verify(without=gone)
        for source in snapshot.manifest.sources:
            for _ in () if f"raw/{source.raw}.bodies" in gone else bodies(snapshot.path / "raw" / source.raw):
                pass
        due = orjson.loads((bundle / TABLES).read_bytes())
        for name, found in contents.digests(snapshot):
            if not isinstance(due, dict) or due.get(name) != found:
                yield f"the rows of {name} are not those that were sealed"
    except ScimAuditError as error:
        yield error.message
    except (OSError, ValueError, KeyError, MemoryError, pa.ArrowException) as error:
        yield f"{bundle} cannot be read: {error}"
