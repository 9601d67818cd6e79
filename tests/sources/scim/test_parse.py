"""What a page is, and what is refused as one."""

import hashlib
import json
from typing import Any

import pytest

from scimaudit import tables
from scimaudit.errors import Malformed
from scimaudit.sources.scim import fast, parse, profile
from scimaudit.sources.scim.parse import Grant, Group, Member

UNKNOWN = profile.load("unknown")
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def body(*rows: Any, **envelope: Any) -> bytes:
    return json.dumps({"totalResults": len(rows), "Resources": rows, **envelope}).encode()


def users(*rows: Any, **envelope: Any) -> parse.Page:
    return parse.page(body(*rows, **envelope), UNKNOWN, "Users")


def groups(*rows: Any) -> parse.Page:
    return parse.page(body(*rows), UNKNOWN, "Groups")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "not JSON"),
        (b"{}", "no Resources"),
        (b"[]", "an array"),
        (b"[1, 2]", "an array"),
        (b"null", "a number"),
        (b'"text"', "text"),
        (b"true", "a flag"),
        (b"<!doctype html><title>Sign in</title>", "web page"),
        (b"\n <Users/>", "web page"),
        (b'{"totalResults": 3}', "no Resources"),
        (b'{"totalResults": 3, "Resources": null}', "no Resources"),
        (b'{"totalResults": "many"}', "no Resources"),
        (b'{"totalResults": 1, "Resources": {"id": "1"}}', "Resources is an object"),
        (b'{"Resources": "none"}', "Resources is text"),
        (b'{"Resources": [{"id": "1"}', "not JSON"),
        (b'{"Resources": [{"id": "\xff"}]}', "not JSON"),
        (b'{"Resources": [], "resources": [{"id": "1"}]}', "Resources is given twice"),
        (b'{"Resources": [{"id": "1"}], "totalResults": 0, "Resources": []}', "Resources is given twice"),
        (b'{"Errors": [{"description": "startIndex too large", "code": "400"}]}', "startIndex too large"),
        (b'{"Errors": ["no such tenant"], "Resources": []}', "no such tenant"),
        (b'{"Errors": {"code": 400}}', "without a description"),
        (b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401"}', "no Resources"),
        (b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "ana"}', "no Resources"),
        (b'{"Resources": [], "nextCursor": {"at": 5}}', "nextCursor is an object"),
        (b'{"a":' * 100_000, "not JSON"),
    ],
)
def test_what_is_no_list_response_is_refused(answer: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        parse.page(answer, UNKNOWN, "Users")


@pytest.mark.parametrize("resources", [b"", b', "Resources": null', b', "Resources": []'])
def test_none_is_none_only_when_the_total_says_so(resources: bytes) -> None:
    page = parse.page(b'{"totalResults": 0' + resources + b"}", UNKNOWN, "Users")
    assert page.total == 0
    assert page.ids == []


def test_the_envelope_is_read() -> None:
    page = users({"id": "a"}, totalResults=412, startIndex=1, itemsPerPage=100, nextCursor="c/2+=", nextId="b")
    assert (page.total, page.start_index, page.items_per_page) == (412, 1, 100)
    assert (page.next_cursor, page.next_id, page.next_link) == ("c/2+=", "b", None)
    assert page.ids == ["a"]


@pytest.mark.parametrize("name", ["@odata.nextLink", "nextLink"])
def test_a_link_to_the_next_page_is_read(name: str) -> None:
    assert users({"id": "a"}, **{name: "https://x.example/2"}).next_link == "https://x.example/2"


def test_an_envelope_of_other_spelling_and_type_is_read_and_counted() -> None:
    page = parse.page(b'{"TotalResults": "2", "itemsPerPage": "x", "resources": [{"ID": "a"}]}', UNKNOWN, "Users")
    assert page.total == 2
    assert page.items_per_page is None
    assert page.ids == ["a"]
    assert page.deviations == {"number-as-string": 1, "itemsPerPage-unreadable": 1, "key-case": 3}


@pytest.mark.parametrize("total", [True, -1, "1" * 5000, [1]])
def test_a_total_that_is_no_count_is_no_total(total: Any) -> None:
    page = users({"id": "a"}, totalResults=total)
    assert page.total is None
    assert page.deviations == {"totalResults-unreadable": 1}


def test_a_number_can_be_a_cursor_and_an_empty_text_is_none() -> None:
    page = users({"id": "a"}, nextCursor=7, nextId="")
    assert (page.next_cursor, page.next_id) == ("7", None)


def test_a_byte_order_mark_is_counted() -> None:
    page = parse.page(b"\xef\xbb\xbf" + body({"id": "a"}), UNKNOWN, "Users")
    assert page.ids == ["a"]
    assert page.deviations == {"byte-order-mark": 1}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("null", "the row is no object"),
        ("[]", "the row is no object"),
        ('{"userName": "ana"}', "the row has no id"),
        ('{"id": null}', "the row has no id"),
        ('{"id": ""}', "the row's id is empty or unreadable"),
        ('{"id": "  "}', "the row's id is empty or unreadable"),
        ('{"id": {"value": "1"}}', "the row's id is empty or unreadable"),
        ('{"id": 1.5}', "the row's id is empty or unreadable"),
        ('{"id": true}', "the row's id is empty or unreadable"),
        ('{"id": "\\ud800"}', "the row's id is empty or unreadable"),
        ('{"id": "1", "ID": "2"}', "the row has two ids"),
    ],
)
def test_a_row_without_a_usable_id_is_rejected_and_counted(row: str, reason: str) -> None:
    page = parse.page(b'{"totalResults": 2, "Resources": [{"id":"a"}, %s ]}' % row.encode(), UNKNOWN, "Users")
    assert page.ids == ["a", None]
    assert [(place, why) for place, why, _ in page.rejected] == [(1, reason)]
    assert page.users.account_id == ["a"]


