"""A whole pull over an app in memory: accounts, witnesses, scope, notes."""

import orjson
import pytest

from scimaudit.errors import AuthenticationFailed, Malformed, SourceError, Unavailable
from scimaudit.sources import Reply
from scimaudit.transport import ServerError


def test_accounts_come_once_and_balance(app, pulled, sink):
    found = pulled(app)
    assert sorted(row["account_id"] for row in sink.table("accounts")) == sorted(app.users)
    assert (found.received, found.parsed, found.walk.state) == (30, 30, "complete")
    assert found.attributes["user_name"] == 30
    assert "department" not in found.attributes
    assert sink.seen[-1] == (30, 30)
    assert found.facts["paging"] == "index"


def test_large_listings_come_in_batches(apps, pulled, sink, monkeypatch):
    monkeypatch.setattr("scimaudit.sources.scim.gather.BATCH", 20)
    pulled(apps(55))
    assert len(sink.tables["accounts"]) > 1
    assert len(sink.table("accounts")) == 55


def test_evidence_points_at_the_row(app, pulled, sink):
    pulled(app)
    row = sink.table("accounts")[12]
    assert row["raw_file"] == sink.name
    asked = app.asked[row["raw_body"]]
    start = int(asked.partition("startIndex=")[2].partition("&")[0])
    assert row["account_id"] == f"u{start - 1 + row['raw_row']}"


def test_scope_is_unknown_for_an_unknown_server(app, pulled):
    assert pulled(app).scope.state == "unknown"


def test_scope_comes_from_the_profile(app, pulled):
    assert pulled(app, facts={"population": "all"}).scope.state == "all"
    partial = pulled(app, facts={"population": "scim_linked", "hidden": "members made by hand"})
    assert (partial.scope.state, partial.scope.reason) == ("partial", "members made by hand")


def test_a_row_without_id_is_rejected_counted_and_voids_the_walk(app, pulled):
    app.users["u5"] = {"schemas": [], "userName": "nobody"}
    found = pulled(app)
    assert (found.received, found.parsed, len(found.rejected)) == (30, 29, 1)
    assert found.walk.state == "incomplete"


# W4


def test_w4_members_and_managers_that_are_listed(app, pulled, witness):
    app.group("g", "u1", "u2")
    assert witness(pulled(app), "W4").outcome == "passed"


def test_w4_a_member_that_exists_and_is_not_listed_is_a_hole(app, pulled, witness):
    app.group("g", "u1", "u2")
    app.hidden.add("u2")
    found = pulled(app)
    assert witness(found, "W4").outcome == "failed"
    assert found.walk.state == "incomplete"
    assert "u2" in found.walk.reason


def test_w4_a_dangling_member_is_no_hole(app, pulled, witness):
    app.group("g", "u1", "ghost")
    found = pulled(app)
    assert (witness(found, "W4").outcome, found.walk.state) == ("passed", "complete")


@pytest.mark.parametrize(("ghost", "outcome"), [("ghost", "passed"), ("gho/st", "not-available")])
def test_w4_a_refusal_of_an_id_that_must_be_encoded_says_nothing(app, pulled, witness, reply, ghost, outcome):
    app.group("g", "u1", ghost)
    app.answers["/Users/gho"] = reply({}, 400)
    assert witness(pulled(app), "W4").outcome == outcome


def test_w4_is_not_available_without_references_or_without_get(app, pulled, witness, reply):
    assert witness(pulled(app), "W4").outcome == "not-available"
    app.group("g", "ghost")
    app.answers["/Users/"] = reply({}, 405)
    assert witness(pulled(app), "W4").outcome == "not-available"


def test_w4_says_what_was_not_asked(app, pulled, witness):
    app.group("g", "u1", "ghost1", "ghost2", "ghost3")
    closure = witness(pulled(app, probe_budget=4), "W4")
    assert closure.outcome == "not-available"
    assert "2 were not asked for" in closure.detail


