"""Drills on the demonstration: what its earlier days tell of people who left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., "CompletedProcess[str]"]
PLANS = Path(__file__).parents[2] / "sample-data" / "drills"


@pytest.mark.parametrize(
    ("plan", "verdicts"),
    [
        ("felix-baumann", {"chat account": "in time", "chat groups": "in time", "code account": "late"}),
        (
            "henrik-dahl",
            {"chat account": "in time", "crm account": "never", "erp roles": "never", "wiki account": "never"},
        ),
        ("sven-olsen", {"chat account": "in time", "erp account": "in time", "erp roles": "never"}),
    ],
)
def test_real_leavers_are_judged_from_the_snapshots(ask: Run, plan: str, verdicts: dict[str, str]) -> None:
    done = ask("drill", "observe", str(PLANS / f"{plan}.toml"), "--from-snapshots", "--format", "json")
    assert done.returncode == 1
    found = {f"{cell['app']} {cell['what']}": cell["verdict"] for cell in json.loads(done.stdout)}
    assert found.items() >= verdicts.items()


def test_an_app_of_which_the_account_went_and_a_right_stayed_is_partial(ask: Run) -> None:
    ask("drill", "observe", str(PLANS / "sven-olsen.toml"), "--from-snapshots")
    lines = ask("drill", "status", "sven-olsen").stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("erp ")] == ["partial"]


def test_a_second_look_at_the_same_snapshots_adds_nothing(ask: Run, demo: Path) -> None:
    plan = str(PLANS / "felix-baumann.toml")
    first = ask("drill", "observe", plan, "--from-snapshots").stdout
    names = {path.name for path in (demo / "scimaudit-data/drills/felix-baumann").rglob("*.json")}
    assert ask("drill", "observe", plan, "--from-snapshots").stdout == first
    assert {path.name for path in (demo / "scimaudit-data/drills/felix-baumann").rglob("*.json")} == names


def test_the_first_plan_of_a_joiner_asks_for_what_policy_gives(ask: Run, tmp_path: Path) -> None:
    done = ask("drill", "plan", str(tmp_path / "ole.toml"), "--kind", "joiner", "--person", "00142")
    assert "chat: groups with Everyone within 1 d" in done.stdout
    assert "erp: account active" in done.stdout
    assert "crm: account" not in done.stdout


def test_nobody_is_planned_for_whom_the_rosters_do_not_show(ask: Run, tmp_path: Path) -> None:
    done = ask("drill", "plan", str(tmp_path / "x.toml"), "--person", "no-such")
    assert (done.returncode, (tmp_path / "x.toml").exists()) == (2, False)
    assert "nobody with the id 'no-such'" in done.stderr


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_history_comes_in_every_form(ask: Run, form: str) -> None:
    assert ask("drill", "history", "--since", "2026-07-01", "-f", form).returncode == 0


def test_history_without_events_says_so(ask: Run) -> None:
    assert ask("drill", "history", "--since", "2030-01-01").stdout == "no events since 2030-01-01\n"


def test_an_unknown_drill_lists_the_known_ones(ask: Run) -> None:
    ask("drill", "observe", str(PLANS / "felix-baumann.toml"), "--from-snapshots")
    done = ask("drill", "status", "no-such")
    assert (done.returncode, "felix-baumann" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", ["plan", "observe", "run", "cleanup", "status", "list", "history"])
def test_help_has_an_example(scimaudit: Run, command: str) -> None:
    done = scimaudit("drill", command, "--help")
    assert f"Example: scimaudit drill {command}" in " ".join(done.stdout.split())
