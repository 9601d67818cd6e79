"""Scenarios: groups and their members."""

from __future__ import annotations

from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, instead, only, rows, told
from tests.faults.directory import error
from tests.faults.scenario import (
    BROKEN_OFF,
    COMPLETE,
    FAILED,
    INCOMPLETE,
    NOT_COMPLETE,
    NOT_FAILED,
    UNPROVABLE,
    Scenario,
)
from tests.faults.well_behaved import CAP
from tests.faults.world import Resource, World, group, refer_back, world_of

NOT_PROVEN = BROKEN_OFF | UNPROVABLE
SILENT = world_of(23, back_references=False)


def groups(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
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


def _no_id(row: Resource) -> Resource:
    return {name: value for name, value in row.items() if name != "id"}


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
    groups(
        "members-as-strings",
        "L10",
        "members is a list of bare ids",
        shapes.members(lambda found: [member["value"] for member in found]),
        entitlements=COMPLETE | UNPROVABLE,
    ),
    groups(
        "members-by-reference",
        "L10",
        "members carry $ref alone",
        shapes.members(lambda found: [{"$ref": f"https://app.example/scim/v2/Users/{m['value']}"} for m in found]),
        entitlements=COMPLETE | UNPROVABLE,
    ),
    groups(
        "members-unreadable",
        "M31",
        "members is a number",
        shapes.members(lambda _found: 7),
        entitlements=NOT_PROVEN,
        world=SILENT,
    ),
    groups(
        "members-partly-unreadable",
        "M31",
        "one member in each group is null, another has no value",
        shapes.members(lambda found: [None, {"display": "somebody"}, *found[2:]]),
        entitlements=NOT_PROVEN,
        world=SILENT,
    ),
    groups(
        "group-without-id",
        "M31",
        "one group has no id",
        told(lambda _r, b: b | {"Resources": [*map(_no_id, b["Resources"][:1]), *b["Resources"][1:]]}, "Groups"),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "group-twice",
        "M5",
        "one group stands twice, the second time without its members",
        told(
            lambda _r, b: b | {"Resources": b["Resources"] + [row | {"members": []} for row in b["Resources"][:1]]},
            "Groups",
        ),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "roles-in-detail-only",
        "M41",
        "roles and entitlements of accounts come with a GET by id alone",
        rows(shapes.richer_detail, listed=False),
        walk=COMPLETE | INCOMPLETE,
        entitlements=NOT_PROVEN,
        witnesses={"W9": FAILED},
    ),
    groups(
        "roles-unreadable",
        "M31",
        "roles of accounts is a number",
        rows(lambda row: row | {"roles": 7}),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "entitlements-partly-unreadable",
        "M31",
        "one of each account's entitlements is a list",
        rows(lambda row: row | {"entitlements": [{"value": "basic"}, ["licence-pro"]]}),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "user-groups-unreadable",
        "M31",
        "User.groups is a number, and there is no /Groups",
        rows(lambda row: row | {"groups": 7}),
        shapes.without("/Groups"),
        entitlements=NOT_PROVEN,
    ),
    groups(
        "members-key-twice",
        "L19",
        "members stands twice in a group, the second time empty",
        shapes.text(lambda b: b.replace(b'"members": [{', b'"members": [], "members": [{', 1), resource="Groups"),
        world=SILENT,
    ),
    groups(
        "members-key-twice-in-case",
        "M24",
        "members is full and Members is empty",
        rows(lambda row: row | {"Members": []}, "Groups"),
        world=SILENT,
        entitlements=NOT_PROVEN,
    ),
)
