"""Order never depends on the wall clock, and a day ends where the configuration says, wherever the machine stands."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scimaudit import archive, workflow
from scimaudit.errors import ConfigError
from scimaudit.evidence import statement
from scimaudit.evidence.verify import chain
from scimaudit.review.campaign import find
from tests import figures
from tests.crash.company import Company, unclocked
from tests.crash.warm import Warm, arguments
from tests.review.conftest import Firm

ZONES = ("UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "America/St_Johns")
SHIFTS = (timedelta(hours=-1), timedelta(days=-366), timedelta(days=366))


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    made = Firm(tmp_path)
    made.audit()
    made.later(hours=1)
    return made


@pytest.mark.parametrize("shift", SHIFTS, ids=str)
def test_a_chain_is_in_the_order_in_which_it_was_sealed(firm: Firm, shift: timedelta) -> None:
    names = []
    firm.missing = 1
    for turn in range(3):
        firm.later(days=1)
        firm.audit()
        names.append(workflow.seal(firm.config(), now=firm.now + shift * turn).name)
    linked, problems = chain(firm.folder / "evidence")
    assert problems == ()
    assert [each.bundle for each in linked] == names
    assert [each.parent and each.parent[0] for each in linked] == [None, *names[:-1]]


def test_the_last_audit_kept_of_a_snapshot_is_the_last_whatever_the_times_of_files_say(firm: Firm) -> None:
    loaded = firm.config()
    first, second = (workflow.audit(loaded, fail_on=severity) for severity in ("critical", "low"))
    assert first.snapshot == second.snapshot
    for age, stored in enumerate((second, first)):
        for path in stored.path.iterdir():
            moment = datetime(2020 + age, 1, 1, tzinfo=UTC).timestamp()
            os.utime(path, (moment, moment))
    assert archive.audits(loaded.store)[-1] == second
    # One that is kept again is the last again.
    workflow.audit(loaded, fail_on="critical")
    assert archive.audits(loaded.store)[-1] == first


def test_audits_of_a_store_without_numbers_come_first_and_by_the_times_of_their_files(firm: Firm) -> None:
    loaded = firm.config()
    shutil.rmtree(loaded.store / "audits")
    first, second, third = (workflow.audit(loaded, fail_on=severity) for severity in ("critical", "low", "high"))
    for age, stored in enumerate((second, first)):
        (stored.path / "kept").unlink()
        moment = datetime(2090 + age, 1, 1, tzinfo=UTC).timestamp()
        os.utime(stored.path / "audit.json", (moment, moment))
    assert archive.audits(loaded.store)[-1] == third
    (third.path / "kept").write_text("no number")
    os.utime(third.path / "audit.json", (1, 1))
    assert archive.audits(loaded.store)[-1] == first


def test_a_campaign_opened_by_a_clock_that_was_set_back_is_refused(firm: Firm) -> None:
    firm.later(days=2)
    firm.open("later")
    firm.later(days=-1)
    with pytest.raises(ConfigError, match=r"the clock says .* and the newest campaign was opened at"):
        firm.open("earlier")
    assert find(firm.config().store, None).opened.id == "later"


EXCEPTION = """
[[exceptions]]
id = "E1"
kind = "unmatched"
app = "fin"
account = "gone"
reason = "told"
requested_by = "chi@corp.example"
approver = "dee@corp.example"
approved = 2026-11-01
expires = 2026-11-20
"""


@pytest.mark.reliability
def test_an_exception_ends_at_the_same_instant_in_every_zone(company: Company, warm: Warm, tmp_path: Path) -> None:
    mine = company.copy(tmp_path / "company")
    (mine.folder / "policy" / "exceptions.toml").write_text(EXCEPTION)
    told: dict[str, list[str]] = {}
    zones = ZONES if figures.NIGHTLY else ZONES[1:3]
    for zone in zones:
        for day in ("2026-11-20", "2026-11-21"):
            done = warm.run(*arguments("audit", mine.folder, "--as-of", day, "--quiet"), env={"TZ": zone})
            assert done.code in (0, 1), done.complained
            audit = archive.latest(mine.store).audit
            [line] = audit.exceptions
            told.setdefault(day, []).append(f"{line.state} {audit.meta.as_of.isoformat()} {audit.meta.audit_id}")
    assert {day: len(set(said)) for day, said in told.items()} == {"2026-11-20": 1, "2026-11-21": 1}
    assert told["2026-11-20"][0].split()[0] != "expired"
    assert told["2026-11-21"][0].split()[0] == "expired"
    # The instant is on the report, in UTC.
    [written] = workflow.report(archive.latest(mine.store), ["json"], tmp_path / "out")
    assert archive.latest(mine.store).audit.meta.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") in written.read_text()
    others = sum(len(set(said)) - 1 for said in told.values())
    figures.record("Clocks and zones", counts={"zones": len(zones), "in which an exception ended otherwise": others})


def test_a_sealed_statement_is_the_same_in_every_zone(company: Company, warm: Warm, tmp_path: Path) -> None:
    said = set()
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        mine = company.copy(tmp_path / "company")
        assert warm.run(*arguments("run", mine.folder, "--quiet"), env={"TZ": zone}).code == 1
        told = statement.load(mine.bundles[-1]).predicate
        assert str(told["sealed_at"]).endswith("Z")
        said.add(unclocked(repr({name: told[name] for name in ("apps", "exit_code", "sealed_at")})))
    assert len(said) == 1
