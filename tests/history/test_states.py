"""What earlier snapshots say, from pulls of a company that changes between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scimaudit import history
from scimaudit.snapshot.store import snapshots
from tests.test_audit import Company

POLICY = """
[[rules]]
name = "deals"
who = 'department = "Sales"'
what = { app = "chat", attribute = "groups", values = ["deals"] }
why = "customers"
"""


@pytest.fixture
def company(tmp_path: Path) -> Company:
    made = Company(tmp_path)
    made.app("chat", "chi,chi@corp.example,true,Sales,deals", listing='exported_at = "2026-11-20"\n', total=1)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "entitlements.toml").write_text(POLICY, "utf-8")
    return made


def state(company: Company, **wanted: str) -> list[dict[str, object]]:
    every = snapshots(company.folder / "scimaudit-data")
    rows = history.states(every[:-1], every[-1])
    return [row for row in rows.to_dict("records") if all(row[key] == value for key, value in wanted.items())]


def test_a_move_between_two_pulls_is_a_former_state(company: Company) -> None:
    company.pull()
    company.people[2] = company.people[2].replace("Sales,Agent", "Finance,Analyst")
    company.pull()
    [before] = state(company, user_name="chi")
    assert (before["department"], before["title"]) == ("Sales", "Agent")
    assert before["until"] < before["gone_by"]


def test_what_did_not_change_is_no_former_state(company: Company) -> None:
    company.pull()
    company.pull()
    assert state(company) == []


def test_one_who_went_and_came_back_has_the_state_of_before(company: Company) -> None:
    row = company.people[2]
    company.pull()
    company.people[2] = row.replace("active", "terminated")
    company.pull()
    company.roster_options = company.roster_options.replace("3", "2")
    company.people[2:] = []
    company.pull()
    company.roster_options = company.roster_options.replace("2\n", "3\n")
    company.people.append(row)
    company.pull()
    assert [found["status"] for found in state(company, user_name="chi")] == ["active", "terminated"]


def test_the_right_of_a_former_post_is_found_by_the_second_audit(company: Company) -> None:
    first = company.audit()
    company.people[2] = company.people[2].replace("Sales,Agent", "Finance,Analyst")
    second = company.audit()
    kinds = [set(audit.findings["kind"].astype("str")) for audit in (first, second)]
    assert ["mover-residual" in found for found in kinds] == [False, True]
    rows = second.findings.set_index(second.findings["kind"].astype("str"))
    assert rows.loc["excess", "covered_by"] == rows.loc["mover-residual", "finding_id"]
    assert not rows.loc["excess", "lead"]


def test_snapshots_beyond_the_days_of_history_say_nothing(company: Company) -> None:
    company.audit_options += "history_days = 0\n"
    company.pull()
    company.people[2] = company.people[2].replace("Sales,Agent", "Finance,Analyst")
    company.pull()
    third = company.audit()
    assert "mover-residual" not in set(third.findings["kind"].astype("str"))
