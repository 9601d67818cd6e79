"""Who is in which group, and what that proves, from hand-made groups: every step of the verdict and its words."""

from collections import Counter

import pytest

from scimaudit.sources import Walk
from scimaudit.sources.scim.columns import Grant, Group, Member, Page
from scimaudit.sources.scim.evidence import Check, Evidence, Plan
from scimaudit.sources.scim.groups import Groups, Memberships, _tail, grant_tables, resolve, verdict

IDS = dict.fromkeys(["u1", "u2", "u3"])
NAMES = {"ana@corp.example": "u1", "bo@corp.example": "u2"}
HELD = Check("passed", "held")


def listed(**members):
    """Groups that were walked without fault; a member is an id or a Member."""
    found = Evidence("index", ids=dict.fromkeys(members), totals=[len(members)], contiguity=HELD, end=HELD)
    rows = {
        name: [Member(value=each) if isinstance(each, str) else each for each in rows] for name, rows in members.items()
    }
    return Groups(found=found, display={name: name.upper() for name in members}, members=rows)


def of(groups):
    return resolve(groups, IDS, NAMES)


@pytest.mark.parametrize(("ref", "tail"), [("https://a/Users/uX/", "uX"), ("Xu", "Xu"), ("u//", "u"), ("", None)])
def test_the_end_of_an_address_is_what_it_names(ref, tail):
    assert _tail(ref) == tail


def test_plain_members_are_accounts():
    held = of(listed(g=["u1", "u2", "u1"], h=[], i=[Member("u3", type="User"), Member("u1", type="user")]))
    assert held.direct == {"g": {"u1": None, "u2": None}, "h": {}, "i": {"u3": None, "u1": None}}
    assert held.nested == {"g": (), "h": (), "i": ()}
    assert (held.unresolved, held.references) == ((), 4)


@pytest.mark.parametrize(
    "member",
    [
        Member("x", ref="https://app.example/Users/u1"),
        Member("x", ref="https://app.example/Users/u1/"),
        Member(ref="u1"),
        Member("ANA@corp.example"),
        Member("u1", type="Whatever"),
        Member("x", ref="https://app.example/Users/Ana@Corp.example"),
    ],
)
def test_an_account_is_found_by_id_by_the_end_of_its_ref_and_by_user_name(member):
    held = of(listed(g=[member]))
    assert held.direct == {"g": {"u1": None}}
    assert (held.unresolved, held.references) == ((), 1)


@pytest.mark.parametrize(
    "member",
    [
        Member("h", type="Group"),
        Member("h", type="GROUP"),
        Member("h", ref="https://app.example/Groups/h"),
        Member("x", ref="https://app.example/GROUPS/h"),
        Member("u1", ref="https://app.example/Groups/h"),
        Member("h"),
    ],
)
def test_a_group_is_found_by_its_type_its_ref_or_because_it_is_listed(member):
    groups = listed(g=[member], h=["u2"])
    held = of(groups)
    assert held.nested == {"g": ("h",), "h": ()}
    assert held.direct["g"] == {}
    assert (groups.problems, held.unresolved, held.references) == ([], (), 1)


def test_an_account_that_is_called_like_a_group_is_an_account():
    held = resolve(listed(u1=["u1"]), IDS, NAMES)
    assert (held.direct, held.nested) == ({"u1": {"u1": None}}, {"u1": ()})


def test_what_is_neither_is_unresolved_once_and_counted_each_time():
    held = of(listed(g=["ghost", "u1", Member("x", ref="…/y")], h=["ghost", Member()]))
    assert held.unresolved == ("ghost", "x", "y")
    assert held.references == 4
    assert held.direct == {"g": {"u1": None}, "h": {}}


@pytest.mark.parametrize(
    ("members", "by_name"),
    [
        (["u1", "ghost"], False),
        (["ana@corp.example", "u3"], True),
        ([Member("x", ref="…/bo@corp.example")], True),
        ([Member("ana@corp.example", ref="…/u1")], False),
    ],
)
def test_members_that_only_a_user_name_tells_are_known_to_be_so(members, by_name):
    assert of(listed(g=members, h=["u2", "ghost"])).by_id is not by_name


def test_where_nobody_is_found_by_an_id_nobody_knows_what_members_are_called_by():
    assert of(listed(g=["ghost"])).by_id is False


def test_a_nested_group_that_is_not_listed_is_a_problem_by_the_name_of_the_outer_one():
    groups = listed(g=[Member("ghost", type="group")])
    of(groups)
    assert groups.problems == ["the group nested in G is not listed"]
    groups = listed(g=[Member("ghost", ref=".../groups/ghost")])
    groups.display["g"] = None
    of(groups)
    assert groups.problems == ["the group nested in g is not listed"]


def test_a_group_that_does_not_say_has_nobody():
    groups = listed(g=[])
    groups.members["g"] = None
    assert of(groups) == Memberships({"g": {}}, {"g": ()}, (), 0)


