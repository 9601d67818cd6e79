"""Reading a page whose spelling or types depart from the RFCs: row by row, losing no row that has an id."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import msgspec

from scimaudit.errors import Malformed
from scimaudit.sources.scim.columns import Columns, Kind, Page, Rejection, User, refuse_if_too_many
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.row import TWICE, Reader, Repeating, known

_ENVELOPE: Final = known(
    "totalResults",
    "startIndex",
    "itemsPerPage",
    "Resources",
    "nextCursor",
    "nextId",
    "nextLink",
    "@odata.nextLink",
    "Errors",
)
ENVELOPE_NAMES: Final = frozenset(_ENVELOPE)
"""Names of a list response that are read here, case-folded."""

_HINT: Final = "check base_url: it must be the address under which /Users answers, and provisioning must be switched on"


def read(body: bytes, profile: Profile, kind: Kind) -> Page:
    """Read a page however odd it is.

    :param body: the page, without byte order mark.
    :raises Malformed: it is not a list response of SCIM 2.0 (RFC 7644 section 3.4.2) or 1.1, or holds too many rows.
    """
    page = Page()
    reader = Reader(profile, page.deviations)
    envelope = reader.object(document(body), _ENVELOPE)
    rows = _rows(envelope)
    page.total = reader.count(envelope, "totalResults")
    page.start_index = reader.count(envelope, "startIndex")
    page.items_per_page = reader.count(envelope, "itemsPerPage")
    page.next_cursor = _continuation(envelope, "nextCursor")
    page.next_id = _continuation(envelope, "nextId")
    page.next_link = _continuation(envelope, "@odata.nextLink") or _continuation(envelope, "nextLink")
    if rows is None:
        if page.total != 0:
            _refuse("the answer has no Resources and does not say that there are none")
        rows = []
    refuse_if_too_many(rows)
    users: list[User] = []
    raw: list[bytes] = []
    for index, row in enumerate(rows):
        found = reader.row(row) if isinstance(row, dict) else {}
        row_id, reason = reader.identity(found) if isinstance(row, dict) else (None, "the row is no object")
        page.ids.append(row_id)
        if row_id is None:
            raw = raw or _raw_rows(body, rows)
            page.rejected.append(Rejection(index, reason, hashlib.sha256(raw[index]).hexdigest()[:16]))
        elif kind == "Groups":
            page.groups.append(reader.group(row_id, found))
        else:
            user, grants = reader.user(row_id, found, index)
            users.append(user)
            page.grants += grants
    page.users = Columns.of(users)
    return page


def document(body: bytes) -> dict[str, Any]:
    """The JSON object that the bytes hold; of repeated names only that they repeat is kept.

    :raises Malformed: they hold something else.
    """
    if body.lstrip()[:1] == b"<":
        _refuse("the answer is a web page or XML, not JSON")
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the answer is not JSON: {error}", hint=_HINT) from error
    if not isinstance(found, dict):
        _refuse(f"the answer is {_called(found)}, not an object")
    return found


def _raw_rows(body: bytes, rows: list[Any]) -> list[bytes]:
    """The bytes of each row as received, or its JSON where they cannot be singled out."""
    try:
        envelope = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        resources = next(value for name, value in envelope.items() if name.casefold() == "resources")
        return [bytes(row) for row in msgspec.json.decode(resources, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [json.dumps(row, sort_keys=True).encode() for row in rows]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeating = Repeating(found)
    repeating.repeated = frozenset(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    return repeating


def _refuse(what: str) -> NoReturn:
    raise Malformed(what, hint=_HINT)


def _rows(envelope: Mapping[str, Any]) -> list[Any] | None:
    errors = envelope.get("Errors")
    if errors:
        first = errors[0] if isinstance(errors, list) else errors
        said = first.get("description") if isinstance(first, dict) else first
        _refuse(f"the answer is an error: {said[:200] if isinstance(said, str) else 'without a description'}")
    rows = envelope.get("Resources")
    if rows is not None and not isinstance(rows, list):
        _refuse(f"Resources is {_called(rows)}, not a list")
    return rows


def _continuation(envelope: Mapping[str, Any], name: str) -> str | None:
    """Where the next page is. One that cannot be read must not pass for the end of the listing."""
    value = envelope.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        _refuse(f"{name} is {_called(value)}, not text")
    return value


def _called(value: Any) -> str:
    if value is TWICE:
        return "given twice"
    return {dict: "an object", list: "an array", str: "text", bool: "a flag"}.get(type(value), "a number")