def test_w4_a_manager_that_is_not_listed_is_asked_for(app, pulled, witness):
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    app.users["u1"][enterprise] = {"manager": {"value": "u2"}}
    assert witness(pulled(app), "W4").outcome == "passed"
    app.hidden.add("u2")
    assert witness(pulled(app), "W4").outcome == "failed"


# W5


def test_w5_a_leaver_with_a_hidden_account_is_a_hole_and_is_taken_in(app, pulled, witness, sink, people):
    app.hidden.add("u7")
    found = pulled(app, people=people(("user7@corp.example", "terminated"), ("user1@corp.example", "active")))
    assert witness(found, "W5").outcome == "failed"
    assert found.walk.state == "incomplete"
    assert "u7" in {row["account_id"] for row in sink.table("accounts")}


def test_w5_nobody_found_is_passed(app, pulled, witness, people):
    found = pulled(app, people=people(("gone@corp.example", "terminated"), ("new@corp.example", "active")))
    assert witness(found, "W5").outcome == "passed"
    assert "2 people" in witness(found, "W5").detail


def test_w5_everybody_listed_is_passed(app, pulled, witness, people):
    assert witness(pulled(app, people=people(("USER3@corp.example", "active"))), "W5").outcome == "passed"


def test_w5_leavers_first_and_what_was_not_asked_is_said(app, pulled, witness, people):
    others = [(f"o{number}@corp.example", "active") for number in range(9)]
    leavers = [(f"l{number}@corp.example", "terminated") for number in range(3)]
    found = pulled(app, people=people(*others, *leavers), probe_budget=9)
    assert witness(found, "W5").outcome == "passed"
    assert "0 leavers, 8 others" in witness(found, "W5").detail
    asked = [text for text in app.asked if "filter" in text]
    assert sum("l" in text.partition('"')[2][:1] for text in asked) == 3


def test_w5_leavers_left_unasked_are_no_pass(app, pulled, witness, people):
    leavers = [(f"l{number}@corp.example", "terminated") for number in range(9)]
    found = pulled(app, people=people(*leavers), probe_budget=7)
    assert witness(found, "W5").outcome == "not-available"
    assert "leavers" in witness(found, "W5").detail


@pytest.mark.parametrize("answer", ["nothing", "everything"])
def test_w5_a_filter_that_cannot_be_calibrated_is_not_available(
    app, pulled, witness, people, reply, list_response, answer
):
    rows = list(app.users.values())[:2] if answer == "everything" else []
    for window in ("startIndex=1&count=2&filter", "filter"):
        app.answers[f"/Users?{window}"] = reply(list_response(rows, 30 if rows else 0))
    found = pulled(app, people=people(("gone@corp.example", "terminated")))
    assert witness(found, "W5").outcome == "not-available"
    assert found.walk.state == "complete"


def test_w5_a_filter_that_finds_something_for_nobody(app, pulled, witness, people, reply, list_response):
    nobody = {**app.users["u0"], "id": "x", "userName": "scimaudit-no-such-account"}
    app.answers['/Users?startIndex=1&count=2&filter=userName eq "scimaudit'] = reply(list_response([nobody], 1))
    assert witness(pulled(app, people=people(("g@corp.example", "terminated"))), "W5").outcome != "passed"


def test_w5_a_miss_by_404(app, pulled, witness, people, reply):
    app.answers['/Users?startIndex=1&count=2&filter=userName eq "scimaudit'] = reply({}, 404)
    app.answers['/Users?startIndex=1&count=2&filter=userName eq "gone'] = reply({}, 404)
    assert witness(pulled(app, people=people(("gone@corp.example", "terminated"))), "W5").outcome == "passed"


def test_w5_a_filter_that_breaks_off(app, pulled, witness, people):
    app.answers['/Users?startIndex=1&count=2&filter=userName eq "gone'] = Unavailable("down")
    found = pulled(app, people=people(("gone@corp.example", "terminated"), ("x@corp.example", "active")))
    assert witness(found, "W5").outcome == "not-available"


