"""The audit of the sample company finds what its README says, and nothing where its README says that it is silent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from scimaudit import rules, workflow
from scimaudit.config import load
from scimaudit.demo import TOKEN_VARIABLE, Running, night, prepare
from scimaudit.demo.season import Played
from scimaudit.result import AppLine, Audit
from scimaudit.snapshot.brake import Brake
from scimaudit.snapshot.store import open_snapshot
from tests.season import clock
from tests.silence import Silence

KINDS = (
    "leaver-active", "unmatched", "ambiguous", "external-expired", "duplicate", "dormant", "never-used",
    "disabled-residual", "status-drift", "attribute-drift", "missing-account", "out-of-band", "excess", "sod",
    "nhi-unowned", "walk-incomplete", "scope-partial", "source-stale", "unmapped-status", "rejected-rows",
    "listing-gap", "not-audited", "roster-conflict", "exception-expired", "exception-invalid", "exception-unused",
    "nhi-owner-left", "prestart", "on-leave-active", "shared", "review-overdue", "privileged-unapproved", "grant-expired",
    "standing-privilege", "birthright-missing", "peer-outlier", "register-contradiction",
    "mover-residual", "rehire-residual", "sync-late", "revoke-not-done", "revoke-regressed", "leaver-late", "self-review", "nhi-interactive", "break-glass-unready", "policy-defect",
)  # fmt: skip
SHRUNK = ("roster-shrunk", "app-shrunk")
APPS = {"chat", "crm", "erp", "wiki", "code", "helpdesk", "fax"}


@pytest.fixture(scope="module")
def audit(first_act: Played) -> Audit:
    return first_act.stored.audit


@pytest.fixture(scope="module")
def broken(first_act: Played, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The second act."""
    folder = tmp_path_factory.mktemp("night")
    before = open_snapshot(first_act.config.store)
    with pytest.MonkeyPatch.context() as patch, night.fall(folder, first_act.config) as fallen:
        patch.setenv(TOKEN_VARIABLE, fallen.running.token)
        config = load(fallen.config)
        workflow.pull(config, now=clock(before.manifest.started + timedelta(1)), watcher=Silence(), only=[night.APP])
    return workflow.audit(config).audit


def story(sample: Path, kind: str) -> tuple[str, str]:
    """What the README says of a rule: for whom it fires, for whom it stays silent."""
    lines = [
        line for line in (sample / "README.md").read_text("utf-8").splitlines() if line.startswith(f"| `{kind}` |")
    ]
    assert len(lines) == 1
    _, hit, miss = lines[0].strip("| ").split(" | ")
    return hit, miss


def names(text: str) -> set[str]:
    """Accounts, entitlements and words in a piece of the story; apps are left out."""
    return set(re.findall(r"`([^`]+)`", text)) - APPS


def numbers(text: str) -> set[str]:
    """People in a piece of the story."""
    return set(re.findall(r"\((\d{5}|[KG]-\d{4})\)", text))


def of_kind(audit: Audit, kind: str) -> pd.DataFrame:
    return audit.findings[audit.findings["kind"] == kind]


