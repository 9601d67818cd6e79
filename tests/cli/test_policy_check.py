"""``scimaudit policy check``, before and after the first pull."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from scimaudit import config, workflow
from tests.silence import Silence

Run = Callable[..., "CompletedProcess[str]"]
RULE = '[[rules]]\nname = "core"\nwho = "{who}"\nwhat = {{ app = "git", values = ["core"] }}\nwhy = "x"\nowner = "{owner}"\n'


@pytest.fixture
def company(tmp_path: Path) -> Path:
    (tmp_path / "hr.csv").write_text("employee_number,user_name,status\n1,ana,active\n2,bo,terminated\n", "utf-8")
    (tmp_path / "git.csv").write_text("account_id,user_name,active,groups\na1,ana,true,core\n", "utf-8")
    (tmp_path / "scimaudit.toml").write_text(
        '[audit]\nas_of = 2026-11-20\n[rosters.hr]\nsource = "csv"\npath = "hr.csv"\nas_of = "2026-11-20"\n'
        'declared_total = 2\n[apps.git]\n[[apps.git.listings]]\nsource = "csv"\npath = "git.csv"\n'
        'exported_by = "ana"\nexported_at = "2026-11-20"\ndeclared_total = 1\n',
        "utf-8",
    )
    (tmp_path / "policy").mkdir()
    return tmp_path / "scimaudit.toml"


def write(company: Path, name: str, text: str) -> None:
    (company.parent / "policy" / name).write_text(text, "utf-8")


def pull(company: Path) -> None:
    workflow.pull(config.load(company), now=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC), watcher=Silence())


def test_without_a_snapshot_the_files_alone_are_judged(scimaudit: Run, company: Path) -> None:
    write(company, "entitlements.toml", "\n" + RULE.format(who="not everyone", owner="bo"))
    done = scimaudit("policy", "check", "--config", company)
    assert done.returncode == 1
    assert "entitlements.toml, line 2" in done.stdout
    assert "nobody can ever meet" in done.stdout
    assert "There is no snapshot" in done.stdout
    told = json.loads(scimaudit("policy", "check", "--json", "--config", company).stdout)
    assert [each["check"] for each in told["defects"]] == ["unreachable"]


def test_with_a_snapshot_people_are_looked_at(scimaudit: Run, company: Path) -> None:
    pull(company)
    write(company, "entitlements.toml", RULE.format(who="everyone", owner="bo"))
    done = scimaudit("policy", "check", "--json", "--config", company)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [(each["place"], each["check"], each["actual"]) for each in told["defects"]] == [
        ("entitlements.toml, line 1", "owner", "its owner bo does not work here")
    ]
    assert told["snapshot"]


def test_a_policy_without_defects_ends_with_0_and_says_what_it_could_not_judge(scimaudit: Run, company: Path) -> None:
    pull(company)
    write(company, "entitlements.toml", RULE.format(who="start_date ~ '2026-*'", owner="ana"))
    done = scimaudit("policy", "check", "--config", company)
    assert done.returncode == 0
    assert "semantics-unknown" in done.stdout
    assert "There is no snapshot" not in done.stdout
    told = json.loads(scimaudit("policy", "check", "--json", "--config", company).stdout)
    assert (told["lines"], told["defects"], len(told["open"])) == (1, [], 1)


@pytest.mark.parametrize("pulled", [False, True])
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("entitlements.toml", RULE.replace("git", "gti").format(who="everyone", owner=""), "entitlements.toml, line 1"),
        ("tests.toml", '[[tests]]\nname = "t"\napp = "gti"\nvalue = "x"\nexpect = "silent"\n', "tests.toml, line 1"),
        ("links.csv", "app,account_id,person_id,relation,decided_by,decided_on,until,reason\n"
                      "gti,a1,1,is,ana,2026-01-01,,x\n", "links.csv, line 2"),
        ("exceptions.toml", '[[exceptions]]\nid = "E"\nkind = "dormnt"\nreason = "x"\nrequested_by = "a"\n'
                            'approver = "b"\napproved = 2026-11-01\nexpires = 2026-12-01\n', "exceptions.toml, line 1"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_an_error_with_its_place(
    scimaudit: Run, company: Path, name: str, text: str, said: str, pulled: bool
) -> None:
    if pulled:
        pull(company)
    write(company, name, text)
    done = scimaudit("policy", "check", "--config", company)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_audit_refuses_a_decision_about_an_app_that_is_misspelt(scimaudit: Run, company: Path) -> None:
    pull(company)
    head = "app,account_id,person_id,relation,decided_by,decided_on,until,reason\n"
    write(company, "links.csv", head + "gti,a1,1,is-not,ana,2026-01-01,,x\n")
    done = scimaudit("audit", "--config", company)
    assert done.returncode == 2
    assert "links.csv, line 2 names the app 'gti'" in done.stderr


def test_a_test_about_an_app_that_is_misspelt_does_not_pass(scimaudit: Run, company: Path) -> None:
    write(company, "tests.toml", '[[tests]]\nname = "t"\napp = "gti"\nvalue = "x"\nexpect = "silent"\n')
    done = scimaudit("policy", "test", "--config", company)
    assert done.returncode == 2
    assert "tests.toml, line 1 names the app 'gti'" in done.stderr
