from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from scimaudit import identifiers, tables
from scimaudit.snapshot.union import Brought, Union, union


def people(*rows: dict[str, Any], roster: str = "hr") -> pa.Table:
    full = [{"status": "active", "roster": roster, "raw_row": 0, **row} for row in rows]
    for row in full:
        for name in ("user_name", "employee_number"):
            row[f"{name}_key"] = identifiers.key(row.get(name))
        row["email_keys"] = row.get("emails")
    columns = {name: [row.get(name) for row in full] for row in full for name in row}
    return tables.build(tables.PEOPLE, columns, rows=len(rows))


def of(hr: dict[str, Any], vendor: dict[str, Any], **options: Any) -> Union:
    """Two rosters with one person each, ``p1`` in both."""
    one, two = people({"person_id": "p1", **hr}), people({"person_id": "p1", **vendor}, roster="vendor")
    return union([Brought("hr", one), Brought("vendor", two, **options)])


def first(found: Union) -> dict[str, Any]:
    return found.people.to_pylist()[0]


def contradictions(found: Union) -> list[tuple[str, str, str]]:
    return [
        (row["attribute"], row["over_value"], row["value"]) for row in found.overlaps.to_pylist() if row["attribute"]
    ]


def test_the_earlier_roster_decides() -> None:
    row = first(of({"title": "Analyst"}, {"title": "Boss"}))
    assert (row["title"], row["roster"]) == ("Analyst", "hr")


def test_a_later_roster_fills_what_the_earlier_leaves_empty() -> None:
    assert first(of({"title": None}, {"title": "Boss"}))["title"] == "Boss"


def test_a_roster_leads_where_it_is_authoritative() -> None:
    row = first(of({"title": "Analyst", "location": "Bern"}, {"title": "Boss", "location": "Rome"}, leads=("title",)))
    assert (row["title"], row["location"]) == ("Boss", "Bern")


def test_an_authoritative_roster_that_says_nothing_decides_nothing() -> None:
    assert first(of({"title": "Analyst"}, {"title": None}, leads=("title",)))["title"] == "Analyst"


def test_people_of_all_rosters_are_there_in_order() -> None:
    found = union(
        [
            Brought("hr", people({"person_id": "2"})),
            Brought("vendor", people({"person_id": "1"}, {"person_id": "2"}, roster="vendor")),
        ]
    )
    assert found.people["person_id"].to_pylist() == ["2", "1"]
    assert found.joined == 1
    assert found.coverage == {
        "hr": ("1 person: 0 only here, 1 also in later rosters",),
        "vendor": ("2 people: 1 only here, 1 also in earlier rosters",),
    }


def test_a_declared_extra_column_of_one_roster_is_kept() -> None:
    vendor = people({"person_id": "1", "cost_centre": "77"}, {"person_id": "2", "cost_centre": "88"}, roster="vendor")
    found = union([Brought("hr", people({"person_id": "1"})), Brought("vendor", vendor)])
    assert found.people["cost_centre"].to_pylist() == ["77", "88"]


def test_the_end_of_a_former_contract_does_not_end_the_present_one() -> None:
    row = first(of({"status": "active"}, {"status": "terminated", "end_date": date(2025, 3, 31)}))
    assert (row["status"], row["end_date"]) == ("active", None)


def test_a_future_end_in_one_roster_does_not_postpone_the_end_in_another() -> None:
    row = first(of({"status": "terminated"}, {"status": "active", "end_date": date(2030, 1, 1)}))
    assert (row["status"], row["end_date"]) == ("terminated", None)


def test_a_roster_without_any_status_leaves_the_employment_to_the_next() -> None:
    row = first(of({"status": "unknown"}, {"status": "terminated", "end_date": date(2025, 3, 31)}))
    assert (row["status"], row["end_date"]) == ("terminated", date(2025, 3, 31))


def test_a_word_that_nobody_mapped_is_not_overruled() -> None:
    assert first(of({"status": "unknown", "status_raw": "XZ"}, {"status": "active"}))["status"] == "unknown"


