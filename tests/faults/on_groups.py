"""Scenarios: groups and their members, witnesses, and scope."""

from __future__ import annotations

from tests.faults import paging, shapes
from tests.faults.compose import instead, only, rows, told
from tests.faults.directory import error
from tests.faults.on_paging import CAP, NO_SORT
from tests.faults.scenario import (
    BROKEN_OFF,
    COMPLETE,
    FAILED,
    INCOMPLETE,
    NOT_AVAILABLE,
    NOT_COMPLETE,
    NOT_FAILED,
    NOT_PASSED,
    PASSED,
    UNPROVABLE,
    Scenario,
)
from tests.faults.world import ENTERPRISE, World, group, refer_back, user, world_of

NOT_PROVEN = BROKEN_OFF | UNPROVABLE
SILENT = world_of(23, back_references=False)


def groups(name: str, catalogue: str, story: str, *behaviours: object, **more: object) -> Scenario:
    """A server whose groups deviate; the accounts are well."""
    return Scenario(name, catalogue, "groups", story, (CAP, *behaviours), **({"walk": COMPLETE} | more))


def _add_nested(world: World) -> None:
    outer = group(6, world.users[:2])
    outer["members"].append({"value": "group-02", "type": "Group"})
    world.groups.append(outer)
    refer_back(world)


def _add_cycle(world: World) -> None:
    _add_nested(world)
    world.groups[1]["members"].append({"value": "group-06", "type": "Group"})


def _add_dangling(world: World) -> None:
    world.groups[0]["members"].append({"value": "no-such-account", "type": "User"})


def _same_name(world: World) -> None:
    world.groups[1]["displayName"] = world.groups[0]["displayName"]
    refer_back(world)


def _large(world: World) -> None:
    world.groups.append(group(7, world.users))
    refer_back(world)


GROUPS = (
    groups(
        "members-missing-in-list",
        "M32",
        "the list of groups leaves members out; a GET by id has them",
        shapes.members(lambda _m: ..., single=False),
        entitlements=COMPLETE,
    ),
    groups(
        "members-missing-everywhere",
        "M32",
        "members is never sent, users do not name their groups",
        shapes.members(lambda _m: ...),
        world=SILENT,
        entitlements=NOT_PROVEN,
    ),
    groups(
        "members-always-empty",
        "L11",
        "members is always [], users do not name their groups",
        shapes.members(lambda _m: []),
        world=SILENT,
        entitlements=NOT_PROVEN,
    ),
    groups(
        "members-empty-against-users",
        "L11",
        "members is always [] although users name their groups",
        shapes.members(lambda _m: []),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "members-absent-when-empty",
        "L12",
        "an empty group has no members attribute",
        shapes.members(shapes.absent_when_empty),
        entitlements=COMPLETE | UNPROVABLE,
    ),
    groups(
        "members-null-when-empty",
        "L12",
        "an empty group has members null",
        shapes.members(lambda m: m or None),
        entitlements=COMPLETE | UNPROVABLE,
    ),
    groups(
        "members-capped",
        "M33",
        "members stops at 5; users name their groups",
        shapes.members(lambda m: m[:5]),
        entitlements=NOT_PROVEN,
        mentions=("member",),
    ),
    groups(
        "members-capped-at-hundred",
        "M33",
        "members stops at 100, users do not name their groups",
        shapes.members(lambda m: m[:100]),
        world=world_of(130, _large, lambda w: [one.pop("groups") for one in w.users]),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "members-capped-in-list",
        "M33",
        "members stops at 5 in the list; a GET by id has all",
        shapes.members(lambda m: m[:5], single=False),
        entitlements=COMPLETE | NOT_PROVEN,
    ),
    groups(
        "groups-500-with-members",
        "M34",
        "groups cannot be listed with their members; without them it works",
        shapes.too_many_members,
        entitlements=COMPLETE | NOT_PROVEN,
    ),
    groups(
        "members-by-user-name",
        "L10",
        "members are named by userName instead of id",
        shapes.members_by_user_name,
        entitlements=COMPLETE | UNPROVABLE,
    ),
    groups("exclusion-ignored", "L13", "excludedAttributes is ignored", shapes.keep_members, entitlements=COMPLETE),
    groups(
        "dangling-member",
        "L14",
        "a group names an account that does not exist",
        world=world_of(23, _add_dangling),
        entitlements=COMPLETE | UNPROVABLE,
        witnesses={"W4": NOT_FAILED},
    ),
    groups(
        "dangling-member-400",
        "M40 L14",
        "the same, and an unknown id is answered by 400",
        shapes.unknown_id(400),
        world=world_of(23, _add_dangling),
        entitlements=COMPLETE | UNPROVABLE,
        walk=COMPLETE | NOT_COMPLETE,
    ),
    groups(
        "nested-group", "L14", "a group is a member of another", world=world_of(23, _add_nested), entitlements=COMPLETE
    ),
    groups(
        "cyclic-groups",
        "L14",
        "two groups are members of each other",
        world=world_of(23, _add_cycle),
        entitlements=COMPLETE,
    ),
    groups(
        "same-display-name",
        "L14",
        "two groups have one displayName",
        world=world_of(23, _same_name),
        entitlements=COMPLETE,
    ),
    groups(
        "groups-forbidden",
        "L21",
        "the token may read accounts and not groups",
        instead(lambda _r: error(403, "the scope groups.read is missing"), "Groups"),
        entitlements=NOT_PROVEN,
        mentions=("group",),
    ),
    groups("groups-absent", "L17", "there is no /Groups", shapes.without("/Groups"), entitlements=NOT_PROVEN),
    groups(
        "groups-fail",
        "M34",
        "/Groups is always 500",
        instead(lambda _r: error(500, "too large"), "Groups"),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "groups-paging-501",
        "L25",
        "/Groups refuses paging with 501",
        paging.refuse(
            lambda r: r.path == "/Groups" and "startIndex" in r.query, error(501, "Pagination is not supported")
        ),
        entitlements=COMPLETE | NOT_PROVEN,
    ),
    groups(
        "groups-row-dropped",
        "M11",
        "a group is missing from the list and counted",
        told(lambda _r, b: b | {"Resources": b["Resources"][:-1]}, "Groups"),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "groups-empty-object",
        "M25",
        "/Groups is 200 with {}",
        only("Groups", told(lambda _r, _b: {}, None)),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "no-groups",
        "L12",
        "a true list of no groups, users name none",
        world=lambda: World(SILENT().users, []),
        entitlements=COMPLETE | UNPROVABLE,
    ),
    groups(
        "no-groups-against-users",
        "L11",
        "an empty list of groups although users name theirs",
        told(lambda _r, b: b | {"Resources": [], "totalResults": 0}, "Groups"),
        entitlements=NOT_PROVEN,
    ),
)


