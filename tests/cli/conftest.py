from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scimaudit.cli import main

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def _run(
    *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line as a pipe would see it, run in this process: starting Python a hundred times takes minutes."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    kept = sys.argv, Path.cwd(), dict(os.environ), signal.getsignal(signal.SIGINT)
    umask = os.umask(0o022)
    sys.argv = ["scimaudit", *map(str, arguments)]
    os.environ.update({"COLUMNS": "100", **(env or {})})
    os.chdir(cwd or kept[1])
    code: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = end.code
    finally:
        os.umask(umask)
        sys.argv = kept[0]
        os.chdir(kept[1])
        os.environ.clear()
        os.environ.update(kept[2])
        signal.signal(signal.SIGINT, kept[3])
    told = []
    for stream in (out, err):
        stream.flush()
        told.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(sys.argv, int(str(code or 0)), *told)


@pytest.fixture(scope="session")
def scimaudit() -> Run:
    return _run


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's folder after one run of it; its servers are stopped."""
    folder = tmp_path_factory.mktemp("demo") / "scimaudit-demo"
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        "from scimaudit.cli import main; main()",
        "demo",
        "--output",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    (folder / "demo.txt").write_text(done.stdout, "utf-8")
    return folder


@pytest.fixture(scope="session")
def ask(demo: Path) -> Run:
    """The command line on the demonstration's snapshot."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return _run(*arguments, "--config", demo / "scimaudit.toml")

    return run
