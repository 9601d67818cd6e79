"""A small company with two sealed audits; each test has a copy of its own, for most of them spoil it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from scimaudit import workflow
from tests.review.conftest import Firm


@dataclass
class Evidence:
    """A folder of sealed bundles, oldest first, and the company they are of."""

    firm: Firm
    bundles: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        return self.firm.folder / "evidence"

    @property
    def last(self) -> Path:
        return self.bundles[-1]


def key(folder: Path, name: str = "ana") -> Path:
    """An SSH key, and a line for it in ``signers``."""
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
    public = " ".join(path.with_suffix(".pub").read_text().split()[:2])
    with (folder / "signers").open("a") as file:
        file.write(f'{name}@corp.example namespaces="scimaudit-evidence" {public}\n')
    return path


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence") / "firm"
    folder.mkdir()
    firm = Firm(folder)
    key(folder)
    firm.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    for _ in range(2):
        sealed_audit(firm)
        firm.later(days=7)
        firm.accounts["bo"] = firm.accounts["bo"].replace(";admins", "")
    return folder


def sealed_audit(firm: Firm) -> Path:
    firm.audit()
    loaded = firm.config()
    loaded = loaded.model_copy(update={"evidence": loaded.evidence.model_copy(update={"key": Path("ana")})})
    return workflow.seal(loaded, now=firm.now)


@pytest.fixture
def evidence(_made: Path, tmp_path: Path) -> Evidence:
    folder = tmp_path / "firm"
    shutil.copytree(_made, folder)
    firm = Firm.__new__(Firm)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    firm.__dict__.update(Firm(fresh).__dict__)
    firm.folder = folder
    firm.later(days=14)
    return Evidence(firm, tuple(sorted(path for path in (folder / "evidence").iterdir() if path.is_dir())))
