"""Scenarios: accounts that only a witness sees missing, and whom an endpoint shows at all."""

from __future__ import annotations

from collections.abc import Callable

from scimaudit.errors import SourceError
from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, rows
from tests.faults.directory import error
from tests.faults.scenario import (
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
from tests.faults.well_behaved import CAP, NO_SORT
from tests.faults.world import ENTERPRISE, World, user, world_of


def witness(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """A server that lies in a way only a witness sees."""
    return Scenario(name, catalogue, "witnesses", story, (CAP, *behaviours), **({"walk": INCOMPLETE} | more))


def _hide(*numbers: int) -> Callable[[World], None]:
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
        listed=lambda world: len(world.ids),
    ),
    witness(
        "hidden-member-by-ref",
        "M11",
        "the same, and groups have the id in $ref alone, and a display name for a value",
        shapes.members(lambda found: [m | {"value": "N. N.", "$ref": f"../Users/{m['value']}"} for m in found]),
        world=world_of(23, _hide_a_member),
        witnesses={"W4": FAILED},
        listed=lambda world: len(world.ids),
    ),
    witness(
        "hidden-manager",
        "M11",
        "an account is in no list, yet it is somebody's manager",
        world=world_of(23, _hide_a_manager),
        witnesses={"W4": FAILED},
        listed=lambda world: len(world.ids),
    ),
    witness(
        "hidden-leaver",
        "M11",
        "a leaver's account is in no list, yet a filter finds it",
        world=world_of(23, _hide(92)),
        people=hidden_leaver,
        witnesses={"W5": FAILED},
        listed=lambda world: len(world.ids),
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
        listed=lambda world: len(world.ids),
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


def scoped(name: str, catalogue: str, story: str, *, scope: str, **more: object) -> Scenario:
    """A whole walk of an endpoint that may or may not show everybody."""
    chosen = {"walk": COMPLETE} | more
    return Scenario(name, catalogue, "scope", story, (CAP,), scope=frozenset(scope.split("|")), **chosen)


LINKED = {"population": "scim_linked", "hidden": "accounts made by hand are not listed"}
EVERYBODY = {"population": "all"}
BY_HAND = {"account_id": "id-0004", "made": "hand"}
UNSEEN_BY_HAND = {"account_id": "id-0201", "made": "hand"}
HIDDEN = world_of(23, hidden_by_hand)

SCOPES = (
    scoped(
        "hand-made-unknown",
        "L22",
        "accounts made by hand are never shown, nothing is known of the server",
        world=HIDDEN,
        scope="unknown",
    ),
    scoped(
        "hand-made-linked-only",
        "L22",
        "the same, and the profile knows that only linked accounts are listed",
        world=HIDDEN,
        profile=LINKED,
        scope="partial",
        mentions=("by hand",),
    ),
    scoped(
        "hand-made-seats",
        "L22",
        "the same, nothing known, and the console shows 26 seats",
        world=HIDDEN,
        settings={"seats": 26},
        scope="partial|unknown",
        walk=COMPLETE | INCOMPLETE,
        witnesses={"W8": FAILED},
    ),
    scoped(
        "hand-made-canary",
        "L22",
        "the same, and the account made by hand that must be seen is not",
        world=HIDDEN,
        settings={"canaries": [UNSEEN_BY_HAND]},
        scope="partial|unknown",
        walk=COMPLETE | INCOMPLETE,
        witnesses={"W7": FAILED},
    ),
    scoped(
        "hand-made-canary-against-profile",
        "L22",
        "the profile says everybody is listed; the account made by hand is not",
        world=HIDDEN,
        settings={"canaries": [UNSEEN_BY_HAND]},
        profile=EVERYBODY,
        scope="partial|unknown",
        walk=COMPLETE | INCOMPLETE,
        witnesses={"W7": FAILED},
    ),
    scoped(
        "hand-made-seats-against-profile",
        "L22",
        "the profile says everybody is listed; the console shows 26 seats",
        world=HIDDEN,
        settings={"seats": 26},
        profile=EVERYBODY,
        scope="partial|unknown",
        walk=COMPLETE | INCOMPLETE,
        witnesses={"W8": FAILED},
    ),
    scoped(
        "canary-by-hand-seen",
        "",
        "an account made by hand is listed",
        settings={"canaries": [BY_HAND]},
        scope="all",
        witnesses={"W7": PASSED},
    ),
    scoped(
        "canary-by-hand-seen-of-linked",
        "",
        "an account said to be made by hand is listed where only linked ones should be",
        settings={"canaries": [BY_HAND]},
        profile=LINKED,
        scope="all|partial",
    ),
    scoped(
        "canary-of-scim-missing",
        "M11",
        "an account that SCIM made is not listed",
        settings={"canaries": [{"account_id": "id-0777", "made": "scim"}]},
        scope="unknown",
        walk=INCOMPLETE,
        witnesses={"W7": FAILED},
    ),
    scoped(
        "canary-disabled-missing",
        "M11",
        "a disabled account is not listed, by user name",
        settings={"canaries": [{"user_name": "gone@corp.example", "active": False}]},
        scope="unknown",
        walk=INCOMPLETE,
        witnesses={"W7": FAILED},
    ),
    scoped(
        "canary-of-scim-seen",
        "",
        "an account that SCIM made is listed; that says nothing of scope",
        settings={"canaries": [{"user_name": "USER0004@corp.example", "made": "scim"}]},
        scope="unknown",
        witnesses={"W7": PASSED},
    ),
    scoped(
        "seats-agree", "", "the console shows 23 seats", settings={"seats": 23}, scope="all", witnesses={"W8": PASSED}
    ),
    scoped(
        "seats-fewer",
        "",
        "the console shows fewer seats than accounts came",
        settings={"seats": 20},
        scope="unknown|partial",
        walk=COMPLETE | INCOMPLETE,
        witnesses={"W8": FAILED},
    ),
    scoped(
        "profile-says-all",
        "",
        "the profile says with a source that everybody is listed",
        profile=EVERYBODY,
        scope="all",
    ),
    scoped(
        "side-effect-refused",
        "M47",
        "the profile says that listing binds accounts; nobody consented",
        profile={"list_side_effect": "binds accounts"},
        scope="unknown",
        walk=frozenset(),
        error=SourceError,
        requests=0,
        mentions=("consent",),
    ),
    scoped(
        "side-effect-consented",
        "M47",
        "the same, and the configuration consents",
        profile={"list_side_effect": "binds accounts"},
        settings={"consent_to_side_effects": True},
        scope="unknown",
    ),
)
