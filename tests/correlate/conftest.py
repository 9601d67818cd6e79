from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scimaudit import correlate, identifiers, tables
from scimaudit.correlate import decisions
from scimaudit.correlate.exact import Hits

TODAY = date(2026, 11, 20)


def person(person_id: str, **values: Any) -> dict[str, Any]:
    return {"person_id": person_id, "status": "active", "roster": "hr", "raw_row": 0, **values}


def account(account_id: str, **values: Any) -> dict[str, Any]:
    return {
        "app": "chat", "account_id": account_id, "active": True, "account_kind": "human", "listings": ["chat[0]"],
        "raw_file": "chat-0", "raw_body": 0, "raw_row": 0, **values,
    }  # fmt: skip


def people_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return _frame(rows, tables.PEOPLE)


def accounts_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return _frame(rows, tables.ACCOUNTS)


def _frame(rows: list[dict[str, Any]], schema: pa.Schema) -> pd.DataFrame:
    names = list(dict.fromkeys([*schema.names, *(name for row in rows for name in row)]))
    columns: dict[str, Any] = {name: [row.get(name) for row in rows] for name in names}
    for name in ("employee_number", "external_id", "user_name"):
        if f"{name}_key" in names:
            columns[f"{name}_key"] = identifiers.keys(pa.array(columns[name], pa.string()))
    for name in ("email", "alias"):
        if f"{name}_keys" in names:
            lists = columns["emails" if name == "email" else "aliases"]
            columns[f"{name}_keys"] = identifiers.list_keys(pa.array(lists, pa.list_(pa.string())))
    return tables.frame(tables.build(schema, columns, rows=len(rows)))


def links(
    accounts: list[dict[str, Any]],
    people: list[dict[str, Any]],
    rules: correlate.AppRules | dict[str, correlate.AppRules] | None = None,
    **more: Any,
) -> pd.DataFrame:
    apps = rules if isinstance(rules, dict) else {"chat": rules or correlate.AppRules()}
    if isinstance(more.get("decisions"), str):
        header = "app,account_id,person_id,relation,decided_by,decided_on,until,reason\n"
        more["decisions"] = decisions.parse(header + more["decisions"], "links.csv")
    settings = {"apps": apps, "today": TODAY} | more
    found = correlate.correlate(accounts_frame(accounts), people_frame(people), **settings)
    return tables.frame(tables.conform(found, tables.LINKS))


def link(one: dict[str, Any], people: list[dict[str, Any]], rules: Any = None, **more: Any) -> SimpleNamespace:
    row = links([one], people, rules, **more).iloc[0]
    clean = {name: None if not isinstance(value, list) and pd.isna(value) else value for name, value in row.items()}
    return SimpleNamespace(**clean)


def history(*held: tuple[str, str]) -> pd.DataFrame:
    seen = datetime(2026, 1, 1, tzinfo=UTC)
    return pd.DataFrame(
        {
            "identifier_key": pd.Series([key for key, _ in held], dtype="str"),
            "person_id": pd.Series([person_id for _, person_id in held], dtype="str"),
        }
    ).assign(first_seen=seen, last_seen=seen)


def hits(*told: tuple[int, int, int], crowded: tuple[int, ...] = ()) -> Hits:
    """Hits of (account, person, tier) in the order given; those at the positions ``crowded`` are crowded."""
    account, person, tier = (np.asarray([each[n] for each in told], np.int64) for n in range(3))
    places = np.arange(len(told))
    texts = pa.array([""] * len(told), pa.string())
    return Hits(account, person, tier, places * 0, places, np.isin(places, crowded), texts, places, texts, places)


@pytest.fixture
def make() -> SimpleNamespace:
    builders: dict[str, Callable[..., Any]] = {
        "person": person, "account": account, "people": people_frame, "accounts": accounts_frame, "links": links,
        "link": link, "history": history,
    }  # fmt: skip
    return SimpleNamespace(today=TODAY, rules=correlate.AppRules, **builders)
