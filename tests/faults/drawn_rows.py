"""Faults of rows, groups, filters and envelopes, to be drawn at random. None of them invents a value."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, fields, instead, is_list, rows, sent, told, when
from tests.faults.directory import error
from tests.faults.fault import Fault
from tests.faults.world import Resource


def _active(chance: Random) -> Behaviour:
    shown: list[Callable[[Any], object]] = [
        *(int, str, lambda v: str(v).lower(), lambda v: str(int(v)), lambda _v: "enabled-ish"),
        *(lambda v: {"value": v}, lambda _v: None, lambda _v: ..., lambda v: [v], float),
    ]
    change = chance.choice(shown)
    # Another fault may have spelt it otherwise, or left it out.
    return shapes.setting("active", lambda v: ... if v is None else change(v), every=chance.choice([1, 2, 3]))


def _mails(chance: Random) -> Behaviour:
    shown: list[Callable[[Any], object]] = [
        *(lambda v: [mail["value"] for mail in v], lambda v: v[0] | {"primary": "true"}, lambda v: v[0]["value"]),
        *(
            lambda _v: None,
            lambda _v: 7,
            lambda _v: [[]],
            lambda _v: ...,
            lambda _v: [{"value": ""}],
            lambda _v: [None],
        ),
    ]
    return shapes.setting("emails", chance.choice(shown), every=chance.choice([1, 2, 3]))


def _shape(chance: Random) -> Behaviour:
    named: list[Callable[[Resource], Resource]] = [
        *(shapes.flat_name, shapes.sparse, shapes.nulled, shapes.version_1, shapes.mails_mixed),
        *(lambda r: r | {"addresses": [[]]}, lambda r: r | {"meta": [1]}, lambda r: r | {"name": "Given Family"}),
        lambda r: {k.upper() if ":" not in k and k != "id" else k: v for k, v in r.items()},
    ]
    return rows(chance.choice(named))


def _spoilt_row(chance: Random) -> Behaviour:
    ruined: list[Callable[[Resource], object]] = [
        *(lambda r: {k: v for k, v in r.items() if k != "id"}, lambda r: r | {"id": ""}, lambda r: r | {"id": None}),
        *(lambda r: r | {"id": [1]}, lambda _r: None, lambda _r: "id-9999", lambda _r: 7, lambda _r: [], lambda _r: {}),
    ]
    return shapes.at_place(chance.randint(0, 4), chance.choice(ruined))


def _row_twice(chance: Random) -> Behaviour:
    return shapes.extra_row(lambda page: page[-1], on_start=chance.randint(1, 20))


def _null_row(chance: Random) -> Behaviour:
    extra = chance.choice([None, "text", 7])
    return shapes.extra_row(lambda _page: extra, on_start=chance.randint(1, 20))


def _members(chance: Random) -> Behaviour:
    shown: list[Behaviour] = [
        shapes.members(lambda m: m[:5]),
        shapes.members(lambda m: m[:5], single=False),
        shapes.members(lambda _m: []),
        shapes.members(lambda _m: ..., single=False),
        shapes.members(lambda _m: 7),
        shapes.members(lambda found: [None, *found[1:]]),
        shapes.members(lambda found: [member["value"] for member in found]),
        shapes.members(lambda m: m or None),
        shapes.members_by_user_name,
        shapes.too_many_members,
        shapes.keep_members,
    ]
    return chance.choice(shown)


def _groups_gone(chance: Random) -> Behaviour:
    status = chance.choice([403, 404, 500, 501])
    return instead(lambda _r: error(status, "no groups"), "Groups")


def _filter(chance: Random) -> Behaviour:
    status = chance.choice([400, 403, 500, 501])
    shown: list[Behaviour] = [
        shapes.filter_answers(shapes.nothing_found),
        shapes.when_filtered(lambda r: r.asking(filter=None)),
        paging.refuse(shapes.is_filtered, error(status, "no", "invalidFilter")),
        shapes.filters_exactly,
    ]
    return chance.choice(shown)


def _detail(chance: Random) -> Behaviour:
    shown: list[Behaviour] = [
        shapes.without("/Users/", status=chance.choice([403, 404, 500])),
        rows(shapes.richer_detail, listed=False),
        shapes.unknown_id(400),
    ]
    return chance.choice(shown)


def _no_rows(chance: Random) -> Behaviour:
    at = chance.choice([1, 2, 8, 15])
    value = chance.choice([None, ..., {}, "rows", 0])
    return when(lambda r: is_list(r) and r.number_of("startIndex", 1) >= at, fields(None, Resources=value))


def _keys(chance: Random) -> Behaviour:
    spell: Callable[[str], str] = chance.choice([str.upper, str.lower])
    return told(lambda _r, b: {spell(k): v for k, v in b.items()}, None)


def _numbers_as_text(_chance: Random) -> Behaviour:
    return told(lambda _r, b: {k: str(v) if isinstance(v, int) else v for k, v in b.items()}, None)


def _both_spellings(_chance: Random) -> Behaviour:
    return told(lambda _r, b: {"resources": b["Resources"]} | b | {"Resources": []}, "Users")


def _key_twice(chance: Random) -> Behaviour:
    name, value = chance.choice([("totalResults", b"0"), ("Resources", b"[]"), ("schemas", b"[]")])
    return shapes.text(lambda b: b.replace(b"{", b'{"%s": %s, ' % (name.encode(), value), 1), resource=None)


def _media_type(chance: Random) -> Behaviour:
    kinds = ("text/html", "text/json", "application/json; charset=utf-8", None, "application/scim+json; charset=latin1")
    return sent(None, kind=chance.choice(kinds))


ROWS: Final = (
    Fault("active", "rows", "rows", _active, harmless=True, alone="active"),
    Fault("mails", "rows", "rows", _mails, harmless=True, alone="mails"),
    Fault("shape", "rows", "rows", _shape, harmless=True, alone="mails"),
    Fault("row-spoilt", "rows", "pages", _spoilt_row, alone="ruin"),
    Fault("row-twice", "rows", "pages", _row_twice, alone="ruin"),
    Fault("row-null", "rows", "pages", _null_row, alone="ruin"),
    Fault("members", "groups", "rows", _members, conceals=True, harmless=True, alone="members"),
    Fault("groups-gone", "groups", "pages", _groups_gone, harmless=True),
    Fault("filter", "filter", "pages", _filter, harmless=True, alone="filter"),
    Fault("nothing-is-404", "filter", "pages", lambda _c: shapes.found_nothing_is_404),
    Fault("detail", "filter", "pages", _detail, harmless=True),
    Fault("rows-absent", "envelope", "envelope", _no_rows, hides=True, alone="envelope"),
    Fault("keys-in-case", "envelope", "envelope", _keys, harmless=True, alone="envelope"),
    Fault("numbers-as-text", "envelope", "envelope", _numbers_as_text, harmless=True, alone="envelope"),
    Fault("both-spellings", "envelope", "envelope", _both_spellings, alone="envelope"),
    Fault("no-schemas", "envelope", "envelope", lambda _c: fields(None, schemas=...), harmless=True, alone="envelope"),
    Fault("key-twice", "envelope", "bytes", _key_twice, alone="envelope"),
    Fault("media-type", "envelope", "bytes", _media_type, harmless=True),
    Fault(
        "byte-order-mark",
        "envelope",
        "bytes",
        lambda _c: shapes.text(lambda b: b"\xef\xbb\xbf" + b, resource=None),
        harmless=True,
        alone="encoding",
    ),
)
