"""Accounts that the walk missed and that a GET by id shows: taken in once, with their place and all that they hold."""

import orjson
import pytest

from scimaudit.sources import Reply
from scimaudit.sources.scim import people as scim_people
from scimaudit.sources.scim.columns import ENTERPRISE


def accounts(sink):
    return {row["account_id"]: row for row in sink.table("accounts")}


def held(sink, account):
    return sorted((row["attribute"], row["value"]) for row in sink.table("grants") if row["account_id"] == account)


def by_id(app, account):
    return [text for text in app.asked if text.startswith(f"/Users/{account}?")]


def balanced(found, sink):
    rows = sink.table("accounts")
    assert len({row["account_id"] for row in rows}) == len(rows) == found.parsed
    assert found.received == found.parsed + len(found.rejected)


def named_by_group(app):
    app.group("g", "u1", "u2")
    return ()


def named_as_manager(app):
    app.users["u1"][ENTERPRISE] = {"manager": {"value": "u2"}}
    return ()


def remembered(app):
    return ("u1", "u2")


@pytest.mark.parametrize("leads", [named_by_group, named_as_manager, remembered])
def test_what_can_be_fetched_is_taken_in(app, pulled, sink, leads):
    app.hidden.add("u2")
    sink.last_ids = leads(app)
    found = pulled(app)
    balanced(found, sink)
    assert accounts(sink)["u2"]["user_name"] == "user2@corp.example"
    assert "1 accounts came to light that the walk had not brought" in found.walk.reason
    assert (found.walk.state, found.parsed) == ("incomplete", 30)


def test_its_place_is_row_0_of_the_answer_for_it_alone(app, pulled, sink):
    named_by_group(app)
    app.hidden.add("u2")
    pulled(app)
    row = accounts(sink)["u2"]
    assert (app.asked[row["raw_body"]], row["raw_row"]) == ("/Users/u2?", 0)


def test_what_it_holds_by_its_own_row_and_by_groups_is_granted(app, pulled, sink):
    app.users["u2"] |= {"roles": [{"value": "admin"}], "groups": [{"value": "g"}]}
    app.group("g", "u1", "u2")
    app.group("around", {"value": "g", "type": "Group"})
    app.hidden.add("u2")
    found = pulled(app)
    assert held(sink, "u2") == [("groups", "around"), ("groups", "g"), ("roles", "admin")]
    assert found.entitlements.state == "unprovable"


def test_what_groups_give_to_an_account_that_memory_knows_is_granted(app, pulled, sink, reply):
    """W4 cannot be what brought it: its one reference is by user name, for which GET by id finds nothing."""
    app.group("g", "u1", "USER2@corp.example")
    app.hidden.add("u2")
    sink.last_ids = ("u2",)
    pulled(app)
    assert held(sink, "u2") == [("groups", "g")]


def test_what_groups_give_to_an_account_that_a_filter_found_is_granted(app, pulled, sink, people, witness):
    named_by_group(app)
    app.hidden.add("u2")
    found = pulled(app, people=people(("user2@corp.example", "terminated")))
    assert held(sink, "u2") == [("groups", "g")]
    assert witness(found, "W4").outcome == witness(found, "W5").outcome == "failed"
    assert by_id(app, "u2") == []


def test_what_groups_give_to_an_account_that_one_pass_lost_is_granted(app, pulled, sink):
    app.group("g", "u0")
    app.moving(3, lambda: app.hidden.add("u0"))
    found = pulled(app)
    balanced(found, sink)
    assert held(sink, "u0") == [("groups", "g")]
    assert "1 accounts came to light that the walk had not brought" in found.walk.reason
    row = accounts(sink)["u0"]
    assert app.asked[row["raw_body"]].startswith("/Users?startIndex=")


def test_a_user_name_that_a_new_account_shares_goes_on_meaning_the_listed_one(app, pulled, sink):
    app.users["u2"]["userName"] = "USER1@corp.example"
    app.group("g", "user1@corp.example", "u2")
    app.hidden.add("u2")
    pulled(app)
    assert (held(sink, "u1"), held(sink, "u2")) == ([("groups", "g")], [("groups", "g")])


def test_a_member_whose_ref_alone_has_the_id_is_found_by_it(app, pulled, sink):
    """Servers are seen to put another name of the account where RFC 7643 wants the id."""
    app.group("g", "u1", {"value": "user2@corp.example", "$ref": "https://app.example/scim/v2/Users/u2"})
    app.hidden.add("u2")
    pulled(app)
    assert held(sink, "u2") == [("groups", "g")]


def by_members(app, *names):
    app.group("g", *names)


def by_managers(app, *names):
    for place, name in enumerate(names):
        app.users[f"u{place}"][ENTERPRISE] = {"manager": {"value": name}}


