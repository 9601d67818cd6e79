"""A builder that makes a View from keyword rows; what a row leaves out gets a harmless value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from scimaudit import identifiers, tables
from scimaudit.policy import Policy
from scimaudit.view import AppFacts, Previous, SourceFacts, View, build

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVERYTHING = frozenset(tables.ACCOUNTS.names)

PERSON = {"status": "active", "roster": "hr", "raw_row": 1}
ACCOUNT = {"active": True, "account_kind": "human", "raw_file": "apps.slack.listings[0]", "raw_body": 0, "raw_row": 0}
GRANT = {"attribute": "groups", "type": "direct"}
PROVEN = {"walk": "complete", "scope": "all", "entitlements": "complete"}


def person(person_id: str, **columns: Any) -> dict[str, Any]:
    return {"person_id": person_id, **PERSON, **columns}


def account(account_id: str, *, app: str = "slack", owner: str | None = None, **columns: Any) -> dict[str, Any]:
    """``owner`` is a person_id (matched), ``None`` (unmatched) or ``"p1|p2"`` (ambiguous)."""
    user_name = columns.get("user_name", account_id)
    return {
        "account_id": account_id,
        "app": app,
        "owner": owner,
        **ACCOUNT,
        "listings": [f"apps.{app}.listings[0]"],
        "user_name": user_name,
        "user_name_key": identifiers.key(user_name),
        **columns,
    }


def grant(account_id: str, value: str, *, app: str = "slack", **columns: Any) -> dict[str, Any]:
    return {"app": app, "account_id": account_id, "value": value, "display": value, **GRANT, **columns}


def link(row: dict[str, Any]) -> dict[str, Any]:
    candidates = row["owner"].split("|") if row["owner"] else []
    situation = ("unmatched", "matched")[len(candidates)] if len(candidates) < 2 else "ambiguous"
    return {
        "app": row["app"],
        "account_id": row["account_id"],
        "person_id": candidates[0] if situation == "matched" else None,
        "situation": situation,
        "keys": row.get("keys", []),
        "runners_up": candidates if situation == "ambiguous" else [],
        "reason": row.get("link_reason"),
    }


def table(schema: Any, rows: list[dict[str, Any]]) -> Any:
    names = dict.fromkeys(name for row in rows for name in row if name in schema.names or schema is tables.PEOPLE)
    return tables.build(schema, {name: [row.get(name) for row in rows] for name in names}, rows=len(rows))


def view(
    *,
    people: list[dict[str, Any]] | None = None,
    accounts: list[dict[str, Any]] | None = None,
    grants: list[dict[str, Any]] | None = None,
    apps: list[AppFacts] | None = None,
    sources: list[SourceFacts] | None = None,
    policy: Policy | None = None,
    previous: Previous | None = None,
    overlaps: list[dict[str, Any]] | None = None,
    roster: dict[str, Any] | None = None,
    listing: dict[str, Any] | None = None,
    **facts: Any,
) -> View:
    """``facts`` change the app ``slack``; ``roster`` and ``listing`` change the sources made up for it."""
    people, accounts, grants = people or [], accounts or [], grants or []
    if apps is None:
        apps = [AppFacts(**{"app": "slack", "owner": "collab@corp.example", **PROVEN, **facts})]
    if sources is None:
        hr = SourceFacts(**{"name": "rosters.hr", "fills": "people", "as_of": NOW, **PROVEN, **(roster or {})})
        made = {"fills": "accounts", "as_of": NOW, "attributes": EVERYTHING, **PROVEN, **(listing or {})}
        sources = [hr, *(SourceFacts(name=f"apps.{a.app}.listings[0]", app=a.app, **made) for a in apps if a.listed)]
    return build(
        people=table(tables.PEOPLE, people),
        accounts=table(tables.ACCOUNTS, [{k: v for k, v in a.items() if k != "owner"} for a in accounts]),
        grants=table(tables.GRANTS, grants),
        links=table(tables.LINKS, [link(a) for a in accounts]),
        apps=apps,
        sources=sources,
        policy=policy or Policy(),
        as_of=NOW,
        today=TODAY,
        overlaps=table(tables.OVERLAPS, overlaps or []),
        previous=previous,
    )


class Make:
    """What tests use: ``make.view(people=[make.person("p1")], …)``."""

    today = TODAY
    now = NOW
    everything = EVERYTHING
    proven = PROVEN
    app = staticmethod(lambda name, **facts: AppFacts(**{"app": name, **PROVEN, **facts}))
    person = staticmethod(person)
    account = staticmethod(account)
    grant = staticmethod(grant)
    view = staticmethod(view)

    @staticmethod
    def judged(judgement: Any) -> dict[str, Any]:
        """The ledger as numbers over all apps, with the reasons."""
        ledger = judgement.ledger
        counts = {name: int(ledger[name].sum()) for name in ("population", "failed", "not_evaluable")}
        return {**counts, "reason": ", ".join(ledger["reason"].dropna())}


@pytest.fixture
def make() -> type[Make]:
    return Make