def test_a_rejected_row_is_known_by_its_bytes() -> None:
    row = b'{"userName" :"ana"}'
    page = parse.page(b'{"totalResults":2,"Resources":[ {"id":"a"}, ' + row + b" ]}", UNKNOWN, "Users")
    assert page.rejected[0].digest == hashlib.sha256(row).hexdigest()[:16]


def test_a_number_is_an_id() -> None:
    page = users({"id": 7}, {"id": "b"})
    assert page.ids == ["7", "b"]
    assert page.users.account_id == ["7", "b"]
    assert page.deviations == {"id-as-number": 1}


def test_rows_keep_their_place_in_the_body() -> None:
    page = users({"userName": "x"}, {"id": "a"}, None, {"id": "b"})
    assert page.users.raw_row == [1, 3]
    assert len(page.ids) == len(page.users) + len(page.rejected)


def test_groups_with_members() -> None:
    page = groups(
        {
            "id": "g",
            "displayName": "Admins",
            "members": [{"value": "a", "$ref": "Users/a", "type": "User", "display": "A"}],
        },
        {"id": "h", "members": []},
        {"id": "i"},
        {"id": "j", "members": None},
    )
    assert page.groups == [
        Group("g", "Admins", [Member("a", "Users/a", "User", "A")]),
        Group("h", None, []),
        Group("i", None, None),
        Group("j", None, None),
    ]
    assert page.deviations == {}


def test_members_of_other_shapes() -> None:
    page = groups(
        {"id": "g", "members": ["a", 5, [], {"Value": "b"}]},
        {"id": "h", "members": {"value": "c"}},
        {"id": "i", "members": [[]]},
        {"id": "j", "members": True},
        {"displayName": "lost"},
    )
    assert [group.members and [member.value for member in group.members] for group in page.groups] == [
        ["a", "5", "b"],
        ["c"],
        None,
        None,
    ]
    assert page.ids == ["g", "h", "i", "j", None]
    assert page.deviations == {
        "members-as-strings": 1, "value-as-number": 1, "members-unreadable": 3, "key-case": 1, "members-as-object": 1,
    }  # fmt: skip


def test_a_member_list_given_twice_is_not_an_empty_one() -> None:
    page = parse.page(b'{"Resources":[{"id":"g","Members":[],"members":[{"value":"a"}]}]}', UNKNOWN, "Groups")
    assert page.groups == [Group("g", None, None)]


@pytest.mark.parametrize("name", ["groups", "roles", "entitlements"])
def test_rights_given_twice_are_neither_list(name) -> None:
    body = f'{{"Resources":[{{"id":"a","{name}":[{{"value":"admin"}}],"{name}":[]}}]}}'
    page = parse.page(body.encode(), UNKNOWN, "Users")
    assert (page.grants, page.deviations[f"{name}-unreadable"]) == ([], 1)