@pytest.mark.parametrize("named", [by_members, by_managers])
def test_that_no_id_is_called_like_a_user_name_proves_nothing(app, pulled, witness, named):
    """The account exists, and GET by id does not know its name."""
    named(app, "user1@corp.example", "user2@corp.example")
    app.hidden.add("u2")
    found = pulled(app)
    assert witness(found, "W4").outcome == "not-available"
    assert "1 are unclear" in witness(found, "W4").detail
    assert found.entitlements.state != "complete"


@pytest.mark.parametrize("named", [by_members, by_managers])
def test_where_no_reference_is_an_id_none_is_known_to_be_gone(app, pulled, witness, named):
    named(app, "user2@corp.example")
    app.hidden.add("u2")
    found = pulled(app)
    assert witness(found, "W4").outcome == "not-available"


def test_managers_by_user_name_leave_members_by_id_alone(app, pulled, witness):
    by_members(app, "u1", "deleted")
    by_managers(app, "user1@corp.example")
    found = pulled(app)
    assert (witness(found, "W4").outcome, found.entitlements.state) == ("passed", "complete")


def test_user_names_of_listed_accounts_are_enough_for_w4(app, pulled, witness):
    by_members(app, "user1@corp.example", "USER2@corp.example")
    assert witness(pulled(app), "W4").outcome == "passed"


@pytest.mark.parametrize(("age", "outcome"), [("300", "passed"), ("301", "not-available")])
def test_that_a_cache_does_not_know_an_account_proves_nothing(app, pulled, witness, age, outcome):
    named_by_group(app)
    app.hidden.add("u2")
    app.answers["/Users/u2?"] = Reply(404, {"age": age}, b"{}")
    assert witness(pulled(app), "W4").outcome == outcome


def test_an_account_that_several_leads_name_is_fetched_once(app, pulled, sink, witness):
    named_by_group(app)
    named_as_manager(app)
    app.hidden.add("u2")
    sink.last_ids = ("u2",)
    found = pulled(app)
    balanced(found, sink)
    assert len(by_id(app, "u2")) == 1
    assert witness(found, "W4").outcome == witness(found, "W6").outcome == "failed"
    assert "and 1 more" not in witness(found, "W4").detail


def test_the_manager_of_an_account_that_a_probe_brought_is_asked_for(app, pulled, sink):
    app.users["u2"][ENTERPRISE] = {"manager": {"value": "u3"}}
    app.hidden |= {"u2", "u3"}
    sink.last_ids = ("u2",)
    pulled(app)
    assert {"u2", "u3"} <= accounts(sink).keys()


def test_an_account_that_a_filter_finds_later_keeps_its_place(app, pulled, sink, people):
    named_by_group(app)
    app.hidden.add("u2")
    found = pulled(app, people=people(("user2@corp.example", "active")))
    balanced(found, sink)
    assert app.asked[accounts(sink)["u2"]["raw_body"]] == "/Users/u2?"
    assert "1 people have an account that was not listed" in found.walk.reason


@pytest.mark.parametrize(
    "answer",
    [
        lambda row: Reply(200, {}, orjson.dumps(row | {"id": "u3"})),
        lambda row: Reply(200, {}, orjson.dumps(row | {"id": None})),
        lambda row: Reply(200, {}, b'{"id":"u2","id":"u2"}'),
        lambda row: Reply(200, {}, orjson.dumps([row])),
        lambda row: Reply(200, {}, orjson.dumps(row)[:-5]),
        lambda row: Reply(200, {}, orjson.dumps(row) + b"," + orjson.dumps(row | {"id": "evil"})),
        lambda row: Reply(200, {}, b"<html>log in</html>"),
        lambda row: Reply(500, {}, orjson.dumps(row)),
    ],
    ids=["another id", "no id", "two ids", "a list", "cut short", "two resources", "a page", "an error"],
)
def test_an_answer_that_cannot_be_read_as_the_account_is_unclear(app, pulled, sink, witness, answer):
    named_by_group(app)
    app.hidden.add("u2")
    app.answers["/Users/u2"] = answer(app.users["u2"])
    found = pulled(app)
    balanced(found, sink)
    assert {"u2", "evil"} & accounts(sink).keys() == set()
    assert (witness(found, "W4").outcome, found.parsed) == ("not-available", 29)
    assert "1 are unclear" in witness(found, "W4").detail
    assert found.entitlements.state != "complete"


