"""What is to be done, asked of the demonstration."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from scimaudit.cli import show_remediation
from tests.cli.conftest import Run


def listed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_every_finding_that_counts_and_every_open_revocation_is_in_one_task(ask: Run) -> None:
    tasks = json.loads(ask("remediation", "--format", "json").stdout)
    named = [name for task in tasks for name in task["findings"]]
    leading = [json.loads(line) for line in ask("findings", "--format", "json").stdout.splitlines()]
    assert sorted(named) == sorted(row["finding_id"] for row in leading)
    decided = [name for task in tasks for name in task["decisions"]]
    assert len(decided) == len(set(decided)) > 0


def test_a_leaver_is_disabled_and_loses_what_the_account_holds(ask: Run) -> None:
    tasks = json.loads(ask("remediation", "--app", "erp", "--format", "json").stdout)
    [leaver] = [task for task in tasks if task["title"] == "Disable henrik.dahl in erp"]
    assert not leaver["decide"]
    assert next(request["body"]["Operations"][0] for request in leaver["requests"]) == {
        "op": "replace", "path": "active", "value": False,
    }  # fmt: skip
    assert {request["url"].rsplit("/", 2)[1] for request in leaver["requests"]} == {"Users", "Groups"}


def test_a_right_that_a_finding_and_a_review_want_gone_is_one_task(ask: Run) -> None:
    tasks = json.loads(ask("remediation", "--app", "erp", "--format", "json").stdout)
    [task] = [task for task in tasks if task["title"] == "Take roles PAYMENT_RELEASE from ravi.patel in erp"]
    assert (len(task["findings"]), len(task["decisions"]), len(task["requests"])) == (1, 1, 1)


def test_the_list_is_by_owner_and_one_owner_can_be_asked_for(ask: Run) -> None:
    everyone = ask("remediation").stdout
    assert "bjorn.aasen@tindvik.example: " in everyone
    assert "nobody: " in everyone
    rows = listed(ask("remediation", "--owner", "BJORN.AASEN@tindvik.example", "--format", "csv").stdout)
    assert {row["owner"] for row in rows} == {"bjorn.aasen@tindvik.example"}


def test_an_owner_that_there_is_not_is_no_owner_of_nothing(ask: Run) -> None:
    done = ask("remediation", "--owner", "bjorn.asen@tindvik.example")
    assert done.returncode == 2
    assert "bjorn.aasen@tindvik.example" in done.stderr


def test_what_is_not_proven_is_said_beside_the_list(ask: Run) -> None:
    assert "wiki" in ask("remediation").stderr


def test_an_app_that_there_is_not_is_an_error(ask: Run) -> None:
    done = ask("remediation", "--app", "crn")
    assert done.returncode == 2
    assert "crn" in done.stderr


def test_files_are_written_for_each_owner(ask: Run, tmp_path: Path) -> None:
    told = ask("remediation", "--app", "erp", "--output", tmp_path / "to-do").stdout.split()
    assert {Path(path).suffix for path in told} == {".csv", ".txt", ".sh"}
    assert all(Path(path).stat().st_size for path in told)


def test_without_a_claim_there_is_none(ask: Run) -> None:
    assert "nobody says that anything is done" in ask("remediation", "--claims").stdout


def test_what_nobody_answers_for_can_be_asked_for(ask: Run) -> None:
    rows = listed(ask("remediation", "--owner", "nobody", "--format", "csv").stdout)
    assert {row["owner"] for row in rows} == {""}


def test_no_task_is_no_proof_that_nothing_is_to_be_done() -> None:
    assert show_remediation.nothing("") == "nothing is to be done"
    assert show_remediation.nothing("not proven: wiki") == "no task; not proven: wiki"


def test_requests_of_an_audit_are_not_written_once_a_newer_snapshot_is_there(ask: Run, demo: Path) -> None:
    newest = json.loads(ask("remediation", "--format", "json").stdout)
    assert any(task["requests"] for task in newest)
    [first, *_] = sorted(path.name for path in (demo / "scimaudit-data" / "audits").iterdir())
    tasks = json.loads(ask("remediation", "--audit", first, "--format", "json").stdout)
    assert not any(task["requests"] for task in tasks)
    assert any("newer snapshot" in task["silent"] for task in tasks)
