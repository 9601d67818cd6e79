"""The audits on disk: ``audits/<id>/`` with the result as JSON and its tables as Parquet, and a ``latest`` pointer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from scimaudit import tables
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.result import (
    AppLine,
    ApprovalLine,
    Audit,
    Equation,
    ExceptionLine,
    FeedLine,
    Gate,
    KindLine,
    Meta,
    OverTime,
    PowerLine,
    SavingLine,
    SourceLine,
    ThresholdLine,
)
from scimaudit.snapshot.store import file_digest, write_bytes, write_table


@dataclass(frozen=True)
class _Plain:
    """The parts of an audit that are not tables, as they are stored."""

    meta: Meta
    apps: tuple[AppLine, ...]
    sources: tuple[SourceLine, ...]
    equations: tuple[Equation, ...]
    gates: tuple[Gate, ...]
    kinds: tuple[KindLine, ...]
    exceptions: tuple[ExceptionLine, ...]
    feeds: tuple[FeedLine, ...]
    power: tuple[PowerLine, ...] = ()
    thresholds: tuple[ThresholdLine, ...] = ()
    savings: tuple[SavingLine, ...] = ()
    approvals: tuple[ApprovalLine, ...] = ()
    over_time: OverTime = field(default_factory=OverTime)


FILES: Final = ("audit.json", "checks.parquet", "findings.parquet", "links.parquet", "trail.parquet")
"""The files of a stored audit."""
SHRINK: Final = ("roster-shrunk", "app-shrunk")
_ADAPTER: Final = TypeAdapter(_Plain)
_PATIENCE: Final = 60.0
"""Seconds to wait for another audit to be kept."""


@dataclass(frozen=True)
class Stored:
    """A stored audit."""

    path: Path

    @property
    def snapshot(self) -> str:
        """The id of the snapshot that it judged."""
        return self.path.name.rpartition("-")[0]

    @cached_property
    def audit(self) -> Audit:
        """The audit as it was judged.

        :raises IntegrityError: it is unfinished or not readable.
        """
        findings, checks = (tables.frame(self._table(name)) for name in ("findings", "checks"))
        return self.audit_with(findings, checks)

    def audit_with(self, findings: pd.DataFrame, checks: pd.DataFrame) -> Audit:
        """The audit with these tables, where its own are not beside it.

        :raises IntegrityError: it is not readable.
        """
        parts = {each.name: getattr(self._plain, each.name) for each in fields(_Plain)}
        return Audit(**parts, findings=findings, checks=checks)

    @property
    def meta(self) -> Meta:
        """What the audit is of, and how it ends.

        :raises IntegrityError: it is unfinished or not readable.
        """
        return self._plain.meta

    @property
    def digest(self) -> str:
        """SHA-256 over the hashes of its files, in hex.

        :raises IntegrityError: one is missing.
        """
        try:
            told = "".join(f"{name} {file_digest(self.path / name)}\n" for name in FILES)
        except OSError as error:
            raise IntegrityError(f"the audit {self.path.name} cannot be read") from error
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def shrunk(self) -> dict[tuple[str, str], int]:
        """Name and subject of each standing gate of a source that shrank, to how many there were before."""
        return {(gate.name, gate.subject): gate.before for gate in self._plain.gates if gate.name in SHRINK}

    @cached_property
    def _plain(self) -> _Plain:
        try:
            return _ADAPTER.validate_json((self.path / "audit.json").read_bytes())
        except (OSError, ValidationError) as error:
            raise IntegrityError(
                f"the audit {self.path.name} cannot be read", hint="scimaudit audit makes a new one"
            ) from error

    def links(self) -> pa.Table:
        """Who owns each account: rows of :data:`scimaudit.tables.LINKS`."""
        return self._table("links")

    def trail(self) -> pd.DataFrame:
        """What became of every finding up to this audit: rows of :data:`scimaudit.tables.TRAIL`."""
        return tables.frame(self._table("trail"))

    def _table(self, name: str) -> pa.Table:
        try:
            return pq.read_table(self.path / f"{name}.parquet")
        except (OSError, pa.ArrowInvalid) as error:
            raise IntegrityError(f"{name} of the audit {self.path.name} cannot be read") from error


def save(audit: Audit, links: pd.DataFrame, trail: pd.DataFrame, store: Path) -> Stored:
    """Write an audit and point ``latest`` at it; an audit of the same id is written over, being the same.

    :raises ConfigError: another one is being kept, and does not end.
    """
    folder = store / "audits" / audit.meta.audit_id
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Two may judge at once; what they write is short, so the second waits.
        with FileLock(store / "audits" / "audit.lock", timeout=_PATIENCE):
            _write(audit, links, trail, folder)
    except Timeout as error:
        raise ConfigError(f"another audit is being kept in {store}", hint="wait until it ends") from error
    return Stored(folder)


def _write(audit: Audit, links: pd.DataFrame, trail: pd.DataFrame, folder: Path) -> None:
    write_bytes(str(max(map(_place, folder.parent.glob("*/kept")), default=0) + 1).encode(), folder / "kept")
    write_table(tables.conform(audit.findings, tables.FINDINGS), folder / "findings.parquet")
    write_table(tables.conform(audit.checks, tables.CHECKS), folder / "checks.parquet")
    write_table(tables.conform(links, tables.LINKS), folder / "links.parquet")
    write_table(tables.conform(trail, tables.TRAIL), folder / "trail.parquet")
    plain: Mapping[str, Any] = {each.name: getattr(audit, each.name) for each in fields(_Plain)}
    data = {
        name: [asdict(line) for line in part] if isinstance(part, tuple) else asdict(part)
        for name, part in plain.items()
    }
    write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2), folder / "audit.json")
    write_bytes(folder.name.encode(), folder.parent / "latest")


def _place(kept: Path) -> int:
    """Where an audit stands in the order in which audits were kept; 0 where nothing tells."""
    try:
        return int(kept.read_bytes())
    except (OSError, ValueError):
        return 0


def latest(store: Path, name: str | None = None) -> Stored:
    """The audit of that id, or the newest.

    :raises IntegrityError: there is none.
    """
    pointer = store / "audits" / "latest"
    try:
        chosen = name or pointer.read_text("utf-8").strip()
    except OSError as error:
        raise IntegrityError(f"there is no audit in {store}", hint="scimaudit run makes one") from error
    folder = store / "audits" / chosen
    if not (folder / "audit.json").is_file():
        raise IntegrityError(f"there is no audit {chosen} in {store}", hint="scimaudit audit makes one")
    return Stored(folder)


def audits(store: Path) -> list[Stored]:
    """The last audit kept of each snapshot, oldest snapshot first.

    Each has a number, one more than those before it: a clock that was set back would put them in another order. Those
    that were kept before audits had numbers come first, by the times of their files.
    """
    found = [Stored(path.parent) for path in (store / "audits").glob("*/audit.json")]
    made = sorted(found, key=_order)
    return sorted({each.snapshot: each for each in made}.values(), key=lambda each: each.snapshot)


def _order(stored: Stored) -> tuple[int, int, str]:
    place = _place(stored.path / "kept")
    return place, 0 if place else (stored.path / "audit.json").stat().st_mtime_ns, stored.path.name


def before(store: Path, snapshot: str) -> Stored | None:
    """The audit that one of ``snapshot`` goes on from: the last one kept of the newest snapshot before it."""
    earlier = [each for each in audits(store) if each.snapshot < snapshot]
    return earlier[-1] if earlier else None


def named(store: Path, name: str | None) -> Stored:
    """The audit of that id, or the last one kept of the snapshot of that id; default: the newest.

    :raises IntegrityError: there is none.
    """
    of_snapshot = [each for each in audits(store) if each.snapshot == name]
    return of_snapshot[0] if of_snapshot else latest(store, name)
