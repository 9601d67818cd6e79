"""An auditor's three questions, one command each: who approved this, which control stops this, what was not judged."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from scimaudit import workflow
from scimaudit.answers import draft_exception
from scimaudit.config import load
from scimaudit.result import Audit

Run = Callable[..., "CompletedProcess[str]"]


def test_who_approved_this(ask: Run) -> None:
    lines = {line["id"]: line for line in json.loads(ask("exceptions", "--json").stdout)}
    assert lines["EX-2026-011"]["approver"] == "siv.aune@tindvik.example"
    assert {name: line["state"] for name, line in lines.items()} == {
        "EX-2026-011": "valid", "EX-2026-007": "expired", "EX-2026-012": "invalid", "EX-2026-009": "valid",
    }  # fmt: skip
    covered = [row for row in json.loads(ask("audit", "--json").stdout)["findings"] if row["exception_id"]]
    assert [(row["user_name"], row["disposition"]) for row in covered] == [("kiosk-gdansk", "excepted")]
    told = ask("explain", covered[0]["finding_id"]).stdout
    assert "EX-2026-011: siv.aune@tindvik.example on 2026-11-02, until 2026-12-31" in told


def test_which_control_stops_this(ask: Run) -> None:
    told = ask("rules", "leaver-active").stdout
    assert "soc2/CC6.3" in told
    assert "303: 8 failed" in told
    assert "not evaluable" in told
    assert "its owner's status is unknown or the roster is not proven" in told
    assert "rules.leaver-active.grace_days" in told


def test_what_was_tested_for_a_control(ask: Run) -> None:
    lines = {line["control"]: line for line in json.loads(ask("controls", "nydfs-500", "--json").stdout)}
    left = lines["nydfs-500/500.7(a)(6)"]
    assert set(left["kinds"]) == {"external-expired", "leaver-active", "prestart", "status-drift"}
    rules = {line["kind"]: line for line in json.loads(ask("rules", "--json").stdout)}
    assert left["failed"] == sum(rules[kind]["failed"] for kind in left["kinds"])
    assert left["why"] == ["leaver-active: semantics-unknown 1"]
    assert {line.split("/")[0] for line in ask("controls").stdout.splitlines() if "/" in line.split(" ")[0]} >= {
        "soc2",
        "hipaa",
    }
    assert "known frameworks" in ask("controls", "sox").stderr


def test_what_was_not_judged(ask: Run) -> None:
    lines = {line["kind"]: line for line in json.loads(ask("rules", "--app", "code", "--json").stdout)}
    assert lines["dormant"]["population"] == sum(
        lines["dormant"][name] for name in ("failed", "passed", "not_evaluable")
    )
    everywhere = {line["kind"]: line for line in json.loads(ask("rules", "--json").stdout)}
    assert everywhere["dormant"]["reason"] == "attribute-absent 283"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rules", "dormnt"), "no rule 'dormnt'"),
        (("rules", "--app", "nowhere"), "no app 'nowhere'"),
        (("exceptions", "draft", "nothing"), "no finding 'nothing'"),
        (("exceptions", "renew"), "renew"),
    ],
)
def test_what_is_not_there_is_named(ask: Run, words: tuple[str, ...], said: str) -> None:
    done = ask(*words)
    assert (done.returncode, said in done.stderr) == (2, True)


def test_check_ends_with_1_when_an_exception_does_not_count(ask: Run) -> None:
    done = ask("exceptions", "check")
    assert (done.returncode, "approved what they asked for" in done.stdout) == (1, True)


def test_expiring_shows_what_ends_soon(ask: Run) -> None:
    assert "EX-2026-009" in ask("exceptions", "expiring", "--within", "25").stdout
    assert "EX-2026-011" not in ask("exceptions", "expiring", "--within", "25").stdout


def test_a_draft_is_a_table_to_sign(ask: Run) -> None:
    rows = json.loads(ask("audit", "--json").stdout)["findings"]
    drift = next(row for row in rows if row["kind"] == "attribute-drift" and row["disposition"] == "open")
    [table] = tomllib.loads(ask("exceptions", "draft", drift["finding_id"]).stdout)["exceptions"]
    assert (table["kind"], table["app"], table["attribute"]) == ("attribute-drift", drift["app"], drift["attribute"])
    assert (table["reason"], table["requested_by"], table["approver"]) == ("", "", drift["owner"])
    control = next(row for row in rows if row["kind"] == "exception-unused")
    assert ask("exceptions", "draft", control["finding_id"]).returncode == 2


def test_a_draft_shows_what_a_terminal_would_obey(demo: Path) -> None:
    audit = workflow.case(load(demo / "scimaudit.toml")).audit
    name = "a\u202eb\x1b[2J\n[[exceptions]]"
    row = audit.findings[audit.findings["account_id"].notna()].iloc[[0]]
    hostile = row.assign(user_name=name, actual=name, finding_id="f")
    text = draft_exception(Audit(**{**vars(audit), "findings": hostile}), "f", 90)
    assert not {"\u202e", "\x1b"} & set(text)
    [table] = tomllib.loads(text)["exceptions"]
    assert table["account"] == name


def test_the_policy_is_tried_on_example_people(ask: Run, demo: Path, tmp_path: Path) -> None:
    assert ask("policy", "test").returncode == 0
    found = json.loads(ask("policy", "test", "--json").stdout)
    assert {each["expect"] == each["found"] for each in found} == {True}


def test_holes_and_drafts_of_the_policy(ask: Run) -> None:
    told = json.loads(ask("policy", "coverage", "--json").stdout)
    assert ["wiki", "groups", "Space Admins", 5] in told["unnamed"]
    assert "Readers" in ask("policy", "coverage").stdout
    assert tomllib.loads(ask("policy", "suggest", "--least", "4").stdout)["rules"]


def test_the_impact_of_another_policy(ask: Run, demo: Path, tmp_path: Path) -> None:
    for path in (demo / "policy").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rules = (tmp_path / "entitlements.toml").read_text("utf-8")
    (tmp_path / "entitlements.toml").write_text(rules.replace('values = ["Board"]', 'values = ["Nobody"]'), "utf-8")
    told = ask("policy", "impact", "--with", str(tmp_path)).stdout
    assert "Astrid Tindvik" in told
    changes = json.loads(ask("policy", "impact", "--with", str(tmp_path), "--json").stdout)
    assert {(each["app"], each["before"], each["after"]) for each in changes} == {("crm", "allowed", "silent")}


@pytest.mark.parametrize(
    ("words", "said"), [(("policy", "impact"), "--with"), (("policy", "impact", "--with", "nowhere"), "no folder")]
)
def test_impact_needs_another_policy(ask: Run, words: tuple[str, ...], said: str) -> None:
    done = ask(*words)
    assert (done.returncode, said in done.stderr) == (2, True)
