"""From raw bodies to the same bytes of findings; and what an insider changed on the way does not come out again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scimaudit import workflow
from scimaudit.demo.sample import copy, point
from scimaudit.demo.server import serve
from scimaudit.evidence.replay import replay
from scimaudit.evidence.verify import verify
from tests.evidence.conftest import Evidence
from tests.silence import Silence


def test_a_bundle_gives_the_same_findings_again(evidence: Evidence) -> None:
    for bundle in evidence.bundles:
        made = replay(bundle)
        assert made.problems == ()
        assert made.kept == {}
        assert set(made.rebuilt) == {"rosters.hr", "apps.crm.listings[0]"}
        assert made.findings > 0


def test_a_replay_needs_neither_the_company_nor_its_secrets(evidence: Evidence, tmp_path: Path) -> None:
    bundle = evidence.last.rename(tmp_path / "sent")
    for name in ("hr.csv", "crm.csv", "scimaudit.toml"):
        (evidence.firm.folder / name).unlink()
    assert replay(bundle).problems == ()


def test_a_finding_that_was_taken_out_is_missed(evidence: Evidence) -> None:
    path = evidence.last / "reports/report.json"
    report = json.loads(path.read_bytes())
    gone = report["findings"].pop(0)
    path.unlink()
    path.write_text(json.dumps(report))
    assert f"the finding {gone['finding_id']} was not sealed" in replay(evidence.last).problems


def test_a_table_that_does_not_come_from_the_bodies_is_named(evidence: Evidence) -> None:
    told = json.loads((evidence.last / "tables.json").read_bytes())
    told["accounts/crm"]["sha256"] = "0" * 64
    (evidence.last / "tables.json").write_text(json.dumps(told))
    assert "the table accounts/crm is another one when it is made again" in replay(evidence.last).problems


def test_a_listing_that_was_made_to_look_whole_proves_something_else(evidence: Evidence) -> None:
    path = evidence.last / "snapshot/manifest.json"
    told = json.loads(path.read_bytes())
    line = next(each for each in told["sources"] if each["app"] == "crm")
    line["listing"]["walk"] = {"state": "unprovable", "reason": "x"}
    path.unlink()
    path.write_text(json.dumps(told))
    assert "apps.crm.listings[0] proves something else when it is read again" in replay(evidence.last).problems


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company, whose apps are real SCIM services, pulled, audited and sealed; its servers are gone."""
    folder = tmp_path_factory.mktemp("company") / "demo"
    from datetime import UTC, datetime

    from scimaudit import config

    copy(folder)
    with serve(folder) as running, pytest.MonkeyPatch.context() as patch:
        path = point(folder, running)
        patch.setenv("SCIMAUDIT_DEMO_TOKEN", running.token)
        loaded = config.load(path)
        moment = datetime(2026, 11, 20, 19, tzinfo=UTC)
        workflow.pull(loaded, now=lambda: moment, watcher=Silence())
    workflow.audit(loaded)
    bundle = workflow.seal(loaded, now=moment)
    token = running.token.encode()
    assert not [path for path in bundle.rglob("*") if path.is_file() and token in path.read_bytes()]
    return bundle


def test_scim_services_are_played_from_their_bodies(company: Path) -> None:
    assert verify(company, full=True).problems == ()
    made = replay(company)
    assert made.problems == ()
    assert made.kept == {}
    assert len(made.rebuilt) >= 8


@pytest.mark.parametrize(
    ("seed", "zone", "language"),
    [("0", "UTC", "C"), ("1", "Asia/Kathmandu", "C.UTF-8"), ("4242", "America/St_Johns", "POSIX")],
)
def test_machine_and_hour_do_not_matter(company: Path, seed: str, zone: str, language: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from scimaudit.cli import main; main()", "replay", str(company), "--json"],
        env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["problems"] == []