def test_w5_without_roster_names_or_faith(app, pulled, witness, people):
    assert witness(pulled(app, people=people()), "W5").outcome == "not-available"
    assert witness(pulled(app, people=people((None, "terminated"))), "W5").outcome == "not-available"
    unreliable = pulled(app, facts={"filter_miss": "unreliable"}, people=people(("g@corp.example", "terminated")))
    assert witness(unreliable, "W5").outcome == "not-available"


def test_w5_asks_by_user_name_where_names_are_no_addresses(app, pulled, people):
    for number, row in enumerate(app.users.values()):
        row["userName"] = f"login{number}"
    pulled(app, people=people(("ghost", "terminated")))
    assert any('"ghost"' in text for text in app.asked)


def test_w5_quotes_are_escaped(app, pulled, people):
    pulled(app, people=people(('a"b@corp.example', "terminated")))
    assert any('a\\"b@corp.example' in text for text in app.asked)


def test_w5_has_nothing_to_calibrate_with(app, pulled, witness, people):
    for row in app.users.values():
        del row["userName"]
    assert witness(pulled(app, people=people(("ghost", "terminated"))), "W5").outcome == "not-available"


# W6 to W9


def test_w6_memory(app, pulled, witness, sink):
    sink.last_ids = ("u1", "u2")
    assert witness(pulled(app), "W6").outcome == "passed"
    sink.last_ids = ("u1", "deleted")
    assert witness(pulled(app), "W6").outcome == "passed"
    app.hidden.add("u2")
    sink.last_ids = ("u1", "u2")
    found = pulled(app)
    assert (witness(found, "W6").outcome, found.walk.state) == ("failed", "incomplete")


def test_w6_unclear_or_unasked_is_not_available(app, pulled, witness, sink, reply):
    sink.last_ids = ("x", "y", "z")
    assert "2 were not asked" in witness(pulled(app, probe_budget=4), "W6").detail
    app.answers["/Users/x"] = Unavailable("down")
    assert "1 are unclear" in witness(pulled(app), "W6").detail
    app.answers["/Users/"] = reply({}, 405)
    assert witness(pulled(app), "W6").outcome == "not-available"


@pytest.mark.parametrize("body", [{"id": "other"}, {}])
def test_w6_another_resource_is_no_hit(app, pulled, witness, sink, reply, body):
    sink.last_ids = ("x",)
    app.answers["/Users/x"] = reply(body)
    assert witness(pulled(app), "W6").outcome == "not-available"


def test_w6_a_server_error_is_unclear(app, pulled, witness, sink, reply):
    sink.last_ids = ("x",)
    app.answers["/Users/x"] = reply({}, 418)
    assert witness(pulled(app), "W6").outcome == "not-available"


def test_w7_canaries(app, pulled, witness):
    assert witness(pulled(app, canaries=[("u1", None, "scim")]), "W7").outcome == "passed"
    found = pulled(app, canaries=[(None, "USER2@corp.example", "hand")])
    assert (found.scope.state, found.scope_lifted_by) == ("all", ("W7",))
    missing = pulled(app, canaries=[("nobody", None, "scim")])
    assert missing.walk.state == "incomplete"


def test_w7_a_missing_account_made_by_hand_speaks_for_the_scope(app, pulled, witness):
    found = pulled(app, canaries=[(None, "root", "hand")], facts={"population": "all"})
    assert witness(found, "W7").outcome == "failed"
    assert (found.walk.state, found.scope.state) == ("complete", "partial")


def test_w8_seats(app, pulled, witness):
    found = pulled(app, seats=30)
    assert (witness(found, "W8").outcome, found.scope.state, found.scope_lifted_by) == ("passed", "all", ("W8",))
    wrong = pulled(app, seats=31, facts={"population": "all"})
    assert (witness(wrong, "W8").outcome, wrong.walk.state, wrong.scope.state) == ("failed", "incomplete", "unknown")


