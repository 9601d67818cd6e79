"""What is sealed, in which order, and that a sealing that fails seals nothing."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from scimaudit import archive, config, workflow
from scimaudit.errors import ConfigError, IntegrityError, ScimAuditError
from scimaudit.evidence import SUMS, sealed, standalone, statement
from scimaudit.evidence.replay import replay
from scimaudit.evidence.verify import chain, verify
from tests.evidence.conftest import Evidence, sealed_audit


def contents(bundle: Path) -> dict[str, bytes]:
    return {path.relative_to(bundle).as_posix(): path.read_bytes() for path in bundle.rglob("*") if path.is_file()}


def test_three_verifiers_agree_on_a_bundle(evidence: Evidence) -> None:
    bundle = evidence.last
    assert verify(bundle, full=True).problems == ()
    subprocess.run(
        ["sha256sum", "--check", "--quiet", "--strict", "SEAL.sha256", "MANIFEST.sha256"], cwd=bundle, check=True
    )
    subprocess.run([sys.executable, "-I", "verify.py", "."], cwd=bundle, check=True)


def test_the_small_verifier_needs_nothing_but_python_and_five_minutes() -> None:
    text = Path(standalone.__file__).read_text("utf-8")
    assert len(text.splitlines()) <= 180
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names


def test_a_bundle_holds_what_its_verdict_rests_on(evidence: Evidence) -> None:
    names = set(contents(evidence.last))
    assert {
        "SEAL.sha256", "MANIFEST.sha256", "statement.json", "statement.json.sig", "README.txt", "verify.py", "tool.json", "tables.json",
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


def test_a_bundle_names_everything_that_was_installed_beside_it(evidence: Evidence) -> None:
    told = json.loads((evidence.last / "tool.json").read_bytes())
    assert told["installed"].keys() >= {"scimaudit", "orjson", "pyarrow", "pytest"}
    for each in metadata.distributions():
        name = re.sub(r"[-_.]+", "-", each.name).lower()
        assert told["installed"][name]["version"] == each.version
        assert re.fullmatch("[0-9a-f]{64}", told["installed"][name]["record"])


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


def test_a_name_that_may_not_outlive_a_loss_of_power_is_taken_back(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence.firm.audit()
    real = os.fsync

    def fails(handle: int) -> None:
        if len(sealed(evidence.folder)) > len(evidence.bundles):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(handle)

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(ConfigError, match="cannot be written"):
        workflow.seal(evidence.firm.config(), now=evidence.firm.now)
    monkeypatch.undo()
    assert sealed(evidence.folder) == list(evidence.bundles)
    assert verify(workflow.seal(evidence.firm.config(), now=evidence.firm.now), full=True).problems == ()


def test_what_somebody_is_at_work_on_is_not_sealed(evidence: Evidence) -> None:
    """A draft that a bundle held a second name for would go on changing in it."""
    evidence.firm.audit()
    campaign = evidence.firm.open()
    workflow.audit(evidence.firm.config())
    (campaign.path / "decisions").mkdir()
    (campaign.path / "decisions" / "00001.jsonl.draft").write_bytes(b"{")
    bundle = workflow.seal(evidence.firm.config(), now=evidence.firm.now)
    assert (bundle / "campaigns").is_dir()
    assert [name for name in contents(bundle) if name.endswith(".draft")] == []


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
    path.write_text(path.read_text() + "\n# by hand: curl -x http://svc:canary-77@proxy.example:3128 …\n")
    loaded = config.load(path)
    workflow.audit(loaded)
    with pytest.raises(ConfigError, match="holds a password"):
        workflow.seal(loaded, now=evidence.firm.now)
    assert len(sealed(evidence.folder)) == 2


def test_a_report_that_is_saved_in_place_leaves_the_sealed_one_alone(waiting: Evidence, tmp_path: Path) -> None:
    """Somebody opens a report that `run` wrote, and saves it: no name of a sealed file may lead to what people open."""
    loaded = waiting.firm.config()
    stored = archive.latest(loaded.store)
    paths = workflow.report(stored, ["html", "csv", "xlsx", "json"], tmp_path / "out")
    bundle = workflow.seal(loaded, now=waiting.firm.now, reports=paths)
    before = contents(bundle)
    for path in paths:
        assert before[f"reports/{path.name}"] == path.read_bytes()
        with path.open("r+b") as file:
            file.write(b"saved")
    assert contents(bundle) == before
    assert verify(bundle).problems == ()


def test_only_what_the_store_alone_writes_is_shared_with_it(waiting: Evidence) -> None:
    waiting.firm.open()
    workflow.audit(waiting.firm.config())
    bundle = workflow.seal(waiting.firm.config(), now=waiting.firm.now)
    shared = {
        path.relative_to(bundle).parts[0] for path in bundle.rglob("*") if path.is_file() and path.stat().st_nlink > 1
    }
    assert shared <= {"snapshot", "earlier", "former", "record"}
    assert (bundle / "campaigns").is_dir()
    assert (bundle / "snapshot/raw/app.crm.0.bodies").stat().st_nlink > 1


def test_names_that_are_one_on_some_file_systems_are_not_sealed(waiting: Evidence) -> None:
    for name in ("Extra.csv", "extra.csv"):
        (waiting.firm.folder / "policy" / name).write_text("")
    workflow.audit(waiting.firm.config())
    with pytest.raises(ConfigError, match="are one name on some file systems"):
        workflow.seal(waiting.firm.config(), now=waiting.firm.now)
    assert len(sealed(waiting.folder)) == 2


def test_a_bundle_that_is_there_and_changed_is_not_said_to_be_sealed(evidence: Evidence) -> None:
    (evidence.last / SUMS).unlink()
    with pytest.raises(IntegrityError, match=f"{SUMS} is missing"):
        workflow.seal(evidence.firm.config(), now=evidence.firm.now)
