"""What every test shares: servers that may be missing are named loudly, and never silently skipped."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main
from filelock import FileLock

from tests import figures
from tests.crash import traced
from tests.servers import oauth2, openldap, postgresql, tally

if TYPE_CHECKING:
    from scimaudit.demo.season import Played

ROOT = Path(__file__).parent.parent


def _mounts() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        told = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
        if os.name != "posix" or os.geteuid() != 0 or subprocess.run(told, capture_output=True, check=False).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


# What a test may need beyond PyPI: how to see that it is here, and how to get it.
SERVERS = {
    "chromium": (lambda: shutil.which("chromium") is not None, "apt-get install chromium"),
    "curl": (lambda: shutil.which("curl") is not None, "apt-get install curl"),
    "libreoffice": (lambda: shutil.which("soffice") is not None, "apt-get install libreoffice-calc-nogui"),
    "postgresql": (lambda: postgresql.programs() is not None, "apt-get install postgresql"),
    "openldap": (openldap.installed, "apt-get install slapd slapd-contrib ldap-utils"),
    "mount": (_mounts, "run as root, where a file system may be mounted"),
    "strace": (traced.installed, "apt-get install strace, and a system that lets a process trace its like"),
    "oauth2-mock-server": (oauth2.installed, "npm ci"),
    "axe-core": (lambda: (ROOT / "node_modules/axe-core/axe.min.js").is_file(), "npm ci"),
}
_FORBID = "SCIMAUDIT_FORBID_SKIPS"
_NOT_INSTALLED = " is not installed: "


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # The year is one long play: begun last, one worker would wait for another, or play it a second time.
    items.sort(key=lambda item: item.path.parent.name != "year")
    missing = {name: hint for name, (here, hint) in SERVERS.items() if not here()}
    for item in items:
        for marker in item.iter_markers("needs"):
            for name in marker.args:
                if name not in SERVERS:
                    raise pytest.UsageError(f"{item.nodeid} needs {name!r}, which tests/conftest.py does not know")
                if name in missing:
                    item.add_marker(pytest.mark.skip(reason=f"{name}{_NOT_INSTALLED}{missing[name]}"))


def pytest_collection() -> None:
    # Collecting makes a million objects that all stay: looking through them for garbage takes a quarter of the time.
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    # Workers inherit them, so that all write to one file.
    if tally.VARIABLE not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="scimaudit-tally-"))
        os.environ[tally.VARIABLE] = str(folder / "tally.jsonl")
        os.environ[figures.VARIABLE] = str(folder / "figures.jsonl")
        config.add_cleanup(_forget_tally)


def _forget_tally() -> None:
    del os.environ[figures.VARIABLE]
    shutil.rmtree(Path(os.environ.pop(tally.VARIABLE)).parent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counted = tally.total()
    if counted:
        terminalreporter.write_line(
            f"SCIM servers were sent {counted['read']:,} reads and {counted['write']:,} writes by scimaudit"
        )
    for name, row in figures.noted().items():
        terminalreporter.write_line(f"{name}: {figures.sentence(row)}")
    # Told by the reports: with several workers the process that writes the summary collects no tests itself.
    reasons = Counter(str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()))
    lacking = {reason: count for reason, count in reasons.items() if _NOT_INSTALLED in reason}
    if lacking:
        terminalreporter.section("NOT TESTED: servers are missing", sep="!", red=True, bold=True)
        for reason, count in sorted(lacking.items()):
            name, hint = reason.removeprefix("Skipped: ").split(_NOT_INSTALLED)
            terminalreporter.write_line(f"{count} tests need {name}: {hint}", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if tally.total()["write"] and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--write-reliability") and reporter is not None and exitstatus == 0:
        figures.write(figures.noted())
    if os.environ.get(_FORBID) and reporter is not None and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing")
    parser.addoption(
        "--write-reliability", action="store_true", help="write docs/reliability.md from what was measured"
    )


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def first_act(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demonstration's first act, played once for all who read what came of it and change nothing.

    Whichever worker comes first plays it; the others wait.
    """
    from tests.season import over, played

    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "season"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "over").exists():
            shutil.rmtree(folder, ignore_errors=True)
            played(folder)
            (folder / "over").touch()
    return over(folder)


@pytest.fixture(scope="session", autouse=True)
def _commands_made_once() -> Iterator[None]:
    """Of each app typer makes the command once: a process has one anyway, here a hundred tests are it in turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the machine's proxy, colours or time zone."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "NO_COLOR",
        "FORCE_COLOR",
        "SCIMAUDIT_CONFIG",
    ):
        monkeypatch.delenv(name, raising=False)
