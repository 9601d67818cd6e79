import orjson
import pytest

from scimaudit.errors import AuthenticationFailed, Incomplete, Unavailable
from scimaudit.transport import ServerError


@pytest.fixture
def grants(sink):
    """Every grant handed over: account, group, type, via."""

    def find():
        return {(row["account_id"], row["value"], row["type"], row["via"]) for row in sink.table("grants")}

    return find


def test_members_become_grants(app, pulled, grants, sink):
    app.group("g", "u1", "u2")
    assert pulled(app).entitlements.state == "complete"
    assert grants() == {("u1", "g", "direct", None), ("u2", "g", "direct", None)}
    assert {row["display"] for row in sink.table("grants")} == {"G"}


def test_nested_groups_become_indirect_grants(app, pulled, grants):
    app.group("outer", "u0", {"value": "inner", "type": "Group"})
    app.group("inner", "u1", "deep")
    app.group("deep", "u2", "u0")
    assert pulled(app).entitlements.state == "complete"
    assert grants() == {
        ("u0", "outer", "direct", None),
        ("u1", "outer", "indirect", "INNER"),
        ("u2", "outer", "indirect", "DEEP"),
        ("u1", "inner", "direct", None),
        ("u2", "inner", "indirect", "DEEP"),
        ("u0", "inner", "indirect", "DEEP"),
        ("u2", "deep", "direct", None),
        ("u0", "deep", "direct", None),
    }


def test_a_cycle_of_groups_ends(app, pulled, grants):
    app.group("a", "u1", {"value": "b", "type": "Group"})
    app.group("b", "u2", {"value": "a", "$ref": "https://app.example/Groups/a"})
    pulled(app)
    assert grants() == {
        ("u1", "a", "direct", None),
        ("u2", "a", "indirect", "B"),
        ("u2", "b", "direct", None),
        ("u1", "b", "indirect", "A"),
    }


def test_a_group_inside_itself(app, pulled, grants):
    app.group("a", "u1", {"value": "a", "type": "Group"})
    pulled(app)
    assert grants() == {("u1", "a", "direct", None)}


def test_a_nested_group_that_is_not_listed(app, pulled):
    app.group("a", "u1", {"value": "ghost", "type": "Group"})
    found = pulled(app)
    assert found.entitlements.state == "incomplete"
    assert "not listed" in found.entitlements.reason


def test_members_named_by_ref_or_user_name(app, pulled, grants):
    app.group("g", {"value": "?", "$ref": "https://app.example/Users/u1"}, "USER2@corp.example", {"$ref": ".../u3"})
    assert pulled(app).entitlements.state == "complete"
    assert {account for account, *_ in grants()} == {"u1", "u2", "u3"}


def test_a_user_name_of_two_accounts_is_nobody(app, pulled, grants):
    app.users["u2"]["userName"] = app.users["u1"]["userName"]
    app.group("g", "user1@corp.example", "u3")
    pulled(app)
    assert {account for account, *_ in grants()} == {"u3"}


def test_dangling_members_do_not_matter_once_shown_to_dangle(app, pulled):
    app.group("g", "u1", "ghost")
    assert pulled(app).entitlements.state == "complete"


def test_dangling_members_that_may_exist_are_unprovable(app, pulled, reply):
    app.group("g", "u1", "ghost")
    app.answers["/Users/ghost"] = reply({}, 418)
    assert pulled(app).entitlements.state == "unprovable"


def test_groups_that_all_lack_members_are_read_one_by_one(app, pulled, grants):
    app.group("g", "u1")
    app.group("h", "u2")
    lists = app.get
    app.get = lambda target, params=None: lists(
        target, {**(params or {}), "excludedAttributes": "members"} if target == "/Groups" else params
    )
    assert pulled(app).entitlements.state == "complete"
    assert {(account, group) for account, group, *_ in grants()} == {("u1", "g"), ("u2", "h")}


