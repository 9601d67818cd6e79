"""Scenarios: deviations of the list envelope."""

from __future__ import annotations

from scimaudit.errors import Malformed
from tests.faults import shapes, wire
from tests.faults.compose import Behaviour, after, fields, instead, rows, sent, told, when
from tests.faults.scenario import (
    BROKEN_OFF,
    COMPLETE,
    INCOMPLETE,
    NOT_COMPLETE,
    UNPROVABLE,
    Scenario,
)
from tests.faults.well_behaved import CAP
from tests.faults.world import World


def envelope(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """A server whose list envelope deviates."""
    return Scenario(name, catalogue, "envelope", story, behaviours, **more)


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
