"""The ways in which correlation is known to go wrong, each by its name."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

OLD = datetime(2018, 1, 1, tzinfo=UTC)


def test_name_change_and_mail_rename_survive_by_number(make: SimpleNamespace) -> None:
    person = make.person("p", employee_number="7", emails=["ana.bos@corp.example"], given_name="Ana", family_name="Bos")
    row = make.account("a", employee_number="7", emails=["ana.ames@corp.example"], display_name="Ana Ames", created=OLD)
    assert (make.link(row, [person]).person_id, make.link(row, [person]).tier) == ("p", "T2")


def test_mail_rename_without_a_number_survives_by_the_previous_address(make: SimpleNamespace) -> None:
    person = make.person("p", emails=["ana.bos@corp.example"], aliases=["ana.ames@corp.example"])
    assert make.link(make.account("a", emails=["ana.ames@corp.example"]), [person]).tier == "T5"


def test_reused_mail_does_not_hand_a_leavers_account_to_the_new_hire(make: SimpleNamespace) -> None:
    hire = make.person(
        "new", emails=["j.lee@corp.example"], given_name="June", family_name="Lee", start_date=date(2026, 10, 1)
    )
    row = make.account("a", emails=["j.lee@corp.example"], display_name="Jonas Lee", created=OLD)
    found = make.link(row, [hire])
    assert (found.situation, found.person_id, found.runners_up) == ("unmatched", None, ["new"])


def test_reused_mail_that_the_leaver_still_has_in_the_roster_is_ambiguous(make: SimpleNamespace) -> None:
    people = [make.person(p, emails=["j.lee@corp.example"]) for p in ("new", "old")]
    assert make.link(make.account("a", emails=["j.lee@corp.example"]), people).situation == "ambiguous"


def test_two_people_of_the_same_name_never_link(make: SimpleNamespace) -> None:
    people = [make.person(p, display_name="Ana Ames", department="Sales") for p in ("p-1", "p-2")]
    found = make.link(make.account("a", display_name="Ana Ames", department="Sales"), people)
    assert (found.situation, found.runners_up) == ("unmatched", ["p-1", "p-2"])


def test_a_mail_fallback_that_rewrote_the_external_id_is_seen(make: SimpleNamespace) -> None:
    people = [make.person("p-1", emails=["ana@corp.example"]), make.person("p-2", emails=["bo@corp.example"])]
    row = make.account("a", external_id="p-2", emails=["ana@corp.example"])
    found = make.link(row, people, make.rules(external_id_is="person_id"))
    assert (found.situation, found.runners_up) == ("ambiguous", ["p-1", "p-2"])


def test_a_wrong_external_id_source_leaves_both_accounts_with_one_person(make: SimpleNamespace) -> None:
    person = make.person("p", emails=["ana@corp.example"])
    rows = [make.account(n, external_id=e, emails=["ana@corp.example"]) for n, e in (("1", "ana"), ("2", "p"))]
    found = make.links(rows, [person], make.rules(external_id_is="person_id"))
    assert (found["person_id"].tolist(), found["tier"].tolist()) == (["p", "p"], ["T3", "T1"])


def test_rehire_with_the_same_number(make: SimpleNamespace) -> None:
    person = make.person("p", employee_number="7", start_date=date(2026, 9, 1))
    assert make.link(make.account("a", employee_number="7", created=OLD), [person]).person_id == "p"


def test_rehire_with_a_new_number_passes_by_name(make: SimpleNamespace) -> None:
    person = make.person(
        "p", employee_number="99", emails=["ana@corp.example"], given_name="Ana", family_name="Ames",
        start_date=date(2026, 9, 1),
    )  # fmt: skip
    row = make.account("a", employee_number="7", emails=["ana@corp.example"], display_name="Ana Ames", created=OLD)
    assert make.link(row, [person]).person_id == "p"


def test_contractor_conversion_with_both_rows_and_one_mail_is_ambiguous(make: SimpleNamespace) -> None:
    both = [
        make.person("c-1", emails=["ana@corp.example"], status="terminated", given_name="Ana", family_name="Ames"),
        make.person("p-1", emails=["ana@corp.example"], given_name="Ana", family_name="Ames"),
    ]
    assert make.link(make.account("a", emails=["ana@corp.example"]), both).situation == "ambiguous"


def test_guest_user_name(make: SimpleNamespace) -> None:
    person = make.person("p", emails=["ana_b.ames@home.example"])
    row = make.account("a", user_name="Ana_B.Ames_home.example#EXT#@corp.onmicrosoft.example")
    assert make.link(row, [person]).person_id == "p"


def test_case(make: SimpleNamespace) -> None:
    person = make.person("p", user_name="Ana.Ames@Corp.Example")
    assert make.link(make.account("a", user_name="ANA.AMES@CORP.EXAMPLE"), [person]).person_id == "p"


def test_unicode_composition(make: SimpleNamespace) -> None:
    person = make.person("p", user_name=unicodedata.normalize("NFC", "josé"))
    assert make.link(make.account("a", user_name=unicodedata.normalize("NFD", "josé")), [person]).person_id == "p"


@pytest.mark.parametrize(
    "name", ["ｊｏｓｅ.nunez", "jos\u0435.nunez", "jose.nunez\u200b", "josé.nunez", "\u0131an.ames"], ids=range(5)
)
def test_full_width_look_alike_invisible_accented_and_dotless_never_link(make: SimpleNamespace, name: str) -> None:
    people = [make.person("p-1", user_name="jose.nunez"), make.person("p-2", user_name="ian.ames")]
    found = make.link(make.account("a", user_name=name), people)
    assert (found.situation, found.tier, len(found.runners_up)) == ("unmatched", "T8", 1)


@pytest.mark.parametrize("address", ["ana+vendor@corp.example", "an.a@corp.example"])
def test_plus_addressing_and_dots_never_link(make: SimpleNamespace, address: str) -> None:
    person = make.person("p", emails=["ana@corp.example"])
    assert make.link(make.account("a", emails=[address]), [person]).situation == "unmatched"


def test_domain_migration_of_two_people_is_ambiguous(make: SimpleNamespace) -> None:
    people = [make.person("p-1", emails=["ana@old.example"]), make.person("p-2", emails=["ana@new.example"])]
    rules = make.rules(domains={"old.example": "new.example"})
    assert make.link(make.account("a", emails=["ana@old.example"]), people, rules).situation == "ambiguous"


def test_leading_zeros_are_told_apart_from_other_numbers(make: SimpleNamespace) -> None:
    people = [make.person("p-1", employee_number="00123"), make.person("p-2", employee_number="123")]
    row = make.account("a", employee_number="123")
    assert make.link(row, people).person_id == "p-2"
    assert make.link(row, people, make.rules(employee_number_digits=5)).situation == "ambiguous"


@pytest.mark.parametrize("status", ["leave", "prehire", "terminated", "unknown"])
def test_leave_future_joiners_and_rescinded_hires_are_matched_whatever_their_status(
    make: SimpleNamespace, status: str
) -> None:
    person = make.person("p", employee_number="7", status=status)
    assert make.link(make.account("a", employee_number="7"), [person]).person_id == "p"


def test_a_hidden_mail_of_an_inactive_account_is_silence(make: SimpleNamespace) -> None:
    found = make.link(make.account("a", active=False, emails=[""]), [make.person("p", emails=[""])])
    assert (found.situation, found.tier) == ("unmatched", None)


def test_a_missing_manager_supports_nothing(make: SimpleNamespace) -> None:
    person = make.person("p", display_name="Ana Ames", manager_id=None)
    assert make.link(make.account("a", display_name="Ana Ames", manager=None), [person]).tier == "T8"


def test_a_manager_who_is_not_in_the_roster_is_named_by_id_only(make: SimpleNamespace) -> None:
    people = [
        make.person("boss", employee_number="1"), make.person("p", display_name="Ana Ames", manager_id="gone"),
    ]  # fmt: skip
    assert make.link(make.account("a", display_name="Ana Ames", manager="1"), people).tier == "T8"
    assert make.link(make.account("a", display_name="Ana Ames", manager="gone"), people).tier == "T7"


def test_a_shared_mailbox_is_a_collision(make: SimpleNamespace) -> None:
    people = [make.person(p, emails=[f"{p}@corp.example"], aliases=["info@corp.example"]) for p in ("p-1", "p-2")]
    assert make.link(make.account("a", emails=["info@corp.example"]), people).situation == "ambiguous"
