"""What fails after a verdict never hides it, nor does the verdict hide the failure."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scimaudit.cli import failing
from scimaudit.errors import IntegrityError, RenderError, ScimAuditError
from tests.cli.conftest import Run
from tests.review.conftest import Firm


@pytest.mark.parametrize(
    ("verdict", "least", "error", "ends"),
    [
        (0, 2, RenderError("x"), 2),
        (1, 2, RenderError("x"), 2),
        (4, 2, RenderError("x"), 4),
        (3, 2, OSError(errno.ENOSPC, "No space left on device"), 3),
        (4, 5, ScimAuditError("x"), 5),
        (0, 5, OSError(errno.EIO, "Input/output error"), 5),
        (1, 2, IntegrityError("x"), 5),
        (0, 2, MemoryError(), 2),
    ],
)
def test_the_worse_of_the_two_codes(verdict: int, least: int, error: BaseException, ends: int) -> None:
    with pytest.raises(ScimAuditError) as caught, failing.after_verdict(verdict, least=least):
        raise error
    assert caught.value.exit_code == ends


def test_a_closed_pipe_is_not_a_disk_that_fails() -> None:
    with pytest.raises(BrokenPipeError), failing.after_verdict(1):
        raise BrokenPipeError


def test_what_the_system_refused_is_told_with_its_file() -> None:
    told = failing.in_words(OSError(errno.ENOSPC, "No space left on device", "/store/x"))
    assert told.message == "a file cannot be read or written: /store/x: No space left on device"
    assert "memory" in failing.in_words(MemoryError()).message


def test_a_report_that_fails_keeps_nobody_from_seeing_what_was_found(scimaudit: Run, tmp_path: Path) -> None:
    firm = Firm(tmp_path, datetime.now(UTC))
    firm.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    firm.missing = 1  # so that the listing is not whole, and the audit ends with 3
    firm.config()
    (tmp_path / "out").write_text("a file where a folder should be")
    done = scimaudit("run", "-c", tmp_path / "scimaudit.toml", "--output", tmp_path / "out", "--fail-on", "info")
    assert done.returncode == 3, done.stderr
    assert "could not be written" in done.stderr
    assert "unmatched" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is a thing of Linux")
@pytest.mark.parametrize("redirected", [">&-", "2>&-", ">&- 2>&-", "2>/dev/full", ">/dev/full 2>/dev/full"])
@pytest.mark.parametrize(
    ("does", "ends"),
    [("raise IntegrityError('x')", 5), ("raise RuntimeError('x')", 70), ("raise cli.Interrupted", 130)],
)
def test_a_failure_that_nobody_can_be_told_of_keeps_its_code(does: str, ends: int, redirected: str) -> None:
    code = (
        "import sys\nfrom scimaudit import cli\nfrom scimaudit.errors import IntegrityError\n"
        f"def run():\n    {does}\ncli._run = run\ncli.main()"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {redirected}', sys.executable, code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (ends, False)


@pytest.mark.skipif(os.name != "posix", reason="a shell closes it")
@pytest.mark.parametrize("redirected", [">&-", "2>&-"])
def test_a_closed_output_is_no_bug(redirected: str) -> None:
    code = "import sys\nfrom scimaudit.cli import main\nsys.argv = ['scimaudit', '--version']\nmain()"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {redirected}', sys.executable, code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