def test_the_first_row_of_a_group_counts_unless_a_later_one_brings_its_members():
    groups = Groups()
    for row in (Group("g", "G", None), Group("g", "H", [Member("u1")]), Group("g", "I", [Member("u2")])):
        groups.took(Page(groups=[row]), 1, "", b"")
    assert groups.display == {"g": "G"}
    assert groups.members == {"g": [Member("u1")]}
    assert groups.knows(["g"])
    assert not groups.knows(["g", "h"])


def judged(groups, *of_users, dangling_known=True, **plan):
    return verdict(groups, of(groups), Plan(**plan), of_users, dangling_known=dangling_known)


def said(account, group, display=None, kind="direct"):
    return Grant(account, "groups", group, display, kind)


def test_members_that_were_walked_whole_are_complete():
    assert judged(listed(g=["u1"])) == Walk("complete", "groups: proven by W1, W2, W3")


def test_groups_that_were_not_listed_prove_nothing():
    absent = Walk("failed", "down")
    assert judged(Groups(absent=absent)) == absent
    assert judged(Groups()) == Walk("unprovable", "groups were not listed")


def test_a_walk_that_is_not_whole_is_told_as_it_is():
    groups = listed(g=["u1"])
    groups.found.faults.append("a gap")
    assert judged(groups) == Walk("incomplete", "groups: a gap")
    groups = listed(g=["u1"])
    groups.found.end = Check("not-available", "no end")
    assert judged(groups).state == "unprovable"
    assert judged(groups).reason.startswith("groups: W1 is missing")


def test_user_rows_that_agree_stand_in_for_a_total():
    groups = listed(g=["u1"])
    groups.found.totals = []
    assert judged(groups).state == "unprovable"
    assert judged(groups, said("u1", "g")) == Walk("complete", "groups: proven by W2, W3, W4")
    assert judged(groups, said("u2", "g")).state == "incomplete"


def test_problems_are_incomplete_and_each_is_told_once():
    groups = listed(g=["u1"])
    groups.problems += ["p", "q", "p"]
    assert judged(groups) == Walk("incomplete", "groups: p; q")


def test_no_member_anywhere_proves_nothing():
    assert judged(listed(g=[], h=[])).reason.startswith("no group shows a member")
    assert judged(listed(g=[], h=["u1"])).state == "complete"
    assert judged(listed(g=[])).state == "unprovable"


def test_members_that_cannot_be_read_prove_nothing():
    groups = listed(g=["u1"])
    groups.deviations = Counter({"members-unreadable": 1})
    assert judged(groups) == Walk("unprovable", "groups: some members cannot be read")


def test_members_that_are_nobody_prove_nothing_until_they_are_shown_not_to_exist():
    groups = listed(g=["u1", "ghost", "ghoul"])
    told = Walk("unprovable", "2 members of groups are no account that was listed")
    assert judged(groups, dangling_known=False) == told
    assert judged(groups).state == "complete"
    assert judged(listed(g=["u1"]), dangling_known=False).state == "complete"


def test_doubts_prove_nothing_unless_the_users_agree():
    groups = listed(g=["u1"])
    groups.doubts += ["d", "e", "d"]
    assert judged(groups) == Walk("unprovable", "groups: d; e")
    assert judged(groups, said("u1", "g")).state == "complete"


def test_what_users_say_and_groups_do_not_is_counted_by_group():
    groups = listed(g=["u1"], h=["u2"])
    told = [
        said("u2", "g"),
        said("u3", "g"),
        said("u1", "g"),
        said("u1", "x", "X"),
        said("u2", "x", "X"),
        said("u2", "y"),
    ]
    assert judged(groups, *told) == Walk(
        "incomplete",
        "groups: 2 users name G as their group, whose members do not include them; "
        "2 users name the group X, which is not listed; 1 users name the group y, which is not listed",
    )


def test_what_users_say_of_a_nested_group_agrees_at_any_depth():
    nested = {"g": [Member("h", type="Group")], "h": [Member("i", type="Group")], "i": ["u1"]}
    assert judged(listed(**nested), said("u1", "g", kind="indirect")).state == "complete"
    assert judged(listed(**nested), said("u2", "g", kind="indirect")).state == "incomplete"


def rows(groups, *of_users):
    tables = grant_tables("app", groups, of(groups), of_users)
    return [
        (row["account_id"], row["value"], row["display"], row["type"], row["via"])
        for table in tables
        for row in table.to_pylist()
    ]


def test_grants_are_told_once_whoever_knows_them():
    groups = listed(g=["u1", Member("h", type="Group")], h=["u2"])
    of_users = [
        said("u1", "g"),
        said("u2", "g", kind="indirect"),
        said("u3", "g", "Gee"),
        said("u3", "x", "X"),
        said("u1", "x", "X"),
    ]
    assert sorted(rows(groups, *of_users), key=repr) == [
        ("u1", "g", "G", "direct", None),
        ("u1", "x", "X", "direct", None),
        ("u2", "g", "G", "indirect", "H"),
        ("u2", "h", "H", "direct", None),
        ("u3", "g", "Gee", "direct", None),
        ("u3", "x", "X", "direct", None),
    ]
