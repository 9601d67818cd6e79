"""What a snapshot is made of: when, from which sources, with which proof, and the hash of every file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from scimaudit.errors import IntegrityError
from scimaudit.sources import Listing, ScopeState, WalkState


@dataclass(frozen=True)
class Collected:
    """One source as it was collected.

    :param listing: what it brought; ``None`` when it failed, and ``error`` says how.
    :param reused_from: id of the snapshot it was taken over from, with that snapshot's times.
    :param acknowledged: how many of its rejected rows somebody has acknowledged.
    :param settings: digest of the settings that say what it asks for and what its rows mean; empty in a snapshot of an
        earlier version, whose records do not tell of signing in either.
    :param meaning: digest of the settings that say what it is and what its rows mean, however it is asked.
    :param outdated: it was taken over although its settings had changed since it was collected.
    """

    name: str
    fills: Literal["people", "accounts"]
    app: str | None
    source: str
    raw: str
    started: datetime
    ended: datetime
    listing: Listing | None
    error: str = ""
    hint: str = ""
    reused_from: str = ""
    acknowledged: int = 0
    settings: str = ""
    meaning: str = ""
    outdated: bool = False


@dataclass(frozen=True)
class Gap:
    """Accounts that one listing of an app shows and another does not."""

    app: str
    seen_in: str
    missing_in: str
    accounts: int


@dataclass(frozen=True)
class AppCollected:
    """One app as merged from its listings."""

    app: str
    accounts: int
    grants: int
    walk: WalkState
    walk_reason: str
    scope: ScopeState
    scope_reason: str
    entitlements: WalkState
    entitlements_reason: str
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """The snapshot's table of contents; it is written last, so a snapshot that has one is finished.

    :param overlaps: rows of the table of overlaps, which is there only where there are some.
    :param joined: rows of rosters that found their person in an earlier roster.
    :param previous: id of the newest snapshot when this one began, by which listings asked for what they gave then;
        empty where there was none, ``None`` where an older version did not say.
    """

    snapshot_id: str
    version: str
    started: datetime
    ended: datetime
    configuration: str
    quick: bool
    people: int
    sources: tuple[Collected, ...]
    apps: tuple[AppCollected, ...]
    files: dict[str, str]
    overlaps: int = 0
    joined: int = 0
    format: int = 1
    previous: str | None = None


_ADAPTER = TypeAdapter(Manifest)


def dump(manifest: Manifest) -> bytes:
    """The manifest as JSON."""
    return _ADAPTER.dump_json(manifest, indent=1)


def load(path: Path) -> Manifest:
    """Read a manifest.

    :raises IntegrityError: it is missing (the snapshot is unfinished) or not a manifest.
    """
    try:
        found = _ADAPTER.validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise IntegrityError(f"{path.parent.name} is not a finished snapshot", hint="scimaudit pull") from error
    except (OSError, ValidationError) as error:
        raise IntegrityError(f"{path} is not a readable manifest") from error
    named = [found.snapshot_id, *(source.raw for source in found.sources), *(line.app for line in found.apps)]
    named += [name for name in (found.previous, *(source.reused_from for source in found.sources)) if name]
    if not all(map(_plain, named)):
        raise IntegrityError(f"{path} names files outside the snapshot")
    return found


def _plain(name: str) -> bool:
    """Whether a name is that of one file in a folder: a manifest may come from a stranger, and is used to write."""
    return name not in {"", ".", ".."} and not set(name) & set("/\\:\0")
