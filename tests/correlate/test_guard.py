"""The time guard: identifiers that are used again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from scimaudit import correlate

OLD = datetime(2019, 5, 1, tzinfo=UTC)
KEYS = {
    "T3": {"emails": ["a.ames@corp.example"]},
    "T4": {"user_name": "aames"},
    "T5": {"emails": ["ames@corp.example"]},
}


@pytest.fixture
def newcomer(make: SimpleNamespace) -> dict[str, object]:
    return make.person(
        "p-1",
        employee_number="1",
        user_name="aames",
        emails=["a.ames@corp.example"],
        aliases=["ames@corp.example"],
        given_name="Ana",
        family_name="Ames",
        start_date=date(2026, 3, 1),
    )


@pytest.mark.parametrize("tier", KEYS)
def test_an_account_older_than_the_employment_with_another_name(
    make: SimpleNamespace, newcomer: dict, tier: str
) -> None:
    row = make.account("a", created=OLD, given_name="Alf", family_name="Ames", **KEYS[tier])
    found = make.link(row, [newcomer])
    assert (found.situation, found.person_id, found.tier, found.runners_up) == ("unmatched", None, tier, ["p-1"])
    assert "long before" in found.reason
    assert found.reason.endswith("chat,a,p-1,is,WHO,DATE,,WHY")


@pytest.mark.parametrize(
    "names",
    [
        {"given_name": "Ana", "family_name": "Ames"},
        {"given_name": "Ames", "family_name": "Ana"},
        {"display_name": "AMES, Ána"},
    ],
)
def test_rehires_and_acquisitions_pass_by_their_name(make: SimpleNamespace, newcomer: dict, names: dict) -> None:
    found = make.link(make.account("a", created=OLD, emails=["a.ames@corp.example"], **names), [newcomer])
    assert (found.situation, found.person_id, found.tier) == ("matched", "p-1", "T3")


def test_a_name_that_is_not_given_does_not_clear_an_old_account(make: SimpleNamespace, newcomer: dict) -> None:
    found = make.link(make.account("a", created=OLD, emails=["a.ames@corp.example"]), [newcomer])
    assert found.situation == "unmatched"


@pytest.mark.parametrize(("day", "situation"), [(30, "unmatched"), (31, "matched")])
def test_thirty_days_of_grace(make: SimpleNamespace, newcomer: dict, day: int, situation: str) -> None:
    # The employment begins on 1 March: 30 January is exactly 30 days before.
    created = datetime(2026, 1, 30 if day == 31 else 29, tzinfo=UTC)
    row = make.account("a", created=created, display_name="Somebody Else", user_name="aames")
    assert make.link(row, [newcomer]).situation == situation


def test_the_grace_is_a_setting(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", created=OLD, display_name="Somebody Else", user_name="aames")
    assert make.link(row, [newcomer], guard_days=5000).situation == "matched"


@pytest.mark.parametrize(
    ("created", "begins"), [("datetime64[ns, UTC]", "datetime64[s]"), ("datetime64[us, UTC]", "date32[pyarrow]")]
)
def test_dates_are_compared_whatever_their_units(
    make: SimpleNamespace, newcomer: dict, created: str, begins: str
) -> None:
    row = make.account("a", created=OLD, display_name="Somebody Else", user_name="aames")
    accounts = make.accounts([row]).astype({"created": created})
    people = make.people([newcomer | {"start_date": date(2400, 1, 1)}]).astype({"start_date": begins})
    found = correlate.correlate(accounts, people, apps={}, today=make.today)
    assert (found["situation"].tolist(), found["tier"].tolist()) == (["unmatched"], ["T4"])


def test_unknown_dates_prove_nothing(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", display_name="Somebody Else", user_name="aames")
    assert make.link(row, [newcomer]).situation == "matched"
    assert make.link(row | {"created": OLD}, [newcomer | {"start_date": None}]).situation == "matched"


def test_a_number_is_not_guarded_and_supports_the_mail(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", created=OLD, employee_number="1", display_name="Wed Since", emails=["a.ames@corp.example"])
    found = make.link(row, [newcomer])
    assert (found.person_id, found.tier, len(found.keys)) == ("p-1", "T2", 2)


def test_a_doubted_mail_that_contradicts_a_number_is_ambiguous(make: SimpleNamespace, newcomer: dict) -> None:
    other = make.person("p-2", employee_number="2")
    row = make.account("a", created=OLD, employee_number="2", display_name="No One", emails=["a.ames@corp.example"])
    assert make.link(row, [newcomer, other]).situation == "ambiguous"


@pytest.mark.parametrize("key", ["a.ames@corp.example", "aames"])
def test_an_identifier_that_somebody_else_held(make: SimpleNamespace, newcomer: dict, key: str) -> None:
    row = make.account("a", emails=["a.ames@corp.example"], display_name="Alf Ames")
    if key == "aames":
        row = make.account("a", user_name="aames", display_name="Alf Ames")
    found = make.link(row, [newcomer], history=make.history((key, "p-gone"), (key, "p-1")))
    assert (found.situation, found.runners_up) == ("unmatched", ["p-1"])
    assert "somebody else held" in found.reason


def test_an_identifier_held_only_by_its_owner_is_not_doubted(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", user_name="aames", display_name="Wed Since")
    assert make.link(row, [newcomer], history=make.history(("aames", "p-1"))).situation == "matched"
    assert make.link(row, [newcomer], history=make.history()).situation == "matched"


def test_a_conversion_passes_by_its_name(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", user_name="aames", display_name="Ana Ames")
    assert make.link(row, [newcomer], history=make.history(("aames", "contract-7"))).person_id == "p-1"


def test_a_name_that_the_former_holder_also_bears_tells_nothing(make: SimpleNamespace, newcomer: dict) -> None:
    namesake = make.person("p-0", given_name="Ana", family_name="Ames", status="terminated")
    row = make.account("a", user_name="aames", display_name="Ana Ames", created=OLD)
    found = make.link(row, [newcomer, namesake], history=make.history(("aames", "p-0")))
    assert (found.situation, found.runners_up) == ("unmatched", ["p-1"])


def test_a_local_part_that_somebody_else_held(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", user_name="aames@tenant.example", display_name="Alf Ames")
    rules = make.rules(match_local_part=True)
    assert make.link(row, [newcomer], rules).situation == "matched"
    past = make.history(("aames@corp.example", "p-gone"))
    assert make.link(row, [newcomer], rules, history=past).situation == "unmatched"


def test_an_address_before_its_domain_moved(make: SimpleNamespace, newcomer: dict) -> None:
    rules = make.rules(domains={"old.example": "corp.example"})
    row = make.account("a", emails=["a.ames@old.example"], display_name="Alf Ames")
    assert make.link(row, [newcomer], rules).tier == "T5"
    past = make.history(("a.ames@old.example", "p-gone"))
    assert make.link(row, [newcomer], rules, history=past).situation == "unmatched"


def test_a_previous_address_that_only_history_knows(make: SimpleNamespace, newcomer: dict) -> None:
    past = make.history(("ana.bos@corp.example", "p-1"), ("x@corp.example", "p-gone"))
    found = make.link(make.account("a", emails=["ana.bos@corp.example"]), [newcomer], history=past)
    assert (found.person_id, found.tier) == ("p-1", "T5")


def test_a_second_sound_tier_is_enough(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", emails=["a.ames@corp.example"], user_name="aames", display_name="Wed Since")
    found = make.link(row, [newcomer], history=make.history(("a.ames@corp.example", "p-gone")))
    assert (found.situation, found.tier) == ("matched", "T4")


def test_a_number_that_somebody_else_held_is_not_guarded(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", employee_number="1", display_name="Wed Since")
    found = make.link(row, [newcomer], history=make.history(("1", "p-gone")))
    assert (found.situation, found.person_id) == ("matched", "p-1")


def test_the_persons_own_address_that_somebody_else_held(make: SimpleNamespace, newcomer: dict) -> None:
    """The account has it as it was before its domain moved; history has it as the person has it now."""
    rules = make.rules(domains={"old.example": "corp.example"})
    row = make.account("a", emails=["a.ames@old.example"], display_name="Alf Ames")
    past = make.history(("a.ames@corp.example", "p-gone"))
    assert make.link(row, [newcomer], rules, history=past).situation == "unmatched"


def test_a_whole_user_name_is_not_the_local_part_of_another(make: SimpleNamespace, newcomer: dict) -> None:
    row = make.account("a", user_name="aames", display_name="Wed Since")
    past = make.history(("aames@elsewhere.example", "p-gone"))
    assert make.link(row, [newcomer], history=past).situation == "matched"


def test_a_former_holder_of_another_name_leaves_the_persons_own_name_its_worth(
    make: SimpleNamespace, newcomer: dict
) -> None:
    other = make.person("p-0", given_name="Alf", family_name="Brun", status="terminated")
    row = make.account("a", user_name="aames", display_name="Ana Ames")
    found = make.link(row, [newcomer, other], history=make.history(("aames", "p-0")))
    assert (found.situation, found.person_id) == ("matched", "p-1")
