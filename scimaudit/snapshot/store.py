"""The snapshots on disk: ``snapshots/<id>/`` with ``manifest.json``, ``raw/`` and ``tables/``.

While it is being filled a snapshot's folder is called ``<id>.partial`` and has no manifest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from scimaudit import tables
from scimaudit.errors import IntegrityError
from scimaudit.snapshot import manifest as manifests
from scimaudit.snapshot.manifest import Collected, Manifest

PARTIAL = ".partial"
DRAFT = ".draft"
"""Ending of a file that is being written; it loses it once it is whole."""
_MANY = 100_000
"""Rows from which reading a table in parallel pays."""


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot, read from its folder.

    :param judged: its table of contents by the configuration that judges it; see :meth:`with_sources`.
    """

    path: Path
    judged: Manifest | None = None

    @property
    def id(self) -> str:
        """The snapshot's id: the time it began."""
        return self.path.name

    @cached_property
    def manifest(self) -> Manifest:
        """Its table of contents.

        :raises IntegrityError: it is unfinished.
        """
        return self.judged or manifests.load(self.path / "manifest.json")

    def with_sources(self, sources: Iterable[Collected]) -> Snapshot:
        """The same snapshot, of whose sources something else is said than when they were collected."""
        return replace(self, judged=replace(self.manifest, sources=tuple(sources)))

    def people(self) -> pa.Table:
        """The merged rosters: rows of :data:`scimaudit.tables.PEOPLE` and declared extras."""
        return self._table("people.parquet", self.manifest.people)

    def overlaps(self) -> pa.Table:
        """People in several rosters: rows of :data:`scimaudit.tables.OVERLAPS`."""
        rows = self.manifest.overlaps
        return self._table("overlaps.parquet", rows) if rows else tables.empty(tables.OVERLAPS)

    def accounts(self, app: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The accounts of one app: rows of :data:`scimaudit.tables.ACCOUNTS`, or some columns of them."""
        counts = {line.app: line.accounts for line in self.manifest.apps}
        return self._table(f"accounts/{app}.parquet", counts[app], columns)

    def grants(self, app: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The grants of one app: rows of :data:`scimaudit.tables.GRANTS`, ``account_id`` as dictionary codes.

        An account holds many grants; the file has its id once, and memory need not have more.
        """
        counts = {line.app: line.grants for line in self.manifest.apps}
        return self._table(f"grants/{app}.parquet", counts[app], columns, coded=("account_id",))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its table of contents, which holds the hash of every other file; in hex.

        :raises IntegrityError: it is unfinished.
        """
        try:
            return file_digest(self.path / "manifest.json")
        except OSError as error:
            raise IntegrityError(f"{self.id} is not a finished snapshot", hint="scimaudit pull") from error

    def verify(self, within: str = "", *, without: Collection[str] = ()) -> None:
        """Compare every file with the manifest's hash of it.

        :param within: how the paths begin that are looked at, for a bundle has of an earlier snapshot its tables alone.
        :param without: paths that are not looked at, for they were removed under a tombstone.
        :raises IntegrityError: a file is missing, changed, or not named in the manifest.
        """
        found = {path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file()}
        strangers = found - set(self.manifest.files) - {"manifest.json"}
        if strangers:
            raise IntegrityError(f"snapshot {self.id} holds files that its manifest does not name: {min(strangers)}")
        for name, digest in self.manifest.files.items():
            if not name.startswith(within) or name in without:
                continue
            if name not in found or file_digest(self.path / name) != digest:
                raise IntegrityError(f"{name} of snapshot {self.id} is missing or changed since it was collected")

    def _table(self, name: str, rows: int, columns: Sequence[str] | None = None, coded: Sequence[str] = ()) -> pa.Table:
        path = self.path / "tables" / name
        try:
            table = (_read_small if rows < _MANY else pq.read_table)(
                path, columns=list(columns) if columns else None, read_dictionary=list(coded)
            )
        except (OSError, pa.ArrowInvalid, KeyError) as error:
            raise IntegrityError(f"{name} of snapshot {self.id} cannot be read") from error
        if table.num_rows != rows:
            raise IntegrityError(
                f"{name} of snapshot {self.id} has {table.num_rows} rows where its manifest says {rows}"
            )
        return table


def _read_small(path: Path, *, columns: list[str] | None, read_dictionary: list[str]) -> pa.Table:
    """What :func:`pyarrow.parquet.read_table` gives, at half the cost where a table is small: histories have many."""
    with pq.ParquetFile(path, read_dictionary=read_dictionary) as file:
        table = file.read(columns=columns, use_threads=False)
    return table.select(columns) if columns else table


def snapshots(store: Path) -> list[Snapshot]:
    """All finished snapshots of a store, oldest first."""
    folder = store / "snapshots"
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if path.is_dir() and not path.name.endswith(PARTIAL))
    return [Snapshot(path) for path in sorted(found) if (path / "manifest.json").is_file()]


def open_snapshot(store: Path, name: str | None = None) -> Snapshot:
    """The snapshot of that id (or folder), or the newest.

    :raises IntegrityError: there is none, or it is unfinished.
    """
    if name is None:
        found = snapshots(store)
        if not found:
            raise IntegrityError(f"there is no snapshot in {store}", hint="scimaudit pull makes one")
        return found[-1]
    for path in (store / "snapshots" / name, Path(name)):
        if path.is_dir() and path.suffix != PARTIAL:
            snapshot = Snapshot(path)
            snapshot.manifest  # noqa: B018 - reading it is the check that the snapshot is finished
            return snapshot
    known = ", ".join(snapshot.id for snapshot in snapshots(store)[-5:])
    raise IntegrityError(
        f"there is no snapshot {name}", hint=f"the newest are: {known}" if known else "scimaudit pull makes one"
    )


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet so that a reader sees the whole of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + DRAFT)
    with _begun(draft) as file:
        # Arrow calls the items of a list "item"; Parquet's own name for them would come back as another type.
        pq.write_table(table, file, compression="zstd", compression_level=1, use_compliant_nested_type=False)
    draft.replace(path)


def write_bytes(data: bytes, path: Path) -> None:
    """Write a file so that a reader sees the whole of it or nothing, and so that it survives a loss of power."""
    draft = path.with_name(path.name + DRAFT)
    with _begun(draft) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def settle(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk."""
    if path.is_dir() and os.name != "posix":
        return  # Windows knows no fsync of a folder
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _begun(draft: Path) -> BinaryIO:
    """A new file; what an interruption left there is gone, and a link that waits there leads nowhere."""
    draft.unlink(missing_ok=True)
    return draft.open("xb")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
