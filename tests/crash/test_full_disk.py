"""A disk that is full, that may not be written, files that may not grow, memory that runs out: said, and nothing harmed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import figures
from tests.crash.company import Company
from tests.crash.conftest import Staged, Undisturbed
from tests.crash.test_disk_errors import loud
from tests.crash.warm import Done, Warm, arguments

KIB = 1024
GROWTH = (1, 2 * KIB, 16 * KIB, 64 * KIB) if figures.NIGHTLY else (2 * KIB,)
"""Bytes that a file may have: a write past them is cut short, and the next one refused."""
ROOM = tuple(range(0, 1200, 100)) if figures.NIGHTLY else (200,)
"""KiB that are left on the disk."""
MEMORY = (1, 4, 16, 32, 64, 96, 128, 192, 256) if figures.NIGHTLY else (16,)
"""MiB that a run may have beside what it has at its start."""
WRITERS = ("run", "audit", "seal", "report", "pull") if figures.NIGHTLY else ("run", "audit")


class Ledger:
    """What came of commands that met with a shortage."""

    def __init__(self, name: str) -> None:
        self.name, self.failed, self.ended = name, 0, 0
        self.silent: list[object] = []
        self.harm: list[object] = []

    def met(self, done: Done, how: object, company: Company, kept: dict[str, str], *, traces: bool = False) -> None:
        """Note how a command ended; one that came to its end must have left the whole.

        :param traces: any end but a good one will do, such as Python's own where there is no memory for words.
        """
        self.harm += [(how, each) for each in company.wrong(kept)]
        if done.code in (0, 1) and "Traceback" not in done.complained:
            self.ended += 1
        elif loud(done) or (traces and done.code != 0):
            self.failed += 1
        else:
            self.silent.append((how, done))

    def close(self, *, least: int = 1) -> None:
        counts = {
            "commands": self.failed + self.ended + len(self.silent), "that failed and said so": self.failed,
            "that came to their end": self.ended, "silent or untold": len(self.silent),
            "harmed or half taken for whole": len(self.harm),
        }  # fmt: skip
        figures.record(self.name, counts=counts)
        assert self.failed >= least
        assert self.silent == []
        assert self.harm == []


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[None]:
    """A file system of so many bytes in the folder."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def used(folder: Path) -> int:
    """Bytes that the files of a folder take there, in whole pages."""
    page = 4 * KIB
    return sum(-(-path.stat().st_size // page) * page for path in folder.rglob("*") if path.is_file())


@pytest.mark.reliability
@pytest.mark.needs("mount")
def test_a_full_disk(company: Company, undisturbed: Undisturbed, warm: Warm, tmp_path: Path) -> None:
    ledger, kept = Ledger("A full disk"), company.kept()
    disk = tmp_path / "disk"
    for room in ROOM:
        with mounted(disk, used(company.folder) + room * KIB):
            mine = company.copy(disk / "company")
            done = warm.run(*arguments("run", mine.folder))
            ledger.met(done, room, mine, kept)
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            done = warm.run(*arguments("run", mine.folder))
            assert done.code == undisturbed.code
            assert {name: said for name, said in mine.told().items() if undisturbed.told[name] != said} == {}
            assert mine.wrong(kept) == []
    ledger.close()


@pytest.mark.reliability
@pytest.mark.needs("mount")
def test_a_store_that_may_not_be_written(staged: Staged, warm: Warm, tmp_path: Path) -> None:
    before = staged("seal")
    ledger, disk = Ledger("A store that may not be written"), tmp_path / "disk"
    with mounted(disk, used(before.before.folder) + 4096 * KIB):
        mine = before.before.copy(disk / "company")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for command in WRITERS:
            ledger.met(warm.run(*arguments(command, mine.folder)), command, mine, dict(before.kept))
        assert warm.run(*arguments("findings", mine.folder)).code in (0, 1)
    ledger.close(least=len(WRITERS))


@pytest.mark.reliability
def test_files_that_may_not_grow(company: Company, undisturbed: Undisturbed, warm: Warm, tmp_path: Path) -> None:
    ledger, kept = Ledger("Writes cut short"), company.kept()
    for most in GROWTH:
        mine = company.copy(tmp_path / "company")
        done = warm.run(*arguments("run", mine.folder, "--quiet"), limits={"RLIMIT_FSIZE": most})
        # Nothing fits into one byte, words included: then the code alone tells.
        ledger.met(done, most, mine, kept, traces=most == 1)
        assert warm.run(*arguments("run", mine.folder)).code == undisturbed.code
        assert {name: said for name, said in mine.told().items() if undisturbed.told[name] != said} == {}
    ledger.close()


@pytest.mark.reliability
def test_memory_that_runs_out(company: Company, undisturbed: Undisturbed, warm: Warm, tmp_path: Path) -> None:
    ledger, kept = Ledger("Memory that ran out"), company.kept()
    for room in MEMORY:
        mine = company.copy(tmp_path / "company")
        done = warm.run(*arguments("run", mine.folder), headroom=room)
        whole = done.code == undisturbed.code and "Traceback" not in done.complained
        if whole:
            assert {name: said for name, said in mine.told().items() if undisturbed.told[name] != said} == {}
        ledger.met(done, room, mine, kept, traces=True)
        assert warm.run(*arguments("run", mine.folder)).code == undisturbed.code
    ledger.close()


def test_output_that_nobody_takes(company: Company, tmp_path: Path) -> None:
    """``/dev/full`` refuses every byte, small outputs only when Python shuts down."""
    import sys

    mine = company.copy(tmp_path / "company")
    for command in ("findings", "audit"):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-c", "from scimaudit.cli import main; main()", *arguments(command, mine.folder)],
                stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert loud(Done(done.returncode, "", done.stderr)), done
        assert "No space left" in done.stderr
