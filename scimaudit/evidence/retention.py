"""Retention: what is older than the configuration keeps, and its removal, which leaves a tombstone.

A tombstone is written, signed and on the disk before anything is removed. A run that dies in between leaves files that
the tombstone says are removed; :func:`scimaudit.evidence.verify.verify` tells, and the next run goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from scimaudit.config import Evidence
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import PARTIAL, SIGNATURE, STATEMENT, sealed, signing, statement, sums, tombstones, verify
from scimaudit.evidence.seal import newest
from scimaudit.evidence.statement import Statement
from scimaudit.evidence.tombstones import FOLDERS, RAW, WHOLE, Place, Tombstone
from scimaudit.snapshot.store import settle, write_bytes

_SEALED_UNDER: Final = "scimaudit run, or scimaudit audit and scimaudit seal, seals a bundle under the present rules"


@dataclass(frozen=True)
class Due:
    """What a rule removes of one bundle.

    :param since: when it became due. ``size``: bytes that are freed where the store has no other name for them.
    :param kept: why it is not removed all the same; empty where it is.
    :param begun: there is a tombstone already, and files that it says are removed.
    """

    bundle: Path
    rule: str
    months: int
    since: datetime
    files: Mapping[str, str]
    size: int
    kept: str = ""
    begun: bool = False


def due(config: Evidence, bundles: Path, *, now: datetime, needed: Mapping[str, str]) -> list[Due]:
    """What is to be removed, oldest bundle first, and what would be if nothing spoke against it.

    :param needed: snapshot to the open campaign that needs its bundles.
    :raises IntegrityError: a bundle or a tombstone cannot be read, or the bundles are no single chain.
    :raises ConfigError: a bundle is on hold that there is not: the name of another one is wrong, which would go.
    """
    head = newest(bundles)
    if unknown := sorted(config.hold.keys() - {path.name for path in sealed(bundles)}):
        raise ConfigError(
            f"evidence.hold names {unknown[0]}, and {bundles} has no such bundle",
            hint="name the folder of the bundle that is to be kept, then run or seal an audit",
        )
    found: list[Due] = []
    for bundle in sealed(bundles):
        told = statement.load(bundle)
        stones = {stone.rule: stone for stone in tombstones.of(bundle)}
        kept = _kept(config, told, head, needed)
        found += [_unfinished(bundle, stone, kept) for stone in stones.values() if _left(bundle, stone)]
        found += _of(config, bundle, told, stones, now, kept)
    return found


def _left(bundle: Path, stone: Tombstone) -> dict[str, str]:
    return {path: digest for path, digest in stone.removed.items() if (bundle / path).exists()}


def _unfinished(bundle: Path, stone: Tombstone, kept: str) -> Due:
    left = _left(bundle, stone)
    return Due(bundle, stone.rule, stone.months, stone.at, left, _size(bundle, left), kept, begun=True)


def _of(
    config: Evidence, bundle: Path, told: Statement, stones: Mapping[str, Tombstone], now: datetime, kept: str
) -> Iterator[Due]:
    listed = tombstones.manifest(bundle)
    sealed_at = tombstones.sealed_at(told)
    gone = {path for stone in stones.values() for path in stone.removed}
    whole = config.keep_months is not None and tombstones.later(sealed_at, config.keep_months) <= now
    for rule, months in ((RAW, config.keep_raw_months), (WHOLE, config.keep_months)):
        # What goes as a whole leaves one tombstone, not two.
        if months is None or rule in stones or WHOLE in stones or (rule == RAW and whole):
            continue
        since, falls = tombstones.later(sealed_at, months), tombstones.falls(rule, listed, gone)
        if since <= now and falls:
            yield Due(bundle, rule, months, since, falls, _size(bundle, falls), kept)


def _kept(config: Evidence, told: Statement, head: Statement | None, needed: Mapping[str, str]) -> str:
    if told.bundle in config.hold:
        return f"on hold: {config.hold[told.bundle]}"
    if head is not None and told.digest == head.digest:
        return "it is the newest bundle"
    campaign = needed.get(str(told.predicate.get("snapshot")))
    return f"the campaign {campaign} is open" if campaign else ""


def apply(
    config: Evidence, bundles: Path, *, now: datetime, needed: Mapping[str, str], key: Path | None = None
) -> list[Due]:
    """Remove what is due, each under a tombstone; go on with what an earlier run began.

    :param key: SSH key to sign tombstones with; unsigned where it is left out.
    :returns: what was removed.
    :raises ConfigError: the rules are not those that the newest bundle was sealed under, a sealing is at work, the key
        cannot sign, or the disk fails.
    :raises IntegrityError: a bundle is not what was sealed: nothing is removed of it, for that would hide it.
    """
    if not sealed(bundles):
        return []
    try:
        with FileLock(bundles / "seal.lock", timeout=0):
            return _apply(config, bundles, now, needed, key)
    except Timeout as error:
        raise ConfigError(f"a sealing is at work in {bundles}", hint="wait until it ends") from error
    except OSError as error:
        raise ConfigError(
            f"a bundle cannot be changed: {error.strerror or error}", hint="scimaudit verify --chain tells what is left"
        ) from error


def _apply(config: Evidence, bundles: Path, now: datetime, needed: Mapping[str, str], key: Path | None) -> list[Due]:
    found = [each for each in due(config, bundles, now=now, needed=needed) if not each.kept]
    head = newest(bundles)
    if not found or head is None:
        return []
    if any(not each.begun for each in found):
        _ruled(config, head, now)
    _, problems = verify.chain(bundles)
    if problems:
        raise IntegrityError(f"nothing is removed: {problems[0]}", hint="scimaudit verify --chain")
    for each in found:
        if each.begun:
            _sound(each.bundle, now, each.files)
        else:
            _sound(each.bundle, now, ())
            _bury(each, head, bundles, now, key)
        _remove(each.bundle, each.files)
    return found


def _ruled(config: Evidence, head: Statement, now: datetime) -> None:
    """Refuse to remove by rules that no statement holds: nobody could check them later."""
    if dict(tombstones.rules(head)) != tombstones.settings(config):
        raise ConfigError(
            f"the newest bundle {head.bundle} was sealed under other rules of retention", hint=_SEALED_UNDER
        )
    if now <= tombstones.sealed_at(head):
        raise ConfigError(f"the clock says that {head.bundle} is not sealed yet", hint="set the clock")


def _sound(bundle: Path, now: datetime, left: Iterable[str]) -> None:
    """:param left: files that a removal which did not come to its end left there."""
    told = {f"{path} {tombstones.LEFT}" for path in left}
    problems = [each for each in verify.verify(bundle, at=now).problems if each not in told]
    if problems:
        raise IntegrityError(f"nothing is removed of {bundle}: {problems[0]}", hint="scimaudit verify")


def _bury(each: Due, head: Statement, bundles: Path, now: datetime, key: Path | None) -> None:
    """Write the tombstone, whole, signed and on the disk, before it gets its name."""
    told = statement.load(each.bundle)
    before = tombstones.newest(tombstones.every(sealed(bundles)))
    draft = bundles / f"{each.bundle.name}.tombstone{PARTIAL}"
    stone = Tombstone(
        draft, "", each.rule, Place(told.bundle, told.digest), each.months, Place(head.bundle, head.digest), now,
        before.named if before else None, each.files,
    )  # fmt: skip
    target = each.bundle / FOLDERS[each.rule]
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    write_bytes(tombstones.dump(stone), draft / STATEMENT)
    if key is not None:
        signing.sign(draft, key)
        settle(draft / SIGNATURE)
    sums.write(draft)
    settle(draft)
    made = [*tombstones.of(each.bundle), replace(stone, folder=draft)]
    wrong = tombstones.amiss(each.bundle, told, tombstones.manifest(each.bundle), made, at=now)
    if (problem := next(wrong, None)) is not None:
        shutil.rmtree(draft)
        raise IntegrityError(
            f"nothing is removed of {each.bundle}: {problem}", hint="" if key else "set evidence.key to sign it"
        )
    draft.rename(target)
    settle(each.bundle)


def _remove(bundle: Path, files: Mapping[str, str]) -> None:
    """Remove files, and folders that hold nothing then."""
    folders = {parent for path in files for parent in (bundle / path).parents if bundle in parent.parents}
    for path in files:
        (bundle / path).unlink(missing_ok=True)
    for folder in sorted(folders, reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        elif folder.is_dir():
            settle(folder)
    settle(bundle)


def _size(bundle: Path, files: Sequence[str] | Mapping[str, str]) -> int:
    return sum((bundle / path).stat().st_size for path in files if (bundle / path).is_file())
