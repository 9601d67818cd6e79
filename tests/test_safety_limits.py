"""Where exactly each gate trips, and what it says: one row less, one day more, one account too many."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scimaudit.config import Config
from scimaudit.errors import ConfigError
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman
from scimaudit.result import Gate
from scimaudit.safety_gates import gates, setting
from scimaudit.view import Previous, SourceFacts, View
from tests.rules.conftest import NOW, PROVEN, Make, account, person, view


def config(**rules: dict[str, float]) -> Config:
    told = {name.replace("_", "-"): values for name, values in rules.items()}
    return Config(path=Path("scimaudit.toml"), rosters=(), rules=told)


def firm(before: Previous | None = None, rows: int = 0, days: float = 0, **more: Any) -> View:
    roster = SourceFacts("rosters.hr", "people", as_of=NOW - timedelta(days=days), parsed=rows, **PROVEN)
    return view(sources=[roster], previous=before, **more)


def tripped(seen: View, told: Config | None = None, **more: Any) -> list[Gate]:
    return list(gates(seen, told or config(), **more)[0])


def owned(count: int, *, app: str = "slack", owner: str | None = "p1") -> list[dict[str, Any]]:
    return [account(f"{app}{number}", app=app, owner=owner) for number in range(count)]


def test_nothing_before_is_no_shrinking() -> None:
    assert tripped(firm()) == []


@pytest.mark.parametrize(
    ("before", "now", "trips"),
    [
        (100, 80, False),
        (100, 79, True),
        (10, 5, False),
        (10, 4, True),
        (25, 20, False),
        (26, 20, True),
        (5, 1, False),
        (5, 0, True),
        (1, 0, True),
        (0, 0, False),
    ],
)
def test_a_roster_may_lose_a_fifth_or_five_rows_whichever_is_more_but_not_everybody(
    before: int, now: int, trips: bool
) -> None:
    found = tripped(firm(Previous({"rosters.hr": before}, {}), now))
    limit = "max(20 %, 5 rows)" if now else "one row"
    assert found == ([Gate("roster-shrunk", "rosters.hr", before, now, limit)] if trips else [])


def test_a_roster_that_is_pulled_no_longer_lost_everybody() -> None:
    assert tripped(firm(Previous({"rosters.old": 30}, {}))) == [Gate("roster-shrunk", "rosters.old", 30, 0, "one row")]


@pytest.mark.parametrize(("before", "now", "trips"), [(10, 8, False), (10, 7, True), (1, 0, True), (8, 9, False)])
def test_an_app_may_lose_a_fifth(before: int, now: int, trips: bool) -> None:
    seen = firm(Previous({}, {"slack": before}), people=[person("p1")], accounts=owned(now))
    assert tripped(seen) == ([Gate("app-shrunk", "slack", before, now, "20 %")] if trips else [])


def test_an_app_that_is_listed_no_longer_lost_every_account() -> None:
    seen = firm(Previous({}, {"slack": 3, "crm": 4}), people=[person("p1")], accounts=owned(3))
    assert tripped(seen) == [Gate("app-shrunk", "crm", 4, 0, "20 %")]


def test_the_limits_are_those_of_the_rules() -> None:
    told = config(roster_shrunk={"percent": 50, "rows": 2}, app_shrunk={"percent": 60})
    seen = firm(Previous({"rosters.hr": 10}, {"slack": 10}), 4, people=[person("p1")], accounts=owned(3))
    assert tripped(seen, told) == [
        Gate("roster-shrunk", "rosters.hr", 10, 4, "max(50 %, 2 rows)"),
        Gate("app-shrunk", "slack", 10, 3, "60 %"),
    ]
    assert (setting(told, "app-shrunk", "percent"), setting(config(), "app-shrunk", "percent")) == (60, 20)


def test_what_nobody_believed_is_measured_by_what_was_believed() -> None:
    """The snapshot before has the shrunken count: seen again, it is no truer."""
    seen = firm(Previous({"rosters.hr": 10}, {"slack": 3}), 10, people=[person("p1")], accounts=owned(3))
    standing = {("roster-shrunk", "rosters.hr"): 30, ("app-shrunk", "slack"): 9, ("app-shrunk", "rosters.hr"): 1}
    assert [(gate.subject, gate.before) for gate in tripped(seen, standing=standing)] == [
        ("rosters.hr", 30),
        ("rosters.hr", 1),
        ("slack", 9),
    ]


def test_what_grew_since_is_measured_by_the_larger_count() -> None:
    standing = {("app-shrunk", "slack"): 5, ("roster-shrunk", "rosters.hr"): 5}
    seen = firm(Previous({"rosters.hr": 40}, {"slack": 20}), 5, people=[person("p1")], accounts=owned(5))
    assert [gate.before for gate in tripped(seen, standing=standing)] == [40, 20]


def test_a_source_without_a_count_before_is_measured_by_the_one_that_stands() -> None:
    [gate] = tripped(firm(Previous({}, {})), standing={("app-shrunk", "gone"): 1})
    assert (gate.subject, gate.before, gate.now) == ("gone", 1, 0)


@pytest.mark.parametrize(("days", "trips"), [(7, False), (7.9, False), (8, True), (30.5, True)])
def test_a_roster_may_be_as_old_as_its_limit(days: float, trips: bool) -> None:
    assert tripped(firm(days=days)) == ([Gate("roster-stale", "rosters.hr", 7, int(days), "7 days")] if trips else [])


def test_a_listing_is_no_roster() -> None:
    assert tripped(Make.view(listing={"as_of": NOW - timedelta(days=90)})) == []


def test_of_several_rosters_the_stale_one_is_named_with_its_own_limit() -> None:
    made = [
        SourceFacts(f"rosters.{name}", "people", as_of=NOW - timedelta(days=days), stale_after_days=limit)
        for name, days, limit in (("a", 3, 7), ("b", 3, 2), ("c", 40, 60), ("d", 99, 90))
    ]
    assert tripped(view(sources=made)) == [
        Gate("roster-stale", "rosters.b", 2, 3, "2 days"),
        Gate("roster-stale", "rosters.d", 90, 99, "90 days"),
    ]


def test_a_roster_of_unknown_age_is_not_believed() -> None:
    dated = SourceFacts("rosters.b", "people", as_of=NOW)
    undated = SourceFacts("rosters.a", "people", parsed=7)
    [gate] = tripped(view(sources=[dated, undated]))
    assert gate == Gate("roster-undated", "rosters.a", 7, 0, "a date")
    assert (gate.app, gate.said) == (
        "",
        "nobody says of what day rosters.a is (as_of), so it may be older than any limit",
    )


def test_a_listing_of_unknown_age_trips_no_gate() -> None:
    assert tripped(Make.view(listing={"as_of": None})) == []


@pytest.mark.parametrize(("count", "trips"), [(9, False), (10, True), (11, True)])
def test_an_app_with_ten_accounts_and_no_match(count: int, trips: bool) -> None:
    seen = firm(accounts=owned(count, owner=None))
    assert tripped(seen) == ([Gate("no-match", "slack", count, 0, "at least one")] if trips else [])


def test_one_match_is_enough_and_an_ambiguous_account_is_none() -> None:
    people = [person("p1"), person("p2")]
    assert tripped(firm(people=people, accounts=[*owned(20, owner=None), account("m", owner="p1")])) == []
    seen = firm(people=people, accounts=[*owned(20, owner=None), account("m", owner="p1|p2")])
    assert [gate.before for gate in tripped(seen)] == [21]


def test_accounts_of_registered_machines_are_nobodys_to_match() -> None:
    policy = Policy(nhi=tuple(NonHuman("slack", f"slack{number}", "bot") for number in range(12)))
    assert tripped(firm(accounts=owned(21, owner=None), policy=policy)) == []
    assert [gate.before for gate in tripped(firm(accounts=owned(22, owner=None), policy=policy))] == [10]
    matched = firm(people=[person("p1")], accounts=[*owned(12), *owned(22, owner=None)[12:]], policy=policy)
    assert [gate.before for gate in tripped(matched)] == [10]


def test_apps_without_a_match_are_told_in_order() -> None:
    accounts = [*owned(12, app="wiki", owner=None), *owned(11, app="crm", owner=None), *owned(3, app="slack")]
    apps = [Make.app(name) for name in ("wiki", "crm", "slack")]
    seen = firm(apps=apps, people=[person("p1")], accounts=accounts)
    assert [(gate.subject, gate.before) for gate in tripped(seen)] == [("crm", 11), ("wiki", 12)]


def test_what_is_accepted_is_kept_with_its_reason_and_leaves_the_rest() -> None:
    seen = firm(Previous({"rosters.hr": 50}, {"crm": 4}), 1, days=9)
    stand, accepted = gates(seen, config(), {"rosters.hr": "kim: sold"})
    assert [(gate.name, gate.accepted) for gate in stand] == [("app-shrunk", ""), ("roster-stale", "")]
    assert accepted == (Gate("roster-shrunk", "rosters.hr", 50, 1, "max(20 %, 5 rows)", "kim: sold"),)


@pytest.mark.parametrize(("before", "hint"), [({}, "none"), ({"b": 9, "a": 9}, "a, b")])
def test_what_did_not_shrink_is_named_with_what_did(before: dict[str, int], hint: str) -> None:
    with pytest.raises(ConfigError, match=r"^x did not shrink beyond its limit") as caught:
        gates(firm(Previous({}, before)), config(), {"y": "kim: z", "x": "kim: z"})
    assert caught.value.hint == f"these did: {hint}"
