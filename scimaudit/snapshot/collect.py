"""Filling a snapshot: rosters first, then every app's listings side by side."""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event, Lock
from typing import Literal, Protocol

import msgspec
import pyarrow as pa
from filelock import FileLock, Timeout

from scimaudit import __version__, tables
from scimaudit.config import App, AppListing, Config, Roster
from scimaudit.errors import ConfigError, IntegrityError, Malformed, ScimAuditError, SourceError
from scimaudit.snapshot import manifest as manifests
from scimaudit.snapshot import merge
from scimaudit.snapshot.brake import Brake
from scimaudit.snapshot.manifest import AppCollected, Collected, Manifest
from scimaudit.snapshot.record import Record
from scimaudit.snapshot.settings import digest, meanings, source_of_listing, source_of_roster
from scimaudit.snapshot.store import PARTIAL, Snapshot, file_digest, snapshots, write_bytes, write_table
from scimaudit.snapshot.taking_over import found, last_listed, take_over
from scimaudit.snapshot.union import Brought, Union, union
from scimaudit.sources import Listing, Reply, Walk
from scimaudit.sources._files import on_disk

WORKERS = 64
RESUME_WITHIN_HOURS = 12


class Watcher(Protocol):
    """Told how a pull goes; called from several threads."""

    def started(self, name: str) -> None:
        """A source is being collected."""

    def moved(self, name: str, done: int, total: int | None) -> None:
        """It has this many rows, of a total if the server names one."""

    def told(self, name: str, words: str) -> None:
        """It asks a human to act, such as to sign in with a code."""

    def ended(self, name: str, listing: Listing | None, error: str) -> None:
        """It is done or failed."""


@dataclass(frozen=True)
class Pull:
    """What every part of a pull needs to know."""

    config: Config
    folder: Path
    now: Callable[[], datetime]
    watcher: Watcher
    quick: bool
    stop: Event
    brake: Brake
    previous: Snapshot | None
    meanings: Mapping[str, str]
    taking: Lock = field(default_factory=Lock)

    def before(self, name: str) -> Snapshot | None:
        """The snapshot of that id, where the store still has it."""
        return found(self.previous, name) if self.previous else None

    def halt(self) -> None:
        """Let every listing end at its next request."""
        self.stop.set()
        self.brake.release()


class SourceSink:
    """The sink of one source; see :class:`scimaudit.sources.Sink`."""

    def __init__(
        self,
        pull: Pull,
        record: Record,
        name: str,
        fills: Literal["people", "accounts"],
        app: str | None = None,
        people: pa.Table | None = None,
        last: tuple[tuple[str, ...], bool] = ((), False),
    ) -> None:
        self.name, self.fills, self.app, self.base = name, fills, app, pull.config.base
        self.people, self.quick = people, pull.quick
        self.last_ids, self.last_whole = last
        self.now = pull.now
        self._record, self._watcher, self._stop, self._brake = record, pull.watcher, pull.stop, pull.brake
        self._tables: dict[str, list[pa.Table]] = {"people": [], "accounts": [], "grants": []}

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        """See :meth:`scimaudit.sources.Sink.exchange`."""
        if self.app:
            self._brake.wait(self.app)
        if self._stop.is_set():
            raise SourceError("the pull was stopped", source=self.name)
        return self._record.exchange(method, url, send)

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """See :meth:`scimaudit.sources.Sink.files`."""
        return on_disk(paths, self.base)

    def read(self, path: Path) -> tuple[bytes, int]:
        """See :meth:`scimaudit.sources.Sink.read`."""
        return self._record.read(self.base / path, path.as_posix())

    def rows(self, table: pa.Table) -> None:
        """See :meth:`scimaudit.sources.Sink.rows`."""
        self._tables[table.schema.metadata[b"name"].decode()].append(table)

    def progress(self, done: int, total: int | None) -> None:
        """See :meth:`scimaudit.sources.Sink.progress`."""
        if self.app:
            self._brake.holds(self.app, done)
        self._watcher.moved(self.name, done, total)

    def tell(self, words: str) -> None:
        """See :meth:`scimaudit.sources.Sink.tell`."""
        self._watcher.told(self.name, words)

    def table(self, name: str) -> pa.Table:
        """All rows of one table that the source handed over."""
        return tables.concat(tables.ALL[name], self._tables[name])


