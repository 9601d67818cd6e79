"""What a series of snapshots shows of an account or a right; above all, when it may be called gone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from scimaudit import workflow
from scimaudit.history.sightings import accounts_seen, rights_seen
from scimaudit.snapshot.store import snapshots
from tests.silence import Silence
from tests.test_audit import Company

STAFF = [f"p{number},p{number}@corp.example,true,Sales,staff" for number in range(12)]
BO = "bo,bo@corp.example,true,Finance,staff;admins"
BO_OFF = "bo,bo@corp.example,false,Finance,staff"


class Quarters(Company):
    """A company whose one app is exported anew for each pull."""

    def pull(self, *rows: str, complete: bool = True, scope: str = "shows_all = true\n", at: str = "") -> None:
        self.hour += 1
        told = at or f"2026-11-20T{self.hour:02}:30:00Z"
        total = len(rows) if complete else len(rows) + 1
        listing = f'exported_by = "j.doe"\nexported_at = "{told}"\n{scope}declared_total = {total}\n'
        self.app("crm", *rows, listing=listing)
        workflow.pull(self.config(), now=lambda: datetime(2026, 11, 20, self.hour, 40, tzinfo=UTC), watcher=Silence())

    def account(self, account_id: str = "bo") -> list[tuple[str, str]]:
        wanted = pd.DataFrame({"app": ["crm"], "account_id": [account_id]})
        rows = accounts_seen(snapshots(self.folder / "scimaudit-data"), wanted)
        return list(zip(rows["seen"], rows["doubt"], strict=True))

    def right(self, value: str = "admins") -> list[str]:
        wanted = pd.DataFrame({"app": ["crm"], "account_id": ["bo"], "attribute": ["groups"], "value": [value]})
        return list(rights_seen(snapshots(self.folder / "scimaudit-data"), wanted)["seen"])


@pytest.fixture
def company(tmp_path: Path) -> Quarters:
    return Quarters(tmp_path)


def test_an_account_is_active_then_inactive_then_gone(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*STAFF, BO_OFF)
    company.pull(*STAFF)
    assert company.account() == [("active", ""), ("inactive", ""), ("absent", "")]


def test_what_an_incomplete_listing_does_not_show_is_not_gone(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*STAFF, complete=False)
    [_, (seen, doubt)] = company.account()
    assert seen == "unproven"
    assert "walk" in doubt


def test_what_an_incomplete_listing_shows_is_there(company: Quarters) -> None:
    company.pull(*STAFF, BO_OFF, complete=False)
    assert company.account() == [("inactive", "")]


def test_what_a_listing_without_proven_scope_does_not_show_is_not_gone(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*STAFF, scope="")
    [_, (seen, doubt)] = company.account()
    assert seen == "unproven"
    assert "scope" in doubt


def test_who_is_missing_with_many_others_is_not_gone(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*STAFF[:8])
    [_, (seen, doubt)] = company.account()
    assert (seen, doubt) == ("unproven", "5 of 13 accounts of the snapshot before are not shown")


def test_an_app_of_other_accounts_altogether_proves_nobody_gone(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*(row.replace("p", "q") for row in STAFF), "kim,kim@corp.example,true,Sales,staff")
    [_, (seen, _)] = company.account()
    assert seen == "unproven"


def test_a_listing_cut_short_does_not_become_the_measure_of_the_next(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*STAFF[:2], complete=False)
    company.pull(*STAFF[:3])
    assert [seen for seen, _ in company.account()] == ["active", "unproven", "unproven"]


def test_a_blank_status_is_neither_active_nor_inactive(company: Quarters) -> None:
    company.pull(*STAFF, BO.replace("true", ""))
    assert company.account() == [("unknown", "")]


def test_a_right_is_held_then_taken(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*STAFF, BO.replace(";admins", ""))
    assert company.right() == ["held", "absent"]
    assert company.right("staff") == ["held", "held"]


def test_a_disabled_account_still_holds_what_it_is_shown_with(company: Quarters) -> None:
    company.pull(*STAFF, BO_OFF)
    assert company.right("staff") == ["held"]


def test_a_right_goes_with_its_account(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*STAFF)
    assert company.right() == ["held", "absent"]


def test_a_right_of_an_account_that_is_not_shown_is_not_gone(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*STAFF, complete=False)
    assert company.right() == ["held", "unproven"]


def test_rights_that_no_listing_tells_are_not_gone(company: Quarters) -> None:
    company.pull(*STAFF, BO)
    company.pull(*(row.rpartition(",")[0] + "," for row in [*STAFF, BO]))
    assert company.right() == ["held", "unproven"]


def test_a_sighting_is_as_old_as_its_export(company: Quarters) -> None:
    company.pull(*STAFF, BO, at="2026-11-01T08:00:00Z")
    [row] = accounts_seen(
        snapshots(company.folder / "scimaudit-data"), pd.DataFrame({"app": ["crm"], "account_id": ["bo"]})
    ).to_dict("records")
    assert row["since"] == row["until"] == pd.Timestamp("2026-11-01T08:00:00Z")


def test_a_bare_day_is_that_day_wherever_one_is(company: Quarters) -> None:
    company.pull(*STAFF, BO, at="2026-11-01")
    [row] = accounts_seen(
        snapshots(company.folder / "scimaudit-data"), pd.DataFrame({"app": ["crm"], "account_id": ["bo"]})
    ).to_dict("records")
    assert (row["since"], row["until"]) == (
        pd.Timestamp("2026-10-31T10:00:00Z"),
        pd.Timestamp("2026-11-02T12:00:00Z"),
    )


def test_an_app_that_no_snapshot_has_is_not_told_of(company: Quarters) -> None:
    company.pull(*STAFF)
    wanted = pd.DataFrame({"app": ["fax"], "account_id": ["1"]})
    assert accounts_seen(snapshots(company.folder / "scimaudit-data"), wanted).empty
