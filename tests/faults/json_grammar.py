"""List responses written by a grammar of JSON that breaks its own rules now and then."""

from __future__ import annotations

import json
from random import Random
from typing import Any, Final

_KEYS: Final = (
    *("id", "ID", "userName", "active", "emails", "groups", "roles", "name", "meta", "members", "displayName", "value"),
    *("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "schemas", "externalId", "", "\\u0000", "$ref"),
)
_ODD: Final = (
    *("NaN", "Infinity", "-Infinity", "1e999", "01", "+1", "1.", ".5", "0x1", "'a'", "undefined", "None", "tru", '"'),
    *('"\\ud800"', '"\\x41"', '"\t"', "[1,]", '{"a":1,}', "/**/1", "1" * 400, "-", "[", "}", '"\\u12"', "\ufeff1"),
)
_LEAVES: Final = (
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5e3",
    "12345678901234567890123",
    '""',
    '"x"',
    '"\\u00e9"',
    '"ü"',
)


def body(chance: Random) -> bytes:
    """One list response, most of them well-formed."""
    spoilt = chance.random() < 0.4
    rows = ",".join(_row(chance, number, spoilt=spoilt) for number in range(chance.randint(0, 5)))
    fields = [f'"Resources":[{rows}]', f'"totalResults":{chance.randint(0, 9)}', '"schemas":["urn:ietf:params:scim:x"]']
    fields += [f'"{chance.choice(_KEYS)}":{_value(chance, 3, spoilt=spoilt)}' for _ in range(chance.randint(0, 3))]
    if spoilt and chance.random() < 0.2:
        fields.append(chance.choice(['"Resources":[]', '"resources":null', '"totalResults":0', '"Resources":{}']))
    chance.shuffle(fields)
    text = "{" + ",".join(fields) + "}"
    if spoilt and chance.random() < 0.3:
        at = chance.randrange(len(text))
        text = chance.choice([text[:at], text[:at] + chance.choice('{}[],:"\\') + text[at:], text + text, text[1:]])
    return _encoded(text, chance, spoilt=spoilt)


def rows_of(data: bytes) -> list[Any] | None:
    """The rows by the json module, which takes no constants here; None where the bytes are no list response.

    A byte that is no UTF-8 in an attribute that nobody reads costs no row.
    """
    try:
        found = json.loads(_text(data), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    rows = found.get("Resources") if isinstance(found, dict) else None
    return rows if isinstance(rows, list) else None


def said_once(data: bytes) -> bool:
    """Whether no key of the envelope is told twice, in whatever letters."""
    keys: list[str] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys[:] = [name.casefold() for name, _ in pairs]  # the outermost object comes last
        return dict(pairs)

    json.loads(_text(data), object_pairs_hook=keep)
    return len(keys) == len(set(keys))


def _text(data: bytes) -> str:
    return data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")


def _refuse(name: str) -> None:
    raise ValueError(name)


def _row(chance: Random, number: int, *, spoilt: bool) -> str:
    if chance.random() < 0.1:
        return _value(chance, 2, spoilt=spoilt)
    told = [f'"id":"u{number}"'] if chance.random() < 0.9 else []
    told += [f'"{chance.choice(_KEYS)}":{_value(chance, 3, spoilt=spoilt)}' for _ in range(chance.randint(0, 5))]
    chance.shuffle(told)
    return "{" + ",".join(told) + "}"


def _value(chance: Random, depth: int, *, spoilt: bool) -> str:
    if spoilt and chance.random() < 0.05:
        return chance.choice(_ODD)
    if spoilt and chance.random() < 0.01:
        nested = chance.choice([100, 1_000, 20_000])
        return "[" * nested + "]" * nested
    if depth == 0 or chance.random() < 0.5:
        return chance.choice(_LEAVES)
    inner = [_value(chance, depth - 1, spoilt=spoilt) for _ in range(chance.randint(0, 3))]
    if chance.random() < 0.5:
        return "[" + ",".join(inner) + "]"
    return "{" + ",".join(f'"{chance.choice(_KEYS)}":{value}' for value in inner) + "}"


def _encoded(text: str, chance: Random, *, spoilt: bool) -> bytes:
    if spoilt and chance.random() < 0.1:
        return text.encode(chance.choice(["utf-16", "latin-1", "utf-8-sig"]), errors="replace")
    data = text.encode()
    if spoilt and chance.random() < 0.1:
        at = chance.randrange(len(data) + 1)
        data = data[:at] + bytes([chance.randrange(256)]) + data[at:]
    return data