def test_members_given_twice_are_neither_list() -> None:
    page = parse.page(b'{"Resources":[{"id":"g","members":[{"value":"a"}],"members":[]}]}', UNKNOWN, "Groups")
    assert (page.groups, page.deviations["members-unreadable"]) == ([Group("g", None, None)], 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"id":"a","id":"b"', "the row has two ids"),
        ('"id" :"a","id":null', "the row has two ids"),
    ],
)
def test_a_row_with_two_ids_has_none(row, reason) -> None:
    page = parse.page(f'{{"Resources":[{{"id":"c"}},{{{row}}}]}}'.encode(), UNKNOWN, "Users")
    assert (page.ids, [rejected.reason for rejected in page.rejected]) == (["c", None], [reason])


@pytest.mark.parametrize("name", ["userName", "externalId", "active", "employeeNumber"])
def test_an_attribute_given_twice_is_neither_value(name) -> None:
    field = f'"{name}":{"true" if name == "active" else json.dumps("x")}'
    row = f'"{ENTERPRISE}":{{{field},{field}}}' if name == "employeeNumber" else f"{field},{field}"
    page = parse.page(f'{{"Resources":[{{"id":"a",{row}}}]}}'.encode(), UNKNOWN, "Users")
    found = {"userName": "user_name", "externalId": "external_id", "employeeNumber": "employee_number"}.get(name, name)
    assert (page.ids, getattr(page.users, found), page.deviations["duplicate-key"]) == (["a"], [None], 1)


def test_what_a_profile_reads_and_a_row_gives_twice_is_neither_value() -> None:
    slack = profile.load("slack")
    [name, *_] = sorted(fast.roots(slack))
    row = f'"id":"a","{name}":true,"{name}":false'
    page = parse.page(f'{{"Resources":[{{{row}}}]}}'.encode(), slack, "Users")
    assert page.deviations["duplicate-key"] == 1


@pytest.mark.parametrize("name", ["nextCursor", "nextId", "@odata.nextLink"])
def test_a_next_page_named_twice_does_not_pass_for_the_last(name) -> None:
    answer = f'{{"{name}":"https://x.example/more","Resources":[{{"id":"a"}}],"{name}":null}}'
    with pytest.raises(Malformed, match="twice"):
        parse.page(answer.encode(), UNKNOWN, "Users")


def test_two_lists_of_rows_are_refused() -> None:
    with pytest.raises(Malformed, match="Resources is given twice"):
        parse.page(b'{"Resources":[{"id":"a"}],"Resources":[{"id":"b"}]}', UNKNOWN, "Users")


def test_a_member_with_two_values_is_read_with_care() -> None:
    page = parse.page(b'{"Resources":[{"id":"g","members":[{"value":"a","value":"b"}]}]}', UNKNOWN, "Groups")
    assert page.deviations["duplicate-key"] == 1


def test_resource_tells_what_it_carries() -> None:
    found = {
        "id": "a", "userName": "ana", "name": {"givenName": "Ana", "familyName": ""}, "title": None, "emails": [],
        ENTERPRISE: {"department": "IT"}, "Active": False,
    }  # fmt: skip
    identifier, keys = parse.resource(b"\xef\xbb\xbf" + json.dumps(found).encode(), UNKNOWN)
    assert identifier == "a"
    assert keys == {"id", "username", "name.givenname", f"{ENTERPRISE.casefold()}.department", "active"}


def test_resource_without_id_and_what_is_none() -> None:
    assert parse.resource(b'{"userName": "ana"}', UNKNOWN) == (None, {"username"})
    with pytest.raises(Malformed):
        parse.resource(b"[]", UNKNOWN)


