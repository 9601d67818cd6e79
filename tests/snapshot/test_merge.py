from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from scimaudit import tables
from scimaudit.snapshot import merge
from scimaudit.snapshot.merge import Pulled
from scimaudit.sources import Listing

Build = Callable[..., pa.Table]
Say = Callable[..., Listing]


def merged(first: Pulled, *others: Pulled) -> tuple[dict[str, dict[str, Any]], pa.Table, Any]:
    accounts, grants, line = merge.app("crm", [first, *others])
    return {row["account_id"]: row for row in accounts.to_pylist()}, grants, line


def pulled(
    name: str, accounts: pa.Table, listing: Listing | None, grants: pa.Table | None = None, join_on: str = "user_name"
) -> Pulled:
    return Pulled(name, join_on, accounts, grants if grants is not None else tables.empty(tables.GRANTS), listing)


def test_rows_with_one_key_are_one_account(accounts: Build, listing: Say) -> None:
    rows, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1)),
        pulled("second", accounts({"user_name": "ana", "title": "Analyst"}, listing="second"), listing(1)),
    )
    assert list(rows) == ["first-0"]
    assert rows["first-0"]["title"] == "Analyst"
    assert rows["first-0"]["listings"] == ["first", "second"]
    assert line.gaps == ()


def test_a_row_without_a_partner_is_an_account_and_a_gap(accounts: Build, listing: Say) -> None:
    rows, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1)),
        pulled("second", accounts({"user_name": "ana"}, {"user_name": "ghost"}, listing="second"), listing(2)),
    )
    assert set(rows) == {"first-0", "second-1"}
    assert [(gap.seen_in, gap.missing_in, gap.accounts) for gap in line.gaps] == [("second", "first", 1)]


def test_an_account_that_the_second_listing_lacks_is_a_gap_too(accounts: Build, listing: Say) -> None:
    _, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}, {"user_name": "bo"}), listing(2)),
        pulled("second", accounts({"user_name": "ana"}, listing="second"), listing(1)),
    )
    assert [(gap.seen_in, gap.missing_in, gap.accounts) for gap in line.gaps] == [("first", "second", 1)]


def test_null_keys_never_join(accounts: Build, listing: Say) -> None:
    rows, _, _ = merged(
        pulled("first", accounts({"user_name": None}), listing(1)),
        pulled("second", accounts({"user_name": None}, listing="second"), listing(1)),
    )
    assert set(rows) == {"first-0", "second-0"}


def test_a_key_that_two_accounts_share_joins_neither(accounts: Build, listing: Say) -> None:
    rows, _, _ = merged(
        pulled("first", accounts({"user_name": "ana"}, {"user_name": "ana"}), listing(2)),
        pulled("second", accounts({"user_name": "ana"}, listing="second"), listing(1)),
    )
    assert len(rows) == 3


def test_an_account_that_any_listing_calls_active_is_active(accounts: Build, listing: Say) -> None:
    rows, _, _ = merged(
        pulled(
            "first", accounts({"user_name": "ana", "active": False}, {"user_name": "bo", "active": None}), listing(2)
        ),
        pulled(
            "second",
            accounts({"user_name": "ana", "active": True}, {"user_name": "bo", "active": False}, listing="second"),
            listing(2),
        ),
    )
    assert rows["first-0"]["active"] is True
    assert rows["first-1"]["active"] is False


def test_an_activity_that_nobody_knows_stays_unknown(accounts: Build, listing: Say) -> None:
    rows, _, _ = merged(
        pulled("first", accounts({"user_name": "ana", "active": None}), listing(1)),
        pulled("second", accounts({"user_name": "ana", "active": None}, listing="second"), listing(1)),
    )
    assert rows["first-0"]["active"] is None


def test_the_later_sign_in_wins_and_says_where_it_came_from(accounts: Build, listing: Say) -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    rows, _, _ = merged(
        pulled("first", accounts({"user_name": "ana", "last_login": early, "last_login_source": "scim"}), listing(1)),
        pulled(
            "second",
            accounts({"user_name": "ana", "last_login": late, "last_login_source": "export"}, listing="second"),
            listing(1),
        ),
    )
    assert (rows["first-0"]["last_login"], rows["first-0"]["last_login_source"]) == (late, "export")


