"""Paged searches (RFC 2696) whose end is proven: the result code of every page is read, which ldap3 itself hides.

ldap3's ``search`` returns true with ``sizeLimitExceeded`` and a part of the entries; here that is an incomplete walk.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from scimaudit.errors import Incomplete, Malformed, SourceError, Unavailable
from scimaudit.sources import Reply, Sink
from scimaudit.transport.spoken import forms, quoted

if TYPE_CHECKING:
    from scimaudit.sources.ldap.connection import Directory

PAGED: Final = "1.2.840.113556.1.4.319"
SIZES: Final = (1000, 500, 200, 100, 50)
"""Page sizes to try: a server that allows less answers a larger one with nothing, or with a part."""
_LIMITS: Final = {3: "time limit", 4: "size limit", 11: "administrative limit"}
_MOST_PAGES: Final = 200_000

_RANGE: Final = re.compile(r"(?P<attribute>[^;]+)(?:;[^;=]+)*;range=\d+-(?P<end>\d+|\*)", re.IGNORECASE)

Value = str | bytes


@dataclass(frozen=True)
class Entry:
    """One entry.

    :param attributes: lower-case name to values; text where they are UTF-8.
    :param body: number of the page's body in the raw record; ``row`` is the entry's place in it.
    """

    dn: str
    attributes: Mapping[str, Sequence[Value]]
    body: int
    row: int

    def texts(self, name: str) -> list[str]:
        """The values of an attribute that are text."""
        return [value for value in self.attributes.get(name.lower(), ()) if isinstance(value, str)]


@dataclass(frozen=True)
class Cut:
    """An attribute of which a first part came: ``after`` is the number of the next value."""

    dn: str
    attribute: str
    after: int


@dataclass
class Found:
    """What a search brought.

    :param referrals: places the server refers to; they were not followed.
    :param cut: attributes that came in part (``member;range=``) and could not be had whole.
    :param paged: whether the server honoured the paging control.
    :param asked_at: when the first page was asked for; it is on record, for by it is judged what has expired.
    """

    entries: list[Entry] = field(default_factory=list)
    referrals: list[str] = field(default_factory=list)
    cut: list[Cut] = field(default_factory=list)
    paged: bool = True
    size: int = 0
    pages: int = 0
    asked_at: datetime | None = None


class Stopped(Incomplete):
    """The server stopped before the end."""


def search(
    directory: Directory, sink: Sink, base: str, what: str, attributes: Sequence[str], sizes: Sequence[int] = SIZES
) -> Found:
    """Every entry below ``base`` that ``what`` (an LDAP filter) finds; smaller pages are tried where larger ones fail.

    :raises Stopped: the server stopped before the end with every page size.
    :raises SourceError: it refused the search.
    """
    for place, size in enumerate(sizes):
        try:
            found = _found(directory, sink, base, what, attributes, size)
        except Stopped:
            if place + 1 == len(sizes):
                raise
        else:
            return _whole(directory, sink, found)
    raise Stopped("no page size was given", source=sink.name)


def one(directory: Directory, sink: Sink, dn: str, attributes: Sequence[str]) -> Entry | None:
    """The entry of that DN, or None when there is none (or none that may be seen).

    :raises SourceError: the server answered neither.
    """
    reply, body = _asked(directory, sink, dn, "(objectClass=*)", attributes, 0, b"", scope="BASE")
    if reply["result"] in (32, 34):
        return None
    _check(reply, sink.name)
    return next(iter(_entries(reply, body)), None)


def _found(directory: Directory, sink: Sink, base: str, what: str, attributes: Sequence[str], size: int) -> Found:
    """Every page of a search, which begins again where an interrupted pull goes on in the midst of it."""
    for _ in range(2):
        found = Found(size=size)
        try:
            for page in _pages(directory, sink, base, what, attributes, size):
                page(found)
        except Stopped:
            raise
        except Incomplete:
            # The next try is sent from its first page, on a connection of its own.
            continue
        return found
    raise Stopped("the search was cut off twice", source=sink.name)


def _pages(
    directory: Directory, sink: Sink, base: str, what: str, attributes: Sequence[str], size: int
) -> Iterator[Callable[[Found], None]]:
    cookie, seen = b"", {b""}
    for _ in range(_MOST_PAGES):
        reply, body = _asked(directory, sink, base, what, attributes, size, cookie)
        _check(reply, sink.name)
        yield lambda found, reply=reply, body=body: _add(found, reply, body)  # type: ignore[misc]
        cookie = base64.b64decode(reply["cookie"] or "")
        if not cookie:
            return
        if cookie in seen:
            raise Stopped("the server gives the same page for ever", source=sink.name)
        seen.add(cookie)
    raise Stopped(f"the listing did not end within {_MOST_PAGES} pages", source=sink.name)


def _add(found: Found, reply: dict[str, Any], body: int) -> None:
    found.entries += _entries(reply, body)
    found.referrals += reply["referrals"]
    found.cut += [cut for row in reply["entries"] for cut in _cut(row)]
    found.paged &= reply["cookie"] is not None
    found.asked_at = found.asked_at or datetime.fromisoformat(reply["asked_at"])
    found.pages += 1


def _cut(row: Mapping[str, Any]) -> Iterator[Cut]:
    """The attributes of an entry that came in part: Active Directory gives 1,500 values at a time."""
    for name in row["attributes"]:
        parted = _RANGE.fullmatch(name)
        if parted is not None and parted["end"] != "*":
            yield Cut(row["dn"], parted["attribute"], int(parted["end"]) + 1)


def _whole(directory: Directory, sink: Sink, found: Found) -> Found:
    """Ask for the rest of every attribute that came in part ([MS-ADTS] 3.1.1.3.1.3.3, range retrieval).

    :raises SourceError: the directory refuses one of these questions.
    """
    if not found.cut:
        return found
    rest: dict[str, dict[str, list[Value]]] = {}
    unfinished = []
    for cut in found.cut:
        values, end = _rest(directory, sink, cut, found)
        rest.setdefault(cut.dn, {})[cut.attribute.lower()] = values
        if end is not None:
            unfinished.append(end)
    found.cut = unfinished
    found.entries = [
        replace(entry, attributes=_joined(entry.attributes, rest[entry.dn])) if entry.dn in rest else entry
        for entry in found.entries
    ]
    return found


def _rest(directory: Directory, sink: Sink, cut: Cut, found: Found) -> tuple[list[Value], Cut | None]:
    """The values from ``cut.after`` on, and where it stopped when it did not reach the end."""
    values: list[Value] = []
    for _ in range(_MOST_PAGES):
        asked = [f"{cut.attribute};range={cut.after}-*"]
        reply, body = _asked(directory, sink, cut.dn, "(objectClass=*)", asked, 0, b"", scope="BASE")
        _check(reply, sink.name)
        found.pages += 1
        entries = _entries(reply, body)
        got = list(entries[0].attributes.get(cut.attribute.lower(), ())) if entries else []
        values += got
        after = next((each for row in reply["entries"] for each in _cut(row)), None)
        if after is None:
            return values, None if got else cut
        if after.after <= cut.after:
            break
        cut = after
    return values, cut


def _joined(
    attributes: Mapping[str, Sequence[Value]], more: Mapping[str, Sequence[Value]]
) -> dict[str, Sequence[Value]]:
    return {**attributes, **{name: [*attributes.get(name, ()), *values] for name, values in more.items()}}


def _asked(
    directory: Directory,
    sink: Sink,
    base: str,
    what: str,
    attributes: Sequence[str],
    size: int,
    cookie: bytes,
    scope: str = "SUBTREE",
) -> tuple[dict[str, Any], int]:
    shown = f"{base}?{','.join(attributes)}?{scope.lower()}?{what}#{size}-{cookie.hex()}"
    reply, body = sink.exchange(
        "LDAP", shown, lambda: _send(directory, base, what, attributes, size, cookie, scope, sink)
    )
    answer: dict[str, Any] = orjson.loads(reply.body)
    return answer, body


def _send(
    directory: Directory,
    base: str,
    what: str,
    attributes: Sequence[str],
    size: int,
    cookie: bytes,
    scope: Any,
    sink: Sink,
) -> Reply:
    from ldap3.core.exceptions import LDAPException, LDAPInvalidFilterError

    asked_at = sink.now().isoformat()
    try:
        result, response = directory.search(
            base, what, scope, attributes=list(attributes), paged_size=size or None, paged_cookie=cookie or None
        )
    except LDAPInvalidFilterError as error:
        raise SourceError(f"{what!r} is no filter", source=sink.name, hint="RFC 4515 says how to write one") from error
    except (LDAPException, OSError) as error:
        said = quoted(str(error), (directory.password,))
        raise Unavailable(f"the directory stopped to answer: {said}", source=sink.name, hint="try again") from error
    control = (result.get("controls") or {}).get(PAGED)
    rows = [row for row in response if row["type"] == "searchResEntry"]
    document = {
        "asked_at": asked_at,
        "result": result["result"],
        "description": result["description"],
        "message": quoted(result.get("message") or "", (directory.password,)),
        "cookie": None if control is None else base64.b64encode(control["value"]["cookie"] or b"").decode(),
        "entries": [{"dn": row["dn"], "attributes": _kept(row["raw_attributes"])} for row in rows],
        "referrals": [
            uri for row in response if row["type"] == "searchResRef" for uri in row["uri"]
        ] + list(result.get("referrals") or ()),
    }  # fmt: skip
    body = orjson.dumps(document)
    if any(form in body for form in forms((directory.password,))):
        # What is received is evidence, and goes into bundles that strangers read.
        raise Malformed(
            "the directory answered with the password that was bound with; nothing of it is kept",
            source=sink.name,
            hint="find where it stands in the directory, and change the password",
        )
    return Reply(result["result"], {}, body)


def _kept(raw: Mapping[str, Sequence[bytes]]) -> dict[str, list[Any]]:
    return {name: [_value(value) for value in values] for name, values in raw.items() if values}


def _value(value: bytes) -> Any:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
    return text if text.isprintable() else {"base64": base64.b64encode(value).decode()}


def _entries(reply: dict[str, Any], body: int) -> list[Entry]:
    return [
        Entry(
            row["dn"],
            {
                name.lower().partition(";range=")[0].removesuffix(";binary"): [
                    base64.b64decode(value["base64"]) if isinstance(value, dict) else value for value in values
                ]
                for name, values in row["attributes"].items()
            },
            body,
            place,
        )
        for place, row in enumerate(reply["entries"])
    ]


def _check(reply: dict[str, Any], source: str) -> None:
    code = reply["result"]
    if not code:
        return
    said = f"{reply['description']} {reply['message']}".strip()
    if code in _LIMITS:
        raise Stopped(
            f"the directory stopped at its {_LIMITS[code]} ({said})",
            source=source,
            hint="ask for a bind user without limits, or narrow base",
        )
    if code == 10:
        raise SourceError(
            f"the directory refers elsewhere for this base ({said}); referrals are never followed",
            source=source,
            hint="bind to the server that holds the base",
        )
    raise SourceError(f"the directory refused the search: {said}", source=source, hint="check base, filter and rights")