def test_accounts_become_a_table() -> None:
    first = users(
        {"id": "a", "userName": " Ana@X ", "externalId": "E1", "emails": [{"value": "Ana@X"}]}, {"userName": "lost"}
    )
    second = users({"id": "b", "active": False, "meta": {"created": "2024-01-02T03:04:05+02:00"}})
    table = parse.accounts_table("slack", [(first, 3), (second, 9)], "apps.slack.listings[0]")
    assert table.schema.equals(tables.ACCOUNTS)
    shown = table.select(
        [
            "app",
            "account_id",
            "user_name",
            "user_name_key",
            "external_id_key",
            "email_keys",
            "active",
            "account_kind",
            "listings",
            "raw_file",
            "raw_body",
            "raw_row",
        ]
    ).to_pylist()
    assert shown == [
        {
            "app": "slack",
            "account_id": "a",
            "user_name": " Ana@X ",
            "user_name_key": "ana@x",
            "external_id_key": "e1",
            "email_keys": ["ana@x"],
            "active": None,
            "account_kind": "unknown",
            "listings": ["apps.slack.listings[0]"],
            "raw_file": "apps.slack.listings[0]",
            "raw_body": 3,
            "raw_row": 0,
        },
        {
            "app": "slack",
            "account_id": "b",
            "user_name": None,
            "user_name_key": None,
            "external_id_key": None,
            "email_keys": None,
            "active": False,
            "account_kind": "unknown",
            "listings": ["apps.slack.listings[0]"],
            "raw_file": "apps.slack.listings[0]",
            "raw_body": 9,
            "raw_row": 0,
        },
    ]
    assert table["created"].to_pylist()[1].isoformat() == "2024-01-02T01:04:05+00:00"


def test_no_pages_make_an_empty_table() -> None:
    assert parse.accounts_table("slack", [], "f").equals(tables.empty(tables.ACCOUNTS))
    assert parse.grants_table("slack", []).schema.equals(tables.GRANTS)
    assert parse.grants_table("slack", []).num_rows == 0


def test_grants_become_a_table() -> None:
    rows = [Grant("a", "groups", "g1", "Admins", "indirect"), ("b", "roles", "r1", None, "direct")]
    table = parse.grants_table("slack", rows)
    assert table.schema.equals(tables.GRANTS)
    assert table.select(["app", "account_id", "attribute", "value", "display", "type"]).to_pylist() == [
        {
            "app": "slack",
            "account_id": "a",
            "attribute": "groups",
            "value": "g1",
            "display": "Admins",
            "type": "indirect",
        },
        {"app": "slack", "account_id": "b", "attribute": "roles", "value": "r1", "display": None, "type": "direct"},
    ]


def test_the_year_one_and_the_year_9999_stay_within_the_calendar() -> None:
    page = users(
        {"id": "a", "meta": {"created": "0001-01-01T00:00:00+05:00", "lastModified": "0001-01-01T00:00:00Z"}},
        {"id": "b", "meta": {"created": "9999-12-31T23:59:59-05:00"}},
    )
    table = parse.accounts_table("x", [(page, 0)], "f")
    assert table["created"].to_pylist() == [None, None]
    assert [time and time.year for time in table["last_modified"].to_pylist()] == [1, None]


@pytest.mark.parametrize(
    "change",
    [
        {"Active": True},
        {"externalID": "E1"},
        {"USERNAME": "ana"},
        {"name.formatted": "Ana"},
        {f"{ENTERPRISE}:department": "IT"},
        {"employeeNumber": "7"},
        {"name": {"Formatted": "Ana"}},
        {"emails": [{"Value": "a@x"}]},
        {"groups": [{"value": "g", "Display": "G"}]},
        {ENTERPRISE: {"Department": "IT"}},
        {ENTERPRISE: {"manager": {"VALUE": "m"}}},
        {"meta": {"Created": "2024-01-01T00:00:00Z"}},
        {ENTERPRISE.upper(): {"department": "IT"}},
    ],
)
def test_no_attribute_in_another_spelling_takes_the_fast_way(change: dict[str, Any]) -> None:
    plain = {"id": "a", "custom": {"any": "thing"}}
    assert fast.read(body(plain), UNKNOWN, "Users") is not None
    assert fast.read(body({**plain, **change}), UNKNOWN, "Users") is None


@pytest.mark.parametrize("row", [b'{"id":"a"}', b'{"ID":"a"}', b"null"])
def test_a_page_of_too_many_rows_is_refused(row: bytes) -> None:
    body = b'{"totalResults": 1, "Resources": [' + b",".join([row] * 100_001) + b"]}"
    with pytest.raises(Malformed, match="holds 100,001 rows"):
        parse.page(body, profile.load("unknown"), "Users")


def test_a_page_of_too_many_objects_is_refused_before_it_is_decoded() -> None:
    body = b'{"totalResults": 1, "Resources": [{"id": "a", "x": [' + b"[]," * 1_000_000 + b"[]]}]}"
    with pytest.raises(Malformed, match="1,000,000 objects"):
        parse.page(body, profile.load("unknown"), "Users")