def test_w9_an_attribute_that_only_get_shows(app, pulled, witness):
    app.change = lambda row: {name: value for name, value in row.items() if name != "emails"}
    found = pulled(app)
    assert witness(found, "W9").outcome == "failed"
    assert "emails" in witness(found, "W9").detail
    assert found.walk.state == "complete"
    assert "emails" not in found.attributes


def test_w9_without_get(app, pulled, witness, reply):
    app.answers["/Users/"] = reply({}, 405)
    assert witness(pulled(app), "W9").outcome == "not-available"
    app.answers["/Users/"] = Unavailable("down")
    assert witness(pulled(app), "W9").outcome == "not-available"


def test_quick_asks_nothing_more(app, pulled, sink, people):
    sink.quick = True
    found = pulled(app, people=people(("g@corp.example", "terminated")))
    assert found.walk.state == "unprovable"
    assert not any("/Users/" in text or "filter" in text for text in app.asked)


# what is not listed, and what is odd


@pytest.mark.parametrize("answer", [AuthenticationFailed("401"), Unavailable("down"), ServerError("500", status=500)])
def test_no_first_page_is_an_error(app, pulled, answer):
    app.answers["/Users"] = answer
    with pytest.raises(SourceError):
        pulled(app)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"<html>", b"", b'{"detail":"off"}'])
def test_what_is_no_list_response_is_malformed(app, pulled, body):
    app.answers["/Users"] = Reply(200, {"content-type": "text/html"}, body)
    with pytest.raises(Malformed):
        pulled(app)


def test_an_error_names_what_the_server_said(app, pulled, reply):
    app.answers["/Users"] = reply({"detail": "provisioning is off", "scimType": "x"}, 404)
    with pytest.raises(Malformed, match="provisioning is off"):
        pulled(app)
    app.answers["/Users"] = reply({"Errors": [{"description": "old style", "code": "404"}]}, 404)
    with pytest.raises(Malformed, match="old style"):
        pulled(app)
    app.answers["/Users"] = reply([], 404)
    with pytest.raises(Malformed, match="404"):
        pulled(app)


def test_a_strange_label_is_noted(app, pulled, reply, list_response):
    rows = list(app.users.values())[:1]
    app.answers["/Users?startIndex=0"] = reply(list_response(rows, 30), kind="text/html")
    assert any("text/html" in note for note in pulled(app).notes)


def test_other_resource_types_are_noted(app, pulled, reply):
    app.answers["/ResourceTypes"] = reply([{"name": "User"}, {"name": "ServicePrincipal"}])
    assert any("ServicePrincipal" in note for note in pulled(app).notes)


def test_a_page_past_the_end_may_lack_resources(app, pulled, reply):
    app.answers["/Users?startIndex=31"] = reply({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                                                 "totalResults": 30})  # fmt: skip
    assert pulled(app).walk.state == "complete"


def test_an_account_deleted_during_the_walk_is_dropped(app, pulled, sink):
    app.users["u0"]["groups"] = [{"value": "g"}]
    app.users["u0"]["roles"] = [{"value": "admin"}]
    app.group("g", "u1", "u0")
    app.moving(3, lambda: app.users.pop("u0"))
    found = pulled(app)
    assert (found.walk.state, found.parsed) == ("complete", 29)
    assert "u0" not in {row["account_id"] for row in sink.table("accounts")}
    assert {row["account_id"] for row in sink.table("grants")} == {"u1"}
    assert any("deleted" in note for note in found.notes)


def test_a_row_that_one_pass_lost_and_that_exists_is_a_hole(app, pulled):
    app.moving(3, lambda: app.hidden.add("u0"))
    found = pulled(app)
    assert found.walk.state == "incomplete"
    assert "rows exist" in found.walk.reason


def test_a_row_that_one_pass_lost_and_that_cannot_be_asked_for(app, pulled, reply):
    app.answers["/Users/"] = reply({}, 405)
    app.moving(3, lambda: app.users.pop("u0"))
    found = pulled(app)
    assert found.walk.state == "incomplete"
    assert "moving" in found.walk.reason


