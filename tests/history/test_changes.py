"""What may be called gone between two snapshots or two audits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from scimaudit import archive, config, workflow
from scimaudit.history import changes
from scimaudit.snapshot.store import Snapshot, snapshots
from tests.history.conftest import ACCOUNTS, Year
from tests.history.test_sightings import STAFF, Quarters
from tests.silence import Silence

BO = "1,bo,bo@corp.example,active,Sales,Agent,2020-01-01,"
BO_LEFT = "1,bo,bo@corp.example,terminated,Sales,Agent,2020-01-01,2026-03-31"
ACTIVE = "bo,bo@corp.example,true,deals"


def last_two(folder: Path) -> tuple[Snapshot, Snapshot]:
    *_, before, after = snapshots(folder / "scimaudit-data")
    return before, after


def test_accounts_that_a_listing_cut_short_showed_are_not_all_gone_from_a_small_one(year: Year) -> None:
    year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE, missing=1)
    year.staff = ACCOUNTS[:3]
    year.look("2026-04-13", people=BO_LEFT)
    told = changes.of_accounts(*last_two(year.folder), "crm")
    assert set(told["change"]) == {"stayed", "unproven"}


def test_rights_of_a_kind_that_nobody_is_shown_to_hold_any_more_are_not_gone(tmp_path: Path) -> None:
    company = Quarters(tmp_path)
    company.pull(*STAFF)
    company.pull(*(row.rpartition(",")[0] + "," for row in STAFF))
    told = changes.of_grants(*last_two(tmp_path), "crm")
    assert set(told["change"]) == {"unproven"}
    assert set(told["reason"]) == {"the app shows no right of this kind any more"}


def test_people_are_not_gone_with_their_roster(year: Year) -> None:
    year.look("2026-03-20", people=BO)
    (year.folder / "ext.csv").write_text("employee_number,user_name,status\n900,ext,active\n", "utf-8")
    path = year.folder / "scimaudit.toml"
    roster = '[rosters.ext]\nsource = "csv"\npath = "ext.csv"\nas_of = "2026-03-21"\ndeclared_total = 1\n[apps.crm]'
    path.write_text(path.read_text("utf-8").replace("[apps.crm]", roster, 1), "utf-8")
    workflow.pull(config.load(path), now=lambda: datetime(2026, 3, 21, 12, tzinfo=UTC), watcher=Silence())
    year.look("2026-03-22", people=BO)
    told = changes.of_people(*last_two(year.folder)).set_index("id")
    assert told.loc["900", ["change", "reason"]].tolist() == ["unproven", "rosters.ext is not in the snapshot any more"]


def test_what_came_between_two_audits_and_cannot_be_told_in_the_later_is_not_left_out(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE).audit()
    year.look("2026-04-10", people=BO_LEFT, accounts=ACTIVE).audit()
    record = year.look("2026-04-12", people=BO_LEFT, missing=1)
    record.audit()
    first, _, last = (each.path.name for each in archive.audits(record.config.store))
    told = workflow.diff(record.config, first, last).findings
    assert told.loc[told["kind"] == "leaver-active", "change"].tolist() == ["unproven"]
