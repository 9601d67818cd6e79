"""The demonstration's company with one column emptied: what rests on it must not pass, and nothing may pass instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from scimaudit import audit
from scimaudit.snapshot.manifest import Collected, Manifest
from scimaudit.snapshot.store import Snapshot, open_snapshot
from tests.golden.conftest import Pulled

# Kinds that cannot judge a single row without the column.
RESTING = {
    ("people", "status"): {
        "birthright-missing", "external-expired", "missing-account", "nhi-owner-left", "on-leave-active",
        "peer-outlier", "prestart",
    },
    ("people", "department"): {"peer-outlier"},
    ("accounts", "active"): {
        "attribute-drift", "birthright-missing", "disabled-residual", "dormant", "excess", "external-expired",
        "break-glass-unready", "leaver-active", "never-used", "nhi-interactive", "nhi-owner-left", "nhi-unowned",
        "out-of-band", "peer-outlier",
        "privileged-unapproved", "status-drift", "unmatched",
    },
    ("accounts", "last_login"): {"break-glass-unready", "dormant", "never-used", "nhi-interactive"},
}  # fmt: skip
# What correlation compares is not here: with fewer identifiers fewer of them contradict each other.
# These count people and exceptions by findings that others have or have not: emptying a column moves them.
BY_FINDINGS = {"exception-expired", "exception-invalid", "exception-unused"}


class Emptied(Snapshot):
    """A snapshot in which nobody has a value in one column."""

    table: str
    column: str

    @cached_property
    def manifest(self) -> Manifest:
        """Sources that fill the table do not supply the column, as a pull of blanks would have it."""
        whole = super().manifest
        return replace(whole, sources=tuple(self._silenced(source) for source in whole.sources))

    def _silenced(self, source: Collected) -> Collected:
        if source.listing is None or source.fills != self.table:
            return source
        told = {name: rows for name, rows in source.listing.attributes.items() if name != self.column}
        return replace(source, listing=replace(source.listing, attributes=told))

    def people(self) -> pa.Table:
        return self._emptied("people", super().people())

    def accounts(self, app: str, columns: Sequence[str] | None = None) -> pa.Table:
        whole = self._emptied("accounts", super().accounts(app))
        return whole.select(columns) if columns else whole

    def grants(self, app: str, columns: Sequence[str] | None = None) -> pa.Table:
        whole = self._emptied("grants", super().grants(app))
        return whole.select(columns) if columns else whole

    def _emptied(self, name: str, table: pa.Table) -> pa.Table:
        if name != self.table:
            return table
        place = table.schema.get_field_index(self.column)
        field = table.schema.field(place)
        # The status of a person is never null: what nobody knows has a word.
        nothing = pa.array(["unknown"] * len(table)) if self.column == "status" else pa.nulls(len(table), field.type)
        return table.set_column(place, field, nothing.cast(field.type))


def passes(snapshot: Snapshot, pulled: Pulled) -> pd.Series:
    checks = audit.judge(snapshot, pulled.config).audit.checks
    return checks.groupby("kind")["passed"].sum()


def emptied(folder: Path, table: str, column: str) -> Snapshot:
    kind: type[Emptied] = type("Emptied", (Emptied,), {"table": table, "column": column})
    return kind(folder)


@pytest.fixture(scope="module")
def whole(pulled: Pulled) -> Snapshot:
    return open_snapshot(pulled.config.store)


@pytest.fixture(scope="module")
def before(whole: Snapshot, pulled: Pulled) -> pd.Series:
    return passes(whole, pulled)


@pytest.mark.parametrize(
    ("table", "column"),
    [*RESTING, ("people", "title"), ("people", "worker_type"),
     ("accounts", "external_id"), ("accounts", "department"), ("accounts", "account_kind")],
)  # fmt: skip
def test_what_nobody_knows_never_passes(table, column, whole, before, pulled):
    after = passes(emptied(whole.path, table, column), pulled)
    resting = RESTING.get((table, column), set())
    assert {kind: passed for kind, passed in after.items() if kind in resting and passed} == {}
    assert not resting or before.reindex(sorted(resting)).fillna(0).sum() > 0
    told = (after - before.reindex(after.index).fillna(0)).drop(list(BY_FINDINGS), errors="ignore")
    assert told[told > 0].to_dict() == {}
