"""When a leaver's account was closed, by what listings show."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from scimaudit import workflow
from scimaudit.result import Audit, SpanLine
from tests.history.conftest import Record, Year

BO = "1,bo,bo@corp.example,active,Sales,Agent,2020-01-01,"
BO_LEFT = "1,bo,bo@corp.example,terminated,Sales,Agent,2020-01-01,2026-03-31"
ACTIVE, OFF = "bo,bo@corp.example,true,deals", "bo,bo@corp.example,false,"


def only(record: Record) -> SpanLine:
    [line] = record.spans("leaver")
    return line


def kinds(audit: Audit) -> set[str]:
    return set(audit.findings["kind"].astype("str"))


def test_the_clock_starts_when_the_last_day_is_over(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    line = only(year.look("2026-04-01T12:00", people=BO_LEFT, accounts=OFF))
    assert line.due == datetime(2026, 4, 1, tzinfo=UTC)
    assert (line.hours_from, line.hours_to, line.verdict) == (0, 11.5, "in time")


def test_the_day_is_over_when_it_is_where_the_roster_is_kept(year: Year) -> None:
    year.zone = "Asia/Tokyo"
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    line = only(year.look("2026-04-01T12:00", people=BO_LEFT, accounts=OFF))
    assert line.due == datetime(2026, 3, 31, 15, tzinfo=UTC)


def test_what_was_closed_before_the_last_day_took_no_time(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=OFF)
    line = only(year.look("2026-04-09", people=BO_LEFT, accounts=OFF))
    assert (line.hours_from, line.hours_to, line.verdict) == (0, 0, "in time")


def test_what_was_seen_active_after_the_limit_is_late(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    year.look("2026-04-03", people=BO_LEFT, accounts=ACTIVE)
    record = year.look("2026-04-09", people=BO_LEFT, accounts=OFF)
    line = only(record)
    assert (line.hours_from, line.hours_to, line.verdict) == (47.5, 191.5, "late")
    assert "leaver-late" in kinds(record.audit())


def test_between_two_listings_it_is_unclear(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    record = year.look("2026-04-09", people=BO_LEFT, accounts=OFF)
    line, audit = only(record), record.audit()
    assert (line.hours_from, line.hours_to, line.verdict) == (0, 191.5, "unclear")
    assert "leaver-late" not in kinds(audit)
    [check] = audit.checks[audit.checks["kind"] == "leaver-late"].to_dict("records")
    assert (check["passed"], check["not_evaluable"]) == (0, 1)


def test_an_account_that_is_gone_from_a_whole_listing_is_closed_and_still_its_leavers(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    line = only(year.look("2026-04-01T12:00", people=BO_LEFT))
    assert (line.account_id, line.person_id, line.verdict) == ("bo", "1", "in time")


@pytest.mark.parametrize("cut", [{"missing": 1}, {"proof": ""}, {"dated": False, "proof": ""}])
def test_an_account_that_a_listing_without_proof_does_not_show_is_not_closed(year: Year, cut: dict) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    line = only(year.look("2026-04-01T12:00", people=BO_LEFT, **cut))
    assert (line.verdict, line.by, line.hours_to) == ("not evaluable", None, None)
    assert line.reason


def test_an_account_that_is_still_active_is_open(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    record = year.look("2026-04-11T01:30", people=BO_LEFT, accounts=ACTIVE)
    line, audit = only(record), record.audit()
    assert (line.verdict, line.hours_from, line.hours_to) == ("open", 241, None)
    assert set(audit.leading["kind"].astype("str")) == {"leaver-active"}
    [whole] = [each for each in audit.over_time.span_summaries if each.event == "leaver" and not each.app + each.period]
    assert whole.exposure_days == (10.042, 10.062)
    assert whole.worst_hours == (241, None)


def test_it_stays_open_while_a_listing_cannot_tell(year: Year) -> None:
    year.look("2026-04-03", people=BO_LEFT, accounts=ACTIVE)
    assert only(year.look("2026-04-09", people=BO_LEFT, missing=1)).verdict == "open"


def test_an_account_that_comes_back_is_open_again(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    year.look("2026-04-01T12:00", people=BO_LEFT, accounts=OFF)
    line = only(year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE))
    assert (line.verdict, line.reason) == ("open", "it was closed, and is open again")


def test_an_active_account_before_the_last_day_is_no_exposure(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    assert (
        year.look("2026-03-25", people=BO_LEFT.replace("terminated", "active"), accounts=ACTIVE).spans("leaver") == []
    )


def test_an_active_account_of_unknown_time_is_not_closed_in_time(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    year.look("2026-04-01T12:00", people=BO_LEFT, accounts=OFF)
    line = only(year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE, dated=False, proof=""))
    assert line.verdict == "not evaluable"


def test_without_a_last_day_only_that_it_is_open_can_be_said(year: Year) -> None:
    people = BO_LEFT.removesuffix("2026-03-31")
    line = only(year.look("2026-04-09", people=people, accounts=ACTIVE))
    assert (line.verdict, line.due, line.hours_from) == ("open", None, None)
    later = only(year.look("2026-04-12", people=people, accounts=OFF))
    assert (later.verdict, later.reason) == ("not evaluable", "the roster tells no last day")


def test_what_was_over_before_the_record_began_is_not_in_it(year: Year) -> None:
    assert year.look("2026-06-01", people=BO_LEFT, accounts=OFF).spans("leaver") == []


def test_an_account_of_unknown_activity_is_not_closed(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    line = only(year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE.replace("true", "")))
    assert (line.verdict, line.reason) == ("not evaluable", "nobody tells whether the account is active")


def test_a_registered_machine_has_no_last_day(year: Year) -> None:
    text = "app,account,kind,owner,review_date\ncrm,bo,service,p1@corp.example,2027-03-01\n"
    (year.folder / "policy" / "nhi.csv").write_text(text, "utf-8")
    assert year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE).spans("leaver") == []


def test_the_limit_is_the_apps(year: Year) -> None:
    year.options = "sla_hours = 240"
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    assert only(year.look("2026-04-09", people=BO_LEFT, accounts=OFF)).verdict == "in time"


def test_what_is_open_since_nobody_knows_when_has_no_worst_and_no_end(year: Year) -> None:
    kim, key = "2,kim,kim@corp.example,active,Sales,Agent,2020-01-01,", "kim,kim@corp.example,true,deals"
    year.look("2026-03-20", people=f"{BO} {kim}", accounts=f"{ACTIVE} {key}")
    people = f"{BO_LEFT} {kim.replace('active', 'terminated')}"
    audit = year.look("2026-04-01T12:00", people=people, accounts=f"{OFF} {key}").audit()
    [whole] = [each for each in audit.over_time.span_summaries if each.event == "leaver" and not each.app + each.period]
    assert (whole.in_time, whole.open) == (1, 1)
    assert whole.worst_hours == (0, None)
    assert whole.exposure_days == (0, None)


def test_an_audit_as_of_an_earlier_day_has_no_bounds_the_wrong_way_round(year: Year) -> None:
    record = year.look("2026-04-20", people=BO_LEFT, accounts=ACTIVE)
    audit = workflow.audit(record.config, as_of=date(2026, 4, 2)).audit
    [whole] = [each for each in audit.over_time.span_summaries if each.event == "leaver" and not each.app + each.period]
    assert whole.exposure_days == (18.979, 18.979)
    bounds = {line.labels["bound"]: line.value for line in audit.over_time.metrics if line.name == "open_exposure_days"}
    # What was listed after that day does not prove that nobody else was there on it.
    assert bounds == {"lower": 18.979, "upper": None}