def collect(
    config: Config,
    *,
    now: Callable[[], datetime],
    watcher: Watcher,
    quick: bool = False,
    only: Sequence[str] = (),
) -> Snapshot:
    """Pull every roster and app into a new snapshot, or finish the one that an interrupted pull began.

    :param only: names of apps to pull; the others are taken over from the newest snapshot, each with its own date.
    :raises SourceError: a roster could not be had; the begun snapshot stays and the next pull goes on with it.
    :raises ConfigError: an app of ``only`` is unknown, or another pull is at work on this store.
    """
    for name in only:
        config.app(name)
    store = config.store
    _private_folder(store / "snapshots")
    if os.name == "posix" and store.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(f"{store} can be written by others, who could change evidence", hint=f"chmod go-w {store}")
    try:
        with FileLock(store / "pull.lock", timeout=0):
            return _collect(config, now, watcher, quick, only)
    except Timeout as error:
        raise ConfigError(f"another pull is at work on {store}", hint="wait until it ends") from error


def _collect(
    config: Config, now: Callable[[], datetime], watcher: Watcher, quick: bool, only: Sequence[str]
) -> Snapshot:
    finished = snapshots(config.store)
    previous = finished[-1] if finished else None
    if only and previous is None:
        raise ConfigError("there is no snapshot to take the other apps from", hint="pull once without --app")
    started, folder = _begin(config, now(), quick, only)
    pull = Pull(config, folder, now, watcher, quick, Event(), Brake(), previous, meanings(config))
    rosters = [_roster(pull, roster) for roster in config.rosters]
    together = union([brought for _, brought in rosters])
    people = together.people
    write_table(people, folder / "tables" / "people.parquet")
    if together.overlaps.num_rows:
        write_table(together.overlaps, folder / "tables" / "overlaps.parquet")
    collected = [_covered(line, together.coverage.get(brought.name, ())) for line, brought in rosters]
    lines: list[AppCollected] = []
    apps = [app for app in config.apps if app.listings]
    gc.freeze()
    threshold = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        for sources, line in _side_by_side(pull, apps, people, only):
            collected.extend(sources)
            lines.append(line)
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
    return _finish(pull, started, together, collected, lines)


def _side_by_side(
    pull: Pull, apps: Sequence[App], people: pa.Table, only: Sequence[str]
) -> list[tuple[list[Collected], AppCollected]]:
    if not apps:
        return []
    with ThreadPoolExecutor(min(WORKERS, len(apps)), thread_name_prefix="pull") as pool:
        futures = [
            pool.submit(_taken_over, pull, app)
            if only and app.name not in only
            else pool.submit(_app, pull, app, people)
            for app in apps
        ]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            failed = [future for future in futures if future.done() and future.exception()]
        except BaseException:
            pull.halt()
            raise
        if failed:
            pull.halt()
        return [future.result() for future in (*failed, *futures)]


def _roster(pull: Pull, roster: Roster) -> tuple[Collected, Brought]:
    name = f"rosters.{roster.name}"
    raw = f"roster.{roster.name}"
    started = pull.now()
    pull.watcher.started(name)
    with Record(_raw(pull.folder) / raw, pull.now) as record:
        # What an interrupted pull received was true then, and not when this one goes on.
        started = record.began or started
        sink = SourceSink(pull, record, name, "people")
        source = source_of_roster(roster, pull.config)
        try:
            listing = source.collect(sink)
        except SourceError as error:
            pull.watcher.ended(name, None, error.message)
            if isinstance(error, Malformed):
                record.forget_last()
            # A kind of error may hold more than its words, so it is named and not made anew.
            error.source, error.message = name, f"{name}: {error.message}"
            error.args = (error.message,)
            raise
        record.close()
    table = sink.table("people")
    listing = balanced(listing, table.num_rows)
    pull.watcher.ended(name, listing, "")
    acknowledged = sum(row.digest in roster.acknowledged_rows for row in listing.rejected)
    line = Collected(
        name, "people", None, roster.source, raw, started, pull.now(), listing, acknowledged=acknowledged,
        settings=digest(source), meaning=pull.meanings[name],
    )  # fmt: skip
    return line, brought(table, roster)