def witness(name: str, catalogue: str, story: str, *behaviours: object, **more: object) -> Scenario:
    """A server that lies in a way only a witness sees."""
    return Scenario(name, catalogue, "witnesses", story, (CAP, *behaviours), **({"walk": INCOMPLETE} | more))


def _hide(*numbers: int) -> object:
    """Accounts of no group and no telling place that no list shows."""

    def change(world: World) -> None:
        for number in numbers:
            world.users.append(user(number))
            world.unlisted.add(f"id-{number:04d}")

    return change


def _hide_a_member(world: World) -> None:
    _hide(90)(world)
    world.groups[0]["members"].append({"value": "id-0090", "type": "User"})


def _hide_a_manager(world: World) -> None:
    _hide(91)(world)
    world.users[4][ENTERPRISE]["manager"] = {"value": "id-0091"}


def hidden_leaver(_world: World) -> tuple[str, ...]:
    """A leaver whose account no list shows."""
    return ("user0092@corp.example",)


def gone_leaver(_world: World) -> tuple[str, ...]:
    """A leaver without any account."""
    return ("long.gone@corp.example",)


def known_and_gone(world: World) -> tuple[str, ...]:
    """A person with a listed account, and a leaver without one."""
    return (world.users[0]["userName"], "long.gone@corp.example")


def _case_leaver(_world: World) -> tuple[str, ...]:
    return ("USER0092@corp.example",)