def app(audit: Audit, name: str) -> AppLine:
    return next(line for line in audit.apps if line.app == name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_hit_is_found(sample: Path, audit: Audit, kind: str) -> None:
    found = of_kind(audit, kind)
    columns = ["app", "account_id", "user_name", "person_id", "value", "expected", "actual"]
    text = "\n".join(" ".join(map(str, row)) for row in found[columns].to_numpy(dtype=object))
    for clause in story(sample, kind)[0].split(";"):
        words, people = names(clause), numbers(clause)
        assert {word for word in words if word not in text} == set(), clause
        assert words or not people or any(person in text for person in people), clause
    assert len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_no_near_miss_is_found(sample: Path, audit: Audit, kind: str) -> None:
    found = of_kind(audit, kind)
    miss = story(sample, kind)[1]
    quiet = names(miss) | numbers(miss)
    assert not quiet & {str(cell) for column in ("user_name", "person_id") for cell in found[column]}
    if not quiet:
        assert not APPS & set(re.findall(r"`([^`]+)`", miss)) & set(found["app"].astype("str"))


def test_every_rule_has_its_story() -> None:
    assert set(rules.names()) == {*KINDS, *SHRUNK}


def test_every_kind_leads_somewhere(audit: Audit) -> None:
    covered = set(KINDS) - set(audit.leading["kind"].astype("str"))
    # What a review revoked and is there again says more of the same right.
    assert covered == {"mover-residual"}


def test_one_app_is_proven_clean(audit: Audit) -> None:
    chat = app(audit, "chat")
    assert (chat.verdict, chat.walk, chat.scope) == ("clean", "complete", "all")
    assert {line.app for line in audit.apps if line.verdict == "clean"} == {"chat"}


def test_the_liar_is_caught(audit: Audit) -> None:
    wiki = app(audit, "wiki")
    assert wiki.walk == "incomplete"
    assert wiki.findings


def test_every_account_that_the_liar_hides_comes_to_light(sample: Path, audit: Audit) -> None:
    there, listed = re.findall(r"`wiki`[^|]*\| stops at (\d+) of (\d+)", (sample / "README.md").read_text("utf-8"))[0][
        ::-1
    ]
    wiki = app(audit, "wiki")
    assert wiki.accounts == int(there)
    assert f"{int(there) - int(listed)} accounts came to light" in wiki.walk_reason


def test_a_leaver_whom_only_groups_name_is_found_with_all_he_holds(first_act: Played, audit: Audit) -> None:
    found = of_kind(audit, "leaver-active")
    [account] = found.loc[found["user_name"] == "viktor.novak", "account_id"]
    grants = open_snapshot(first_act.config.store).grants("wiki").to_pylist()
    assert {row["display"] for row in grants if row["account_id"] == account} == {"Engineering space", "Readers"}


def test_the_others_are_what_they_are(audit: Audit) -> None:
    assert {(name, app(audit, name).walk, app(audit, name).scope) for name in ("crm", "erp", "code", "helpdesk")} == {
        ("crm", "complete", "all"),
        ("erp", "complete", "all"),
        ("code", "complete", "partial"),
        ("helpdesk", "complete", "unknown"),
    }
    assert app(audit, "fax").verdict == "not audited"
    assert audit.meta.exit_code == 3


def test_every_account_that_was_used_after_the_end_is_critical(audit: Audit) -> None:
    used = of_kind(audit, "leaver-active")
    used = used[used["actual"].str.contains("used after")]
    assert set(used["user_name"]) == {"hdahl", "vnovak-bf"}
    assert set(used["severity"].astype("str")) == {"critical"}


@pytest.mark.parametrize("kind", SHRUNK)
def test_the_broken_night_is_told_as_the_readme_says(sample: Path, broken: Audit, kind: str) -> None:
    hit, miss = story(sample, kind)
    [found] = of_kind(broken, kind)[["app", "value", "expected", "actual"]].astype("str").to_dict("records")
    [subject] = re.findall(r"`([^`]+)`", hit)
    assert subject in (found["app"], found["value"])
    before, now = re.findall(r"(\d+) of (\d+) (?:people|accounts)", hit)[0][::-1]
    assert found["actual"].startswith(f"{now} ")
    assert f" of {before} " in found["expected"]
    assert re.findall(r"`([^`]+)`", miss)[0] not in found.values()


def test_on_the_broken_night_no_finding_is_to_be_acted_on(audit: Audit, broken: Audit) -> None:
    assert {(gate.name, gate.subject) for gate in broken.gates} == {
        ("roster-shrunk", "rosters.hr"),
        ("app-shrunk", "crm"),
    }
    assert broken.meta.exit_code == 4
    assert broken.findings["gated"].all()
    assert not audit.findings["gated"].any()


def test_no_witness_saw_what_the_night_before_tells(broken: Audit) -> None:
    crm = app(broken, "crm")
    assert (crm.walk, crm.scope) == ("complete", "all")
    assert crm.verdict == "not proven"
    assert "it went from 50 to 33 accounts" in crm.verdict_reason


def test_only_the_app_that_shows_less_was_asked_again(broken: Audit) -> None:
    assert {line.app for line in broken.sources if line.fills == "accounts" and not line.reused} == {"crm"}


def test_the_counts_balance(audit: Audit) -> None:
    assert [equation for equation in audit.equations if not equation.holds] == []


def test_listings_that_fill_the_memory_take_turns_and_lose_nothing(
    running: Running, tmp_path: Path, audit: Audit
) -> None:
    config = load(prepare(tmp_path, running))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_VARIABLE, running.token)
        patch.setattr("scimaudit.snapshot.collect.Brake", lambda: Brake(1))
        snapshot = workflow.pull(config, now=lambda: datetime.now(UTC), watcher=Silence())
    accounts = {line.app: line.accounts for line in snapshot.manifest.apps}
    assert accounts == {app.app: app.accounts for app in audit.apps if app.app in accounts}
