"""Rosters cut, quoted, re-encoded and corrupted at random: refused in words, or no row is lost without a word."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from scimaudit.errors import ScimAuditError
from scimaudit.sources import Listing, load
from tests import figures
from tests.faults.rosters import COLUMNS, KINDS, FileKind
from tests.faults.sink import MemorySink

SEED: Final = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
EXAMPLES: Final = figures.size(1_000, 50_000)
CHUNKS: Final = figures.size(1, 2)


class RosterSink(MemorySink):
    """Takes one damaged file for a roster."""

    def __init__(self, data: bytes) -> None:
        super().__init__(Path())
        self.name, self.fills, self.app, self.data = "rosters.hr", "people", None, data

    def files(self, paths: Sequence[Path]) -> list[Path]:
        return [self.base / path for path in paths]

    def read(self, path: Path) -> tuple[bytes, int]:
        """The file, whatever its name."""
        return self.data, 0

    def now(self) -> datetime:
        """The same moment always."""
        return datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_damaged_roster_loses_no_row_silently(kind: FileKind, chunk: int) -> None:
    counts: Counter[str] = Counter()

    @seed(SEED + chunk)
    @settings(
        max_examples=EXAMPLES // len(KINDS) // CHUNKS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**64), st.integers(1, 25), st.lists(st.sampled_from(kind.damage), min_size=1, max_size=2))
    def read(number, rows, damage):
        chance = Random(number)
        data = kind.made(rows, chance)
        for spoil in damage:
            data = spoil(data, chance) if data else data
        counts["files"] += 1
        said = _outcome(kind, data, counts)
        assert not said, said

    try:
        read()
    finally:
        figures.record(
            "Damaged rosters: CSV, JSON, LDIF, XLSX",
            counts={
                name: counts[name]
                for name in ("files", "refused", "rows there", "rows accepted", "rows rejected", "silent losses")
            }
            | {"tracebacks": counts["tracebacks"]},
            told={"seed": str(SEED)},
        )
    assert counts["refused"] >= counts["files"] // 50
    assert counts["rows accepted"] >= counts["files"] // 4


def _outcome(kind: FileKind, data: bytes, counts: Counter[str]) -> str:
    """What is wrong with how a file was taken; empty when nothing is."""
    there = kind.rows(data)
    try:
        listing, accepted = _listed(kind.name, data)
    except ScimAuditError as error:
        counts["refused"] += 1
        return "" if error.message and not error.message.isspace() else "refused without a word"
    except Exception as error:  # noqa: BLE001 - counted as what must not be
        counts["tracebacks"] += 1
        return f"{type(error).__name__}: {error}"
    if there is None:
        counts["silent losses"] += 1
        return f"{listing.received} rows were read out of a file that cannot be read"
    counts["rows there"] += there
    counts["rows accepted"] += listing.parsed
    counts["rows rejected"] += len(listing.rejected)
    if listing.received != listing.parsed + len(listing.rejected) or listing.parsed != accepted:
        counts["silent losses"] += 1
        return "received is not parsed and rejected"
    if listing.parsed + len(listing.rejected) < there:
        counts["silent losses"] += 1
        return f"{there} rows are there, {listing.parsed} accepted, {len(listing.rejected)} rejected: {listing.notes}"
    return ""


def _listed(name: str, data: bytes) -> tuple[Listing, int]:
    sink = RosterSink(data)
    settings = {
        "path": f"hr.{name}",
        "columns": COLUMNS,
        "status": {"active": ["active"], "terminated": ["terminated"]},
    }
    listing = load(name).model_validate(settings).collect(sink)
    return listing, len(sink.table("people"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_whole_roster_is_read_whole(kind: FileKind) -> None:
    data = kind.made(25, Random(1))
    listing, accepted = _listed(kind.name, data)
    assert (accepted, listing.rejected, kind.rows(data)) == (25, (), 25)