WITNESSES = (
    witness(
        "hidden-member",
        "M11",
        "an account is in no list, yet a group names it and a GET gives it",
        world=world_of(23, _hide_a_member),
        witnesses={"W4": FAILED},
    ),
    witness(
        "hidden-manager",
        "M11",
        "an account is in no list, yet it is somebody's manager",
        world=world_of(23, _hide_a_manager),
        witnesses={"W4": FAILED},
    ),
    witness(
        "hidden-leaver",
        "M11",
        "a leaver's account is in no list, yet a filter finds it",
        world=world_of(23, _hide(92)),
        people=hidden_leaver,
        witnesses={"W5": FAILED},
    ),
    witness(
        "hidden-leaver-other-case",
        "L9",
        "the same, and the roster spells the name in capitals",
        world=world_of(23, _hide(92)),
        people=_case_leaver,
        witnesses={"W5": FAILED},
    ),
    witness(
        "remembered-account",
        "M11",
        "an account of the last listing is in no list, yet a GET gives it",
        world=world_of(23, _hide(93)),
        remembered=lambda _w: ("id-0093",),
        witnesses={"W6": FAILED},
    ),
    witness(
        "deleted-since",
        "M11",
        "an account of the last listing is truly gone",
        remembered=lambda _w: ("id-0093", "id-0001"),
        walk=COMPLETE,
        witnesses={"W6": PASSED},
    ),
    witness(
        "deleted-since-400",
        "M40",
        "the same, and an unknown id is answered by 400",
        shapes.unknown_id(400),
        remembered=lambda _w: ("id-0093",),
        walk=COMPLETE | NOT_COMPLETE,
        witnesses={"W6": NOT_FAILED},
    ),
    witness(
        "leaver-without-account",
        "M26",
        "a leaver has no account, and the filter says so",
        people=known_and_gone,
        walk=COMPLETE,
        witnesses={"W5": PASSED},
    ),
    witness(
        "filter-always-empty",
        "M26",
        "every filter finds nothing, 200",
        shapes.filter_answers(shapes.nothing_found),
        people=known_and_gone,
        walk=COMPLETE,
        witnesses={"W5": NOT_AVAILABLE},
    ),
    witness(
        "filter-ignored",
        "L8",
        "every filter is ignored, everyone comes back",
        shapes.when_filtered(lambda r: r.asking(filter=None)),
        people=known_and_gone,
        walk=COMPLETE,
        witnesses={"W5": NOT_AVAILABLE},
    ),
    witness(
        "filter-always-empty-hides",
        "M26",
        "a hidden leaver, and every filter finds nothing; a group names the account",
        shapes.filter_answers(shapes.nothing_found),
        world=world_of(23, _hide_a_member),
        people=lambda _w: ("user0090@corp.example",),
        witnesses={"W5": NOT_PASSED, "W4": FAILED},
    ),
    witness(
        "filter-refused",
        "L9",
        "every filter is refused",
        paging.refuse(shapes.is_filtered, error(400, "no", "invalidFilter")),
        people=known_and_gone,
        walk=COMPLETE,
        witnesses={"W5": NOT_AVAILABLE},
    ),
    witness(
        "filter-fails",
        "L9",
        "every filter is a 500",
        paging.refuse(shapes.is_filtered, error(500, "broken")),
        people=known_and_gone,
        walk=COMPLETE,
        witnesses={"W5": NOT_AVAILABLE},
    ),
    witness(
        "filter-miss-404",
        "M39",
        "404 where a filter finds nothing",
        shapes.found_nothing_is_404,
        people=known_and_gone,
        walk=COMPLETE | NOT_COMPLETE,
        witnesses={"W5": NOT_FAILED},
    ),
    witness(
        "filter-exact-case",
        "L9",
        "userName is compared case-exactly",
        shapes.filters_exactly,
        people=known_and_gone,
        walk=COMPLETE,
    ),
    witness(
        "detail-richer",
        "M41",
        "a GET by id has roles and entitlements that the list lacks",
        rows(shapes.richer_detail, listed=False),
        walk=COMPLETE | INCOMPLETE,
        witnesses={"W9": FAILED},
        mentions=("roles|entitlements",),
    ),
    witness(
        "detail-forbidden",
        "M41",
        "a GET by id is 403",
        shapes.without("/Users/", status=403),
        walk=COMPLETE,
        witnesses={"W9": NOT_AVAILABLE},
    ),
    witness("quick", "", "a well-behaved server, second passes and probes skipped", quick=True, walk=UNPROVABLE),
    witness(
        "no-sort-two-passes", "M14", "a stable order that nobody promises: two passes agree", *NO_SORT, walk=COMPLETE
    ),
)


def hidden_by_hand(world: World) -> None:
    """Three accounts made by hand that SCIM never shows."""
    world.beyond += [user(number) for number in (201, 202, 203)]


SCOPES = (
    Scenario(
        "hand-made-unknown",
        "L22",
        "scope",
        "three accounts made by hand are never shown, and nothing is known of the server",
        (CAP,),
        world_of(23, hidden_by_hand),
        walk=COMPLETE,
        scope=frozenset({"unknown"}),
    ),
)
