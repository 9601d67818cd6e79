"""The wheel: it carries templates, profiles and sample data, and works where there is no checkout."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [path] = folder.glob("*.whl")
    return path


@pytest.mark.parametrize(
    "part",
    [
        "scimaudit/templates/report.html",
        "scimaudit/sample_data/scimaudit.toml",
        "scimaudit/sources/scim/providers/slack.toml",
        "scimaudit/py.typed",
    ],
)
def test_the_wheel_carries(wheel: Path, part: str) -> None:
    assert part in zipfile.ZipFile(wheel).namelist()


def test_the_wheel_carries_no_tests(wheel: Path) -> None:
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(("tests/", "benchmarks/"))]


def test_an_audit_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """The package is read from the wheel's own files; the checkout is not on the path."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "import scimaudit; assert 'site' in scimaudit.__file__, scimaudit.__file__\n"
        "from scimaudit.cli import main; from scimaudit.demo import TOKEN_VARIABLE, sample, server\n"
        "folder = Path(sys.argv[2]); sample.copy(folder)\n"
        "with server.serve(folder) as running:\n"
        "    os.environ[TOKEN_VARIABLE] = running.token\n"
        "    config = sample.point(folder, running)\n"
        "    sys.argv = ['scimaudit', 'run', '--quiet', '--config', str(config), '--output', str(folder / 'reports')]\n"
        "    main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(site), str(tmp_path / "out")],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr  # the wiki lies
    assert "Tindvik Freight" in (tmp_path / "out" / "reports" / "report.html").read_text("utf-8")


def test_a_bundle_tells_the_wheel_that_was_installed(wheel: Path, tmp_path: Path) -> None:
    """Whoever has the wheel can see that a bundle was made by it: pip's own lines do not count."""
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", site, wheel]
    subprocess.run(command, check=True)
    archive = zipfile.ZipFile(wheel)
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD")]
    lines = sorted(line for line in archive.read(name).decode().splitlines() if not line.endswith(",,"))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from scimaudit.evidence import installed\n"
        "print(installed.packages()['scimaudit']['record'])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code, site], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    installed = next(site.glob("*.dist-info/RECORD")).read_text("utf-8")
    assert len(installed.splitlines()) > len(lines) + 2, "pip notes more than the wheel does"