def test_an_account_that_exists_and_that_nobody_can_read_is_a_rejected_row(app, pulled, sink, witness, monkeypatch):
    monkeypatch.setattr("scimaudit.sources.scim.columns.MOST_OBJECTS", 200)
    named_by_group(app)
    app.hidden.add("u2")
    app.users["u2"]["roles"] = [{"value": f"a role with a long name {number}"} for number in range(300)]
    found = pulled(app)
    balanced(found, sink)
    assert (witness(found, "W4").outcome, found.walk.state) == ("failed", "incomplete")
    assert "1 rows that probes brought cannot be read" in found.walk.reason
    assert [(row.place, "objects" in row.reason) for row in found.rejected] == [(1, True)]


def test_a_row_without_id_that_a_filter_finds_is_no_miss(app, pulled, witness, people, reply, list_response):
    wanted = '/Users?startIndex=1&count=2&filter=userName eq "gone'
    app.answers[wanted] = reply(list_response([{"userName": "gone@corp.example", "active": True}], 1))
    found = pulled(app, people=people(("gone@corp.example", "terminated")))
    assert witness(found, "W5").outcome == "not-available"
    assert (found.walk.state, len(found.rejected)) == ("incomplete", 1)
    assert "1 rows that probes brought cannot be read" in found.walk.reason


def test_what_is_odd_about_the_row_is_counted(app, pulled):
    named_by_group(app)
    app.hidden.add("u2")
    app.users["u2"] |= {"active": "True", "groups": "?", "roles": 7}
    found = pulled(app)
    assert "active-as-string: 1 times" in found.notes
    assert "roles-unreadable: 1 times" in found.notes


def test_a_byte_order_mark_is_no_part_of_a_resource(app, pulled, sink):
    named_by_group(app)
    app.hidden.add("u2")
    app.answers["/Users/u2"] = Reply(200, {}, b"\xef\xbb\xbf" + orjson.dumps(app.users["u2"]))
    pulled(app)
    assert "u2" in accounts(sink)


def test_an_account_that_was_deleted_while_it_was_listed_is_not_brought_back(app, pulled, sink):
    """A group still names it and memory knows it; it is asked for, and is not there."""
    app.group("g", "u0", "u1")
    sink.last_ids = ("u0", "u1")
    app.moving(3, lambda: app.users.pop("u0"))
    found = pulled(app)
    balanced(found, sink)
    assert "u0" not in accounts(sink)
    assert (held(sink, "u0"), found.walk.state, found.parsed) == ([], "complete", 29)


def test_a_budget_of_nothing_brings_nothing(app, pulled, sink):
    named_by_group(app)
    app.hidden.add("u2")
    found = pulled(app, probe_budget=3)
    balanced(found, sink)
    assert "u2" not in accounts(sink)
    assert found.entitlements.state != "complete"


def test_progress_goes_on_counting_towards_what_the_list_says(app, pulled, sink):
    named_by_group(app)
    app.hidden.add("u2")
    pulled(app)
    assert sink.seen[-1] == (30, 29)


def test_no_list_is_missing_nothing(app, pulled, sink):
    named_by_group(app)
    found = pulled(app)
    assert (found.walk.state, found.entitlements.state) == ("complete", "complete")
    assert held(sink, "u2") == [("groups", "g")]


def test_a_roster_reads_its_people_from_lists_and_from_single_answers(app, sink):
    """A listed user has a place on a page, the manager that nobody listed an answer of their own."""
    watched = scim_people.Watched(sink)
    watched.bodies = {
        4: orjson.dumps({"Resources": [{"id": "a", "userName": "ana"}, {"id": "b", "userName": "bo"}]}),
        9: orjson.dumps({"id": "c", "userName": "cy"}),
        11: orjson.dumps({"id": "a", "userName": "of another answer"}),
    }
    watched.places = {"b": (4, 1), "c": (9, 0), "a": (4, 0)}
    grid, columns = scim_people.grid(watched, {})
    assert grid.columns[columns["user_name"]] == ["bo", "cy", "ana"]


@pytest.mark.parametrize(
    ("name", "place"),
    [("z", (4, 0)), ("a", (4, 1)), ("c", (9, 1)), ("c", (10, 0)), ("c", (12, 0)), ("a", (13, 0))],
    ids=["another id", "no such row", "no such row of one resource", "no JSON", "a list", "a row that is none"],
)
def test_a_person_whose_row_is_not_where_it_was_is_not_made_up(sink, name, place):
    watched = scim_people.Watched(sink)
    watched.bodies = {
        4: orjson.dumps({"Resources": [{"id": "a"}]}), 9: orjson.dumps({"id": "c"}), 10: b'{"id":"c"',
        12: orjson.dumps([{"id": "c"}]), 13: orjson.dumps({"Resources": ["a"]}),
    }  # fmt: skip
    watched.places = {name: place}
    assert len(scim_people.grid(watched, {})[0].places) == 0
