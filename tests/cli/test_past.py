"""What the store tells of the time before, asked of the demonstration's four days."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.cli.conftest import Run


def listed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_diff_tells_what_came_went_and_came_back(ask: Run) -> None:
    rows = listed(ask("diff", "--format", "csv").stdout)
    changes = {(row["change"], row["kind"], row["app"]) for row in rows}
    assert ("came", "revoke-regressed", "crm") in changes
    assert ("came back", "excess", "crm") in changes
    assert ("gone", "unmatched", "helpdesk") in changes
    assert all(row["reason"] for row in rows if row["change"] in ("gone", "unproven"))


def test_diff_lists_accounts_that_came(ask: Run) -> None:
    rows = listed(ask("diff", "--what", "accounts", "--app", "chat", "--format", "csv").stdout)
    assert [(row["change"], row["name"]) for row in rows if row["change"] != "stayed"] == [("came", "Ole Bakke")]


def test_diff_of_two_named_days(ask: Run, demo: Path) -> None:
    first, *_, last = sorted(path.name for path in (demo / "scimaudit-data/snapshots").iterdir())
    told = ask("diff", first, last, "--what", "people").stdout
    assert f"From {first}" not in told  # a pipe has no title
    assert "Henrik Dahl" in told
    assert "terminated" in told


def test_diff_wants_the_earlier_first(ask: Run, demo: Path) -> None:
    first, *_, last = sorted(path.name for path in (demo / "scimaudit-data/snapshots").iterdir())
    done = ask("diff", last, first)
    assert done.returncode == 2
    assert "name the earlier one first" in done.stderr


def test_diff_with_an_unknown_audit(ask: Run, demo: Path) -> None:
    first = min(path.name for path in (demo / "scimaudit-data/snapshots").iterdir())
    assert "there is no audit no-such" in ask("diff", "no-such", first).stderr


def test_the_timeline_of_a_leaver_tells_when_each_account_ended(ask: Run) -> None:
    rows = [json.loads(line) for line in ask("timeline", "Henrik", "--format", "json").stdout.splitlines()]
    [closed] = [row for row in rows if row["what"] == "account" and row["event"] == "inactive"]
    assert (closed["app"], closed["after"][:10], closed["by"][:10]) == ("chat", "2026-09-03", "2026-11-01")
    assert {row["event"] for row in rows if row["what"] == "person"} >= {"status: active, then terminated"}
    assert any(row["event"] == "certify CRM Admins, by 00151" for row in rows)


def test_the_timeline_of_an_account_tells_what_came_back(ask: Run) -> None:
    rows = listed(ask("timeline", "crm", "camille.dubois@tindvik.example", "--format", "csv").stdout)
    assert [row["event"] for row in rows if "Sales" in row["event"]] == [
        "groups Sales: held", "revoke Sales, by 00131", "groups Sales: gone", "groups Sales: held",
    ]  # fmt: skip


def test_the_timeline_of_a_stranger(ask: Run) -> None:
    done = ask("timeline", "nobody@else.example")
    assert done.returncode == 2
    assert "nobody@else.example" in done.stderr
    assert "no snapshot shows an account 'x'" in ask("timeline", "crm", "x").stderr


def test_who_bore_an_address_on_a_day(ask: Run) -> None:
    rows = listed(ask("holders", "HENRIK.DAHL@tindvik.example", "--on", "2026-09-03", "--format", "csv").stdout)
    assert [(row["person_id"], row["borne_as"]) for row in rows] == [("00116", "emails")]
    assert "no snapshot shows" in ask("holders", "henrik.dahl@tindvik.example", "--on", "2026-01-01").stdout


def test_an_export_that_tells_no_day_has_a_timeline_too(scimaudit: Run, tmp_path: Path) -> None:
    (tmp_path / "hr.csv").write_text("employee_number,user_name,status\n1,ana,active\n")
    (tmp_path / "crm.csv").write_text("id,login,active,groups\na1,ana,yes,Sales\n")
    (tmp_path / "scimaudit.toml").write_text(
        '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n[[apps.crm.listings]]\nsource = "csv"\npath = "crm.csv"\n'
    )
    scimaudit("pull", cwd=tmp_path)
    scimaudit("audit", cwd=tmp_path)
    done = scimaudit("timeline", "ana", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "undated" in done.stdout
    assert "groups Sales: held" in done.stdout
