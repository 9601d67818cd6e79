"""The truth: the accounts and groups an app has, against which every listing is measured."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Resource = dict[str, Any]

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass
class World:
    """An app's true accounts and groups.

    :param users: every account that ``GET /Users`` can give.
    :param beyond: accounts the app has and never shows over SCIM (made by hand).
    :param groups: every group, with its true and whole ``members``.
    :param gone: accounts that were deleted while the world was looked at; groups may still name them.
    :param unlisted: ids that no list shows although ``GET`` by id or a filter does.
    """

    users: list[Resource]
    groups: list[Resource]
    beyond: list[Resource] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    gone: list[Resource] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        """The ids a complete walk must bring: every account that is visible over SCIM in any way."""
        return {user["id"] for user in self.users}

    @property
    def active(self) -> dict[str, bool]:
        """Whether each account can in truth be used."""
        return {user["id"]: user["active"] for user in self.users}

    @property
    def emails(self) -> dict[str, set[str]]:
        """The true addresses of each account."""
        return {user["id"]: {mail["value"] for mail in user.get("emails", ())} for user in self.users}

    @property
    def grants(self) -> set[tuple[str, str]]:
        """Who is, or was until lately, a direct member of what: account id and group id."""
        ever = self.ids | {user["id"] for user in self.gone}
        return {
            (member["value"], group["id"])
            for group in self.groups
            for member in group["members"]
            if member["value"] in ever
        }


def user(number: int, *, active: bool = True) -> Resource:
    """One account, recognisable by its number."""
    return {
        "schemas": [USER_SCHEMA, ENTERPRISE],
        "id": f"id-{number:04d}",
        "externalId": f"E{number:05d}",
        "userName": f"user{number:04d}@corp.example",
        "name": {"givenName": f"Given{number}", "familyName": f"Family{number}"},
        "displayName": f"Given{number} Family{number}",
        "emails": [{"value": f"user{number:04d}@corp.example", "type": "work", "primary": True}],
        "active": active,
        ENTERPRISE: {"employeeNumber": f"{number:05d}", "department": "Sales"},
        "meta": {"resourceType": "User", "created": "2024-05-01T08:00:00Z", "lastModified": "2026-01-01T08:00:00Z"},
    }


def group(number: int, members: list[Resource]) -> Resource:
    """One group with the accounts given as direct members."""
    return {
        "schemas": [GROUP_SCHEMA],
        "id": f"group-{number:02d}",
        "displayName": f"Group {number}",
        "members": [{"value": member["id"], "display": member["displayName"], "type": "User"} for member in members],
        "meta": {"resourceType": "Group"},
    }


def make(size: int = 23, *, back_references: bool = True, seed: int = 1) -> World:
    """``size`` accounts in no telling order, every tenth inactive, and five groups, one of them empty.

    :param back_references: fill ``User.groups`` as RFC 7643 section 4.1.2 has it.
    """
    chance = random.Random(seed)
    numbers = list(range(1, size + 1))
    chance.shuffle(numbers)
    users = [user(number, active=number % 10 != 7) for number in numbers]
    groups = [group(number, chance.sample(users, min(size, 3 + 2 * number))) for number in range(1, 5)]
    groups.append(group(5, []))
    world = World(users, groups)
    if back_references:
        refer_back(world)
    return world


def refer_back(world: World) -> None:
    """Fill ``User.groups`` from the groups' members."""
    for one in world.users:
        held = [group for group in world.groups if (one["id"], group["id"]) in world.grants]
        one["groups"] = [{"value": group["id"], "display": group["displayName"], "type": "direct"} for group in held]


def world_of(size: int = 23, *changes: Callable[[World], None], back_references: bool = True) -> Callable[[], World]:
    """A maker of fresh worlds, each changed by ``changes``: scenarios must not share one."""

    def build() -> World:
        world = make(size, back_references=back_references)
        for change in changes:
            change(world)
        return world

    return build


def snapshot_of(resources: list[Resource]) -> list[Resource]:
    """A deep copy, so that a behaviour can change rows without changing the truth."""
    return copy.deepcopy(resources)