def test_an_absent_members_is_an_empty_group_where_others_have_some(app, pulled):
    app.group("g", "u1")
    for number in range(7):
        app.group(f"empty{number}")
        del app.groups[f"empty{number}"]["members"]
    assert pulled(app).entitlements.state == "complete"
    assert sum(text.startswith("/Groups/") for text in app.asked) == 3


def test_an_absent_members_that_get_shows_is_followed_up(app, pulled, grants):
    for name in ("a", "b", "c", "d", "e"):
        app.group(name, "u1")
    app.change = lambda row: row if row["id"] in ("a", *app.users) else {**row, "members": None}
    assert pulled(app).entitlements.state == "complete"
    assert len(grants()) == 5


def test_no_member_anywhere_is_unprovable(app, pulled):
    app.group("g")
    assert pulled(app).entitlements.state == "unprovable"


def test_no_groups_are_unprovable(app, pulled):
    assert pulled(app).entitlements.state == "unprovable"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (AuthenticationFailed("403"), "failed"),
        (Unavailable("down"), "failed"),
        (ServerError("500", status=500), "failed"),
    ],
)
def test_groups_that_cannot_be_read_leave_the_accounts(app, pulled, error, state):
    app.answers["/Groups"] = error
    found = pulled(app)
    assert (found.parsed, found.walk.state, found.entitlements.state) == (30, "complete", state)


@pytest.mark.parametrize("status", [404, 501])
def test_an_app_without_groups(app, pulled, reply, status):
    app.answers["/Groups"] = reply({}, status)
    assert pulled(app).entitlements.state == "unprovable"


def test_a_profile_without_groups_is_not_asked(app, pulled):
    found = pulled(app, facts={"groups": {"endpoint": False}})
    assert found.entitlements.state == "unprovable"
    assert not any(text.startswith("/Groups") for text in app.asked)


@pytest.mark.parametrize("error", [ServerError("500", status=500), Incomplete("the body passes 10 bytes")])
def test_groups_too_large_are_listed_lean_and_read_alone(app, pulled, grants, error):
    app.group("g", "u1")
    app.group("h", "u2")
    app.answers["/Groups?startIndex=1&count=10?"] = error
    lists = app.get

    def get(target, params=None):
        if target == "/Groups" and "excludedAttributes" not in (params or {}):
            raise error
        return lists(target, params)

    app.get = get
    found = pulled(app)
    assert found.entitlements.state == "complete"
    assert {(account, group) for account, group, *_ in grants()} == {("u1", "g"), ("u2", "h")}
    assert any("one-by-one" in note for note in found.notes)


def test_a_group_that_cannot_be_read_alone_is_incomplete(app, pulled, reply):
    app.group("g", "u1")
    app.change = lambda row: {**row, "members": None} if row["id"] == "g" else row
    for answer in (Unavailable("down"), Incomplete("budget"), reply({}, 404), reply({"id": "other"})):
        app.answers["/Groups/g"] = answer
        assert pulled(app).entitlements.state == "incomplete"


def test_members_by_get_only(app, pulled, grants):
    app.group("g", "u1")
    found = pulled(app, facts={"groups": {"members": "get_only", "exclude_members": True}})
    assert found.entitlements.state == "complete"
    assert any("excludedAttributes=members" in text for text in app.asked)
    assert len(grants()) == 1


def test_members_known_to_be_capped(app, pulled):
    app.group("g", "u1", "u2")
    facts = {"groups": {"members": "capped", "max_inline": 2}}
    assert pulled(app, facts=facts).entitlements.state == "incomplete"


def test_members_known_not_to_be_shown(app, pulled):
    app.group("g", "u1")
    assert pulled(app, facts={"groups": {"members": "none"}}).entitlements.state == "incomplete"


def test_a_round_number_of_members_may_be_a_limit(apps, pulled):
    app = apps(120)
    app.group("g", *list(app.users)[:100])
    assert pulled(app, page_size=70).entitlements.state == "unprovable"


def test_what_users_say_is_added_once(app, pulled, grants):
    app.group("g", "u1")
    app.users["u1"]["groups"] = [{"value": "g", "display": "G"}]
    assert pulled(app).entitlements.state == "complete"
    assert grants() == {("u1", "g", "direct", None)}