def test_whoever_comes_back_by_another_roster_is_here() -> None:
    row = first(
        of(
            {"status": "terminated", "end_date": date(2026, 4, 30)},
            {"status": "active", "start_date": date(2026, 5, 4)},
        )
    )
    assert (row["status"], row["start_date"], row["end_date"]) == ("active", date(2026, 5, 4), None)


@pytest.mark.parametrize(
    "vendor",
    [
        {"status": "active", "start_date": date(2026, 4, 30)},
        {"status": "active"},
        {"status": "prehire", "start_date": date(2026, 5, 4)},
        {"status": "unknown", "start_date": date(2026, 5, 4)},
    ],
)
def test_only_an_employment_that_began_after_the_end_revives_a_leaver(vendor: dict[str, Any]) -> None:
    assert first(of({"status": "terminated", "end_date": date(2026, 4, 30)}, vendor))["status"] == "terminated"


def test_the_authority_on_status_is_not_succeeded() -> None:
    gone = people({"person_id": "1", "status": "terminated", "end_date": date(2026, 4, 30)})
    back = people({"person_id": "1", "status": "active", "start_date": date(2026, 5, 4)}, roster="vendor")
    found = union([Brought("hr", gone, leads=("status",)), Brought("vendor", back)])
    assert found.people["status"].to_pylist() == ["terminated"]


def test_a_contractor_about_to_be_hired_is_here_until_then() -> None:
    vendor = {"status": "active", "end_date": date(2026, 11, 30)}
    row = first(of({"status": "prehire", "start_date": date(2026, 12, 1)}, vendor))
    assert (row["status"], row["end_date"]) == ("active", date(2026, 11, 30))


def test_the_authority_on_status_gives_the_dates_too() -> None:
    row = first(of({"end_date": date(2025, 1, 1)}, {"start_date": date(2026, 1, 1)}, leads=("status",)))
    assert (row["status"], row["start_date"], row["end_date"]) == ("active", date(2026, 1, 1), None)


@pytest.mark.parametrize(("leads", "order"), [((), ["a@x", "b@x"]), (("emails",), ["b@x", "a@x"])])
def test_addresses_are_gathered_the_deciding_one_first(leads: tuple[str, ...], order: list[str]) -> None:
    row = first(of({"emails": ["a@x"]}, {"emails": ["b@x", "a@x"]}, leads=leads))
    assert (row["emails"], row["email_keys"]) == (order, order)


def test_rows_find_their_person_by_another_column() -> None:
    hr = people({"person_id": "1", "emails": ["ana@x"]}, {"person_id": "2", "emails": ["bo@x"]})
    vendor = people({"person_id": "V9", "emails": ["bo@x"], "company": "Acme"}, roster="vendor")
    found = union([Brought("hr", hr), Brought("vendor", vendor, join_on="emails")])
    assert [(row["person_id"], row["company"]) for row in found.people.to_pylist()] == [("1", None), ("2", "Acme")]


def test_two_people_under_one_number_stay_two_where_another_column_joins() -> None:
    hr, vendor = people({"person_id": "17"}), people({"person_id": "17"}, {"person_id": "18"}, roster="vendor")
    found = union([Brought("hr", hr), Brought("vendor", vendor, join_on="emails")])
    assert found.people["person_id"].to_pylist() == ["17", "17 (vendor)", "18"]


def test_a_manager_is_called_as_the_person_is() -> None:
    hr = people({"person_id": "1", "emails": ["ana@x"]})
    vendor = people({"person_id": "V1", "emails": ["ana@x"]}, {"person_id": "V2", "manager_id": "V1"}, roster="vendor")
    found = union([Brought("hr", hr), Brought("vendor", vendor, join_on="emails")])
    assert [(row["person_id"], row["manager_id"]) for row in found.people.to_pylist()] == [("1", None), ("V2", "1")]


