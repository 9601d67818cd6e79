"""What keeps a finding that is not shown again from being called resolved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scimaudit import archive, config, workflow
from tests.history.conftest import ACCOUNTS, Year
from tests.silence import Silence

BO = "1,bo,bo@corp.example,active,Sales,Agent,2020-01-01,"
BO_LEFT = "1,bo,bo@corp.example,terminated,Sales,Agent,2020-01-01,2026-03-31"
ACTIVE, OFF = "bo,bo@corp.example,true,deals", "bo,bo@corp.example,false,"


def state(year: Year, kind: str, account: str = "bo") -> str:
    trail = archive.audits(year.folder / "scimaudit-data")[-1].trail()
    [row] = trail[(trail["kind"] == kind) & (trail["account_id"] == account)].to_dict("records")
    return str(row["state"])


@pytest.fixture
def late(year: Year) -> Year:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    year.look("2026-04-03", people=BO_LEFT, accounts=ACTIVE)
    year.look("2026-04-09", people=BO_LEFT, accounts=OFF).audit()
    assert state(year, "leaver-late") == "standing"
    return year


def test_what_was_late_is_not_undone_when_the_record_of_it_is_too_old_to_count(late: Year) -> None:
    late.look("2028-04-09", people=BO_LEFT, accounts=OFF).audit()
    assert state(late, "leaver-late") == "unproven"


def test_what_was_late_is_not_undone_when_the_account_is_open_again(late: Year) -> None:
    late.look("2026-04-12", people=BO_LEFT, accounts=ACTIVE).audit()
    assert state(late, "leaver-late") == "unproven"


def test_what_was_late_by_a_wrong_last_day_is_judged_anew(late: Year) -> None:
    late.look("2026-04-12", people=BO_LEFT.replace("2026-03-31", "2026-04-30"), accounts=OFF)
    late.look("2026-05-12", people=BO_LEFT.replace("2026-03-31", "2026-04-30"), accounts=OFF).audit()
    assert state(late, "leaver-late") == "resolved"


def test_an_active_account_whose_owner_left_the_roster_too_is_not_as_it_should_be(year: Year) -> None:
    year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE).audit()
    year.look("2026-04-12", people="", accounts=ACTIVE).audit()
    assert (state(year, "leaver-active"), state(year, "unmatched")) == ("unproven", "standing")


def test_accounts_that_all_have_other_ids_are_not_gone(year: Year) -> None:
    year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE).audit()
    year.staff = [f"new-{row}" for row in ACCOUNTS]
    year.look("2026-04-12", people=BO_LEFT, accounts=f"new-{ACTIVE}").audit()
    assert (state(year, "leaver-active"), state(year, "leaver-active", "new-bo")) == ("unproven", "standing")


def test_a_listing_cut_short_is_not_what_the_next_is_measured_by(year: Year) -> None:
    year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE).audit()
    year.staff = ACCOUNTS[:3]
    year.look("2026-04-12", people=BO_LEFT, missing=1).audit()
    year.staff = ACCOUNTS[:4]
    audit = year.look("2026-04-13", people=BO_LEFT).audit()
    assert state(year, "leaver-active") == "unproven"
    assert [(gate.subject, gate.before, gate.now) for gate in audit.gates] == [("crm", 13, 4)]


def test_a_roster_cut_short_is_not_what_the_next_is_measured_by(year: Year) -> None:
    crowd = [f"{500 + number},q{number},q{number}@corp.example,active,Sales,Agent,2020-01-01," for number in range(30)]
    year.look("2026-04-10", people=" ".join(crowd))
    path = year.folder / "scimaudit.toml"
    cut = path.read_text("utf-8").replace("declared_total = 42", "declared_total = 99")
    path.write_text(cut, "utf-8")
    (year.folder / "hr.csv").write_text((year.folder / "hr.csv").read_text("utf-8")[:400], "utf-8")
    workflow.pull(config.load(path), now=lambda: datetime(2026, 4, 11, tzinfo=UTC), watcher=Silence())
    audit = year.look("2026-04-12", people="").audit()
    assert [(gate.name, gate.before, gate.now) for gate in audit.gates] == [("roster-shrunk", 42, 12)]


def test_an_account_is_not_gone_with_the_listing_that_showed_it(year: Year) -> None:
    year.look("2026-04-09", people=BO_LEFT)
    path = year.folder / "scimaudit.toml"
    staff = "".join(f"{','.join(row.split(',')[:3])}\n" for row in [*ACCOUNTS, ACTIVE])
    (year.folder / "two.csv").write_text(f"user_name,email,active\n{staff}", "utf-8")
    second = (
        '[[apps.crm.listings]]\nsource = "csv"\npath = "two.csv"\nexported_by = "j.doe"\ndeclared_total = 13\n'
        'exported_at = "2026-04-10T10:00:00Z"\njoin_on = "emails"\n'
    )
    path.write_text(path.read_text("utf-8") + second, "utf-8")
    both = config.load(path)
    workflow.pull(both, now=lambda: datetime(2026, 4, 10, 12, tzinfo=UTC), watcher=Silence())
    workflow.audit(both)
    assert state(year, "leaver-active") == "standing"
    record = year.look("2026-04-11", people=BO_LEFT)
    record.audit()
    assert state(year, "leaver-active") == "unproven"
    [line] = record.spans("leaver")
    assert line.verdict == "open"