def test_what_users_say_and_groups_do_not_is_incomplete(app, pulled, grants):
    app.group("g", "u1")
    app.users["u2"]["groups"] = [{"value": "g"}]
    found = pulled(app)
    assert found.entitlements.state == "incomplete"
    assert ("u2", "g", "direct", None) in grants()


def test_a_group_only_users_know_is_incomplete(app, pulled):
    app.group("g", "u1")
    app.users["u2"]["groups"] = [{"value": "secret"}]
    assert "not listed" in pulled(app).entitlements.reason


def test_an_indirect_membership_users_tell_of_agrees(app, pulled, grants):
    app.group("outer", {"value": "inner", "type": "Group"})
    app.group("inner", "u1")
    app.users["u1"]["groups"] = [{"value": "outer", "type": "indirect"}]
    assert pulled(app).entitlements.state == "complete"
    assert grants() == {("u1", "inner", "direct", None), ("u1", "outer", "indirect", "INNER")}


def test_roles_of_user_rows_become_grants(app, pulled, sink):
    app.users["u1"]["roles"] = [{"value": "admin", "display": "Admin"}]
    pulled(app)
    assert [(row["attribute"], row["value"]) for row in sink.table("grants")] == [("roles", "admin")]


def test_accounts_that_are_incomplete_leave_entitlements_unproven(app, pulled):
    app.group("g", "u1")
    app.hidden.add("u2")
    found = pulled(app, canaries=[("u2", None, "scim")])
    assert (found.walk.state, found.entitlements.state) == ("incomplete", "unprovable")


def test_large_memberships_come_in_batches(app, pulled, sink, monkeypatch):
    monkeypatch.setattr("scimaudit.sources._memberships.BATCH", 4)
    app.group("g", *list(app.users)[:10])
    pulled(app)
    assert [table.num_rows for table in sink.tables["grants"]] == [4, 4, 2]


def test_a_round_number_of_members_that_the_users_confirm(apps, pulled):
    app = apps(120)
    app.group("g", *list(app.users)[:100])
    for name in list(app.users)[:100]:
        app.users[name]["groups"] = [{"value": "g"}]
    assert pulled(app, page_size=70).entitlements.state == "complete"


def test_a_profile_that_caps_members_is_believed_at_the_cap_and_not_below(app, pulled):
    app.group("g", "u1", "u2")
    app.group("h", "u1")
    capped = {"groups": {"members": "capped", "max_inline": 2}}
    assert "G lists as many members as the server ever shows" in pulled(app, facts=capped).entitlements.reason
    capped["groups"]["max_inline"] = 3
    assert pulled(app, facts=capped).entitlements.state == "complete"


def test_what_makes_groups_incomplete_is_said_by_their_names(app, pulled, reply):
    app.group("g", "u1")
    app.group("h", "u1")
    app.change = lambda row: {**row, "members": None} if row["id"] == "g" else row
    app.answers["/Groups/g"] = Unavailable("down")
    assert pulled(app).entitlements.reason == "groups: members of G: down"
    app.answers["/Groups/g"] = reply({"id": "other"})
    assert pulled(app).entitlements.reason == "groups: members of G: another resource came"
    app.answers.clear()
    reason = pulled(app, facts={"groups": {"members": "none"}}).entitlements.reason
    assert reason == "groups: the profile says that members are not shown"


def test_a_budget_that_ran_out_ends_reading_groups_alone(app, pulled):
    for name in ("a", "b", "c"):
        app.group(name, "u1")
    app.change = lambda row: {**row, "members": None} if row["id"] in "abc" else row
    app.answers["/Groups/a"] = Incomplete("budget")
    assert pulled(app).entitlements.reason == "groups: members of A: budget"
    assert not any(text.startswith(("/Groups/b", "/Groups/c")) for text in app.asked)


