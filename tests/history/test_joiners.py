"""When a joiner had an account, and when a mover had the rights of the new post alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scimaudit.result import SpanLine
from tests.history.conftest import Record, Year

KIM = "2,kim,kim@corp.example,active,Finance,Analyst,2026-04-01,"
ACTIVE, OFF = "kim,kim@corp.example,true,deals", "kim,kim@corp.example,false,"
RULE = '[[rules]]\nname = "{name}"\nwho = \'{who}\'\nwhat = {{ app = "crm"{rights} }}\nwhy = "work"\nbirthright = {given}\n'
FINANCE = RULE.format(name="finance", who='department = "Finance"', rights="", given="true")


def only(record: Record, event: str = "joiner") -> SpanLine:
    [line] = record.spans(event)
    return line


def test_a_joiner_without_an_account_before_and_with_one_after(year: Year) -> None:
    year.look("2026-03-20", people="")
    year.look("2026-04-01T06:00", people=KIM)
    line = only(year.look("2026-04-01T18:00", people=KIM, accounts=ACTIVE))
    assert line.due == datetime(2026, 4, 1, tzinfo=UTC)
    assert (line.account, line.hours_from, line.hours_to, line.verdict) == ("kim", 5.5, 17.5, "in time")


def test_who_has_no_account_that_policy_gives_is_waiting(year: Year) -> None:
    year.policy(FINANCE)
    year.look("2026-03-20", people="")
    line = only(year.look("2026-04-03T01:30", people=KIM))
    assert (line.account_id, line.verdict, line.hours_from, line.hours_to) == ("", "open", 49, None)


@pytest.mark.parametrize("cut", [{"missing": 1}, {"proof": ""}])
def test_a_listing_without_proof_does_not_tell_that_the_account_is_missing(year: Year, cut: dict) -> None:
    year.policy(FINANCE)
    year.look("2026-03-20", people="")
    line = only(year.look("2026-04-03", people=KIM, **cut))
    assert line.verdict == "not evaluable"
    assert line.reason


def test_an_account_that_appears_after_a_listing_without_proof_has_no_lower_bound(year: Year) -> None:
    year.look("2026-03-20", people="", missing=1)
    line = only(year.look("2026-04-09", people=KIM, accounts=ACTIVE))
    assert (line.after, line.hours_from, line.verdict) == (None, 0, "unclear")


def test_an_account_that_waits_inactive_is_none_yet(year: Year) -> None:
    year.policy(FINANCE)
    year.look("2026-03-20", people="", accounts=OFF)
    line = only(year.look("2026-04-03T01:30", people=KIM, accounts=OFF))
    assert (line.verdict, line.hours_from) == ("open", 49)


def test_an_account_before_the_first_day_took_no_time(year: Year) -> None:
    year.look("2026-03-20", people="", accounts=ACTIVE)
    line = only(year.look("2026-04-03", people=KIM, accounts=ACTIVE))
    assert (line.hours_from, line.hours_to, line.verdict) == (0, 0, "in time")


def test_an_app_that_nobody_gives_them_is_not_waited_for(year: Year) -> None:
    year.look("2026-03-20", people="")
    assert year.look("2026-04-03", people=KIM).spans("joiner") == []


def test_who_started_before_the_record_is_no_joiner(year: Year) -> None:
    year.policy(FINANCE)
    year.look("2026-04-20", people="")
    assert year.look("2026-05-03", people=KIM).spans("joiner") == []


def test_a_birthright_that_depends_on_what_is_unknown_is_not_evaluable(year: Year) -> None:
    year.policy(FINANCE)
    year.look("2026-03-20", people="")
    line = only(year.look("2026-04-03", people=KIM.replace("Finance", "")))
    assert (line.verdict, line.reason) == ("not evaluable", "the birthright depends on what is not known of the person")


MO = "3,mo,mo@corp.example,active,{},Agent,2020-01-01,"
SALES = RULE.format(name="sales", who='department = "Sales"', rights=', values = ["deals"]', given="false")
BOOKS = RULE.format(name="books", who='department = "Finance"', rights=', values = ["books"]', given="true")


def mo(*groups: str) -> str:
    return f"mo,mo@corp.example,true,{';'.join(groups)}"


@pytest.fixture
def moving(year: Year) -> Year:
    year.policy(SALES + BOOKS)
    year.look("2026-03-20", people=MO.format("Sales"), accounts=mo("deals"))
    return year


def test_a_mover_is_done_when_the_old_right_is_gone_and_the_new_one_there(moving: Year) -> None:
    moving.look("2026-04-01", people=MO.format("Finance"), accounts=mo("deals"))
    line = only(moving.look("2026-04-09", people=MO.format("Finance"), accounts=mo("books")), "mover")
    assert line.account == "mo"
    assert line.by == datetime(2026, 4, 8, 23, 30, tzinfo=UTC)
    assert "moved between 2026-03-19 and 2026-04-01" in line.reason
    # From the earliest day of the move to the latest moment of the change.
    assert line.hours_to == 480


@pytest.mark.parametrize("groups", [("deals", "books"), (), ("deals",)])
def test_a_mover_is_not_done_while_either_is_missing(moving: Year, groups: tuple[str, ...]) -> None:
    moving.look("2026-04-01", people=MO.format("Finance"), accounts=mo("deals"))
    line = only(moving.look("2026-04-09", people=MO.format("Finance"), accounts=mo(*groups)), "mover")
    assert (line.verdict, line.hours_to) == ("open", None)


def test_a_listing_without_proof_does_not_end_a_move(moving: Year) -> None:
    line = only(moving.look("2026-04-09", people=MO.format("Finance"), accounts=mo("books"), missing=1), "mover")
    assert line.verdict == "not evaluable"


def test_a_new_address_is_no_move(moving: Year) -> None:
    people = MO.format("Sales").replace("mo@", "mo.mo@")
    assert moving.look("2026-04-09", people=people, accounts=mo("deals")).spans("mover") == []


def test_an_app_that_the_new_post_gives_is_waited_for(year: Year) -> None:
    year.policy(BOOKS)
    year.look("2026-03-20", people=MO.format("Sales"))
    line = only(year.look("2026-04-09", people=MO.format("Finance")), "mover")
    assert (line.account_id, line.verdict) == ("", "not evaluable")
    later = only(year.look("2026-04-19", people=MO.format("Finance")), "mover")
    assert later.verdict == "open"
