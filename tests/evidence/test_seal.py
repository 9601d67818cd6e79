"""What is sealed, in which order, and that a sealing that fails seals nothing."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scimaudit import config, workflow
from scimaudit.errors import ConfigError, IntegrityError, ScimAuditError
from scimaudit.evidence import sealed, standalone, statement
from scimaudit.evidence.replay import replay
from scimaudit.evidence.verify import chain, verify
from tests.evidence.conftest import Evidence, sealed_audit


def contents(bundle: Path) -> dict[str, bytes]:
    return {path.relative_to(bundle).as_posix(): path.read_bytes() for path in bundle.rglob("*") if path.is_file()}


def test_three_verifiers_agree_on_a_bundle(evidence: Evidence) -> None:
    bundle = evidence.last
    assert verify(bundle, full=True).problems == ()
    subprocess.run(["sha256sum", "--check", "--quiet", "--strict", "MANIFEST.sha256"], cwd=bundle, check=True)
    subprocess.run([sys.executable, "-I", "verify.py", "."], cwd=bundle, check=True)


def test_the_small_verifier_needs_nothing_but_python_and_five_minutes() -> None:
    text = Path(standalone.__file__).read_text("utf-8")
    assert len(text.splitlines()) <= 105
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names


def test_a_bundle_holds_what_its_verdict_rests_on(evidence: Evidence) -> None:
    names = set(contents(evidence.last))
    assert {
        "MANIFEST.sha256", "statement.json", "statement.json.sig", "README.txt", "verify.py", "tool.json", "tables.json",
        "config/scimaudit.toml", "snapshot/manifest.json", "snapshot/raw/roster.hr.bodies", "snapshot/raw/app.crm.0.jsonl",
        "record/findings.jsonl", "record/ledger.jsonl", "record/links.jsonl", "record/trail.jsonl", "record/audit.json",
        "reports/report.html", "reports/report.xlsx", "reports/report.json", "reports/findings.csv",
    } <= names  # fmt: skip
    assert any(name.startswith("earlier/") for name in names)
    assert any(name.startswith("former/") for name in names)


def test_the_record_is_json_lines_that_say_what_the_report_says(evidence: Evidence) -> None:
    told = contents(evidence.last)
    lines = [json.loads(line) for line in told["record/findings.jsonl"].splitlines()]
    assert lines == json.loads(told["reports/report.json"])["findings"]
    assert len(lines) > 0


def test_the_statement_says_what_was_audited_and_names_its_parent(evidence: Evidence) -> None:
    first, last = (statement.load(bundle) for bundle in evidence.bundles)
    assert first.parent is None
    assert last.parent == (first.bundle, first.digest)
    assert [app["app"] for app in last.predicate["apps"]] == ["crm"]
    assert last.predicate["exit_code"] == 1
    raw = json.loads((evidence.last / "statement.json").read_bytes())
    assert (raw["_type"], raw["subject"][0]["name"]) == ("https://in-toto.io/Statement/v1", "MANIFEST.sha256")


def test_sealing_again_changes_nothing(evidence: Evidence) -> None:
    before = contents(evidence.last)
    assert workflow.seal(evidence.firm.config(), now=evidence.firm.now) == evidence.last
    assert contents(evidence.last) == before


def test_a_third_bundle_goes_on_from_the_second_and_leaves_both_as_they_were(evidence: Evidence) -> None:
    before = [contents(bundle) for bundle in evidence.bundles]
    third = sealed_audit(evidence.firm)
    assert statement.load(third).parent == (evidence.last.name, statement.load(evidence.last).digest)
    assert [contents(bundle) for bundle in evidence.bundles] == before
    ordered, problems = chain(evidence.folder)
    assert problems == ()
    assert [each.bundle for each in ordered] == [*(bundle.name for bundle in evidence.bundles), third.name]


def test_a_store_that_changed_since_it_was_collected_is_not_sealed(evidence: Evidence) -> None:
    evidence.firm.audit()
    snapshot = max((evidence.firm.folder / "scimaudit-data/snapshots").iterdir())
    path = snapshot / "raw/app.crm.0.bodies"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(IntegrityError, match=r"app\.crm\.0\.bodies"):
        workflow.seal(evidence.firm.config(), now=evidence.firm.now)
    assert len(sealed(evidence.folder)) == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("call", [1, 7, -1])
def test_a_disk_that_fails_seals_nothing(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch, number: int, call: int
) -> None:
    evidence.firm.audit()
    before = [contents(bundle) for bundle in evidence.bundles]
    real, made = os.fsync, [0]

    def count(handle: int) -> None:
        made[0] += 1
        if made[0] == call:
            raise OSError(number, os.strerror(number))
        real(handle)

    if call < 0:
        monkeypatch.setattr(os, "rename", _refusing(number))
        monkeypatch.setattr(Path, "rename", _refusing(number))
    monkeypatch.setattr(os, "fsync", count)
    with pytest.raises(ScimAuditError, match="written"):
        workflow.seal(evidence.firm.config(), now=evidence.firm.now)
    monkeypatch.undo()
    assert sealed(evidence.folder) == list(evidence.bundles)
    assert [contents(bundle) for bundle in evidence.bundles] == before
    third = workflow.seal(evidence.firm.config(), now=evidence.firm.now)
    assert verify(third, full=True).problems == ()


def _refusing(number: int):  # type: ignore[no-untyped-def]
    def rename(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return rename


def test_two_at_once_do_not_both_seal(evidence: Evidence) -> None:
    from filelock import FileLock

    evidence.firm.audit()
    with FileLock(evidence.folder / "seal.lock"), pytest.raises(ConfigError, match="another sealing"):
        workflow.seal(evidence.firm.config(), now=evidence.firm.now)


def test_a_key_that_cannot_sign_seals_nothing(evidence: Evidence) -> None:
    evidence.firm.audit()
    loaded = evidence.firm.config()
    wrong = loaded.model_copy(update={"evidence": loaded.evidence.model_copy(update={"key": Path("hr.csv")})})
    with pytest.raises(ConfigError, match="cannot sign"):
        workflow.seal(wrong, now=evidence.firm.now)
    assert len(sealed(evidence.folder)) == 2


def test_a_bundle_is_its_owners_alone(evidence: Evidence) -> None:
    third = sealed_audit(evidence.firm)
    assert third.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["policy/sod.toml", "scimaudit.toml"])
def test_what_did_not_judge_is_not_sealed_beside_the_findings(evidence: Evidence, name: str) -> None:
    evidence.firm.audit()
    loaded = evidence.firm.config()
    path = evidence.firm.folder / name
    if name == "scimaudit.toml":
        text = path.read_text() + "\n[rules.dormant]\ndays = 10\n"
        path.write_text(text)
        loaded = config.load(path)
    else:
        path.write_text("# nothing\n")
    with pytest.raises(ConfigError, match="changed since the audit"):
        workflow.seal(loaded, now=evidence.firm.now)
    assert len(sealed(evidence.folder)) == 2


def test_a_configuration_that_changed_while_it_audited_is_not_sealed(evidence: Evidence) -> None:
    """A run reads the file at its start, and seals hours later."""
    loaded = evidence.firm.config()
    evidence.firm.audit()
    path = evidence.firm.folder / "scimaudit.toml"
    path.write_text(path.read_text() + "\n[rules.dormant]\ndays = 10\n")
    with pytest.raises(ConfigError, match="changed since the audit"):
        workflow.seal(loaded, now=evidence.firm.now)
    assert len(sealed(evidence.folder)) == 2


def test_a_bundle_seals_and_replays_beside_reviews(evidence: Evidence) -> None:
    evidence.firm.audit()
    evidence.firm.open()
    workflow.audit(evidence.firm.config())
    bundle = workflow.seal(evidence.firm.config(), now=evidence.firm.now)
    assert (bundle / "campaigns").is_dir()
    assert replay(bundle).problems == ()


def test_a_token_that_lies_beside_the_policy_is_not_sealed(evidence: Evidence) -> None:
    (evidence.firm.folder / "policy" / "token").write_text("tok-canary-77")
    third = sealed_audit(evidence.firm)
    assert not [name for name, data in contents(third).items() if b"tok-canary-77" in data]


def test_a_password_in_an_address_is_not_sealed(evidence: Evidence) -> None:
    evidence.firm.audit()
    path = evidence.firm.folder / "scimaudit.toml"
    path.write_text(path.read_text() + '\n[network]\nproxy = "http://svc:canary-77@proxy.example:3128"\n')
    loaded = config.load(path)
    workflow.audit(loaded)
    with pytest.raises(ConfigError, match="holds a password"):
        workflow.seal(loaded, now=evidence.firm.now)
    assert len(sealed(evidence.folder)) == 2