def test_a_key_that_two_people_share_joins_nobody() -> None:
    hr = people({"person_id": "1", "emails": ["desk@x"]}, {"person_id": "2", "emails": ["desk@x"]})
    found = union(
        [
            Brought("hr", hr),
            Brought("vendor", people({"person_id": "3", "emails": ["desk@x"]}, roster="vendor"), join_on="emails"),
        ]
    )
    assert found.people.num_rows == 3


def test_people_without_the_key_join_nobody() -> None:
    found = union(
        [
            Brought("hr", people({"person_id": "1"})),
            Brought("vendor", people({"person_id": "2"}, roster="vendor"), join_on="employee_number"),
        ]
    )
    assert found.people.num_rows == 2


def test_an_address_in_two_rosters_is_told_where_another_column_joins() -> None:
    hr, vendor = (
        people({"person_id": "1", "emails": ["ana@x"]}),
        people({"person_id": "V1", "emails": ["ana@x"]}, roster="vendor"),
    )
    found = union([Brought("hr", hr), Brought("vendor", vendor)])
    assert found.people.num_rows == 2
    assert 'join_on = "emails"' in found.coverage["vendor"][1]


@pytest.mark.parametrize(
    ("hr", "vendor", "attribute"),
    [
        ({"status": "terminated"}, {"status": "active"}, "status"),
        ({"status": "leave"}, {"status": "terminated"}, "status"),
        ({"end_date": date(2026, 1, 1)}, {"end_date": date(2026, 6, 1)}, "end_date"),
        (
            {"status": "terminated", "end_date": date(2026, 8, 31)},
            {"status": "active", "start_date": date(2026, 8, 1)},
            "status",
        ),
        ({"given_name": "Ana", "family_name": "Ames"}, {"given_name": "Bo", "family_name": "Berg"}, "name"),
    ],
)
def test_contradictions_are_named(hr: dict[str, Any], vendor: dict[str, Any], attribute: str) -> None:
    assert [name for name, _, _ in contradictions(of(hr, vendor))] == [attribute]


@pytest.mark.parametrize(
    ("hr", "vendor"),
    [
        ({"status": "leave"}, {"status": "active"}),
        ({"status": "terminated"}, {"status": "unknown"}),
        ({"end_date": date(2026, 1, 1)}, {}),
        ({"given_name": "José", "family_name": "Núñez"}, {"given_name": "Jose", "family_name": "NUNEZ"}),
        ({"title": "Analyst", "employee_number": "7"}, {"title": "Boss", "employee_number": "K-8"}),
        ({"start_date": date(2026, 5, 4)}, {"status": "terminated", "end_date": date(2026, 4, 30)}),
        (
            {"status": "terminated", "end_date": date(2026, 4, 30)},
            {"start_date": date(2026, 5, 4), "end_date": date(2026, 12, 31)},
        ),
    ],
)
def test_what_only_one_says_contradicts_nothing(hr: dict[str, Any], vendor: dict[str, Any]) -> None:
    found = of(hr, vendor)
    assert contradictions(found) == []
    assert found.overlaps.num_rows == 1


def test_two_contradictions_of_one_person_are_two_rows() -> None:
    found = of(
        {"status": "terminated", "given_name": "Ana", "family_name": "Ames"},
        {"status": "active", "given_name": "Bo", "family_name": "Berg"},
    )
    assert contradictions(found) == [("status", "terminated", "active"), ("name", "Ana Ames", "Bo Berg")]


def test_a_third_roster_is_compared_with_what_stands() -> None:
    parts = [
        Brought(name, people({"person_id": "1", "status": status}, roster=name))
        for name, status in (("hr", "active"), ("vendor", "active"), ("entra", "terminated"))
    ]
    found = union(parts)
    assert [(row["roster"], row["over"], row["attribute"]) for row in found.overlaps.to_pylist()] == [
        ("vendor", "hr", None),
        ("entra", "hr", "status"),
    ]
    assert found.joined == 2


def test_one_roster_is_its_people() -> None:
    alone = people({"person_id": "1"})
    found = union([Brought("hr", alone)])
    assert (found.people, found.overlaps.num_rows, found.joined) == (alone, 0, 0)
