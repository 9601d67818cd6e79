"""Scenarios: deviations of rows."""

from __future__ import annotations

from scimaudit.errors import Malformed
from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, rows
from tests.faults.scenario import (
    BROKEN_OFF,
    COMPLETE,
    INCOMPLETE,
    Scenario,
)
from tests.faults.well_behaved import CAP
from tests.faults.world import ENTERPRISE, Resource, World, make, user, world_of


def row(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """A server whose rows deviate; no row may be lost by it."""
    return Scenario(
        name, catalogue, "rows", story, (CAP, *behaviours), **({"walk": COMPLETE, "listed": len_users} | more)
    )


def len_users(world: World) -> int:
    """Every account."""
    return len(world.users)


MAILS = frozenset({"emails"})
ACTIVE = frozenset({"active"})
BOTH = MAILS | ACTIVE


def numeric_ids() -> World:
    """Ids that are digits alone; the groups follow."""
    world = make()
    for one in (*world.users, *(member for group in world.groups for member in group["members"])):
        name = "id" if "id" in one else "value"
        one[name] = str(int(one[name].removeprefix("id-")))
    return world


def _no_id(one: Resource) -> Resource:
    return {name: value for name, value in one.items() if name != "id"}


def _last(changes: Resource) -> tuple[Behaviour, ...]:
    """One row more, made of the page's last one, and counted."""
    return (shapes.extra_row(lambda page: page[-1] | changes, on_start=3), paging.total(lambda _r, _n, t: t + 1))


ROWS = (
    row("active-digits", "M27", "active is 1 or 0", shapes.setting("active", int), exact=BOTH),
    row("active-words", "M27", 'active is "True" or "False"', shapes.setting("active", str), exact=BOTH),
    row(
        "active-lower-words",
        "M27",
        'active is "true" or "false"',
        shapes.setting("active", lambda v: str(v).lower()),
        exact=BOTH,
    ),
    row("active-digit-strings", "M27", 'active is "1" or "0"', shapes.setting("active", lambda v: str(int(v)))),
    row("active-unreadable", "M27", "active is a word nobody knows", shapes.setting("active", lambda v: "enabled-ish")),
    row("active-object", "M27", "active is an object", shapes.setting("active", lambda v: {"value": v})),
    row("active-null", "M28", "active is null", shapes.setting("active", lambda _v: None)),
    row(
        "active-absent-if-disabled",
        "M28",
        "active is left out of disabled accounts",
        rows(shapes.no_active_if_disabled),
    ),
    row("active-withheld", "M28", "active is never sent", shapes.setting("active", lambda _v: ...)),
    row("active-capital-key", "M24", "the key is Active", shapes.renamed(active="Active"), exact=BOTH),
    row(
        "active-twice",
        "M27",
        "active stands twice in a row, true first",
        shapes.text(lambda b: b.replace(b'"active": false', b'"active": true, "active": false')),
        walk=COMPLETE | INCOMPLETE,
        listed=None,
    ),
    row(
        "active-twice-false-first",
        "M27",
        "active stands twice in a row, false first",
        shapes.text(lambda b: b.replace(b'"active": false', b'"active": false, "active": true')),
        walk=COMPLETE | INCOMPLETE,
        listed=None,
    ),
    row(
        "active-twice-in-case",
        "M27",
        "active and Active contradict each other",
        rows(lambda r: r | {"Active": not r["active"]}),
        listed=None,
        walk=COMPLETE | INCOMPLETE,
    ),
    row(
        "mails-as-strings",
        "M29",
        "emails is a list of strings",
        shapes.setting("emails", lambda v: [m["value"] for m in v]),
        exact=BOTH,
    ),
    row(
        "mails-as-object",
        "M29",
        "emails is one object, its primary a string",
        shapes.setting("emails", lambda v: v[0] | {"primary": "true"}),
        exact=BOTH,
    ),
    row("mails-mixed", "M29", "every shape of emails on one page", rows(shapes.mails_mixed), exact=BOTH),
    row("mails-null", "L12", "emails is null", shapes.setting("emails", lambda _v: None)),
    row("mails-number", "M31", "emails is a number", shapes.setting("emails", lambda _v: 7)),
    row("mails-nested", "M31", "emails is [[]]", shapes.setting("emails", lambda _v: [[]])),
    row("flat-name", "M30", "name.formatted is one flat key", rows(shapes.flat_name), exact=BOTH),
    row(
        "top-level-role",
        "M30",
        "a top-level role in the core namespace",
        rows(lambda r: r | {"role": "owner"}),
        exact=BOTH,
    ),
    row("nested-addresses", "M31", "addresses is [[]]", rows(lambda r: r | {"addresses": [[]]}), exact=BOTH),
    row("name-is-text", "M31", "name is a string", shapes.setting("name", lambda v: "Given Family"), exact=BOTH),
    row("groups-is-number", "M31", "User.groups is a number", shapes.setting("groups", lambda _v: 7), exact=BOTH),
    row("meta-is-list", "M31", "meta is a list", shapes.setting("meta", lambda v: [v]), exact=BOTH),
    row(
        "extension-is-null",
        "L12",
        "the enterprise extension is null",
        shapes.setting(ENTERPRISE, lambda v: None),
        exact=BOTH,
    ),
    row("optional-null", "L12", "every optional attribute is there and null", rows(shapes.nulled), exact=BOTH),
    row("empty-values", "L12", "empty strings where nothing is", rows(shapes.empty_values), exact=ACTIVE),
    row("sparse", "L23", "no mail, no externalId, no extension", rows(shapes.sparse), exact=ACTIVE),
    row(
        "upper-case-keys",
        "M24",
        "all keys of a row are upper case",
        rows(lambda r: {k.upper() if ":" not in k else k: v for k, v in r.items()}),
        exact=BOTH,
    ),
    row(
        "user-name-absent",
        "L23",
        "no row has a userName",
        rows(lambda r: {k: v for k, v in r.items() if k != "userName"}),
        exact=BOTH,
    ),
    row(
        "same-user-name",
        "M31",
        "two accounts share one userName",
        exact=BOTH,
        world=world_of(23, lambda w: w.users[3].update(userName=w.users[9]["userName"])),
    ),
    row(
        "ids-differ-in-case",
        "M31",
        "two ids differ in case alone",
        exact=BOTH,
        world=world_of(23, lambda w: w.users.append(user(1) | {"id": "ID-0001", "userName": "other@corp.example"})),
    ),
    row(
        "numeric-ids",
        "M42",
        "ids are numbers",
        rows(lambda r: r | {"id": int(r["id"])}),
        world=numeric_ids,
        walk=COMPLETE | INCOMPLETE,
        listed=None,
    ),
    row(
        "null-row",
        "L15",
        "a null stands among the rows and counts (GitHub)",
        shapes.extra_row(lambda _p: None, on_start=3),
        paging.total(lambda _r, _n, t: t + 1),
        walk=INCOMPLETE,
    ),
    row(
        "text-row",
        "M31",
        "a string stands among the rows",
        shapes.extra_row(lambda _p: "id-9999", on_start=3),
        paging.total(lambda _r, _n, t: t + 1),
        walk=INCOMPLETE,
    ),
    row(
        "row-without-id",
        "M31",
        "one row has no id",
        shapes.at_place(2, _no_id),
        walk=INCOMPLETE,
        listed=None,
        mentions=("id",),
    ),
    row(
        "row-with-empty-id",
        "M31",
        "one row has an empty id",
        shapes.at_place(2, lambda r: r | {"id": ""}),
        walk=INCOMPLETE,
        listed=None,
    ),
    row("no-row-has-id", "M31", "no row has an id", rows(_no_id), walk=INCOMPLETE, listed=None, error=Malformed),
    row(
        "same-id-other-content",
        "M14",
        "two rows of one page share an id and differ",
        *_last({"userName": "x@corp.example"}),
        walk=INCOMPLETE,
    ),
    row("same-row-twice", "M5", "one row stands twice on a page", *_last({}), walk=INCOMPLETE),
    row(
        "giant-row",
        "M36",
        "one row carries half a megabyte of photographs",
        rows(lambda r: r | {"photos": [{"value": "x" * 500_000}]}, every=20),
        exact=BOTH,
    ),
    row(
        "not-a-number",
        "M31",
        "a row holds NaN, which is no JSON",
        shapes.text(lambda b: b.replace(b'"active": false', b'"active": false, "score": NaN', 1)),
        walk=COMPLETE | BROKEN_OFF,
        error=Malformed,
        listed=None,
    ),
    row(
        "lone-surrogate",
        "L19",
        "a name holds half a surrogate pair",
        shapes.text(lambda b: b.replace(b"Given7 ", b"\\ud83d ", 1)),
        walk=COMPLETE | BROKEN_OFF,
        error=Malformed,
        listed=None,
    ),
    row(
        "nul-in-name",
        "L19",
        "a userName holds a NUL",
        rows(lambda r: r | {"userName": r["userName"] + "\x00"}),
        exact=BOTH,
    ),
)
