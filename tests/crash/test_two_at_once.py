"""Two commands on one store at once: one waits or refuses in words, and neither harms the other."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from scimaudit import archive, workflow
from scimaudit.errors import ConfigError
from tests import figures
from tests.crash.company import Company
from tests.crash.conftest import Staged
from tests.crash.test_disk_errors import loud
from tests.crash.warm import Warm, arguments

SEED = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
PAIRS = (
    ("pull", "pull"), ("audit", "audit"), ("seal", "seal"), ("run", "run"), ("review import", "review import"),
    ("run", "audit"), ("report", "seal"), ("review open", "review open"), ("review import", "run"),
)  # fmt: skip
RACES = figures.size(1, 20)
ON_A_COMMIT = 5


@pytest.fixture(scope="session")
def other(company: Company, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """A second process; it learns what to import from a run of its own."""
    with Warm() as made:
        copy = company.copy(tmp_path_factory.mktemp("other") / "company")
        assert made.run(*arguments("run", copy.folder), learn=True).code == 1
        yield made


def told(command: str, company: Company, more: tuple[str, ...]) -> list[str]:
    if command == "review open":
        return list(arguments("review open Race", company.folder, "--id", "race", "--app", "fin"))
    return list(arguments(command, company.folder, *(more if command == "review import" else ())))


@pytest.mark.reliability
@pytest.mark.parametrize("pair", PAIRS if figures.NIGHTLY else PAIRS[:ON_A_COMMIT], ids=" beside ".join)
def test_two_at_once(pair: tuple[str, str], staged: Staged, warm: Warm, other: Warm, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED}-{pair}")
    before = staged("review import" if "review import" in pair else "seal" if "seal" in pair else "audit")
    done_both, refused, harm, silent = 0, 0, [], []
    for race in range(RACES):
        company = before.fresh()
        first = warm.start(*told(pair[0], company, before.more))
        time.sleep(chance.random() * 0.05)
        second = other.start(*told(pair[1], company, before.more))
        ended = [first.ended(), second.ended()]
        harm += [(race, each) for each in company.wrong(dict(before.kept))]
        fine = [done.code in (0, 1) and "Traceback" not in done.complained for done in ended]
        silent += [(race, done) for done, well in zip(ended, fine, strict=True) if not well and not loud(done)]
        silent += [] if any(fine) else [(race, "neither came to its end", ended)]
        done_both += all(fine)
        refused += sum(map(loud, ended))
        # Whoever comes after them is not kept from anything.
        after = warm.run(*arguments("run", company.folder))
        harm += [(race, after.complained)] if after.code != 1 or company.wrong(dict(before.kept)) else []
    counts = {
        "races": RACES, "in which both came to their end": done_both, "refusals in words": refused,
        "without a word": len(silent), "harmed or half taken for whole": len(harm),
    }  # fmt: skip
    figures.record("Two at once on one store", counts=counts, told={"seed": str(SEED)})
    assert silent == []
    assert harm == []


def test_an_audit_that_waits_in_vain_says_so(company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = company.copy(tmp_path / "company")
    monkeypatch.setattr(archive, "_PATIENCE", 0)
    with (
        FileLock(mine.store / "audits" / "audit.lock"),
        pytest.raises(ConfigError, match="another audit is being kept"),
    ):
        workflow.audit(mine.config)
    assert mine.wrong(company.kept()) == []
