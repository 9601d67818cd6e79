"""A sealing that is killed at any write, rename or fsync seals nothing, harms nothing, and can be done again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scimaudit import workflow
from scimaudit.evidence import sealed
from scimaudit.evidence.replay import replay
from scimaudit.evidence.verify import chain, verify
from tests import figures
from tests.evidence.conftest import Evidence
from tests.evidence.test_seal import contents

ROOT = Path(__file__).parent.parent.parent
EVERY = figures.NIGHTLY
"""Every call that leaves something on disk; otherwise three of them."""
SEAL = """
import sys
from tests.evidence.dying import dies

calls = dies(
    int(sys.argv[1]), system=("fsync", "rename", "replace", "link", "mkdir", "open"),
    paths=("rename", "replace", "write_bytes", "mkdir"),
)
sys.argv = ["scimaudit", "seal", "--config", sys.argv[2]]
from scimaudit.cli import main
try:
    main()
finally:
    print(calls())
"""


def sealing(evidence: Evidence, at: int) -> subprocess.CompletedProcess[str]:
    told = [sys.executable, "-c", SEAL, str(at), str(evidence.firm.folder / "scimaudit.toml")]
    return subprocess.run(told, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.reliability
def test_a_kill_at_any_point(evidence: Evidence, tmp_path: Path) -> None:
    evidence.firm.audit()
    fresh = tmp_path / "before"
    shutil.copytree(evidence.firm.folder, fresh)
    whole = sealing(evidence, 0)
    calls = int(whole.stdout.splitlines()[-1])
    assert whole.returncode == 0
    assert calls > 100
    undisturbed = contents(sealed(evidence.folder)[-1])
    points = range(1, calls + 1) if EVERY else range(1, calls + 1, calls // 2)
    halves = 0
    for at in points:
        shutil.rmtree(evidence.folder)
        shutil.copytree(fresh / "evidence", evidence.folder)
        before = [contents(bundle) for bundle in evidence.bundles]
        died = sealing(evidence, at)
        assert died.returncode == -signal.SIGKILL, (at, died.stderr)
        assert [contents(bundle) for bundle in evidence.bundles] == before
        there = sealed(evidence.folder)
        # Killed after the last rename, it is sealed, and whole.
        assert len(there) in (2, 3)
        halves += sum(bool(verify(bundle, full=True).problems) for bundle in there)
        third = workflow.seal(evidence.firm.config(), now=evidence.firm.now)
        made = contents(third)
        assert made.keys() == undisturbed.keys()
        told_the_time = {"statement.json", "SEAL.sha256"}
        assert {name for name in made if made[name] != undisturbed[name]} <= told_the_time
        assert chain(evidence.folder)[1] == ()
    assert replay(third).problems == ()
    told = {"kills": len(points), "calls that leave something on disk": calls, "sealed by halves": halves}
    figures.record("Sealing killed", counts=told)
    assert halves == 0
