"""Scenarios: deviations of the envelope and of rows."""

from __future__ import annotations

from scimaudit.errors import Malformed
from tests.faults import paging, shapes, wire
from tests.faults.compose import after, fields, instead, rows, sent, told, when
from tests.faults.on_paging import CAP
from tests.faults.scenario import (
    BROKEN_OFF,
    COMPLETE,
    INCOMPLETE,
    NOT_COMPLETE,
    UNPROVABLE,
    Scenario,
)
from tests.faults.world import ENTERPRISE, World, make, user, world_of


def envelope(name: str, catalogue: str, story: str, *behaviours: object, **more: object) -> Scenario:
    """A server whose list envelope deviates."""
    return Scenario(name, catalogue, "envelope", story, behaviours, **more)


def row(name: str, catalogue: str, story: str, *behaviours: object, **more: object) -> Scenario:
    """A server whose rows deviate; no row may be lost by it."""
    return Scenario(
        name, catalogue, "rows", story, (CAP, *behaviours), **({"walk": COMPLETE, "listed": len_users} | more)
    )


def len_users(world: World) -> int:
    """Every account."""
    return len(world.users)


def _bytes(name: str, catalogue: str, story: str, content: bytes, **more: object) -> Scenario:
    made = instead(wire.body(content, **({"kind": more.pop("kind")} if "kind" in more else {})))
    return envelope(name, catalogue, story, made, **({"error": Malformed} | more))


NOBODY = {"world": lambda: World([], [])}

