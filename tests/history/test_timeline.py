"""Between which times an event lies: never closer together than what was seen."""

from __future__ import annotations

import pandas as pd

from scimaudit import timeline, workflow
from scimaudit.snapshot.store import snapshots
from tests.history.conftest import Record, Year

BO = "1,bo,bo@corp.example,active,Sales,Agent,2020-01-01,"
BO_LEFT = "1,bo,bo@corp.example,terminated,Sales,Agent,2020-01-01,2026-03-31"
ACTIVE, OFF = "bo,bo@corp.example,true,deals", "bo,bo@corp.example,false,"


def event(rows: pd.DataFrame, text: str) -> tuple[str, str]:
    [row] = rows[rows["event"] == text].to_dict("records")
    return f"{row['after']:%Y-%m-%d %H:%M}", f"{row['by']:%Y-%m-%d %H:%M}"


def of_account(record: Record) -> pd.DataFrame:
    account = pd.DataFrame({"app": ["crm"], "account_id": ["bo"], "account": ["bo"]})
    rows = timeline.of_accounts(snapshots(record.config.store), account, percent=20)
    return rows[rows["what"] == "account"]


def test_what_could_not_be_told_in_between_bounds_nothing(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    year.look("2026-04-01", people=BO_LEFT, missing=1)
    record = year.look("2026-04-09", people=BO_LEFT)
    assert event(of_account(record), "gone") == ("2026-03-19 23:30", "2026-04-08 23:30")


def test_a_person_changed_after_the_day_that_the_roster_was_of(year: Year) -> None:
    year.look("2026-03-20", people=BO)
    record = year.look("2026-04-20", people=BO_LEFT)
    told = timeline.of_person(snapshots(record.config.store), "1")
    assert event(told, "status: active, then terminated") == ("2026-03-19 23:30", "2026-04-20 00:00")


def test_an_old_snapshot_judged_again_takes_nothing_away(year: Year) -> None:
    year.look("2026-04-03", people=BO_LEFT, accounts=ACTIVE).audit()
    record = year.look("2026-04-10", people=BO_LEFT, accounts=OFF)
    record.audit()
    workflow.audit(record.config, snapshot=snapshots(record.config.store)[0].id)
    _, told = workflow.timeline_of_person(record.config, "bo@corp.example")
    assert any(text.startswith("resolved: leaver-active") for text in told["event"])