def brought(people: pa.Table, roster: Roster) -> Brought:
    """A roster's people under its name, ready to be merged with the others."""
    code = pa.array([roster.name] * people.num_rows, tables.TEXT).dictionary_encode()
    named = people.set_column(people.schema.get_field_index("roster"), people.schema.field("roster"), code)
    return Brought(roster.name, named, roster.join_on, roster.authoritative_for)


def _covered(line: Collected, notes: tuple[str, ...]) -> Collected:
    if line.listing is None or not notes:
        return line
    return replace(line, listing=replace(line.listing, notes=(*line.listing.notes, *notes)))


def _app(pull: Pull, app: App, people: pa.Table) -> tuple[list[Collected], AppCollected]:
    collected, pulled = [], []
    try:
        for index, wanted in enumerate(app.listings):
            line, brought = _listing(pull, app, index, wanted, people)
            collected.append(line)
            pulled.append(brought)
        accounts, grants, merged = merge.app(app.name, pulled)
        folder = pull.folder / "tables"
        write_table(accounts, folder / "accounts" / f"{app.name}.parquet")
        write_table(grants, folder / "grants" / f"{app.name}.parquet")
    finally:
        pull.brake.ended(app.name)
    return collected, merged


def _listing(pull: Pull, app: App, index: int, wanted: AppListing, people: pa.Table) -> tuple[Collected, merge.Pulled]:
    name = f"apps.{app.name}.listings[{index}]"
    raw = f"app.{app.name}.{index}"
    started = pull.now()
    pull.watcher.started(name)
    listing, message, hint = None, "", ""
    source = source_of_listing(wanted, app, pull.config)
    with Record(_raw(pull.folder) / raw, pull.now) as record:
        # What an interrupted pull received was true then, and not when this one goes on.
        started = record.began or started
        last = last_listed(pull.previous, app.name, name, pull.before)
        sink = SourceSink(pull, record, name, "accounts", app.name, people, last)
        try:
            listing = source.collect(sink)
        except ScimAuditError as error:
            if pull.stop.is_set() or isinstance(error, IntegrityError):
                raise
            message, hint = error.message, error.hint
        record.close()
    listing = listing and balanced(listing, sink.table("accounts").num_rows)
    pull.watcher.ended(name, listing, message)
    acknowledged = sum(row.digest in wanted.acknowledged_rows for row in listing.rejected) if listing else 0
    line = Collected(
        name, "accounts", app.name, wanted.source, raw, started, pull.now(), listing, message, hint, "", acknowledged,
        digest(source), pull.meanings[name],
    )  # fmt: skip
    return line, pulled(line, wanted.join_on, sink.table)


def pulled(line: Collected, join_on: str, table: Callable[[str], pa.Table]) -> merge.Pulled:
    """What a listing brought, ready to be merged with the app's others.

    :param table: gives the rows that its source handed over, by the table's name.
    """
    # What a failed listing handed over before it failed is evidence (its raw bodies are kept), never an inventory.
    accounts = table("accounts") if line.listing else tables.empty(tables.ACCOUNTS)
    grants = merge.grants_of_known_accounts(accounts, table("grants")) if line.listing else tables.empty(tables.GRANTS)
    return merge.Pulled(line.name, join_on, accounts, grants, line.listing, line.error)