@pytest.mark.parametrize(
    ("status", "state"), [(404, "unprovable"), (501, "unprovable"), (403, "failed"), (418, "failed")]
)
def test_groups_that_are_refused_are_missing_or_failed(app, pulled, reply, status, state):
    app.answers["/Groups"] = reply({}, status)
    found = pulled(app).entitlements
    assert found.state == state
    assert found.reason.startswith("groups: ")


@pytest.mark.parametrize(("status", "lean"), [(413, True), (404, False), (403, False)])
def test_a_page_that_is_too_large_is_asked_for_without_members(app, pulled, reply, status, lean):
    app.group("g", "u1")
    app.answers["/Groups?startIndex"] = reply({}, status)
    assert pulled(app).entitlements.state != "complete"
    assert any("excludedAttributes=members" in text for text in app.asked) is lean


def test_a_page_that_is_refused_in_the_middle_is_asked_for_without_members(app, pulled, reply):
    for number in range(30):
        app.group(f"g{number}", "u1")
    app.answers["/Groups?startIndex=10&count=10?"] = reply({}, 400)
    app.answers["/Groups?startIndex=10&count=10"] = reply({}, 400)
    pulled(app)
    assert any("excludedAttributes=members" in text for text in app.asked)


def test_a_probe_that_is_refused_is_no_page_too_large(app, pulled, reply):
    for number in range(30):
        app.group(f"g{number}", "u1")
    app.answers["/Groups?startIndex=0"] = reply({}, 400)
    assert pulled(app).entitlements.state == "complete"
    assert not any("excludedAttributes" in text for text in app.asked)


def loses_one_without_members(app, reply):
    """A page with members is too large, and the listing without them lacks ``g0``."""
    lists = app.get

    def get(target, params=None):
        if target == "/Groups" and params:
            if params.get("startIndex") == "10" and "excludedAttributes" not in params:
                return reply({}, 413), 0
            if "excludedAttributes" in params:
                app.hidden.add("g0")
        return lists(target, params)

    app.get = get


def test_a_group_that_only_the_listing_with_members_had_is_not_forgotten(app, pulled, reply):
    for number in range(30):
        app.group(f"g{number}", "u1")
    loses_one_without_members(app, reply)
    found = pulled(app).entitlements
    assert found.state == "incomplete"
    assert "1 groups were listed with their members, and not without" in found.reason


@pytest.mark.parametrize("odd", [[{"value": "u3"}, {"display": "someone"}], {"a": 1}])
def test_members_that_cannot_be_read_of_a_group_that_is_read_alone(app, pulled, odd):
    app.group("g", "u1")
    app.group("h", *())
    app.groups["h"]["members"] = odd
    found = pulled(app, facts={"groups": {"members": "get_only", "exclude_members": True}}).entitlements
    assert (found.state, found.reason) == ("unprovable", "groups: some members cannot be read")


def test_a_total_of_groups_that_is_no_number_is_counter_evidence(app, pulled, reply, list_response):
    for number in range(30):
        app.group(f"g{number}", "u1")
    lists = app.get

    def get(target, params=None):
        answer, number = lists(target, params)
        if target == "/Groups" and params and params.get("startIndex") not in {"0", "1"}:
            body = orjson.loads(answer.body) | {"totalResults": "many"}
            return reply(body), number
        return answer, number

    app.get = get
    found = pulled(app).entitlements
    assert found.state == "incomplete"
    assert "totalResults is not a number" in found.reason


@pytest.mark.parametrize(
    ("facts", "lean"),
    [
        ({"members": "get_only", "exclude_members": True}, True),
        ({"members": "get_only", "exclude_members": False}, False),
        ({"exclude_members": True}, False),
    ],
)
def test_members_are_left_out_only_where_the_profile_says_both(app, pulled, facts, lean):
    app.group("g", "u1")
    pulled(app, facts={"groups": facts})
    assert any("excludedAttributes" in text for text in app.asked) is lean


def test_a_profile_without_groups_says_why(app, pulled):
    found = pulled(app, facts={"groups": {"endpoint": False}}).entitlements
    assert (found.state, found.reason) == ("unprovable", "the profile says that there is no /Groups")


