"""A bug of scimaudit, and what libraries say: told without what was in memory, and never as a verdict."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from scimaudit import workflow
from scimaudit.cli import crash
from scimaudit.errors import IntegrityError
from tests.cli.conftest import Run

HUSH = "tok-hush \x1b[2J0 findings"


def broken(*_: object, **__: object) -> None:
    held = HUSH
    raise RuntimeError(f"{held}!") from KeyError(held)


@pytest.fixture
def fails(scimaudit: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    scimaudit("init", cwd=tmp_path)
    monkeypatch.setattr(workflow, "audit", broken)
    return scimaudit


def test_a_bug_is_told_by_kind_and_place_alone(fails: Run, tmp_path: Path) -> None:
    done = fails("audit", cwd=tmp_path)
    assert done.returncode == crash.EXIT_CODE == 70
    assert done.stdout == ""
    assert "hush" not in done.stderr
    assert "\x1b" not in done.stderr
    assert str(tmp_path) not in done.stderr
    assert "this is a bug of scimaudit" in done.stderr
    assert "builtins.KeyError" in done.stderr
    assert "cli/test_crash.py:" in done.stderr
    assert done.stderr.index("KeyError") < done.stderr.index("RuntimeError")


def test_the_same_bug_has_the_same_number(fails: Run, tmp_path: Path) -> None:
    first, second = (fails("audit", cwd=tmp_path).stderr for _ in range(2))
    assert first == second


def test_an_error_that_is_its_own_cause_ends() -> None:
    one, other = ValueError("a"), ValueError("b")
    one.__cause__, other.__cause__ = other, one
    assert crash.told(one).count("ValueError") == 2


def test_what_was_suppressed_stays_unsaid() -> None:
    error = ValueError("x")
    error.__context__, error.__suppress_context__ = IntegrityError("y"), True
    assert "IntegrityError" not in crash.told(error)


def test_what_libraries_log_and_warn_of_is_not_printed(
    scimaudit: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def loud(*_: object, **__: object) -> None:
        for name in ("httpx", "httpcore", "msal", "urllib3.connectionpool", "ldap3"):
            logging.getLogger(name).critical("quoting a server: %s", HUSH)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(HUSH, UserWarning, stacklevel=1)
        raise IntegrityError("nothing to see")

    scimaudit("init", cwd=tmp_path)
    monkeypatch.setattr(workflow, "audit", loud)
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    root.handlers = []  # pytest's own would take what is logged
    logging.captureWarnings(capture=False)
    try:
        done = scimaudit("audit", cwd=tmp_path)
    finally:
        root.handlers = before
        logging.captureWarnings(capture=False)
    assert (done.returncode, done.stderr) == (5, "scimaudit: nothing to see\n")


def test_session_keys_are_written_for_nobody(tmp_path: Path) -> None:
    """Also by libraries that make TLS contexts of their own: whatever they read, it is no longer there."""
    keys = tmp_path / "keys"
    code = (
        "import os, sys\nfrom scimaudit.cli import main\nsys.argv = ['scimaudit', '--version']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "from urllib3.util.ssl_ import create_urllib3_context\ncreate_urllib3_context()\n"
        "print(os.environ.get('SSLKEYLOGFILE'))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env={"SSLKEYLOGFILE": str(keys), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.splitlines()[-1] == "None"
    assert not keys.exists()
