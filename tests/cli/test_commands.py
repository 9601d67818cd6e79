"""Every command as a user types it, on the demonstration's snapshot."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from scimaudit.config import load

Run = Callable[..., "CompletedProcess[str]"]
COMMANDS = (
    "init",
    "check",
    "probe",
    "providers",
    "pull",
    "audit",
    "report",
    "run",
    "who",
    "account",
    "orphans",
    "drift",
    "excess",
    "findings",
    "access",
    "explain",
    "diff",
    "timeline",
    "holders",
    "links",
    "rules",
    "approvals",
    "register",
    "ledger",
    "seal",
    "verify",
    "replay",
    "pseudonymise",
    "retention",
    "remediation",
    "policy",
    "exceptions",
    "controls",
    "spans",
    "metrics",
    "demo",
    "schema",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(scimaudit: Run, command: str) -> None:
    done = scimaudit(command, "--help")
    assert done.returncode == 0
    assert f"Example: scimaudit {command}" in " ".join(done.stdout.split())


def test_the_version_is_told(scimaudit: Run) -> None:
    assert scimaudit("--version").stdout.startswith("scimaudit 0.")


def test_no_arguments_show_the_help(scimaudit: Run) -> None:
    done = scimaudit()
    assert "Commands:" in done.stdout + done.stderr


def test_an_unknown_option_ends_with_2(scimaudit: Run) -> None:
    assert scimaudit("run", "--no-such").returncode == 2


def test_a_missing_configuration_is_one_sentence_and_a_hint(scimaudit: Run, tmp_path: Path) -> None:
    done = scimaudit("run", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "scimaudit: there is no scimaudit.toml\n  scimaudit init writes one\n"


def test_init_writes_a_valid_configuration(scimaudit: Run, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc")
    done = scimaudit("init", "--roster", "people.xlsx", "--organisation", 'A "quoted" name', cwd=tmp_path)
    assert done.returncode == 0
    text = (tmp_path / "scimaudit.toml").read_text("utf-8")
    assert 'source = "xlsx"' in text
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\nscimaudit-data/\n"
    missing = scimaudit("check", cwd=tmp_path)
    assert missing.returncode == 3
    assert "people.xlsx" in missing.stderr


def test_init_does_not_write_over_a_file(scimaudit: Run, tmp_path: Path) -> None:
    scimaudit("init", cwd=tmp_path)
    again = scimaudit("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert scimaudit("init", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / ".gitignore").read_text() == "scimaudit-data/\n"


def test_init_adds_an_app_to_what_is_there(scimaudit: Run, tmp_path: Path) -> None:
    before = '[rosters.hr]\nsource = "csv"\npath = "hr.csv"  # ours'
    (tmp_path / "scimaudit.toml").write_text(before)
    done = scimaudit("init", "--app", "slack", "--app", "zoom", cwd=tmp_path)
    assert (done.returncode, "slack, zoom" in done.stdout) == (0, True)
    text = (tmp_path / "scimaudit.toml").read_text("utf-8")
    assert text.startswith(before + "\n\n#")
    assert list(tomllib.loads(text)["apps"]) == ["slack", "zoom"]
    again = scimaudit("init", "--app", "slack", cwd=tmp_path)
    assert (again.returncode, "has the app slack already" in again.stderr) == (2, True)
    assert (tmp_path / "scimaudit.toml").read_text("utf-8") == text


def test_init_with_an_app_begins_a_configuration(scimaudit: Run, tmp_path: Path) -> None:
    assert scimaudit("init", "--app", "slack", cwd=tmp_path).returncode == 0
    (tmp_path / "hr.csv").write_text("Personnel No,Login,Mail,State\n1,a,a@b.example,active\n")
    done = scimaudit("check", cwd=tmp_path)
    assert "SLACK_SCIM_TOKEN is not set" in done.stdout + done.stderr


def test_init_names_the_known_providers(scimaudit: Run, tmp_path: Path) -> None:
    done = scimaudit("init", "--app", "slakc", cwd=tmp_path)
    assert (done.returncode, "slack" in done.stderr) == (2, True)
    assert not (tmp_path / "scimaudit.toml").exists()


def test_init_adds_nothing_to_a_broken_file(scimaudit: Run, tmp_path: Path) -> None:
    (tmp_path / "scimaudit.toml").write_text("[apps")
    done = scimaudit("init", "--app", "slack", cwd=tmp_path)
    assert (done.returncode, "not valid TOML" in done.stderr) == (2, True)
    assert (tmp_path / "scimaudit.toml").read_text() == "[apps"


def test_every_commented_line_of_the_first_configuration_is_a_known_key(scimaudit: Run, tmp_path: Path) -> None:
    scimaudit("init", cwd=tmp_path)
    path = tmp_path / "scimaudit.toml"
    lines = path.read_text("utf-8").splitlines()
    code = [
        line.removeprefix("# ") for line in lines if not line.startswith("# ") or "=" in line or line.startswith("# [")
    ]
    path.write_text("\n".join(line for line in code if not line.startswith("#")), "utf-8")
    loaded = load(path)
    assert [app.name for app in loaded.apps] == ["slack", "fax"]
    assert len(loaded.app("slack").listings) == 2


def test_audit_judges_offline_and_ends_with_its_exit_code(ask: Run) -> None:
    done = ask("audit")
    assert done.returncode == 3
    assert "not proven" in done.stdout


def test_audit_as_json_is_the_report(ask: Run) -> None:
    report = json.loads(ask("audit", "--json").stdout)
    assert report["format_version"] == 1


def test_quiet_says_nothing(ask: Run) -> None:
    assert ask("audit", "--quiet").stdout == ""


def test_an_unknown_snapshot_lists_the_newest(ask: Run) -> None:
    done = ask("audit", "no-such")
    assert done.returncode == 5
    assert "the newest are" in done.stderr


def test_report_writes_what_is_asked_for(ask: Run, tmp_path: Path) -> None:
    done = ask("report", "--format", "json", "--output", str(tmp_path))
    assert done.stdout.split() == [str(tmp_path / "report.json")]


def test_oscal_is_written_where_it_is_asked_for(ask: Run, tmp_path: Path) -> None:
    done = ask("report", "--format", "oscal", "--output", str(tmp_path))
    names = ["assessment-results.oscal.json", "poam.oscal.json"]
    assert done.stdout.split() == [str(tmp_path / name) for name in names]


def test_who_shows_accounts_rights_and_links(ask: Run) -> None:
    found = json.loads(ask("orphans", "--format", "json").stdout.splitlines()[0])
    done = ask("who", found["person_id"] or "berg")
    assert done.returncode in (0, 2)
    assert done.stdout


def test_who_lists_homonyms(ask: Run) -> None:
    done = ask("who", "Anna Berg")
    assert done.returncode == 2
    assert "Anna Berg" in done.stdout


def test_who_tells_where_silence_proves_nothing(ask: Run) -> None:
    people = json.loads(ask("who", "Anna Berg", "--json").stdout)
    assert {app for app, _ in people[0]["silent"]} >= {"wiki", "fax"}


def test_who_does_not_know_a_stranger(ask: Run) -> None:
    done = ask("who", "Nobody At All")
    assert done.returncode == 2
    assert "knows nobody" in done.stderr


@pytest.mark.parametrize("command", ["orphans", "drift", "excess", "findings"])
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_lists_come_in_every_form(ask: Run, command: str, form: str) -> None:
    done = ask(command, "--format", form)
    assert done.returncode == 0
    assert done.stdout
    assert "not proven" in done.stderr


def test_findings_are_filtered(ask: Run) -> None:
    rows = [
        json.loads(line)
        for line in ask("findings", "--app", "crm", "--severity", "high", "-f", "json").stdout.splitlines()
    ]
    assert rows
    assert {row["app"] for row in rows} == {"crm"}
    assert {row["severity"] for row in rows} <= {"high", "critical"}


def test_findings_of_a_person(ask: Run) -> None:
    first = next(
        row for row in map(json.loads, ask("findings", "-f", "json").stdout.splitlines()) if row["person_name"]
    )
    rows = [
        json.loads(line) for line in ask("findings", "--person", first["person_name"], "-f", "json").stdout.splitlines()
    ]
    assert first["finding_id"] in {row["finding_id"] for row in rows}


def test_findings_of_nobody_are_an_error_and_of_somebody_without_any_are_none(ask: Run) -> None:
    done = ask("findings", "--person", "Henrik Dahlx")
    assert (done.returncode, "knows nobody called 'Henrik Dahlx'" in done.stderr, done.stdout) == (2, True, "")
    by_mail = ask("findings", "--person", "henrik.dahl@tindvik.example", "-f", "json").stdout
    assert by_mail == ask("findings", "--person", "Henrik Dahl", "-f", "json").stdout != ""
    none = ask("findings", "--person", "Henrik Dahl", "--kind", "prestart", "-f", "json")
    assert (none.returncode, none.stdout) == (0, "")


def test_all_shows_what_the_lead_covers(ask: Run) -> None:
    few = ask("findings", "-f", "json").stdout.splitlines()
    assert len(ask("findings", "--all", "-f", "json").stdout.splitlines()) > len(few)


@pytest.mark.parametrize("option", ["--app", "--kind"])
def test_an_unknown_filter_lists_the_known_ones(ask: Run, option: str) -> None:
    done = ask("findings", option, "no-such")
    assert done.returncode == 2
    assert "crm" in done.stderr or "leaver-active" in done.stderr


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_access_shows_privileged_rights_first(ask: Run, form: str) -> None:
    done = ask("access", "crm", "--format", form)
    assert done.returncode == 0
    if form == "json":
        rows = [json.loads(line)["privileged"] for line in done.stdout.splitlines()]
        assert rows == sorted(rows, reverse=True)
        assert any(rows)


def test_access_of_an_unknown_app(ask: Run) -> None:
    assert "it has: " in ask("access", "no-such").stderr


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_links_show_the_queue(ask: Run, form: str) -> None:
    done = ask("links", "--format", form)
    assert done.returncode == 0
    assert done.stdout


def test_links_of_one_app(ask: Run) -> None:
    rows = [json.loads(line) for line in ask("links", "--app", "crm", "-f", "json").stdout.splitlines()]
    assert {row["app"] for row in rows} <= {"crm"}


def test_explain_a_finding(ask: Run) -> None:
    found = json.loads(ask("orphans", "--app", "crm", "-f", "json").stdout.splitlines()[0])
    done = ask("explain", found["finding_id"])
    assert done.returncode == 0
    heads = [line.split("  ")[0].strip() for line in done.stdout.splitlines()]
    places = [heads.index(name) for name in ("detects", "why", "not evaluable", "controls", "remediation")]
    assert places == sorted(places)
    assert "T3" in done.stdout


def test_explain_an_account_as_json(ask: Run) -> None:
    found = json.loads(ask("orphans", "--app", "crm", "-f", "json").stdout.splitlines()[0])
    told = json.loads(ask("explain", f"crm/{found['account_id']}", "--json").stdout)
    assert {trial["tier"] for trial in told["tiers"]} >= {"T0", "T1", "T8"}
    assert {trial["outcome"] for trial in told["rules"]} <= {"fail", "pass", "not-evaluable", "does not apply"}
    assert "fail" in {trial["outcome"] for trial in told["rules"]}


def test_explain_a_finding_that_no_account_has(ask: Run) -> None:
    found = next(
        row
        for row in map(json.loads, ask("findings", "-f", "json").stdout.splitlines())
        if row["kind"] == "not-audited"
    )
    done = ask("explain", found["finding_id"])
    assert done.returncode == 0
    assert "fax" in done.stdout


def test_explain_a_stranger(ask: Run) -> None:
    assert "there is no finding" in ask("explain", "no-such").stderr
    assert "lists no account" in ask("explain", "crm/no-such").stderr


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_account(ask: Run, form: tuple[str, ...]) -> None:
    found = json.loads(ask("orphans", "--app", "crm", "-f", "json").stdout.splitlines()[0])
    done = ask("account", "crm", found["user_name"].upper(), *form)
    assert done.returncode == 0
    assert found["account_id"] in done.stdout


def test_account_of_a_liar_says_that_the_listing_is_not_proven(ask: Run) -> None:
    done = ask("account", "wiki", "no-such")
    assert "not proven" in done.stderr


def test_schema_is_json(scimaudit: Run) -> None:
    assert json.loads(scimaudit("schema").stdout)["title"] == "scimaudit.toml"


def test_a_pipe_gets_no_boxes_and_no_colours(ask: Run) -> None:
    told = ask("findings").stdout
    assert "\x1b" not in told
    assert not set("─│┃━┏┓") & set(told)


def test_what_the_command_line_writes_is_its_owners_alone(scimaudit: Run, demo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    scimaudit("report", "--config", demo / "scimaudit.toml", "--format", "json", "--output", folder)
    scimaudit("init", cwd=tmp_path)
    written = [path for path in tmp_path.rglob("*") if path != tmp_path]
    assert {path.name for path in written} >= {"out", "report.json", "scimaudit.toml"}
    assert [path for path in written if path.stat().st_mode & 0o077] == []
