"""What becomes of a user row whose spelling or types depart from the RFCs."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from scimaudit.sources.scim import fast, parse, profile
from scimaudit.sources.scim.parse import Grant

UNKNOWN = profile.load("unknown")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTERPRISE_1 = "urn:scim:schemas:extension:enterprise:1.0"
PROFILE = """
name = "test"
verified_on = 2026-11-23
confidence = "low"
[[sources]]
url = "https://x.example"
date = 2026-11-23
basis = "observed"
facts = ["mode"]
"""


def page(*rows: Any, of: profile.Profile = UNKNOWN) -> parse.Page:
    return parse.page(json.dumps({"totalResults": len(rows), "Resources": rows}).encode(), of, "Users")


def column(name: str, value: Any) -> tuple[Any, dict[str, int]]:
    """The column of a lone row and the deviations counted."""
    found = page({"id": "a", **value})
    assert found.ids == ["a"]
    return getattr(found.users, name)[0], dict(found.deviations)


def test_a_plain_row_has_no_deviation() -> None:
    row = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "a",
        "externalId": "E1",
        "userName": "ana",
        "active": True,
        "name": {"givenName": "Ana", "familyName": "Ames"},
        "title": "Engineer",
        "userType": "Employee",
        "emails": [{"value": "home@x", "type": "home"}, {"value": "work@x", "primary": True}, {"value": "home@x"}],
        ENTERPRISE: {"employeeNumber": "007", "department": "IT", "manager": {"value": "m1", "displayName": "Boss"}},
        "meta": {"created": "2024-01-02T03:04:05Z", "lastModified": "2024-01-02T03:04:05.5+01:00"},
        "groups": [{"value": "g1", "display": "G", "type": "Indirect"}],
        "roles": [{"value": "admin", "type": "x", "primary": True}],
    }
    found = page(row)
    users = found.users
    assert found.deviations == {}
    assert (users.external_id, users.user_name, users.active) == (["E1"], ["ana"], [True])
    assert (users.display_name, users.given_name, users.family_name) == (["Ana Ames"], ["Ana"], ["Ames"])
    assert users.emails == [["work@x", "home@x"]]
    assert (users.employee_number, users.department, users.manager) == (["007"], ["IT"], ["m1"])
    assert (users.title, users.user_type) == (["Engineer"], ["Employee"])
    assert users.created == [datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)]
    assert users.last_modified == [datetime(2024, 1, 2, 2, 4, 5, 500_000, tzinfo=UTC)]
    assert found.grants == [Grant("a", "groups", "g1", "G", "indirect"), Grant("a", "roles", "admin", None, "direct")]


@pytest.mark.parametrize(
    ("value", "means", "deviation"),
    [
        (True, True, None),
        (False, False, None),
        (None, None, None),
        ("True", True, "active-as-string"),
        (" false ", False, "active-as-string"),
        ("1", True, "active-as-string"),
        (1, True, "active-as-number"),
        (0, False, "active-as-number"),
        (2, None, "active-unreadable"),
        (1.0, None, "active-unreadable"),
        ("", None, "active-unreadable"),
        ("yes", None, "active-unreadable"),
        ([True], None, "active-unreadable"),
        ({"value": True}, None, "active-unreadable"),
    ],
)
def test_active_has_three_values(value: Any, means: bool | None, deviation: str | None) -> None:
    assert column("active", {"active": value}) == (means, {deviation: 1} if deviation else {})


@pytest.mark.parametrize(("says", "means"), [("true", True), ("false", False), ("unknown", None)])
@pytest.mark.parametrize("odd", [{}, {"ID": "x"}, {"title": 5}])
def test_absent_active_means_what_the_profile_says(says: str, means: bool | None, odd: dict[str, Any]) -> None:
    told = profile.parse(f'{PROFILE}[active]\nabsent_means = "{says}"', "test")
    rows = [{"id": "a"}, {"id": "b", "active": None}, {"id": "c", "title": 5} if odd else {"id": "c"}]
    assert page(*rows, of=told).users.active == [means, means, means]


@pytest.mark.parametrize("spelling", ["active", "Active", "\\u0061ctive"])
def test_two_values_of_active_are_none(spelling: str) -> None:
    told = profile.parse(f'{PROFILE}[active]\nabsent_means = "true"', "test")
    row = f'{{"id":"a","userName":"ana","active":false,"{spelling}" :true}}'
    body = f'{{"totalResults":3,"Resources":[{row},{{"id":"b"}},{{"id":"c","active":true}}]}}'.encode()
    found = parse.page(body, told, "Users")
    assert found.ids == ["a", "b", "c"]
    assert found.users.active == [None, True, True]
    assert found.users.user_name == ["ana", None, None]
    assert found.deviations["duplicate-key"] == 1


def test_the_word_active_as_a_value_or_elsewhere_is_no_second_value() -> None:
    row = {"id": "a", "active": True, "custom": "active", "urn:x": {"active": "active"}}
    found = page(row)
    assert found.users.active == [True]
    assert found.deviations == {}


@pytest.mark.parametrize(
    ("value", "means", "deviations"),
    [
        ([], None, {}),
        (None, None, {}),
        ("", None, {}),
        ([{"value": ""}], None, {}),
        ([{"value": None}, {"type": "work"}], None, {}),
        (["a@x", "b@x", ""], ["a@x", "b@x"], {"emails-as-strings": 1}),
        ("a@x", ["a@x"], {"emails-as-string": 1}),
        ({"value": "a@x", "primary": "true"}, ["a@x"], {"emails-as-object": 1, "primary-as-string": 1}),
        ([{"value": "b@x", "primary": "false"}, {"value": "a@x", "Primary": True}], ["a@x", "b@x"],
         {"primary-as-string": 1, "key-case": 1}),
        ([{"value": "a@x", "primary": 5}], ["a@x"], {"primary-unreadable": 1}),
        ([[]], None, {"emails-unreadable": 1}),
        ([{"value": {"x": 1}}, {"value": "a@x"}], ["a@x"], {"value-unreadable": 1}),
        (7.5, None, {"emails-unreadable": 1}),
    ],
)  # fmt: skip
def test_emails_of_every_shape(value: Any, means: list[str] | None, deviations: dict[str, int]) -> None:
    assert column("emails", {"emails": value}) == (means, deviations)


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"displayName": "A", "name": {"formatted": "B", "givenName": "C"}}, "A"),
        ({"displayName": "", "name": {"formatted": "B", "givenName": "C"}}, "B"),
        ({"name": {"givenName": "C", "familyName": "D"}}, "C D"),
        ({"name": {"familyName": "D"}}, "D"),
        ({"name": {}}, None),
        ({"name": None}, None),
        ({"userName": "ana"}, None),
    ],
)
def test_the_name_to_show(row: dict[str, Any], shown: str | None) -> None:
    assert column("display_name", row) == (shown, {})


@pytest.mark.parametrize(
    ("row", "name", "means", "deviations"),
    [
        ({"name.formatted": "Ana Ames"}, "display_name", "Ana Ames", {"dotted-key": 1}),
        ({"Name.GivenName": "Ana", "name": {"familyName": "Ames"}}, "display_name", "Ana Ames", {"dotted-key": 1}),
        ({"name.givenName": "Ana", "name": "Ana A."}, "display_name", "Ana A.", {"dotted-key": 1, "name-as-string": 1}),
        ({"name": "Ana Ames"}, "display_name", "Ana Ames", {"name-as-string": 1}),
        ({"name": "", "title": 5}, "display_name", None, {"title-as-number": 1}),
        ({"name": ["Ana"]}, "display_name", None, {"name-unreadable": 1}),
        ({"externalID": "E1"}, "external_id", "E1", {"key-case": 1}),
        ({"externalId": 17}, "external_id", "17", {"externalId-as-number": 1}),
        ({"externalId": 17.0}, "external_id", None, {"externalId-unreadable": 1}),
        ({"externalId": True}, "external_id", None, {"externalId-unreadable": 1}),
        ({"externalId": ""}, "external_id", None, {}),
        ({"externalId": "E1", "externalID": "E2"}, "external_id", None, {"key-case": 1, "duplicate-key": 1, "externalId-unreadable": 1}),
        ({"userName": "\ud800"}, "user_name", None, {"userName-unreadable": 1}),
        ({ENTERPRISE_1: {"employeeNumber": "7"}}, "employee_number", "7", {}),
        ({ENTERPRISE: {"employeeNumber": 7}}, "employee_number", "7", {"employeeNumber-as-number": 1}),
        ({ENTERPRISE: {}, ENTERPRISE_1: {"department": "IT"}}, "department", "IT", {}),
        ({ENTERPRISE: {"title": "Boss"}}, "title", "Boss", {}),
        ({"title": "Chief", ENTERPRISE: {"title": "Boss"}}, "title", "Chief", {}),
        ({ENTERPRISE: "IT"}, "department", None, {f"{ENTERPRISE}-unreadable": 1}),
        ({ENTERPRISE.upper(): {"DEPARTMENT": "IT"}}, "department", "IT", {"key-case": 2}),
        ({f"{ENTERPRISE}:department": "IT"}, "department", "IT", {"dotted-key": 1}),
        ({f"{ENTERPRISE}.manager": "m"}, "manager", "m", {"dotted-key": 1, "manager-as-string": 1}),
        ({"department": "IT"}, "department", "IT", {"extension-attribute-in-core": 1}),
        ({"manager": {"value": "m"}}, "manager", "m", {"extension-attribute-in-core": 1}),
        ({ENTERPRISE_1: {"manager": {"managerId": "m", "displayName": "M"}}}, "manager", "m", {}),
        ({ENTERPRISE: {"manager": {"value": ""}}, ENTERPRISE_1: {"manager": {"managerId": "m"}}}, "manager", "m", {}),
        ({ENTERPRISE: {"manager": "", "department": 5}}, "manager", None, {"department-as-number": 1}),
        ({ENTERPRISE: {"manager": ["m"]}}, "manager", None, {"manager-unreadable": 1}),
        ({"meta": {"created": ""}}, "created", None, {}),
        ({"meta": {"created": "yesterday"}}, "created", None, {"created-unreadable": 1}),
        ({"meta": {"created": 1700000000}}, "created", None, {"created-unreadable": 1}),
        ({"meta": {"created": "2024-01-02 03:04:05"}}, "created", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
         {"time-without-zone": 1}),
        ({"meta": {"Created": "2024-W01-2T03:04:05+01:00"}}, "created", datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC),
         {"time-not-rfc3339": 1, "key-case": 1}),
        ({"meta": []}, "created", None, {}),
        ({"addresses": [[]], "photos": 5}, "title", None, {}),
    ],
)  # fmt: skip
def test_what_is_odd_costs_at_most_its_attribute(row: Any, name: str, means: Any, deviations: dict[str, int]) -> None:
    assert column(name, row) == (means, deviations)


@pytest.mark.parametrize(
    ("value", "held", "deviations"),
    [
        (None, [], {}),
        ([], [], {}),
        (["g1"], [("g1", None, "direct")], {"groups-as-strings": 1}),
        ({"value": "g1", "display": "G"}, [("g1", "G", "direct")], {"groups-as-object": 1}),
        ([{"value": 5}], [("5", None, "direct")], {"value-as-number": 1}),
        ([{"$ref": "https://x/Groups/g9/"}], [("g9", None, "direct")], {"groups-without-value": 1}),
        ([{"value": "", "display": "G"}], [("G", "G", "direct")], {"groups-without-value": 1}),
        ([{"value": ""}, {}], [], {}),
        ([{"value": "g1", "type": "indirect"}, [5]], [("g1", None, "indirect")], {"groups-unreadable": 1}),
    ],
)
def test_grants_of_every_shape(value: Any, held: list[tuple[str, str | None, str]], deviations: dict[str, int]) -> None:
    found = page({"id": "a", "groups": value})
    assert [(grant.value, grant.display, grant.type) for grant in found.grants] == held
    assert found.deviations == deviations


EXTENDED = profile.parse(
    f"""{PROFILE}
