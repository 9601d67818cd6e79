"""Apps that a pull does not ask: taken over from the snapshot before, with all that their listings were made by.

Beside raw bodies and tables that is the rosters of the snapshot they were collected in, and what they gave in the one
before: some questions were asked because of them. Both lie as parts of snapshots in ``taken-over/<id>/``, so that what
was taken over can be made again though its own snapshot is deleted.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.snapshot.manifest import AppCollected, Collected
from scimaudit.snapshot.store import Snapshot
from scimaudit.sources import Listing

_FOLDER: Final = "taken-over"


def take_over(
    app: str, old: Snapshot | None, folder: Path, meanings: Mapping[str, str]
) -> tuple[list[Collected], AppCollected]:
    """An app as the newest snapshot has it, with that snapshot's dates.

    :param folder: the snapshot that is being filled.
    :param meanings: what the sources are by the configuration now; see :func:`scimaudit.snapshot.settings.meanings`.
    :raises ConfigError: the newest snapshot does not have the app.
    """
    line = next((line for line in old.manifest.apps if line.app == app), None) if old else None
    if old is None or line is None:
        raise ConfigError(f"the newest snapshot does not have the app {app}", hint="pull once without --app")
    taken = []
    for source in (each for each in old.manifest.sources if each.app == app):
        for ending in (".bodies", ".jsonl"):
            _copied(old.path, folder, f"raw/{source.raw}{ending}")
        outdated = source.meaning != meanings.get(source.name)
        taken.append(replace(source, reused_from=source.reused_from or old.id, outdated=outdated))
        _circumstances(taken[-1], old, folder)
    for name in ("accounts", "grants"):
        _copied(old.path, folder, f"tables/{name}/{app}.parquet")
    return taken, line


def last_listed(
    previous: Snapshot | None, app: str, listing: str, before: Callable[[str], Snapshot | None]
) -> tuple[tuple[str, ...], bool]:
    """The ids that this listing gave last, those of probes among them, and whether its walk was complete then.

    A snapshot in which it failed, or was not, says nothing of it: a night on which an app could not be reached must not
    make anybody forget who was in it.

    :param before: gives the snapshot of an id; ``None`` where it is gone.
    """
    while previous is not None:
        brought = _listed(previous, listing)
        if brought is not None:
            accounts = previous.accounts(app)
            seen = [listing in names for names in accounts["listings"].to_pylist()]
            ids = tuple(accounts["account_id"].filter(pa.array(seen, pa.bool_())).to_pylist())
            return ids, brought.walk.state == "complete"
        previous = before(previous.manifest.previous) if previous.manifest.previous else None
    return (), False


def _listed(snapshot: Snapshot, name: str) -> Listing | None:
    """What the listing of that name brought; ``None`` where it failed, or is not in the snapshot."""
    return next((source.listing for source in snapshot.manifest.sources if source.name == name), None)


def part(snapshot: Snapshot, name: str) -> Snapshot | None:
    """What a snapshot keeps of the one of that id, from which listings were taken over, or of the one before it."""
    path = snapshot.path / _FOLDER / name
    return Snapshot(path) if name and (path / "manifest.json").is_file() else None


def _circumstances(source: Collected, old: Snapshot, folder: Path) -> None:
    """Keep what a listing was asked by; where the store no longer has it, a replay says so."""
    home = found(old, source.reused_from)
    if home is None:
        return
    _kept(home, folder, "tables/people.parquet")
    before = found(old, home.manifest.previous or "")
    while before is not None:
        _kept(before, folder, f"tables/accounts/{source.app}.parquet")
        if _listed(before, source.name) is not None:
            break
        before = found(old, before.manifest.previous or "")


def found(old: Snapshot, name: str) -> Snapshot | None:
    """The snapshot of that id: in the store, or as far as the newest one kept it."""
    if name == old.id:
        return old
    kept, stored = part(old, name), Snapshot(old.path.parent / name)
    if kept is not None:
        return kept
    try:
        return stored if name and stored.manifest.snapshot_id == name else None
    except IntegrityError:
        return None


def _kept(snapshot: Snapshot, folder: Path, table: str) -> None:
    target = folder / _FOLDER / snapshot.id
    for name in ("manifest.json", table):
        if (snapshot.path / name).is_file():
            _copied(snapshot.path, target, name)


def _copied(source: Path, target: Path, name: str) -> None:
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / name, target / name)
