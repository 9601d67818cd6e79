"""Reading a page of rows that were all taken in before, as second passes bring them: its envelope and its ids.

Anything odd about the envelope or an id, and any row not known, makes the whole page one to be read in full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.fast import Envelope, Text, page_of

Knows = Callable[[Sequence[str]], bool]
"""Whether rows of all these ids were taken in before."""

_NAMES: Final = [
    f'"{name}"'.encode()
    for name in ("Resources", "totalResults", "nextCursor", "nextId", "nextLink", "@odata.nextLink")
]


class _Outline(Envelope, forbid_unknown_fields=True, gc=False, kw_only=True):
    rows: Raw = msgspec.field(name="Resources")


class _Row(Struct, gc=False):
    id: Text


# Made here, by the one thread that imports this: see fast._decoder.
_OUTLINE: Final = msgspec.json.Decoder(_Outline)
_ROWS: Final = msgspec.json.Decoder(list[_Row])


def read(body: bytes, knows: Knows) -> Page | None:
    """The page without its rows; None when it must be read in full.

    :param body: the page, without byte order mark.
    """
    try:
        found = _OUTLINE.decode(body)
        ids = [row.id for row in _ROWS.decode(found.rows)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not ids or not knows(ids) or not _plain(body, bytes(found.rows)):
        return None
    return page_of(found, list(ids))


def _plain(body: bytes, rows: bytes) -> bool:
    """Whether the envelope spells its names plainly and has none of them twice: of two, decoding keeps the last."""
    start = body.find(b"[", body.find(_NAMES[0]))
    if body[start : start + len(rows)] != rows:
        return False
    outside = body[:start] + body[start + len(rows) :]
    return b"\\u" not in outside and all(outside.count(name) <= 1 for name in _NAMES)