def test_grants_name_the_attribute_they_are_of(app, pulled, sink):
    app.group("g", "u1")
    pulled(app)
    assert {row["attribute"] for row in sink.table("grants")} == {"groups"}


def test_a_group_that_fails_alone_leaves_the_members_of_the_others(app, pulled, grants, reply):
    for name in ("a", "b", "c"):
        app.group(name, "u1")
    app.answers["/Groups/a"] = Unavailable("down")
    found = pulled(app, facts={"groups": {"members": "get_only", "exclude_members": True}}).entitlements
    assert (found.state, found.reason) == ("incomplete", "groups: members of A: down")
    assert {group for _, group, *_ in grants()} == {"b", "c"}


def test_groups_too_large_are_told_once(app, pulled, reply):
    app.group("g", "u1")
    lists = app.get

    def get(target, params=None):
        if target == "/Groups" and "excludedAttributes" not in (params or {}):
            return reply({}, 413), 0
        return lists(target, params)

    app.get = get
    assert [note for note in pulled(app).notes if "one-by-one" in note] == ["groups-read-one-by-one: 1 times"]


def test_rows_without_an_id_of_the_listing_with_members_are_not_forgotten(app, pulled, reply, list_response):
    for number in range(30):
        app.group(f"g{number}", "u1")
    lists = app.get

    def get(target, params=None):
        if target == "/Groups" and params and "excludedAttributes" not in params:
            if params.get("startIndex") == "10":
                return reply({}, 413), 0
            answer, number = lists(target, params)
            body = orjson.loads(answer.body)
            body["Resources"][0].pop("id")
            return reply(body), number
        return lists(target, params)

    app.get = get
    found = pulled(app).entitlements
    assert found.state == "incomplete"
    assert "1 rows without a usable id came" in found.reason


def test_what_a_larger_listing_lost_is_not_hidden_by_a_limit_of_members(app, pulled, reply):
    for number in range(30):
        app.group(f"g{number}", "u1", "u2")
    loses_one_without_members(app, reply)
    found = pulled(app, facts={"groups": {"members": "capped", "max_inline": 2}}).entitlements
    assert "1 groups were listed with their members, and not without" in found.reason


def test_a_nested_group_among_accounts_hides_none_of_them(app, pulled, grants):
    app.group("outer", {"value": "inner", "type": "Group"}, "u1")
    app.group("inner", "u2")
    pulled(app)
    assert ("u1", "outer", "direct", None) in grants()


@pytest.mark.parametrize(
    ("facts", "shown"),
    [({}, None), ({"members": "get_only"}, "e"), ({"members": "get_only", "exclude_members": True}, None)],
)
def test_where_no_group_need_show_its_members_each_is_read_alone(app, pulled, grants, facts, shown):
    """Three that are empty do not stand for the fourth."""
    for name in ("a", "b", "c"):
        app.group(name)
    app.group("d", "u1")
    app.group("e", "u2")
    app.change = lambda row: row if row["id"] == shown or row["id"] in app.users else {**row, "members": None}
    assert pulled(app, facts={"groups": facts}).entitlements.state == "complete"
    assert {group for _, group, *_ in grants()} == {"d", "e"}


def test_a_row_without_an_id_that_a_probe_showed_is_not_forgotten(app, pulled, reply):
    for number in range(30):
        app.group(f"g{number}", "u1")
    lists = app.get

    def get(target, params=None):
        answer, number = lists(target, params)
        if target == "/Groups" and params and params.get("startIndex") == "0":
            body = orjson.loads(answer.body)
            body["Resources"][1].pop("id")
            return reply(body), number
        return answer, number

    app.get = get
    found = pulled(app).entitlements
    assert (found.state, "1 rows without a usable id came before" in found.reason) == ("incomplete", True)


def test_a_nested_group_that_is_called_as_an_account_is_no_account(app, pulled, grants):
    app.group("g", {"value": "u1", "type": "Group"})
    found = pulled(app).entitlements
    assert (found.state, "the group nested in G is not listed" in found.reason) == ("incomplete", True)
    assert grants() == set()
