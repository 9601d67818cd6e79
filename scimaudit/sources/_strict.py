"""JSON that means one thing: no name twice, no number that is none, no half of a character (RFC 7493)."""

from __future__ import annotations

import json
from typing import Any

import orjson

from scimaudit.errors import Malformed


def loads(body: bytes) -> Any:
    """What the bytes say.

    :raises Malformed: they are no JSON, or say a name twice in one object, so that nobody knows which holds.
    """
    try:
        # The one refuses NaN, lone surrogates, depth and what is not UTF-8; the other shows names that repeat.
        orjson.loads(body)
        return json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the answer is not JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = sorted({name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1})
        msg = f"it says {twice[0]!r} twice in one object"
        raise ValueError(msg)
    return found
