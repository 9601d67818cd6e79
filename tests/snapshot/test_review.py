"""Ways in which merging or resuming could claim more than the sources prove."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from scimaudit import tables
from scimaudit.snapshot import merge
from scimaudit.snapshot.merge import Pulled
from scimaudit.snapshot.record import Record
from scimaudit.sources import Listing, Reply

Build = Callable[..., pa.Table]
Say = Callable[..., Listing]
ANA, BO = {"user_name": "ana"}, {"user_name": "bo"}


def pulled(name: str, accounts: pa.Table, listing: Listing, grants: pa.Table | None = None) -> Pulled:
    return Pulled(name, "user_name", accounts, tables.empty(tables.GRANTS) if grants is None else grants, listing)


def test_a_second_listing_that_shows_less_proves_no_scope(accounts: Build, listing: Say) -> None:
    first = pulled("first", accounts(ANA, BO), listing(2, scope="partial"))
    _, _, line = merge.app("crm", [first, pulled("second", accounts(ANA, listing="second"), listing(1))])
    assert line.scope == "partial"


def test_an_empty_second_listing_proves_no_scope(accounts: Build, listing: Say) -> None:
    first = pulled("first", accounts(ANA), listing(1))
    _, _, line = merge.app("crm", [first, pulled("second", accounts(listing="second"), listing(0))])
    assert line.scope == "unknown"


def test_a_claim_to_show_all_falls_when_another_listing_shows_more(accounts: Build, listing: Say) -> None:
    first = pulled("first", accounts(ANA), listing(1, scope="all"))
    _, _, line = merge.app("crm", [first, pulled("second", accounts(ANA, BO, listing="second"), listing(2))])
    assert (line.scope, "lacks 1" in line.scope_reason) == ("unknown", True)


def test_a_second_listing_that_shows_all_and_more_proves_scope(accounts: Build, listing: Say) -> None:
    first = pulled("first", accounts(ANA), listing(1, scope="partial"))
    second = pulled("second", accounts(ANA, BO, listing="second"), listing(2, scope="all"))
    _, _, line = merge.app("crm", [first, second])
    assert line.scope == "all"


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("incomplete", "complete", "incomplete"),
        ("complete", "failed", "failed"),
        ("unprovable", "complete", "complete"),
    ],
)
def test_entitlements_known_to_be_cut_short_cannot_be_outvoted(
    accounts: Build, listing: Say, first: str, second: str, state: str
) -> None:
    _, _, line = merge.app(
        "crm",
        [
            pulled("first", accounts(ANA), listing(1, entitlements=first)),
            pulled("second", accounts(ANA, listing="second"), listing(1, entitlements=second)),
        ],
    )
    assert line.entitlements == state


def test_a_right_that_either_listing_calls_privileged_is(accounts: Build, grants: Build, listing: Say) -> None:
    plain = grants(("first-0", "admins"))
    power = grants(("second-0", "admins"))
    place = power.schema.get_field_index("privileged")
    power = power.set_column(place, power.schema.field(place), pa.array([True]))
    _, held, _ = merge.app(
        "crm",
        [
            pulled("first", accounts(ANA), listing(1), plain),
            pulled("second", accounts(ANA, listing="second"), listing(1), power),
        ],
    )
    assert held["privileged"].to_pylist() == [True]


def test_an_interrupted_record_asks_again_what_ended_in_an_error(tmp_path: Path) -> None:
    replies = [Reply(200, {}, b"page"), Reply(401, {}, b"no"), Reply(200, {}, b"next")]

    def ask(record: Record, url: str) -> int:
        return record.exchange("GET", url, lambda: replies.pop(0))[0].status

    def begun() -> Record:
        return Record(tmp_path / "app", lambda: datetime(2026, 11, 20, tzinfo=UTC))

    with begun() as first:
        assert [ask(first, "/1"), ask(first, "/2")] == [200, 401]
    with begun() as again:
        assert [ask(again, "/1"), ask(again, "/2")] == [200, 200]
