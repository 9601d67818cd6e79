"""A small company with two sealed audits; each test has a copy of its own, for most of them spoil it."""

from __future__ import annotations

import csv
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from scimaudit import config, workflow
from tests.review.conftest import Firm
from tests.servers import tsa


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


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tsa.Desk:
    """An authority of timestamps."""
    return tsa.made_in(tmp_path_factory.mktemp("tsa") / "desk")


def asks(folder: Path, url: str, roots: Path) -> config.Config:
    """The firm's configuration with a key, and with an authority; neither is part of what an audit is named by."""
    path = folder / "scimaudit.toml"
    text = path.read_text("utf-8").partition("\n[evidence]")[0]
    path.write_text(f'{text}\n[evidence]\nkey = "ana"\ntimestamp = "{url}"\ntimestamp_ca = "{roots}"\n', "utf-8")
    return config.load(path)


@pytest.fixture(scope="session")
def _waiting(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firm with a third audit that is not sealed yet."""
    folder = tmp_path_factory.mktemp("waiting") / "firm"
    shutil.copytree(_made, folder)
    _firm(folder, tmp_path_factory.mktemp("fresh")).audit()
    return folder


@pytest.fixture(scope="session")
def _stamped(_waiting: Path, desk: tsa.Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firm once that one is sealed too, signed and with a timestamp."""
    folder = tmp_path_factory.mktemp("stamped") / "firm"
    shutil.copytree(_waiting, folder)
    server = tsa.Server(desk)
    workflow.seal(asks(folder, server.url, desk.roots), now=_firm(folder, tmp_path_factory.mktemp("fresh")).now)
    server.close()
    return folder


def _copied(made: Path, tmp_path: Path) -> Evidence:
    folder = tmp_path / "firm"
    shutil.copytree(made, folder)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    firm = _firm(folder, fresh)
    return Evidence(firm, tuple(sorted(path for path in (folder / "evidence").iterdir() if path.is_dir())))


def _firm(folder: Path, fresh: Path) -> Firm:
    firm = Firm.__new__(Firm)
    firm.__dict__.update(Firm(fresh).__dict__)
    firm.folder = folder
    firm.later(days=14)
    return firm


@pytest.fixture
def waiting(_waiting: Path, tmp_path: Path) -> Evidence:
    return _copied(_waiting, tmp_path)


@pytest.fixture
def stamped(_stamped: Path, tmp_path: Path) -> Evidence:
    return _copied(_stamped, tmp_path)


@pytest.fixture
def evidence(_made: Path, tmp_path: Path) -> Evidence:
    return _copied(_made, tmp_path)


@pytest.fixture
def fresh(tmp_path: Path) -> Firm:
    folder = tmp_path / "fresh-firm"
    folder.mkdir()
    return Firm(folder)


def packed(firm: Firm) -> Path:
    """The pack of a new audit, sealed."""
    firm.audit()
    return workflow.seal(firm.config(), now=firm.now) / "pack"


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a file of a pack."""
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
