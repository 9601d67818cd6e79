"""Sealing: every file, the manifest, the statement, its timestamp, its signature, their sums; the final name is last.

A run that dies before the end leaves a folder that ends in ``.partial``, which nothing takes for a bundle; the next
sealing throws it away. A failed fsync ends it: what was not written may look written afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from scimaudit import __version__
from scimaudit.audit import audit_id
from scimaudit.config import Config
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import (
    MANIFEST,
    PARTIAL,
    SIGNATURE,
    STATEMENT,
    TIMESTAMP,
    contents,
    sealed,
    signing,
    statement,
    sums,
    timestamp,
    tombstones,
    twins,
    walk,
)
from scimaudit.evidence.parts import Parts
from scimaudit.snapshot.store import file_digest, settle, write_bytes


def seal(
    parts: Parts,
    bundles: Path,
    *,
    now: datetime,
    key: Path | None = None,
    authority: timestamp.Authority | None = None,
) -> Path:
    """Write a bundle of an audit and seal it; a bundle of that audit that is sealed already stays as it is.

    :param bundles: the folder of bundles; the newest sealed one becomes the parent.
    :param now: when it is sealed, UTC.
    :param key: SSH key to sign with; unsigned where it is left out.
    :param authority: who gives a timestamp; where it is named and gives none, nothing is sealed.
    :returns: the bundle's folder.
    :raises IntegrityError: a part of the store is not what it was; nothing is sealed.
    :raises ConfigError: another sealing is at work, the key cannot sign, no timestamp can be had, or the
        bundle cannot be written.
    """
    try:
        bundles.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(bundles / "seal.lock", timeout=0):
            return _seal(parts, bundles, now, key, authority)
    except Timeout as error:
        raise ConfigError(f"another sealing is at work in {bundles}", hint="wait until it ends") from error
    except OSError as error:
        raise ConfigError(
            f"the bundle cannot be written: {error.strerror or error}", hint="nothing is sealed; make room, try again"
        ) from error


def _seal(parts: Parts, bundles: Path, now: datetime, key: Path | None, authority: timestamp.Authority | None) -> Path:
    name = parts.stored.path.name
    target, draft = bundles / name, bundles / (name + PARTIAL)
    if (target / STATEMENT).is_file():
        sums.check(target)
        return target
    parent = newest(bundles)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    contents.write(parts, draft)
    _judged_by(parts, contents.configuration(draft))
    listed = walk(draft)[0]
    for one, other in twins(listed):
        raise ConfigError(f"{one} and {other} are one name on some file systems", hint="rename one of them")
    lines = [f"{file_digest(draft / path)}  {path}\n" for path in listed]
    for path in listed:
        settle(draft / path)
    write_bytes("".join(lines).encode(), draft / MANIFEST)
    for folder in {draft, *(parent for path in listed for parent in (draft / path).parents if draft in parent.parents)}:
        settle(folder)
    told = {
        **predicate(parts, parent, now),
        "timestamp": authority.url if authority else None,
        "tombstone": tombstones.last(bundles, now),
    }
    said = statement.dump(file_digest(draft / MANIFEST), told)
    write_bytes(said, draft / STATEMENT)
    if authority is not None:
        write_bytes(timestamp.obtain(said, authority), draft / TIMESTAMP)
    if key is not None:
        signing.sign(draft, key)
        settle(draft / SIGNATURE)
    sums.write(draft)
    settle(draft)
    draft.rename(target)
    try:
        settle(bundles)
    except OSError:
        # The name may not outlive a loss of power: what is said to be sealed must be, and what is not must not seem so.
        target.rename(draft)
        raise
    return target


def _judged_by(parts: Parts, config: Config) -> None:
    """Refuse to seal a configuration, a policy or reviews beside findings that others made.

    :param config: as it lies in the bundle: what is on the disk may have changed since it was read to audit by.
    :raises ConfigError: they changed since the audit.
    """
    meta = parts.stored.audit.meta
    former = f"{parts.former.path.name} {parts.former.digest}" if parts.former else ""
    now = audit_id(
        parts.snapshot, config, as_of=meta.as_of, earlier=parts.earlier, former=former, fail_on=meta.fail_on,
        require_scope=meta.require_scope, accept={gate.subject: gate.accepted for gate in meta.accepted},
        outdated=meta.outdated,
    )  # fmt: skip
    if now != meta.audit_id:
        raise ConfigError(
            "the configuration, the policy, the reviews, an earlier snapshot or the audit before changed since the "
            f"audit {meta.audit_id}",
            hint="scimaudit audit judges by them; then seal that",
        )


def newest(bundles: Path) -> statement.Statement | None:
    """The statement of the bundle that no other names as its parent; ``None`` where there is no bundle.

    :raises IntegrityError: there are several: the chain has split; an export lies there, from which nothing goes on; or
        its seal is not what it was, and whoever named it so would break the chain for good.
    """
    lying = {bundle: statement.load(bundle) for bundle in sealed(bundles)}
    found = list(lying.values())
    if exported := next((each for each in found if each.pseudonymised), None):
        raise IntegrityError(
            f"{exported.bundle} is a pseudonymised export, and lies among the bundles of {bundles}",
            hint="move it to another folder",
        )
    parents = {each.parent[1] for each in found if each.parent}
    heads = [each for each in found if each.digest not in parents]
    if len(heads) > 1:
        named = ", ".join(each.bundle for each in heads)
        raise IntegrityError(
            f"the bundles of {bundles} are no single chain: {named} are all the last", hint="scimaudit verify --chain"
        )
    for bundle, told in lying.items():
        if told in heads:
            sums.check(bundle)
    return heads[0] if heads else None


def predicate(parts: Parts, parent: statement.Statement | None, now: datetime) -> Mapping[str, Any]:
    """What the statement says beside the hash."""
    return {
        "bundle": parts.stored.path.name,
        "parent": {"bundle": parent.bundle, "sha256": parent.digest} if parent else None,
        "sealed_at": now,
        "version": __version__,
        **statement.of(parts.stored.audit),
        "earlier": [snapshot.id for snapshot in parts.earlier],
        "former": parts.former.path.name if parts.former else None,
        "retention": tombstones.settings(parts.config.evidence),
    }
