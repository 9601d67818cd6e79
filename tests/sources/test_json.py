"""JSON exports: a list on a path, keys once, numbers as spelled, one page of several recognised."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit.errors import Malformed
from scimaudit.sources import load
from scimaudit.sources._headings import Wanted
from scimaudit.sources.json import Source

SAID = {"exported_by": "j.doe", "exported_at": "2026-11-20"}


@pytest.fixture
def pull(sink):
    """Collect JSON (text, bytes or data to dump) as a listing of acme; gives the listing and the accounts."""

    def pull(content, **keys):
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        (sink.base / "a.json").write_bytes(content)
        listing = Source(path="a.json", **keys).collect(sink)
        return listing, sink.row_list("accounts")

    return pull


def reasons(listing):
    return {row.place: row.reason for row in listing.rejected}


def test_the_source_is_found_by_its_file():
    assert load("json") is Source


def test_a_list_of_objects_needs_no_mapping(pull):
    listing, accounts = pull(
        [{"id": "1", "userName": "ana", "active": True}, {"id": "2", "userName": "bob", "active": False}]
    )
    assert [(row["account_id"], row["user_name"], row["active"], row["raw_row"]) for row in accounts] == [
        ("1", "ana", True, 0),
        ("2", "bob", False, 1),
    ]
    assert listing.received == 2


def test_a_list_on_a_path(pull):
    _, accounts = pull({"data": {"users": [{"id": "1"}]}}, items="data.users")
    assert [row["account_id"] for row in accounts] == ["1"]


@pytest.mark.parametrize("items", ["", "users", "data.user", "data.users.x"])
def test_a_wrong_path_is_an_error_that_names_the_lists(pull, items):
    with pytest.raises(Malformed) as caught:
        pull({"data": {"users": [{"id": "1"}], "n": 1}}, items=items)
    assert "data.users" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "kind"), [("{}", "an object"), ("7", "a number"), ("null", "null"), ('"x"', "text")]
)
def test_a_file_without_any_list_is_an_error(pull, content, kind):
    with pytest.raises(Malformed, match=f"is {kind}, not a list"):
        pull(content)


def test_paths_name_nested_values(pull):
    _, accounts = pull(
        [{"id": "1", "name": {"givenName": "Ana", "familyName": "Ames"}, "org": {"unit": {"code": "S"}}}],
        columns={"department": "org.unit.code"},
    )
    assert (accounts[0]["given_name"], accounts[0]["family_name"], accounts[0]["department"]) == ("Ana", "Ames", "S")


def test_a_list_of_objects_gives_its_primary_value_first(pull):
    _, accounts = pull(
        [
            {"id": "1", "emails": [{"value": "b@x.example"}, {"value": "a@x.example", "primary": True}]},
            {"id": "2", "emails": []},
            {"id": "3", "emails": None},
        ]
    )
    assert [row["emails"] for row in accounts] == [["a@x.example", "b@x.example"], None, None]


def test_a_list_of_texts_is_not_split_again(pull, sink):
    pull([{"id": "1", "roles": ["a;b", "c"]}])
    assert [row["value"] for row in sink.row_list("grants")] == ["a;b", "c"]


def test_a_list_where_one_value_is_due(pull):
    listing, accounts = pull([{"id": "1", "title": ["x", "y"]}, {"id": "2", "title": ["x"]}, {"id": "3", "title": []}])
    assert reasons(listing) == {1: "title holds 2 values where one is due"}
    assert [row["title"] for row in accounts] == ["x", None]


def test_values_that_are_no_text_reject_only_where_used(pull):
    data = [{"id": "1", "roles": [["x"]], "other": [1, {"a": 2}]}, {"id": "2", "roles": ["x"]}]
    listing, accounts = pull(data)
    assert reasons(listing) == {1: "roles is a list of other things than text"}
    assert [row["account_id"] for row in accounts] == ["2"]


def test_numbers_stay_as_they_are_spelled(pull):
    _, accounts = pull('[{"id": 12345678901234567890, "title": 1.50}]')
    assert (accounts[0]["account_id"], accounts[0]["title"]) == ("12345678901234567890", "1.50")


def test_a_key_twice_is_refused(pull):
    with pytest.raises(Malformed, match="has the key 'active' twice"):
        pull('[{"id": "1", "active": true, "active": false}]')


def test_two_spellings_of_one_path_are_a_fault(pull):
    listing, _ = pull('[{"id": "1", "a.b": "x", "a": {"b": "y"}}, {"id": "2"}]', columns={"title": "a.b"})
    assert reasons(listing) == {1: "title has two values in the file, as 'a.b'"}


def test_a_fault_inside_a_list_of_objects_is_kept(pull):
    for groups in ([{"v": [["x"]]}, {"v": "y"}], [{"v": "y"}, {"v": [["x"]]}]):
        listing, _ = pull([{"id": "1", "groups": groups}, {"id": "2"}], columns={"groups": "groups.v"})
        assert list(reasons(listing)) == [1]


def test_objects_that_lack_the_value_leave_no_gap(pull, sink):
    pull([{"id": "1", "groups": [{"v": None}, {"v": "y"}, {"v": ["z"]}]}], columns={"groups": "groups.v"})
    assert [row["value"] for row in sink.row_list("grants")] == ["y", "z"]


def test_items_that_are_no_objects_are_rejected(pull):
    listing, accounts = pull('[{"id": "1"}, "x", null, 3, [], true]')
    assert reasons(listing) == {
        2: "is text, not an object",
        3: "is null, not an object",
        4: "is a number, not an object",
        5: "is a list, not an object",
        6: "is true or false, not an object",
    }
    assert (listing.received, len(accounts)) == (6, 1)


def test_a_repeated_id_names_both_items(pull):
    listing, _ = pull([{"id": "1"}, {"id": "2"}, {"id": "1"}])
    assert reasons(listing) == {3: "account_id '1' already stands on item 1"}


@pytest.mark.parametrize("content", ['[{"id": "1"}', '[{"id": NaN}]', "[{'id': 1}]", "", "[" * 100_000])
def test_what_is_not_json_is_refused(pull, content):
    with pytest.raises(Malformed, match=r"^a\.json: "):
        pull(content)


def test_deep_nesting_is_refused(pull):
    with pytest.raises(Malformed, match="nested too deeply"):
        pull('[{"id": "1", "a": ' + '{"b":' * 60 + "1" + "}" * 60 + "}]")


def test_half_of_a_surrogate_pair_rejects_the_row(pull):
    listing, accounts = pull('[{"id": "\\ud800"}, {"id": "2", "roles": ["\\ud800"]}, {"id": "3"}]')
    assert [row["account_id"] for row in accounts] == ["3"]
    assert "not valid Unicode" in reasons(listing)[1]
    assert "not valid Unicode" in reasons(listing)[2]


def test_a_nul_in_a_key_rejects_the_row(pull):
    listing, _ = pull('[{"id": "a\\u0000b"}, {"id": "2"}, {"id": "3", "roles": ["a\\nb"]}]')
    assert list(reasons(listing)) == [1, 3]


def test_utf_16_with_its_mark_is_read(pull):
    _, accounts = pull('[{"id": "Ä"}]'.encode("utf-16"))
    assert accounts[0]["account_id"] == "Ä"


def test_another_encoding_can_be_declared(pull):
    _, accounts = pull('[{"id": "Ä"}]'.encode("cp1252"), encoding="cp1252")
    assert accounts[0]["account_id"] == "Ä"


@pytest.mark.parametrize(
    "around",
    [
        {"nextPageToken": "t"},
        {"has_more": True},
        {"meta": {"page": {"next": 2}}},
        {"response_metadata": {"next_cursor": "x"}},
        {"@odata.nextLink": "https://x.example/2"},
        {"next": "2"},
    ],
)
def test_one_page_of_several_is_never_complete(pull, around):
    listing, _ = pull({"users": [{"id": "1"}], **around}, items="users", declared_total=1, **SAID)
    assert (listing.walk.state, "one page of several" in listing.walk.reason) == ("incomplete", True)


@pytest.mark.parametrize(
    "around", [{"nextPageToken": ""}, {"has_more": False}, {"next": None}, {"total": 1}, {"total": "1"}]
)
def test_the_last_page_is(pull, around):
    listing, _ = pull({"users": [{"id": "1"}], **around}, items="users", declared_total=1, **SAID)
    assert listing.walk.state == "complete"


def test_another_total_in_the_file_is_incomplete(pull):
    listing, _ = pull({"Resources": [{"id": "1"}], "totalResults": 9}, items="Resources", declared_total=1, **SAID)
    assert listing.walk.reason == "the file says totalResults = 9 and holds 1 item"


def test_an_empty_list_is_an_error(pull):
    with pytest.raises(Malformed, match="the list is empty"):
        pull("[]")


def test_a_heading_counts_when_any_item_has_it(pull):
    _, accounts = pull([{"id": "1"}, {"id": "2", "job": "x"}], columns={"title": "job"})
    assert [row["title"] for row in accounts] == [None, "x"]


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


@given(st.lists(values, min_size=1, max_size=5))
@settings(deadline=None)
def test_any_list_is_read_and_every_item_accounted_for(items):
    data = json.dumps(items).encode()
    grid = Source(path="a.json").read(data, Wanted("accounts", {}, {}))
    assert len(grid.places) + len(grid.rejected) == len(items)
    assert all(len(column) == len(grid.places) for column in grid.columns)


@given(
    st.lists(st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.text(min_size=1), max_size=4), min_size=1)
)
@settings(deadline=None)
def test_flat_objects_come_back_exactly(items):
    grid = Source(path="a.json").read(json.dumps(items).encode(), Wanted("accounts", {}, {}))
    rows = zip(*grid.columns, strict=True) if grid.columns else [()] * len(items)
    back = [{key: cell for key, cell in zip(grid.header, row, strict=True) if cell is not None} for row in rows]
    assert back == items
