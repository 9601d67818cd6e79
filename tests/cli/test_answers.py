"""An auditor's three questions, one command each: who approved this, which control stops this, what was not judged."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from scimaudit import workflow
from scimaudit.config import load
from scimaudit.drafts import draft_exception

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
    assert (
        "disable" in next(line for line in told.splitlines() if line.startswith("should have been stopped by")).split()
    )
    assert "306: 9 failed" in told
    assert "not evaluable" in told
    assert "its owner's status is unknown or the roster is not proven" in told
    assert "rules.leaver-active.grace_days" in told


def test_what_was_tested_for_a_control(ask: Run) -> None:
    lines = {line["control"]: line for line in json.loads(ask("controls", "nydfs-500", "--json").stdout)}
    left = lines["nydfs-500/500.7(a)(6)"]
    assert set(left["kinds"]) == {"external-expired", "leaver-active", "leaver-late", "prestart", "status-drift"}
    rules = {line["kind"]: line for line in json.loads(ask("rules", "--json").stdout)}
    assert left["failed"] == sum(rules[kind]["failed"] for kind in left["kinds"])
    assert left["why"] == ["leaver-active: semantics-unknown 1", "leaver-late: too-young 1"]
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
    assert everywhere["dormant"]["reason"] == "attribute-absent 285, semantics-unknown 1"


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
    assert done.stderr.startswith("ends with 1: EX-")
    assert "EX-2026-012 is invalid" in done.stderr
    assert "EX-2026-009 covers no finding" in done.stderr


def test_expiring_shows_what_ends_soon(ask: Run) -> None:
    assert "EX-2026-009" in ask("exceptions", "expiring", "--within", "25").stdout
    assert "EX-2026-011" not in ask("exceptions", "expiring", "--within", "25").stdout


def test_a_draft_is_a_table_to_sign(ask: Run) -> None:
    rows = json.loads(ask("audit", "--json").stdout)["findings"]
    drift = next(row for row in rows if row["kind"] == "attribute-drift" and row["disposition"] == "open")
    [table] = tomllib.loads(ask("exceptions", "draft", drift["finding_id"]).stdout)["exceptions"]
    assert (table["kind"], table["app"], table["attribute"]) == ("attribute-drift", drift["app"], drift["attribute"])
    assert (table["reason"], table["requested_by"], table["approver"]) == ("", "", drift["owner"])
    assert (table["approved"], table["compensating_control"], table["ticket"]) == ("", "", "")
    control = next(row for row in rows if row["kind"] == "exception-unused")
    assert ask("exceptions", "draft", control["finding_id"]).returncode == 2


def test_a_draft_leaves_the_approver_to_a_delegate_where_the_owner_is_the_subject(ask: Run, demo: Path) -> None:
    case = workflow.case(load(demo / "scimaudit.toml"))
    rows = case.audit.findings
    mine = rows[rows["person_name"].notna() & rows["account_id"].notna()].iloc[[0]]
    case = replace(case, audit=replace(case.audit, findings=mine.assign(owner=mine["person_id"], finding_id="f")))
    text = draft_exception(case, "f", 90)
    assert 'approver = ""  # the owner is its subject: a delegate must sign' in text
    assert tomllib.loads(text)["exceptions"][0]["approver"] == ""
    assert "draft needs a finding's id" in ask("exceptions", "draft").stderr


def test_a_draft_shows_what_a_terminal_would_obey(demo: Path) -> None:
    case = workflow.case(load(demo / "scimaudit.toml"))
    audit = case.audit
    name = "a\u202eb\x1b[2J\n[[exceptions]]"
    row = audit.findings[audit.findings["account_id"].notna()].iloc[[0]]
    hostile = row.assign(user_name=name, actual=name, finding_id="f")
    text = draft_exception(replace(case, audit=replace(audit, findings=hostile)), "f", 90)
    assert not {"\u202e", "\x1b"} & set(text)
    [table] = tomllib.loads(text)["exceptions"]
    assert table["account"] == name


def test_the_policy_is_tried_on_example_people(ask: Run, demo: Path, tmp_path: Path) -> None:
    assert ask("policy", "test").returncode == 0
    found = json.loads(ask("policy", "test", "--json").stdout)
    assert {each["expect"] == each["found"] for each in found} == {True}


def test_holes_and_drafts_of_the_policy(ask: Run) -> None:
    told = json.loads(ask("policy", "coverage", "--json").stdout)
    assert {name: held for app, _, name, held in told["unnamed"] if app == "wiki"}["Space Admins"] == 7
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


def rights(ask: Run, *words: str) -> dict[tuple[str, str, str], dict[str, object]]:
    lines = json.loads(ask("approvals", *words, "--json").stdout)
    return {(line["app"], line["account"], line["subject"]): line for line in lines if line["what"] == "right"}


def test_approvals_name_who_approved_each_right_or_nobody(ask: Run) -> None:
    found = rights(ask)
    states = {key: line["state"] for key, line in found.items()}
    assert states["crm", "henrik.dahl@tindvik.example", "CRM Admins"] == "nobody"
    assert states["erp", "bjorn.aasen", "PAYMENT_RELEASE"] == "does not count"
    assert (
        found["erp", "bjorn.aasen", "PAYMENT_RELEASE"]["trouble"]
        == "bjorn.aasen@tindvik.example approved it and holds it"
    )
    assert found["crm", "adm-kari.nilsen@tindvik.example", "CRM Admins"]["trouble"] == "it ran out on 2026-10-31"
    grete = found["erp", "grete.lund", "PAYMENT_RELEASE"]
    assert (grete["by"], grete["on"], grete["until"], grete["state"]) == (
        "bjorn.aasen@tindvik.example", "2026-03-01", "", "counts",
    )  # fmt: skip
    assert [(word["rule"], word["says"], word["owner"]) for word in grete["rules"]] == [  # type: ignore[attr-defined]
        ("erp-payments", "allows", "bjorn.aasen@tindvik.example")
    ]
    told = ask("approvals").stdout
    assert told.startswith("16 rights of which somebody must say yes: 2 approved by nobody, 4 with an approval that")
    assert "in 2 apps nobody has said which rights give power" in told


def test_approvals_of_an_account_tell_every_right_and_every_decision(ask: Run) -> None:
    found = rights(ask, "erp/grete.lund")
    assert {right for _, _, right in found} == {"PAYMENT_RELEASE", "ERP Users", "Finance", "GL_CLOSE", "VENDOR_MASTER"}
    assert found["erp", "grete.lund", "GL_CLOSE"]["trouble"] == "nobody approved it; no rule asks for an approval"
    assert "EX-2026-012: sod vendor-and-payment" in ask("approvals", "erp/grete.lund").stdout


def test_approvals_of_a_person_are_those_of_all_their_accounts(ask: Run) -> None:
    assert {app for app, _, _ in rights(ask, "kari.nilsen@tindvik.example")} == {
        "chat", "code", "crm", "erp", "helpdesk", "wiki",
    }  # fmt: skip
    assert {app for app, _, _ in rights(ask, "crm")} == {"crm"}
    assert len(rights(ask, "crm", "--all")) > len(rights(ask, "crm"))


def test_approvals_of_a_finding_say_who_accepted_it_or_nobody(ask: Run) -> None:
    rows = json.loads(ask("audit", "--json").stdout)["findings"]
    covered = next(row for row in rows if row["exception_id"])
    [line] = [line for line in json.loads(ask("approvals", covered["finding_id"], "--json").stdout) if line["id"]]
    assert (line["id"], line["by"]) == (covered["exception_id"], "siv.aune@tindvik.example")
    left = next(row for row in rows if row["kind"] == "leaver-active" and row["app"] == "erp")
    first = json.loads(ask("approvals", left["finding_id"], "--json").stdout)[0]
    assert (first["what"], first["trouble"]) == ("finding", "nobody accepted it")
    drift = next(row for row in rows if row["disposition"] == "snoozed")
    assert (
        "ingeborg.thorsen@tindvik.example on 2026-11-09, until 2026-12-15"
        in ask("approvals", drift["finding_id"]).stdout
    )


def test_approvals_of_a_finding_on_a_policy_line_are_what_that_line_decided(ask: Run) -> None:
    rows = json.loads(ask("audit", "--json").stdout)["findings"]

    def decided(kind: str, value: str) -> list[tuple[str, str, str]]:
        row = next(row for row in rows if (row["kind"], row["value"]) == (kind, value))
        lines = json.loads(ask("approvals", row["finding_id"], "--json").stdout)
        return [(line["what"], line["id"] or line["account"], line["trouble"]) for line in lines[1:]]

    assert decided("exception-invalid", "EX-2026-012") == [
        ("exception", "EX-2026-012", "bjorn.aasen@tindvik.example approved what they asked for")
    ]
    assert [line[:2] for line in decided("exception-expired", "EX-2026-007")] == [("exception", "EX-2026-007")]
    assert [line[:2] for line in decided("policy-defect", "jwagner / Developers")] == [("right", "jwagner")]
    assert decided("register-contradiction", "removal") == []
    sod = next(row for row in rows if row["value"] == "vendor-and-payment")
    first = json.loads(ask("approvals", sod["finding_id"], "--json").stdout)[0]
    assert first["trouble"] == "nobody accepted it (EX-2026-012 does not count)"


def test_where_nothing_is_listed_silence_is_no_approval(ask: Run) -> None:
    done = ask("approvals", "fax")
    assert "nobody decided anything else" in done.stdout
    assert "silence means nothing there: fax" in done.stderr


def test_the_register_stands_side_by_side_with_its_gaps(ask: Run) -> None:
    lines = {line["app"]: line for line in json.loads(ask("register", "--json").stdout)}
    said = {app: [each["said"] for each in line["controls"]] for app, line in lines.items()}
    assert said["wiki"] == ["oidc", "jit", "none", "manual", "none"]
    assert said["helpdesk"] == [""] * 5
    gaps = [gap for control, gap in lines["code"]["gaps"] if control == "disable"]
    assert gaps[0] == "claims that accounts are disabled by scim, yet 2 accounts of leavers are active"
    assert "open findings that it should have stopped (" in gaps[1]
    assert "leaver-active 2" in gaps[1]
    assert "the vendor offers neither SCIM nor an export" in lines["fax"]["compared"]
    told = ask("register").stdout
    assert "nobody has said what controls it" in told
    assert "nothing updates accounts" in told
    assert "wiki" not in ask("register", "crm").stdout
    assert ask("register", "crm/anna.berg").stdout == ask("register", "crm").stdout


def test_the_register_tells_which_control_stops_a_finding(ask: Run) -> None:
    rows = json.loads(ask("audit", "--json").stdout)["findings"]
    left = next(row for row in rows if row["kind"] == "leaver-active" and row["app"] == "code")
    found = json.loads(ask("register", left["finding_id"], "--json").stdout)
    assert found["stopped_by"] == ["disable"]
    assert (found["controls"][0]["said"], found["controls"][0]["state"]) == ("scim", "contradicted")
    assert found["frameworks"]["hipaa/164.308(a)(3)(ii)(C)"] == "Access ends when employment ends"
    told = ask("register", left["finding_id"]).stdout
    assert "yet 2 accounts of leavers are active" in told
    walk = next(row for row in rows if row["kind"] == "walk-incomplete")
    assert "none of the five controls" in ask("register", walk["finding_id"]).stdout


def test_the_ledger_begins_with_its_totals_and_ends_with_what_is_not_proven(ask: Run) -> None:
    checks = json.loads(ask("audit", "--json").stdout)["checks"]
    unknown, total = (sum(check[name] for check in checks) for name in ("not_evaluable", "population"))
    told = ask("ledger").stdout
    assert told.startswith(f"{unknown:,} of {total:,} checks could not be judged; none of them counts as passed\n")
    assert "a listing that tells last_login" in told
    assert "the vendor offers neither SCIM nor an export" in told
    assert "apps.wiki.listings[0]" in told
    found = json.loads(ask("ledger", "--app", "code", "--json").stdout)
    assert {line["app"] for line in found["lines"]} == {"code"}
    assert all(sum(doubt["rows"] for doubt in line["doubts"]) == line["not_evaluable"] > 0 for line in found["lines"])
    whole = json.loads(ask("ledger", "--all", "--json").stdout)["lines"]
    assert len(whole) == len(checks)
    assert ask("ledger", "code").stdout == ask("ledger", "--app", "code").stdout
    assert "1 of 20 checks" in ask("ledger", "--app", "code", "--kind", "dormant").stdout
    assert "no check was made" in ask("ledger", "--app", "fax", "--kind", "dormant").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("approvals", "nobody.at.all"), "apps: chat, crm"),
        (("approvals", "Anna Berg"), "name one by its id: "),
        (("approvals", "crm/nobody"), "no account 'nobody'"),
        (("access", "fax"), "fax is not audited: the vendor offers neither SCIM nor an export"),
        (("register", "nowhere"), "known apps: chat, crm"),
        (("ledger", "--app", "nowhere"), "known apps: chat, crm"),
        (("ledger", "--kind", "dormnt"), "known kinds: "),
    ],
)
def test_what_is_known_is_listed_for_what_is_not(ask: Run, words: tuple[str, ...], said: str) -> None:
    done = ask(*words)
    assert (done.returncode, said in done.stderr, done.stdout) == (2, True, "")


@pytest.mark.parametrize(
    "words",
    [
        "orphans --app chat", "findings", "drift", "excess", "who Berg", "links", "explain chat/anna.berg@tindvik.example", "register",
        "register chat", "ledger", "approvals chat", "access chat", "account chat anna.berg@tindvik.example", "rules", "controls soc2",
    ],
)  # fmt: skip
def test_a_tripped_gate_is_told_with_every_answer(scimaudit: Run, demo: Path, words: str) -> None:
    done = scimaudit(*words.split(), "--config", demo / "broken-night" / "scimaudit.toml")
    gate = "GATE roster-shrunk: rosters.hr went from 67 to 45 (limit max(20 %, 5 rows)); do not act on these findings before it is explained"
    assert done.stderr.splitlines()[0] == gate
    assert ("GATE app-shrunk: crm" in done.stderr) == ("chat" not in words)
