"""Evidence without names, and evidence that is too old, from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scimaudit import workflow
from tests.cli.conftest import Run
from tests.review.conftest import Firm


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A company with a bundle of last year and one of today, sealed under a rule."""
    made = Firm(tmp_path, datetime.now(UTC) - timedelta(days=500))
    made.review += "[evidence]\nkeep_raw_months = 13\n"
    for _ in range(2):
        made.audit()
        workflow.seal(made.config(), now=made.now)
        made.now = datetime.now(UTC) - timedelta(hours=1)
    return made


def test_what_is_due_is_listed_then_removed_then_told(scimaudit: Run, firm: Firm) -> None:
    config, evidence = firm.folder / "scimaudit.toml", firm.folder / "evidence"
    first, second = sorted(path for path in evidence.iterdir() if path.is_dir())
    listed = scimaudit("retention", "--config", config)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert f"{first.name}: raw bodies due since " in listed.stdout
    assert "scimaudit retention --apply removes it" in listed.stdout
    assert [*(first / "snapshot/raw").glob("*.bodies")]
    told = json.loads(scimaudit("retention", "--config", config, "--json").stdout)
    assert [(each["rule"], each["kept"]) for each in told["due"]] == [("keep_raw_months", None)]
    done = scimaudit("retention", "--config", config, "--apply")
    assert done.returncode == 0
    assert f"{first.name}: raw bodies removed since " in done.stdout
    assert not [*(first / "snapshot/raw").glob("*.bodies")]
    assert scimaudit("retention", "--config", config, "--apply").stdout == "nothing was due\n"
    assert scimaudit("retention", "--config", config).stdout == "nothing is due\n"
    verified = scimaudit("verify", evidence, "--chain", "--full")
    assert verified.returncode == 0
    assert f"by keep_raw_months = 13 of {second.name}: 2 files, whose hashes stand in the manifest" in " ".join(
        verified.stdout.split()
    )
    [stone] = json.loads(scimaudit("verify", first, "--json").stdout)["bundles"][0]["tombstones"]
    assert (stone["rule"], stone["files"], stone["signed"]) == ("keep_raw_months", 2, False)
    replayed = scimaudit("replay", first)
    assert replayed.returncode == 5
    assert "cannot be replayed" in replayed.stderr
    (first / "record/findings.jsonl").unlink()
    spoiled = scimaudit("verify", first)
    assert spoiled.returncode == 5
    assert "raw bodies removed on" in spoiled.stdout


def test_a_bundle_is_handed_out_without_names(scimaudit: Run, firm: Firm, tmp_path: Path) -> None:
    bundle = max(path for path in (firm.folder / "evidence").iterdir() if path.is_dir())
    key, shared = tmp_path / "tokens.key", tmp_path / "shared"
    missing = scimaudit("pseudonymise", bundle, "--key-file", key, "--output", shared)
    assert missing.returncode == 2
    assert "tokens.key cannot be read" in missing.stderr
    done = scimaudit("pseudonymise", bundle, "--key-file", key, "--new-key", "--output", shared)
    assert done.returncode == 0, done.stderr
    assert "and none is left" in done.stdout
    assert key.read_text().strip() not in "".join(
        path.read_text("utf-8", "replace") for path in shared.rglob("*") if path.is_file()
    )
    verified = scimaudit("verify", shared, "--full")
    assert verified.returncode == 0
    assert f"a pseudonymised export of {bundle.name}: it has no raw bodies that --full could read" in verified.stdout
    replayed = scimaudit("replay", shared)
    assert replayed.returncode == 5
    assert f"replay the bundle {bundle.name}" in replayed.stderr
    (bundle / "record/findings.jsonl").unlink()
    spoiled = scimaudit("pseudonymise", bundle, "--key-file", key, "--output", tmp_path / "again")
    assert spoiled.returncode == 5
    assert "NOT WHAT WAS SEALED" in spoiled.stdout
    assert not (tmp_path / "again").exists()
