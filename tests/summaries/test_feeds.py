"""The authoritative-source map: whose accounts these are, and what the source says of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from scimaudit.summaries.feeds import feed_lines
from tests.rules.conftest import Make

make = Make()
KNOWN = {"attributes": frozenset({"department"})}


def line(*accounts: dict[str, Any], **facts: Any) -> dict[str, Any]:
    people = [make.person("p1", department="Sales"), make.person("p2")]
    view = make.view(people=people, accounts=list(accounts), roster=KNOWN, **{"drift": {"department": "low"}, **facts})
    [found] = feed_lines(view)
    return asdict(found)


def account(name: str, owner: str | None = "p1", **columns: Any) -> dict[str, Any]:
    return make.account(name, owner=owner, **columns)


def test_accounts_are_owned_resembling_or_foreign() -> None:
    found = line(
        account("linked", keys=["T1 external_id 7 = 7"]),
        account("alike"),
        account("nobody", None),
        account("either", "p1|p2"),
    )
    assert [found[name] for name in ("owned", "resembling", "foreign")] == [1, 1, 2]


def test_what_the_app_shows_beside_the_roster() -> None:
    found = line(
        account("a", department="sales"),
        account("b", department="People"),
        account("c", department="Sales", owner="p2"),
        account("d"),
    )
    assert [found[name] for name in ("agreeing", "differing", "unknown")] == [1, 1, 2]
    assert (found["attribute"], found["rosters"]) == ("department", ("hr",))


def test_an_app_that_no_roster_feeds_has_one_line_and_nothing_known() -> None:
    found = line(account("a", department="Sales"), roster_feeds=False)
    assert (found["attribute"], found["rosters"], found["agreeing"], found["unknown"]) == ("", (), 0, 1)