def test_a_row_without_id_that_an_earlier_pass_brought_is_not_forgotten(app, pulled):
    app.users["u5"] = {"schemas": [], "userName": "nobody"}
    app.moving(3, lambda: app.users.pop("u5"))
    found = pulled(app)
    assert len(found.rejected) == 1
    assert found.walk.state == "incomplete"
    assert "1 rows have no id" in found.walk.reason


def by_cursor(app, reply, *, expires=0):
    """The app pages by cursor, ten rows at a time; at one list request the cursor has expired."""
    lists, asked = app.get, iter(range(1, 1000))

    def get(target, params=None):
        if target not in {"/Users", "/Groups"} or "filter" in (params or {}):
            return lists(target, params)
        if next(asked) == expires:
            return reply({"scimType": "expiredCursor"}, 400), 0
        whole, number = lists(target, {"startIndex": "1", "count": "1000"})
        body = orjson.loads(whole.body)
        start = int(params.get("cursor", "0"))
        after = start + min(int(params["count"]), 10)
        more = {"nextCursor": str(after)} if after < len(body["Resources"]) else {}
        return reply(body | {"Resources": body["Resources"][start:after]} | more), number

    app.get = get


def test_a_row_without_id_of_a_walk_whose_cursor_expired_is_not_forgotten(app, pulled, reply):
    app.users["u5"] = {"schemas": [], "userName": "nobody"}
    by_cursor(app, reply, expires=3)
    app.moving(3, lambda: app.users.pop("u5", None))
    found = pulled(app)
    assert found.facts["paging"] == "cursor"
    assert found.walk.state == "incomplete"
    assert "rows without a usable id came before the pass that counts" in found.walk.reason


def grouped(app):
    for number in range(12):
        app.group(f"g{number}", f"u{number}", f"u{number + 1}")


@pytest.mark.parametrize("goes", [lambda app: app.hidden.add("g0"), lambda app: app.groups.pop("g0")])
def test_a_group_that_one_pass_lost_leaves_memberships_open(app, pulled, goes):
    grouped(app)
    app.moving(3, lambda: goes(app), "/Groups")
    found = pulled(app, page_size=5)
    assert found.walk.state == "complete"
    assert found.entitlements.state == "incomplete"
    assert "1 groups came, and not in the pass that counts" in found.entitlements.reason
    assert any(note.startswith("groups: the walk was begun again: ") for note in found.notes)


def test_a_group_without_id_that_an_earlier_pass_brought_is_not_forgotten(app, pulled):
    grouped(app)
    app.groups["g5"] = {"schemas": [], "displayName": "nobody"}
    app.moving(3, lambda: app.groups.pop("g5"), "/Groups")
    found = pulled(app, page_size=5)
    assert found.entitlements.state == "incomplete"
    assert "1 rows have no id" in found.entitlements.reason


@pytest.mark.parametrize("at", [2, 3])
def test_a_group_that_one_page_by_cursor_showed_leaves_memberships_open(app, pulled, reply, at):
    grouped(app)
    by_cursor(app, reply)
    app.moving(at, lambda: app.hidden.add("g0"), "/Groups")
    found = pulled(app)
    assert found.facts["paging"] == "cursor"
    assert (found.walk.state, found.entitlements.state) == ("complete", "incomplete")
    assert "1 groups came, and not in the pass that counts" in found.entitlements.reason


def test_a_total_that_is_no_number_is_counter_evidence(app, pulled, reply, list_response):
    rows = list(app.users.values())
    for start in range(32):
        size = 2 if start == 0 else 10
        body = list_response(rows[max(start, 1) - 1 : max(start, 1) - 1 + size], -1)
        app.answers[f"/Users?startIndex={start}&count={size}?"] = reply(body)
    app.answers["/Users?startIndex=1&count=10"] = reply(list_response(rows[:10], -1))
    found = pulled(app)
    assert "totalResults is not a number" in found.walk.reason