ENVELOPES = (
    _bytes("empty-object", "M25", "200 with {}: the directory is unknown or switched off", b"{}"),
    _bytes("bare-array", "M25", "200 with a bare array of rows", b'[{"id": "id-1", "userName": "a"}]'),
    _bytes("bare-empty-array", "M25", "200 with []", b"[]"),
    _bytes("empty-body", "M25", "200 with an empty body", b""),
    _bytes("null-body", "M25", "200 with null", b"null"),
    _bytes("text-body", "M25", "200 with a JSON string", b'"OK"'),
    _bytes(
        "error-with-200",
        "M40",
        "200 with an error by RFC 7644 in it",
        b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403", "detail": "disabled"}',
    ),
    _bytes(
        "single-user",
        "M25",
        "200 with one user instead of a list",
        b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "id-1", "userName": "a"}',
    ),
    _bytes(
        "half-json",
        "L19",
        "200 with JSON that breaks off, its length told truly",
        b'{"totalResults": 2, "Resources": [{"id": "id-1"',
    ),
    _bytes(
        "not-utf-8",
        "L19",
        "200 with bytes that are no UTF-8",
        b'{"totalResults": 1, "Resources": [{"id": "\xff\xfe"}]}',
    ),
    _bytes("deep-json", "M36", "200 with JSON nested a hundred thousand deep", wire.nested(100_000)),
    _bytes(
        "two-documents",
        "L19",
        "200 with two JSON documents one after the other",
        b'{"totalResults": 0, "Resources": []}{"totalResults": 1}',
    ),
    envelope(
        "resources-null-empty",
        "M22",
        "Resources is null and the total 0",
        fields(Resources=None),
        walk=UNPROVABLE,
        **NOBODY,
    ),
    envelope(
        "resources-absent-empty",
        "M23",
        "Resources is absent and the total 0",
        fields(Resources=...),
        walk=UNPROVABLE,
        **NOBODY,
    ),
    envelope(
        "resources-null",
        "M22",
        "Resources is null and the total 23",
        fields(Resources=None),
        walk=INCOMPLETE,
        error=Malformed,
    ),
    envelope(
        "resources-absent",
        "M23",
        "Resources is absent and the total 23",
        fields(Resources=...),
        walk=INCOMPLETE,
        error=Malformed,
    ),
    envelope(
        "resources-null-later",
        "M22",
        "Resources is null from the second page on",
        CAP,
        when(lambda r: r.number_of("startIndex", 1) > 1, fields(Resources=None)),
        walk=BROKEN_OFF,
    ),
    envelope(
        "resources-absent-past-end",
        "M23",
        "Resources is absent on the page past the end",
        CAP,
        told(lambda _r, b: b if b["Resources"] else {k: v for k, v in b.items() if k != "Resources"}),
        walk=COMPLETE,
    ),
    envelope(
        "resources-object",
        "M25",
        "Resources is one object instead of a list",
        fields(Resources=lambda b: b["Resources"][0]),
        walk=INCOMPLETE,
        error=Malformed,
    ),
    envelope(
        "resources-lower-case",
        "M24",
        "the key is resources",
        CAP,
        fields(None, resources=lambda b: b["Resources"], Resources=...),
        walk=COMPLETE,
    ),
    envelope(
        "envelope-upper-case",
        "M24",
        "all keys are upper case",
        CAP,
        told(lambda _r, b: {k.upper(): v for k, v in b.items()}, None),
        walk=COMPLETE,
    ),
    envelope(
        "both-spellings",
        "M24",
        "resources is full, Resources is empty",
        told(lambda _r, b: {"resources": b["Resources"]} | b | {"Resources": []}, "Users"),
        walk=COMPLETE | NOT_COMPLETE,
        error=Malformed,
    ),
    envelope(
        "numbers-as-strings",
        "M42",
        "totalResults, startIndex and itemsPerPage are strings of digits",
        CAP,
        told(lambda _r, b: {k: str(v) if isinstance(v, int) else v for k, v in b.items()}, None),
        walk=COMPLETE,
    ),
    envelope(
        "total-absent",
        "M25",
        "totalResults is absent, groups close",
        CAP,
        fields(totalResults=...),
        walk=COMPLETE | UNPROVABLE,
    ),
    envelope("total-null", "M25", "totalResults is null", CAP, fields(totalResults=None), walk=COMPLETE | UNPROVABLE),
    envelope(
        "total-is-text",
        "M42",
        "totalResults is the word many",
        CAP,
        fields(totalResults="many"),
        walk=COMPLETE | NOT_COMPLETE,
        error=Malformed,
    ),
    envelope(
        "total-is-fraction",
        "M42",
        "totalResults is 23.5",
        CAP,
        fields(totalResults=23.5),
        walk=COMPLETE | NOT_COMPLETE,
        error=Malformed,
    ),
    envelope(
        "total-is-true",
        "M42",
        "totalResults is true",
        CAP,
        fields(totalResults=True),
        walk=COMPLETE | NOT_COMPLETE,
        error=Malformed,
    ),
    envelope("schemas-absent", "M25", "the envelope carries no schemas", CAP, fields(None, schemas=...), walk=COMPLETE),
    envelope(
        "version-1",
        "M42",
        "SCIM 1.1: its schemas, and numbers as strings",
        CAP,
        fields(None, schemas=["urn:scim:schemas:core:1.0"], totalResults=lambda b: str(b["totalResults"])),
        rows(shapes.version_1),
        shapes.without("/ResourceTypes", "/ServiceProviderConfig"),
        walk=COMPLETE,
    ),
    envelope(
        "byte-order-mark",
        "M37",
        "the body begins with a byte order mark",
        CAP,
        shapes.text(lambda b: b"\xef\xbb\xbf" + b, resource=None),
        walk=COMPLETE,
    ),
    envelope("type-html", "M37", "JSON labelled text/html", CAP, sent(None, kind="text/html"), walk=COMPLETE),
    envelope("type-text-json", "M37", "JSON labelled text/json", CAP, sent(None, kind="text/json"), walk=COMPLETE),
    envelope(
        "type-plain-json",
        "M37",
        "JSON labelled application/json; charset=utf-8",
        CAP,
        sent(None, kind="application/json; charset=utf-8"),
        walk=COMPLETE,
    ),
    envelope(
        "type-inverted",
        "M37",
        "JSON labelled application/json+scim",
        CAP,
        sent(None, kind="application/json+scim"),
        walk=COMPLETE,
    ),
    envelope("type-absent", "M37", "no Content-Type at all", CAP, sent(None, kind=None), walk=COMPLETE),
    envelope(
        "type-latin-1",
        "M37",
        "UTF-8 that calls itself ISO-8859-1",
        CAP,
        sent(None, kind="application/scim+json; charset=iso-8859-1"),
        walk=COMPLETE,
    ),
    envelope(
        "log-in-page",
        "M38 L18",
        "200 and a log-in page",
        instead(wire.page_of_html()),
        error=Malformed,
        mentions=("html|json",),
    ),
    envelope(
        "log-in-page-as-scim",
        "M38",
        "200 and a log-in page labelled application/scim+json",
        instead(wire.page_of_html(kind="application/scim+json")),
        error=Malformed,
    ),
    envelope(
        "log-in-page-later",
        "M38",
        "the session ends: a log-in page from the second page on",
        CAP,
        instead(wire.page_of_html(), "Users", after(2)),
        walk=BROKEN_OFF,
        mentions=("html|json",),
    ),
    envelope(
        "empty-object-later",
        "M25",
        "{} from the second page on",
        CAP,
        instead(wire.body(b"{}"), "Users", after(2)),
        walk=BROKEN_OFF,
    ),
    envelope(
        "total-key-twice",
        "L19",
        "totalResults stands twice, with different values",
        CAP,
        shapes.text(lambda b: b.replace(b'{"schemas"', b'{"totalResults": 5, "schemas"', 1)),
        walk=COMPLETE | NOT_COMPLETE,
        error=Malformed,
    ),
)

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


def _no_id(one: dict) -> dict:
    return {name: value for name, value in one.items() if name != "id"}


def _last(changes: dict) -> object:
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
    row("groups-is-text", "M31", "User.groups is a string", shapes.setting("groups", lambda v: "everyone"), exact=BOTH),
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