[last_login]
paths = [["urn:sap", "loginTime"], ["passwordLoginTime"]]
[[entitlements]]
path = ["urn:zoom", "licenses"]
kind = "licenses"
[[entitlements]]
path = ["role"]
kind = "roles"
[[entitlements]]
path = ["urn:figma", "admin"]
kind = "roles"
[kinds]
default = "human"
[kinds.user_types]
Guest = "guest"
[kinds.present]
"urn:bot" = "service"
""",
    "test",
)


@pytest.mark.parametrize("odd", [{}, {"Title": "x"}])
def test_what_only_a_profile_can_point_at(odd: dict[str, Any]) -> None:
    row = {
        "id": "a",
        "userType": "guest",
        "urn:sap": {"loginTime": "2024-05-01T00:00:00Z"},
        "passwordLoginTime": "2024-06-01T00:00:00Z",
        "urn:zoom": {"Licenses": [{"value": "pro", "display": "Pro"}, "basic", 7, [], {}]},
        "role": "owner",
        "urn:figma": {"admin": True},
        **odd,
    }
    found = page(
        row,
        {"id": "b", "urn:bot": {"x": 1}, "urn:figma": {"admin": False}, "urn:zoom": "none"},
        {"id": "c"},
        of=EXTENDED,
    )
    assert found.users.last_login == [datetime(2024, 6, 1, tzinfo=UTC), None, None]
    assert found.users.last_login_source == ["passwordLoginTime", None, None]
    assert found.users.account_kind == ["guest", "service", "human"]
    assert [(grant.attribute, grant.value, grant.display) for grant in found.grants] == [
        ("licenses", "pro", "Pro"),
        ("licenses", "basic", None),
        ("licenses", "7", None),
        ("roles", "owner", None),
        ("roles", "admin", None),
    ]
    assert found.deviations["licenses-unreadable"] == 2
    table = parse.accounts_table("app", [(found, 0)], "apps.app.listings[0]")
    assert table["last_login_source"].to_pylist() == ["apps.app.listings[0] passwordLoginTime", None, None]


@pytest.mark.parametrize(("name", "value"), [("title", "Boss"), ("locale", "en")])
def test_a_profile_may_point_at_a_standard_attribute(name: str, value: str) -> None:
    told = profile.parse(f'{PROFILE}[[entitlements]]\npath = ["{name}"]\nkind = "roles"', "test")
    body = json.dumps({"totalResults": 1, "Resources": [{"id": "a", name: value}]}).encode()
    assert fast.read(body, told, "Users") is None
    assert [grant.value for grant in parse.page(body, told, "Users").grants] == [value]


def test_an_attribute_of_a_profile_is_found_in_any_spelling() -> None:
    found = page({"id": "a", "ROLE": "owner"}, of=EXTENDED)
    assert [grant.value for grant in found.grants] == ["owner"]
    assert found.deviations == {"key-case": 1}


@pytest.mark.parametrize("name", ["\x00", "a\nb", 'a"b', "a\\b", ""])
def test_a_name_no_decoder_takes_costs_no_row(name: str) -> None:
    assert page({"id": "a", "userName": "ana", name: 1}, {"id": "b"}).ids == ["a", "b"]
    body = json.dumps({"totalResults": 1, "Resources": [{"id": "a"}], name: {"x": 1}}).encode()
    assert parse.page(body, UNKNOWN, "Users").ids == ["a"]
