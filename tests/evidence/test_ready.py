"""What ``scimaudit check`` says of sealing before there is anything to seal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scimaudit import config
from scimaudit.evidence.ready import SealCheck, ready
from tests.evidence.conftest import key
from tests.servers.tsa import Desk, Server


@pytest.fixture
def server(desk: Desk) -> Iterator[Server]:
    made = Server(desk)
    yield made
    made.close()


def loaded(folder: Path, evidence: str) -> config.Config:
    (folder / "hr.csv").write_text("employee_number,user_name,status\n1,ana,active\n")
    (folder / "crm.csv").write_text("user_name,active\nana,true\n")
    (folder / "scimaudit.toml").write_text(
        '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n'
        '[apps.crm]\n[[apps.crm.listings]]\nsource = "csv"\npath = "crm.csv"\n'
        f"[evidence]\n{evidence}\n"
    )
    return config.load(folder / "scimaudit.toml")


def test_what_works_is_said_to_and_nothing_stays_behind(tmp_path: Path, server: Server, desk: Desk) -> None:
    key(tmp_path)
    told = loaded(tmp_path, f'key = "ana"\ntimestamp = "{server.url}"\ntimestamp_ca = "{desk.roots}"')
    before = sorted(tmp_path.rglob("*"))
    assert ready(told) == (
        SealCheck("bundles", "evidence", "", ""),
        SealCheck("key", "ana", "", ""),
        SealCheck("timestamp", server.url, "", ""),
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_what_will_fail_is_told_before_it_does(tmp_path: Path, server: Server, desk: Desk) -> None:
    key(tmp_path).chmod(0o644)
    server.close()
    told = loaded(
        tmp_path, f'bundles = "hr.csv/bundles"\nkey = "ana"\ntimestamp = "{server.url}"\ntimestamp_ca = "{desk.roots}"'
    )
    bundles, signing, stamping = ready(told)
    assert "cannot be written" in bundles.error
    assert "others can read it" in signing.error
    assert signing.hint.startswith("chmod 600")
    assert "no timestamp could be had" in stamping.error


def test_nothing_is_tried_that_is_not_asked_for(tmp_path: Path) -> None:
    assert ready(loaded(tmp_path, "seal = false")) == ()


def test_the_command_names_it_and_ends_with_2(tmp_path: Path) -> None:
    loaded(tmp_path, 'key = "nowhere"')
    told = [sys.executable, "-c", "from scimaudit.cli import main; main()", "check", "--quiet", "--no-color"]
    done = subprocess.run([*told, "--config", tmp_path / "scimaudit.toml"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    said = " ".join(done.stdout.split())
    assert "what is wrong" in said
    assert "No such file" in said
