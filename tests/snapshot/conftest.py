from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from scimaudit import tables
from scimaudit.sources import Listing, Scope, Walk


@pytest.fixture
def accounts() -> Callable[..., pa.Table]:
    """A table of accounts of ``crm``: one keyword-dict per row, ids made up where missing."""

    def build(*rows: dict[str, Any], listing: str = "first") -> pa.Table:
        filled = [
            {
                "account_id": f"{listing}-{place}",
                "user_name_key": row.get("user_name"),
                "email_keys": row.get("emails"),
                **row,
            }
            for place, row in enumerate(rows)
        ]
        count = len(rows)
        columns: dict[str, Any] = {
            "app": ["crm"] * count,
            "account_kind": ["unknown"] * count,
            "listings": [[listing]] * count,
            "raw_file": [listing] * count,
            "raw_body": [0] * count,
            "raw_row": list(range(count)),
        }
        columns |= {name: [row.get(name) for row in filled] for row in filled for name in row if name not in columns}
        columns["account_id"] = [row["account_id"] for row in filled]
        return tables.build(tables.ACCOUNTS, columns, rows=count)

    return build


@pytest.fixture
def grants() -> Callable[..., pa.Table]:
    """A table of direct group grants of ``crm``: (account_id, value) pairs."""

    def build(*pairs: tuple[str, str]) -> pa.Table:
        count = len(pairs)
        return tables.build(
            tables.GRANTS,
            {
                "app": ["crm"] * count,
                "account_id": [account for account, _ in pairs],
                "attribute": ["groups"] * count,
                "value": [value for _, value in pairs],
                "type": ["direct"] * count,
            },
            rows=count,
        )

    return build


@pytest.fixture
def listing() -> Callable[..., Listing]:
    def build(rows: int, walk: str = "complete", scope: str = "unknown", entitlements: str = "complete") -> Listing:
        return Listing(rows, rows, Walk(walk), Scope(scope), Walk(entitlements))  # type: ignore[arg-type]

    return build
