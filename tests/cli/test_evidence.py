"""The demonstration's sealed bundles, asked from the command line."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.review.conftest import Firm


@pytest.fixture
def bundles(demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo / "evidence", tmp_path / "evidence"))


def test_the_demonstration_is_sealed_day_by_day_and_one_chain(scimaudit: Run, bundles: Path) -> None:
    done = scimaudit("verify", bundles, "--chain", "--full", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, len(told["bundles"]), told["chain"]) == (0, 4, [])
    head = told["bundles"][-1]["digest"][:16]
    assert scimaudit("verify", bundles, "--chain", "--head", head).returncode == 0
    assert scimaudit("verify", bundles, "--chain", "--head", "0" * 16).returncode == 5
    last = bundles / told["bundles"][-1]["bundle"].rpartition("/")[2]
    # Asked of one bundle it is no less a question, and an empty answer to it is no answer.
    assert scimaudit("verify", last, "--head", head).returncode == 0
    assert scimaudit("verify", last, "--head", "0" * 16).returncode == 5
    assert scimaudit("verify", bundles, "--chain", "--head", "").returncode == 2


def test_a_changed_file_is_named_and_ends_with_5(scimaudit: Run, bundles: Path) -> None:
    last = max(path for path in bundles.iterdir() if path.is_dir())
    (last / "record/findings.jsonl").write_text("")
    done = scimaudit("verify", last)
    assert done.returncode == 5
    assert "record/findings.jsonl changed" in done.stdout
    assert scimaudit("replay", last).returncode == 5
    done = scimaudit("replay", last, "--json")
    assert (done.returncode, json.loads(done.stdout)["problems"]) == (5, ["record/findings.jsonl changed"])


def test_a_bundle_is_replayed(scimaudit: Run, bundles: Path) -> None:
    last = max(path for path in bundles.iterdir() if path.is_dir())
    done = scimaudit("replay", last)
    assert done.returncode == 0
    assert done.stdout.startswith("the same: ")


def test_what_is_no_bundle_is_said_to_be_none(scimaudit: Run, tmp_path: Path) -> None:
    done = scimaudit("verify", tmp_path)
    assert done.returncode == 5
    assert "is not a sealed bundle" in done.stderr
    assert "Traceback" not in done.stderr


def test_sealing_what_is_sealed_tells_its_digest_again(ask: Run) -> None:
    done = ask("seal")
    assert done.returncode == 0
    assert "note this digest" in done.stdout


def test_a_sealing_that_fails_keeps_nobody_from_seeing_what_was_found(scimaudit: Run, tmp_path: Path) -> None:
    firm = Firm(tmp_path, datetime.now(UTC))
    firm.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    firm.config()
    with (tmp_path / "scimaudit.toml").open("a") as file:
        file.write('[evidence]\nkey = "hr.csv"\n')
    done = scimaudit("run", "-c", tmp_path / "scimaudit.toml", "--output", tmp_path / "out", "--fail-on", "info")
    assert done.returncode == 5
    assert "cannot sign" in done.stderr
    assert "unmatched" in done.stdout
    assert (tmp_path / "out/report.json").is_file()
