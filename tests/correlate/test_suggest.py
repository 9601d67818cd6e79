"""Tiers T6 to T8: they name probable owners and never link."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from scimaudit.correlate import folding, suggest


@pytest.fixture
def people(make: SimpleNamespace) -> list[dict[str, object]]:
    return [
        make.person(
            "p-1", user_name="aames", emails=["ana.ames@corp.example"], given_name="Ana", family_name="Ames",
            department="Sales", manager_id="p-2",
        ),
        make.person(
            "p-2", employee_number="0002", user_name="jnunez", emails=["jose.nunez@corp.example"], given_name="José",
            family_name="Ñuñez", department="Sales",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("second", "word"),
    [
        ({"family_name": "AMES"}, "family_name"),
        ({"display_name": "Ames, Ana"}, "family_name"),
        ({"department": "sales"}, "department"),
        ({"manager": "p-2"}, "manager"),
        ({"manager": "0002"}, "manager"),
        ({"manager": "JNunez"}, "manager"),
        ({"manager": "jose.nunez@corp.example"}, "manager"),
    ],
)
def test_t6_account_name_and_a_second_attribute(make: SimpleNamespace, people: list, second: dict, word: str) -> None:
    found = make.link(make.account("a", user_name="aames@private.example", **second), people)
    assert (found.situation, found.person_id, found.tier, found.confidence) == ("unmatched", None, "T6", 0.7)
    assert (found.runners_up, found.keys) == (["p-1"], [f"T6 account name aames; {word} agrees"])
    assert "does not prove" in found.reason
    assert found.reason.endswith("chat,a,p-1,is,WHO,DATE,,WHY")


def test_t6_uses_the_local_part_of_any_address(make: SimpleNamespace, people: list) -> None:
    row = make.account("a", user_name="x1", emails=["x@y.example", "ana.ames@private.example"], family_name="Ames")
    assert make.link(row, people).tier == "T6"


def test_t6_needs_a_second_attribute(make: SimpleNamespace, people: list) -> None:
    for second in ({}, {"family_name": "Bos"}, {"department": "Legal"}, {"manager": "p-9"}):
        assert make.link(make.account("a", user_name="aames@private.example", **second), people).tier == "T8"


def test_absent_second_attributes_do_not_agree(make: SimpleNamespace) -> None:
    assert make.link(make.account("a", user_name="aa@x.example"), [make.person("p", user_name="aa")]).tier is None


@pytest.mark.parametrize(
    "names",
    [
        {"given_name": "Jose", "family_name": "Nunez"},
        {"given_name": "Ñuñez", "family_name": "José"},
        {"display_name": "NUNEZ, José"},
        {"display_name": "José  Ñuñez"},
    ],
)
def test_t7_name_in_any_order_and_department(make: SimpleNamespace, people: list, names: dict) -> None:
    found = make.link(make.account("a", user_name="u77", department="Sales", **names), people)
    assert (found.situation, found.tier, found.confidence, found.runners_up) == ("unmatched", "T7", 0.55, ["p-2"])
    assert found.keys == ["T7 name jose nunez; department agrees"]


def test_t7_two_people_of_one_name_are_both_told(make: SimpleNamespace, people: list) -> None:
    twin = people[0] | {"person_id": "p-3", "user_name": "aames2", "emails": ["ana.ames2@corp.example"]}
    found = make.link(make.account("a", user_name="u77", display_name="Ana Ames", manager="p-2"), [*people, twin])
    assert (found.situation, found.tier, found.runners_up) == ("unmatched", "T7", ["p-1", "p-3"])
    assert "several people" in found.reason


def test_t7_a_name_alone_is_only_alike(make: SimpleNamespace, people: list) -> None:
    found = make.link(make.account("a", user_name="u77", display_name="Ana Ames", department="Legal"), people)
    assert (found.tier, found.confidence, found.runners_up) == ("T8", 1.0, ["p-1"])


@pytest.mark.parametrize(
    "values",
    [
        {"display_name": "Anna Ames"},
        {"given_name": "Ana", "family_name": "Amess"},
        {"user_name": "ana.amess"},
        {"user_name": "anna.ames"},
        {"user_name": "\u0430na.ames@else.example"},
        {"emails": ["ana.ames+chat@corp.example"]},
    ],
)
def test_t8_likeness(make: SimpleNamespace, people: list, values: dict) -> None:
    found = make.link(make.account("a", **values), people)
    assert (found.situation, found.tier, found.runners_up) == ("unmatched", "T8", ["p-1"])
    assert 0.85 <= found.confidence <= 1
    assert found.keys[0].startswith("T8 ")
    assert "only alike" in found.reason


@pytest.mark.parametrize("values", [{"display_name": "Zoe Quist"}, {"user_name": "zq"}, {"display_name": "Ana"}])
def test_nothing_alike_is_silence(make: SimpleNamespace, people: list, values: dict) -> None:
    found = make.link(make.account("a", **values), people)
    assert (found.tier, found.confidence, found.runners_up, found.keys) == (None, None, [], [])


def test_t8_tells_the_likest_three(make: SimpleNamespace) -> None:
    people = [
        make.person(f"p-{n}", display_name=f"Bartholomew Montgomer{end}")
        for n, end in enumerate(["ey", "yx", "y", "ie", "yy"])
    ]
    found = make.link(make.account("a", display_name="Bartholomew Montgomery"), people)
    assert len(found.runners_up) == 3
    assert (found.runners_up[0], found.confidence) == ("p-2", 1.0)


def test_t8_is_limited_per_app_and_says_so(
    make: SimpleNamespace, people: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggest, "ALIKE_PER_APP", 2)
    rows = [
        make.account(f"{app}{n}", app=app, active=n > 0, display_name="Anna Ames") for app in "xy" for n in range(3)
    ]
    found = make.links(rows, people)
    assert found["tier"].isna().tolist() == [True, False, False] * 2
    assert "not compared by likeness" in found["reason"][0]


def test_a_block_that_is_too_common_is_not_searched(make: SimpleNamespace) -> None:
    people = [
        make.person(f"p-{n:03}", given_name="Ana", family_name="Ames" + chr(97 + n // 26) + chr(97 + n % 26))
        for n in range(201)
    ]
    assert make.link(make.account("a", display_name="Ana Ames"), people).tier is None


def test_suggestions_are_for_what_is_left_only(make: SimpleNamespace, people: list) -> None:
    found = make.link(make.account("a", user_name="aames", display_name="José Ñuñez", department="Sales"), people)
    assert (found.situation, found.person_id, found.runners_up) == ("matched", "p-1", [])


@pytest.mark.parametrize(("tiers", "tier"), [(("T7", "T8"), "T7"), (("T8",), "T8"), (("T6",), "T6"), ((), None)])
def test_an_app_runs_only_its_suggestions(make: SimpleNamespace, people: list, tiers: tuple, tier: str | None) -> None:
    row = make.account("a", user_name="aames@private.example", display_name="Ana Ames", department="Sales")
    assert make.link(row, people, make.rules(tiers=tiers)).tier == tier


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ana Ames", "ames ana"),
        ("Ames, Ana", "ames ana"),
        ("Seán O’Brien", "obrien sean"),
        ("Jean-Luc Picard", "jean luc picard"),
        ("Ana", None),
        (" ", None),
    ],
)
def test_name_key(name: str, key: str | None) -> None:
    assert folding.name_key(name) == key
