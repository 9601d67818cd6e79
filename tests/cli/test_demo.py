"""The demonstration: the newcomer's first command."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run

REPORTS = {
    "report.html",
    "report.json",
    "report.xlsx",
    "findings.csv",
    "orphans.csv",
    "drift.csv",
    "excess.csv",
    "completeness.csv",
}


def result(demo: Path) -> dict:
    return json.loads((demo / "reports" / "report.json").read_text("utf-8"))


def test_it_writes_every_report_and_says_where(demo: Path) -> None:
    assert {path.name for path in (demo / "reports").iterdir()} == REPORTS
    told = (demo / "demo.txt").read_text("utf-8")
    for name in REPORTS:
        assert f"{name}" in told


def test_it_says_how_a_real_audit_would_have_ended(demo: Path) -> None:
    told = (demo / "demo.txt").read_text("utf-8")
    assert f"would have ended with exit code {result(demo)['meta']['exit_code']}" in told


def test_it_shows_every_family(demo: Path) -> None:
    assert {finding["family"] for finding in result(demo)["findings"]} >= {"orphan", "drift", "excess", "data"}


def test_one_app_is_proven_clean(demo: Path) -> None:
    clean = [app for app in result(demo)["apps"] if app["verdict"] == "clean"]
    assert [(app["app"], app["walk"], app["scope"]) for app in clean] == [("chat", "complete", "all")]


def test_the_app_that_lied_is_named(demo: Path) -> None:
    [liar] = [app for app in result(demo)["apps"] if app["app"] == "wiki"]
    assert liar["walk"] == "incomplete"
    assert "not proven" in liar["verdict_reason"]


def test_the_night_after_is_played_apart_and_told_last(demo: Path) -> None:
    told = (demo / "demo.txt").read_text("utf-8")
    first, night = told.split("The night after: ")
    assert "GATE" not in first
    assert [line.split(":")[0] for line in night.splitlines() if line.startswith("GATE")] == [
        "GATE roster-shrunk",
        "GATE app-shrunk",
    ]
    assert "ended with exit code 4" in night
    assert not result(demo)["gates"]
    report = (demo / "broken-night" / "reports" / "report.html").read_text("utf-8")
    assert "rosters.hr" in report
    assert "67" in report
    assert str(Path("broken-night") / "reports" / "report.html") in night


def test_who_asks_on_asks_the_good_night(demo: Path, ask: Run) -> None:
    stored = json.loads(ask("orphans", "-f", "json").stdout.splitlines()[0])
    assert not stored["gated"]
    assert len(list((demo / "scimaudit-data" / "audits").glob("*-*"))) == 4


def test_the_servers_are_real_and_their_bodies_are_kept(demo: Path) -> None:
    *_, snapshot = sorted((demo / "scimaudit-data" / "snapshots").iterdir())
    assert (snapshot / "raw" / "app.crm.0.bodies").stat().st_size > 0
    assert b"/crm/scim/v2/Users" in (snapshot / "raw" / "app.crm.0.jsonl").read_bytes()


def test_no_token_is_written_anywhere(demo: Path) -> None:
    for path in demo.rglob("*"):
        if path.is_file():
            assert b"Bearer" not in path.read_bytes(), path