def balanced(listing: Listing, rows: int) -> Listing:
    """The listing as the ledger may hold it: where ``rows`` were handed over and it counts others, it is incomplete.

    A row that is lost between reading and keeping would be an account that nobody judges.
    """
    if rows == listing.parsed:
        return listing
    lost = f"{listing.parsed} rows were read and {rows} were handed over"
    cut = listing.walk.state in {"incomplete", "failed"}
    walk = Walk(listing.walk.state if cut else "incomplete", f"{lost}; {listing.walk.reason}" if cut else lost)
    held = listing.entitlements
    return replace(listing, walk=walk, entitlements=Walk("incomplete", lost) if held.state == "complete" else held)


def _taken_over(pull: Pull, app: App) -> tuple[list[Collected], AppCollected]:
    with pull.taking:  # apps have files in common
        return take_over(app.name, pull.previous, pull.folder, pull.meanings)


def _begin(config: Config, now: datetime, quick: bool, only: Sequence[str]) -> tuple[datetime, Path]:
    """The folder to fill: an interrupted pull of the same configuration goes on, any other is thrown away."""
    # What another version recorded it may have asked for in another way.
    asked = {"version": __version__, "configuration": _digest(config), "quick": quick, "only": sorted(only)}
    for folder in sorted((config.store / "snapshots").glob("*" + PARTIAL)):
        try:
            begun = msgspec.json.decode((folder / "pull.json").read_bytes())
            started = datetime.fromisoformat(begun.pop("started"))
        except (OSError, msgspec.DecodeError, KeyError, ValueError):
            begun, started = {}, now
        if begun == asked and (now - started).total_seconds() < RESUME_WITHIN_HOURS * 3600:
            _unmake(folder)
            return started, folder
        shutil.rmtree(folder)
    # Milliseconds keep the ids of two pulls in one second apart, and in order.
    name = now.strftime("%Y-%m-%dT%H%M%S.") + f"{now.microsecond // 1000:03d}Z"
    newest = max((snapshot.id for snapshot in snapshots(config.store)), default="")
    if name <= newest:
        # The newest snapshot is found by its id: one that sorts behind an older one would never be judged.
        raise ConfigError(f"the clock says {name} and the newest snapshot is {newest}", hint="set the clock")
    folder = config.store / "snapshots" / (name + PARTIAL)
    _private_folder(folder)
    write_bytes(msgspec.json.encode({**asked, "started": now.isoformat()}), folder / "pull.json")
    return now, folder


def _unmake(folder: Path) -> None:
    """Of an interrupted pull keep what was received: the rest is made of that, and by now perhaps other tables."""
    shutil.rmtree(folder / "tables", ignore_errors=True)
    for path in folder.glob("manifest.json*"):
        path.unlink()


def _finish(
    pull: Pull, started: datetime, together: Union, collected: Sequence[Collected], lines: Sequence[AppCollected]
) -> Snapshot:
    folder = pull.folder
    known = {line.raw for line in collected}
    for stray in (path for path in _raw(folder).iterdir() if path.name.rpartition(".")[0] not in known):
        stray.unlink()
    files = {
        path.relative_to(folder).as_posix(): file_digest(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }
    manifest = Manifest(
        snapshot_id=folder.name.removesuffix(PARTIAL),
        version=__version__,
        started=started,
        ended=pull.now(),
        configuration=_digest(pull.config),
        quick=pull.quick,
        people=together.people.num_rows,
        overlaps=together.overlaps.num_rows,
        joined=together.joined,
        sources=tuple(collected),
        apps=tuple(lines),
        files=files,
        previous=pull.previous.id if pull.previous else "",
    )
    write_bytes(manifests.dump(manifest), folder / "manifest.json")
    return Snapshot(folder.rename(folder.with_name(manifest.snapshot_id)))


def _digest(config: Config) -> str:
    """Hash of what is pulled and how; policies and rule settings may change without a new pull."""
    text = config.model_dump_json(include={"network", "rosters", "apps"}, serialize_as_any=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _raw(folder: Path) -> Path:
    path = folder / "raw"
    path.mkdir(exist_ok=True)
    return path


def _private_folder(path: Path) -> None:
    """A folder for personal data: its owner's alone, where the system knows owners."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
