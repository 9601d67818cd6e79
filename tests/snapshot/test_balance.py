"""Rows read and rows handed over are the same rows, or the walk is not complete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from scimaudit import config as configs
from scimaudit.snapshot.collect import SourceSink, balanced, collect
from scimaudit.snapshot.store import Snapshot
from scimaudit.sources import Listing, Walk
from tests.silence import Silence

ROWS = "employee_number,user_name,email,status\n1,ana,ana@corp.example,active\n2,bo,bo@corp.example,terminated\n"
CONFIG = """
[rosters.hr]
source = "csv"
path = "hr.csv"
[apps.crm]
[[apps.crm.listings]]
source = "csv"
path = "hr.csv"
exported_by = "j.doe"
exported_at = "2026-11-20"
declared_total = 2
columns = { user_name = "user_name", emails = "email" }
"""


@pytest.fixture
def pulled(tmp_path: Path) -> Callable[[], Snapshot]:
    (tmp_path / "hr.csv").write_text(ROWS, "utf-8")
    (tmp_path / "scimaudit.toml").write_text(CONFIG, "utf-8")
    loaded = configs.load(tmp_path / "scimaudit.toml")
    return lambda: collect(loaded, now=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC), watcher=Silence())


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lose the first row of a table on its way into the sink."""

    def lose(name: str) -> None:
        kept = SourceSink.rows

        def rows(sink: SourceSink, table: pa.Table) -> None:
            kept(sink, table.slice(1) if table.schema.metadata[b"name"].decode() == name else table)

        monkeypatch.setattr(SourceSink, "rows", rows)

    return lose


def test_a_listing_that_hands_over_what_it_read_keeps_its_verdict(pulled: Callable[[], Snapshot]) -> None:
    assert [line.walk for line in pulled().manifest.apps] == ["complete"]


def test_an_account_lost_on_the_way_makes_the_walk_incomplete(
    pulled: Callable[[], Snapshot], losing: Callable[[str], None]
) -> None:
    losing("accounts")
    [line] = pulled().manifest.apps
    assert (line.walk, line.walk_reason) == ("incomplete", "2 rows were read and 1 were handed over")


def test_a_person_lost_on_the_way_makes_the_roster_incomplete(
    pulled: Callable[[], Snapshot], losing: Callable[[str], None]
) -> None:
    losing("people")
    roster = next(source for source in pulled().manifest.sources if source.fills == "people")
    assert roster.listing is not None
    assert roster.listing.walk == Walk("incomplete", "2 rows were read and 1 were handed over")


def test_entitlements_cannot_be_complete_over_lost_accounts(listing: Callable[..., Listing]) -> None:
    found = balanced(listing(3), 2)
    assert (found.walk.state, found.entitlements.state) == ("incomplete", "incomplete")


def test_more_rows_than_were_read_are_as_bad(listing: Callable[..., Listing]) -> None:
    assert balanced(listing(3), 4).walk.state == "incomplete"


@pytest.mark.parametrize("state", ["failed", "incomplete"])
def test_a_verdict_that_is_bad_already_keeps_its_words(listing: Callable[..., Listing], state: str) -> None:
    found = balanced(listing(3, walk=state, entitlements="failed"), 2)
    assert (found.walk.state, found.entitlements.state) == (state, "failed")
    assert found.walk.reason.startswith("3 rows were read")