def test_grants_of_a_later_listing_go_to_the_joined_account_once(accounts: Build, grants: Build, listing: Say) -> None:
    _, held, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1), grants(("first-0", "admins"))),
        pulled(
            "second",
            accounts({"user_name": "ana"}, listing="second"),
            listing(1),
            grants(("second-0", "admins"), ("second-0", "staff")),
        ),
    )
    assert sorted(zip(held["account_id"].to_pylist(), held["value"].to_pylist(), strict=True)) == [
        ("first-0", "admins"),
        ("first-0", "staff"),
    ]
    assert line.grants == 2


def test_an_unjoined_row_with_an_id_that_is_taken_gets_one_of_its_own(accounts: Build, listing: Say) -> None:
    rows, _, _ = merged(
        pulled("first", accounts({"account_id": "7", "user_name": "ana"}), listing(1)),
        pulled("second", accounts({"account_id": "7", "user_name": "bo"}, listing="second"), listing(1)),
    )
    assert set(rows) == {"7", "7 (second)"}


def test_an_id_that_looks_like_one_of_those_is_nobody_elses(accounts: Build, listing: Say) -> None:
    second = accounts(
        {"account_id": "7", "user_name": "bo"}, {"account_id": "7 (second)", "user_name": "cy"}, listing="second"
    )
    rows, _, _ = merged(
        pulled("first", accounts({"account_id": "7", "user_name": "ana"}), listing(1)),
        pulled("second", second, listing(2)),
    )
    assert {name: row["user_name"] for name, row in rows.items()} == {
        "7": "ana",
        "7 (second)'": "bo",
        "7 (second)": "cy",
    }


def test_the_app_is_as_proven_as_its_worst_listing(accounts: Build, listing: Say) -> None:
    _, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1)),
        pulled("second", accounts({"user_name": "ana"}, listing="second"), listing(1, walk="unprovable")),
    )
    assert line.walk == "unprovable"


def test_a_failed_listing_makes_the_app_failed(accounts: Build, listing: Say) -> None:
    _, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1)),
        Pulled("second", "user_name", tables.empty(tables.ACCOUNTS), tables.empty(tables.GRANTS), None, "503"),
    )
    assert (line.walk, line.walk_reason) == ("failed", "second: 503")


def test_a_complete_second_listing_that_agrees_proves_scope(accounts: Build, listing: Say) -> None:
    _, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1, scope="partial")),
        pulled("second", accounts({"user_name": "ana"}, listing="second"), listing(1)),
    )
    assert line.scope == "all"


def test_a_second_listing_that_shows_more_proves_no_scope(accounts: Build, listing: Say) -> None:
    _, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1)),
        pulled("second", accounts({"user_name": "ana"}, {"user_name": "bo"}, listing="second"), listing(2)),
    )
    assert line.scope == "unknown"


def test_an_unproven_second_listing_proves_no_scope(accounts: Build, listing: Say) -> None:
    _, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1)),
        pulled("second", accounts({"user_name": "ana"}, listing="second"), listing(1, walk="unprovable")),
    )
    assert line.scope == "unknown"


def test_joining_on_mail_uses_the_primary_address(accounts: Build, listing: Say) -> None:
    rows, _, _ = merged(
        pulled("first", accounts({"emails": ["ana@corp.example", "a@old.example"]}), listing(1)),
        pulled(
            "second",
            accounts({"emails": ["ana@corp.example"], "title": "Analyst"}, listing="second"),
            listing(1),
            join_on="emails",
        ),
    )
    assert rows["first-0"]["title"] == "Analyst"


def test_an_empty_second_listing_changes_nothing(accounts: Build, listing: Say) -> None:
    rows, _, line = merged(
        pulled("first", accounts({"user_name": "ana"}), listing(1)),
        pulled("second", accounts(listing="second"), listing(0, walk="unprovable"), join_on="emails"),
    )
    assert list(rows) == ["first-0"]
    assert line.walk == "unprovable"


def test_grants_too_many_to_number_are_still_told_apart(
    accounts: Build, grants: Build, listing: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scimaudit.snapshot.merge._ROOM", 2)
    held = grants(("first-0", "g"), ("first-0", "g"), ("first-0", "h"))
    _, kept, _ = merge.app("crm", [Pulled("first", "user_name", accounts({"user_name": "ana"}), held, listing(1))])
    assert kept["value"].to_pylist() == ["g", "h"]
