"""Figures for a dashboard: above all, that unknown is not zero."""

from __future__ import annotations

import pytest

from scimaudit.result import Audit, MetricLine
from tests.history.conftest import Year

BO = "1,bo,bo@corp.example,active,Sales,Agent,2020-01-01,"
BO_LEFT = "1,bo,bo@corp.example,terminated,Sales,Agent,2020-01-01,2026-03-31"
ACTIVE, OFF = "bo,bo@corp.example,true,deals", "bo,bo@corp.example,false,"


@pytest.fixture
def year(tmp_path) -> Year:
    return Year(tmp_path)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """Staff, one account of nobody, and no change of anybody."""
    record = Year(tmp_path_factory.mktemp("quiet")).look(
        "2026-04-09", people="", accounts="stray,stray@else.example,true,"
    )
    return record.audit()


def figure(audit: Audit, name: str, **labels: str) -> MetricLine:
    [line] = [each for each in audit.over_time.metrics if each.name == name and dict(each.labels) == labels]
    return line


def value(audit: Audit, name: str, **labels: str) -> float | None:
    return figure(audit, name, **labels).value


def test_nothing_is_zero_where_nothing_was_measured(quiet: Audit) -> None:
    assert value(quiet, "time_to_deprovision_hours", statistic="median", bound="upper") is None
    assert value(quiet, "time_to_deprovision_in_time_ratio", bound="lower") is None
    assert value(quiet, "review_completion_ratio") is None
    assert value(quiet, "revocation_closed_ratio") is None
    assert value(quiet, "repeat_findings") is None
    assert value(quiet, "nhi_with_live_owner_ratio") is None


def test_no_open_account_is_told_of_a_whole_listing_alone(year: Year) -> None:
    assert value(year.look("2026-04-09", people=BO_LEFT).audit(), "leaver_accounts_open", app="crm") == 0
    cut = year.look("2026-04-10", people=BO_LEFT, missing=1).audit()
    assert value(cut, "leaver_accounts_open", app="crm") is None
    assert value(cut, "open_exposure_days", app="crm", bound="lower") is None


def test_an_account_of_a_leaver_that_cannot_be_judged_keeps_zero_from_being_said(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    audit = year.look("2026-04-09", people=BO_LEFT, accounts=ACTIVE.replace("true", "")).audit()
    line = figure(audit, "leaver_accounts_open", app="crm")
    assert (line.value, line.not_evaluable) == (None, 1)


def test_what_is_open_is_exposed_until_now(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    audit = year.look("2026-04-11T01:30", people=BO_LEFT, accounts=ACTIVE).audit()
    assert value(audit, "leaver_accounts_open", app="crm") == 1
    assert value(audit, "open_exposure_days", app="crm", bound="lower") == 10.042
    assert value(audit, "open_exposure_days", app="crm", bound="upper") == 10.062
    assert value(audit, "time_to_deprovision_hours", app="crm", statistic="worst", bound="lower") == 241
    assert value(audit, "time_to_deprovision_hours", app="crm", statistic="worst", bound="upper") is None


def test_the_share_in_time_has_bounds(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    audit = year.look("2026-04-09", people=BO_LEFT, accounts=OFF).audit()
    assert value(audit, "time_to_deprovision_in_time_ratio", app="crm", bound="lower") == 0
    assert value(audit, "time_to_deprovision_in_time_ratio", app="crm", bound="upper") == 1


def test_what_is_open_within_its_limit_may_yet_be_in_time(year: Year) -> None:
    year.look("2026-03-20", people=BO, accounts=ACTIVE)
    audit = year.look("2026-04-01T08:00", people=BO_LEFT, accounts=ACTIVE).audit()
    assert value(audit, "time_to_deprovision_in_time_ratio", app="crm", bound="upper") == 1


def test_coverage_is_of_the_accounts_that_were_listed(quiet: Audit) -> None:
    line = figure(quiet, "match_coverage_ratio", app="crm")
    assert (line.value, line.of) == (0.923077, 13)
    assert value(quiet, "matched_accounts", app="crm", tier="T3") == 12


def test_listings_are_counted_by_what_proves_them(year: Year, quiet: Audit) -> None:
    cut = year.look("2026-04-09", people="", missing=1).audit()
    assert value(cut, "listings_proven_ratio", proof="walk") == 0
    assert value(quiet, "listings_proven_ratio", proof="walk") == 1


def test_a_right_that_nobody_called_powerful_or_not_is_no_zero(quiet: Audit) -> None:
    line = figure(quiet, "privileged_accounts", app="crm")
    assert line.value is None
    assert line.not_evaluable == 12


def test_every_figure_says_what_it_is(quiet: Audit) -> None:
    lines = quiet.over_time.metrics
    assert all(line.meaning for line in lines)
    assert all(line.name.endswith(f"_{line.unit}") for line in lines if line.unit)
    keys = [(line.name, tuple(sorted(line.labels.items()))) for line in lines]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    "people",
    [
        pytest.param("", id="whose owner is in no roster"),
        pytest.param(BO.replace("active", "weird"), id="whose owner's status nobody understands"),
        pytest.param(BO_LEFT.replace("2026-03-31", "2026-12-31"), id="whose owner is called terminated early"),
    ],
)
def test_an_active_account_that_may_be_a_leavers_keeps_zero_from_being_said(year: Year, people: str) -> None:
    audit = year.look("2026-04-20", people=people, accounts=ACTIVE).audit()
    line = figure(audit, "leaver_accounts_open", app="crm")
    assert (line.value, line.not_evaluable) == (None, 1)
    assert value(audit, "open_exposure_days", app="crm", bound="upper") is None


def test_nobody_is_counted_out_by_a_roster_that_shrank(year: Year) -> None:
    crowd = [f"{500 + number},q{number},q{number}@corp.example,active,Sales,Agent,2020-01-01," for number in range(30)]
    year.look("2026-04-10", people=" ".join(crowd))
    audit = year.look("2026-04-20", people="").audit()
    assert [gate.name for gate in audit.gates] == ["roster-shrunk"]
    assert value(audit, "leaver_accounts_open", app="crm") is None


def test_owners_of_machines_are_not_called_live_where_the_rule_of_owners_who_left_is_off(year: Year) -> None:
    text = "app,account,kind,owner,review_date\ncrm,svc,service,bo@corp.example,2027-03-01\n"
    (year.folder / "policy" / "nhi.csv").write_text(text, "utf-8")
    year.options = "[rules.nhi-owner-left]\nenabled = false\n"
    record = year.look("2026-04-20", people=BO_LEFT, accounts="svc,,true,")
    assert value(record.audit(), "nhi_with_live_owner_ratio") is None
