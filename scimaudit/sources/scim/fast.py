"""Reading a well-formed page: typed decoding straight into column lists, several times faster than by dictionaries.

A page is well-formed when every attribute has its RFC 7643 spelling and type, and none that decides which rows,
accounts and rights there are stands twice. Any other is refused here, as a whole, and read by
:mod:`~scimaudit.sources.scim.tolerant`. Typed decoding would silently skip a name it does not know, such as ``Active``;
so unknown names are forbidden, and those of a page are admitted only after a look that none of them is one of ours in
another spelling.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from scimaudit.sources.scim.columns import (
    ENTERPRISE,
    ENTERPRISE_1,
    Columns,
    Grant,
    Group,
    Kind,
    Member,
    Page,
    Rfc3339,
    addresses,
    display,
    extra,
    holding,
    refuse_if_too_many,
    roots,
)
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.row import ROW_NAMES
from scimaudit.sources.scim.tolerant import ENVELOPE_NAMES

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0)]

# Of two values of one name decoding keeps the last. These names decide which rows, accounts and rights there are.
_ENVELOPE_ONCE: Final = ("total", "next_cursor", "next_id", "next_link", "odata_link")
_USER_ONCE: Final = ("external_id", "user_name", "active", "emails", "groups", "roles", "entitlements")
_ENVELOPE_KEYS: Final = rb"Resources|totalResults|nextCursor|nextId|nextLink|@odata\.nextLink|id"
_USER_KEYS: Final = rb"externalId|userName|active|emails|groups|roles|entitlements|employeeNumber"
_ONCE: Final[dict[Kind, re.Pattern[bytes]]] = {
    "Users": re.compile(rb'"(?:%s|%s)"\s*:' % (_ENVELOPE_KEYS, _USER_KEYS)),
    # A member tells null and absent not apart, so nulls are not counted.
    "Groups": re.compile(rb'"(?:%s|members)"\s*:|"(?:value|type|\$ref)"\s*:(?!\s*null)' % _ENVELOPE_KEYS),
}
_ESCAPED_LETTER: Final = re.compile(rb"\\u00[4-7]")
_NO_NAME: Final = re.compile(r'[\x00-\x1f"\\]')
"""What msgspec takes in no name of a field."""
_LAST_YEAR: Final = 9999
_BUILDING: Final = Lock()
_MANY: Final = 64
"""More unknown names than this on one page are not worth a decoder of their own."""


class _Strict(Struct, forbid_unknown_fields=True, gc=False, rename="camel"):
    """An object in which no other name is tolerated."""


class _Name(_Strict):
    formatted: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    middle_name: Raw = Raw()
    honorific_prefix: Raw = Raw()
    honorific_suffix: Raw = Raw()


class _Email(_Strict):
    value: str | None = None
    primary: bool | None = None
    type: Raw = Raw()
    display: Raw = Raw()


class _Held(_Strict):
    value: Text
    display: str | None = None
    type: str | None = None
    ref: Raw = field(default=Raw(), name="$ref")
    primary: Raw = Raw()


class _Manager(_Strict):
    value: str | None = None
    manager_id: str | None = None
    ref: Raw = field(default=Raw(), name="$ref")
    display_name: Raw = Raw()


class _Enterprise(_Strict):
    employee_number: str | UnsetType | None = UNSET
    department: str | None = None
    title: str | None = None
    manager: _Manager | None = None
    cost_center: Raw = Raw()
    organization: Raw = Raw()
    division: Raw = Raw()


class _Meta(_Strict):
    created: Rfc3339 | None = None
    last_modified: Rfc3339 | None = None
    resource_type: Raw = Raw()
    location: Raw = Raw()
    version: Raw = Raw()


class _User(_Strict):
    id: Text
    external_id: str | UnsetType | None = UNSET
    user_name: str | UnsetType | None = UNSET
    name: _Name | None = None
    display_name: str | None = None
    title: str | None = None
    user_type: str | None = None
    active: bool | UnsetType | None = UNSET
    emails: list[_Email] | UnsetType | None = UNSET
    groups: list[_Held] | UnsetType | None = UNSET
    roles: list[_Held] | UnsetType | None = UNSET
    entitlements: list[_Held] | UnsetType | None = UNSET
    meta: _Meta | None = None
    enterprise: _Enterprise | None = field(default=None, name=ENTERPRISE)
    enterprise_1: _Enterprise | None = field(default=None, name=ENTERPRISE_1)
    schemas: Raw = Raw()
    nick_name: Raw = Raw()
    profile_url: Raw = Raw()
    preferred_language: Raw = Raw()
    locale: Raw = Raw()
    timezone: Raw = Raw()
    phone_numbers: Raw = Raw()
    ims: Raw = Raw()
    photos: Raw = Raw()
    addresses: Raw = Raw()
    x509_certificates: Raw = field(default=Raw(), name="x509Certificates")


class _Group(_Strict):
    id: Text
    display_name: str | None = None
    members: list[Member] | UnsetType | None = UNSET
    external_id: Raw = Raw()
    schemas: Raw = Raw()
    meta: Raw = Raw()


class Envelope(_Strict):
    """A list response (RFC 7644 section 3.4.2) but for its rows."""

    total: Count | UnsetType | None = field(default=UNSET, name="totalResults")
    start_index: Count | None = None
    items_per_page: Count | None = None
    next_cursor: Text | UnsetType | None = UNSET
    next_id: Text | UnsetType | None = UNSET
    next_link: Text | UnsetType | None = UNSET
    odata_link: Text | UnsetType | None = field(default=UNSET, name="@odata.nextLink")
    previous_cursor: Raw = Raw()
    schemas: Raw = Raw()


_ROWS: Final[dict[Kind, type[_Strict]]] = {"Users": _User, "Groups": _Group}
_SHAPE: Final = msgspec.json.Decoder(dict[str, Raw])
_ROW_SHAPES: Final = msgspec.json.Decoder(list[dict[str, Raw]])
_NOBODY: Final = _Name()
_NOWHERE: Final = _Enterprise()
_NEVER: Final = _Meta()


def read(body: bytes, profile: Profile, kind: Kind) -> Page | None:
    """Read a well-formed page; None when it is not one.

    :param body: the page, without byte order mark.
    :raises Malformed: it holds too many rows.
    """
    if b"\\u00" in body and _ESCAPED_LETTER.search(body):
        return None  # a name may hide in an escaped spelling
    kept = roots(profile) if kind == "Users" else frozenset()
    if any(name.casefold() in ROW_NAMES or name in _User.__struct_encode_fields__ for name in kept):
        return None
    try:
        answer = _decode(body, kind, kept)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if answer is not None:
        refuse_if_too_many(answer.rows)
    if answer is None or any(row.id.isspace() for row in answer.rows):
        return None
    page = page_of(answer, [row.id for row in answer.rows])
    if len(_ONCE[kind].findall(body)) != 1 + _present([answer], _ENVELOPE_ONCE) + _names_once(answer.rows, kind):
        return None
    if any(_repeats(body, answer.rows, place, name) for place, name in enumerate(sorted(kept))):
        return None
    if kind == "Groups":
        blanks = b'""' in body
        page.groups = [_group(row, blanks=blanks) for row in answer.rows]
        members = [member for group in page.groups for member in group.members or ()]
        nobody = sum([member.value is None and member.ref is None for member in members])
        if nobody:
            page.deviations["members-unreadable"] += nobody
        return page
    if any(_at_the_edge(row.meta) for row in answer.rows):
        return None
    _users(page, answer.rows, profile, kept)
    return page


def page_of(envelope: Envelope, ids: list[str | None]) -> Page:
    """A page of these rows with what its envelope says, and nothing read of the rows."""
    return Page(
        total=None if envelope.total is UNSET else envelope.total,
        start_index=envelope.start_index,
        items_per_page=envelope.items_per_page,
        next_cursor=envelope.next_cursor or None,
        next_link=envelope.odata_link or envelope.next_link or None,
        next_id=envelope.next_id or None,
        ids=ids,
    )


def _decode(body: bytes, kind: Kind, kept: frozenset[str]) -> Any:
    try:
        return _decoder(kind, kept, frozenset(), frozenset()).decode(body)
    except msgspec.ValidationError:
        strangers = _strangers(body, kind, kept)
        return None if strangers is None else _decoder(kind, kept, *strangers).decode(body)


def _strangers(body: bytes, kind: Kind, kept: frozenset[str]) -> tuple[frozenset[str], frozenset[str]] | None:
    """Names of the page and of its rows that mean nothing to us; None when there are none or one of them is ours."""
    envelope = _SHAPE.decode(body)
    rows: set[str] = set().union(*_ROW_SHAPES.decode(envelope.get("Resources", b"[]")))
    outer = envelope.keys() - set(Envelope.__struct_encode_fields__) - {"Resources"}
    inner = rows - set(_ROWS[kind].__struct_encode_fields__) - kept
    ours = ROW_NAMES | {name.casefold() for name in kept}
    if not (outer or inner) or len(outer) + len(inner) > _MANY:
        return None
    if any(name.casefold() in ENVELOPE_NAMES for name in outer) or any(name.casefold() in ours for name in inner):
        return None
    if any(_NO_NAME.search(name) for name in outer | inner):
        return None
    return frozenset(outer), frozenset(inner)


def _decoder(
    kind: Kind, kept: frozenset[str], outer: frozenset[str], inner: frozenset[str]
) -> msgspec.json.Decoder[Any]:
    """A decoder that also admits the names given: ``kept`` with their values, the others unread.

    One thread at a time: msgspec fills the description of a struct in place, and a second thread that meets it half
    filled decodes through null pointers.
    """
    with _BUILDING:
        return _built(kind, kept, outer, inner)


@lru_cache(maxsize=64)
def _built(kind: Kind, kept: frozenset[str], outer: frozenset[str], inner: frozenset[str]) -> msgspec.json.Decoder[Any]:
    read_too = [(f"kept_{place}", Any, field(default=None, name=name)) for place, name in enumerate(sorted(kept))]
    row = _widened(_ROWS[kind], inner, read_too)
    return msgspec.json.Decoder(_widened(Envelope, outer, [("rows", list[row], field(name="Resources"))]))  # type: ignore[valid-type]


def _widened(base: type[_Strict], unread: frozenset[str], fields: list[tuple[str, Any, Any]]) -> type[Struct]:
    skipped = [(f"unread_{place}", Raw, field(default=Raw(), name=name)) for place, name in enumerate(sorted(unread))]
    return msgspec.defstruct(
        base.__name__, [*fields, *skipped], bases=(base,), forbid_unknown_fields=True, gc=False, kw_only=True
    )


def _names_once(rows: list[Any], kind: Kind) -> int:
    """How many names of :data:`_ONCE` the rows were decoded from; the bytes hold as many unless one is repeated."""
    if kind == "Groups":
        members = [member for row in rows for member in row.members or ()]
        told = sum([(m.value is not None) + (m.ref is not None) + (m.type is not None) for m in members])
        return len(rows) + _present(rows, ("members",)) + told
    works = [work for row in rows for work in (row.enterprise, row.enterprise_1) if work is not None]
    return len(rows) + _present(rows, _USER_ONCE) + _present(works, ("employee_number",))


def _present(things: Sequence[Any], names: tuple[str, ...]) -> int:
    return sum([getattr(thing, name) is not UNSET for name in names for thing in things])


def _repeats(body: bytes, rows: list[Any], place: int, name: str) -> bool:
    """Whether a name that the profile reads stands more often in the bytes than in the rows."""
    present = sum(getattr(row, f"kept_{place}") is not None for row in rows)
    quoted = f'"{name}"'.encode()
    return body.count(quoted) > present and len(re.findall(re.escape(quoted) + rb"\s*:(?!\s*null)", body)) > present


def _at_the_edge(meta: _Meta | None) -> bool:
    """Whether a time may leave the calendar when it is turned into UTC."""
    times = () if meta is None else (meta.created, meta.last_modified)
    return any(time is not None and not 1 < time.year < _LAST_YEAR for time in times)


def _group(row: _Group, *, blanks: bool) -> Group:
    members = None if row.members is UNSET else row.members
    if members and blanks:
        members = [Member(m.value or None, m.ref or None, m.type or None, m.display or None) for m in members]
    return Group(row.id, row.display_name or None, members)


def _users(page: Page, rows: list[Any], profile: Profile, kept: frozenset[str]) -> None:
    absent = profile.active_when_absent
    kinds = {name.casefold(): kind for name, kind in profile.kinds.user_types.items()}
    default = profile.kinds.default
    names = [row.name or _NOBODY for row in rows]
    works = [_enterprise(row) for row in rows]
    metas = [row.meta or _NEVER for row in rows]
    nothing = [None] * len(rows)
    page.users = users = Columns(
        account_id=[row.id for row in rows],
        external_id=[row.external_id or None for row in rows],
        user_name=[row.user_name or None for row in rows],
        emails=[_addresses(row.emails) for row in rows],
        active=[absent if row.active is UNSET or row.active is None else row.active for row in rows],
        display_name=[
            row.display_name or display(None, name.formatted, name.given_name, name.family_name)
            for row, name in zip(rows, names, strict=True)
        ],
        given_name=[name.given_name or None for name in names],
        family_name=[name.family_name or None for name in names],
        employee_number=[work.employee_number or None for work in works],
        department=[work.department or None for work in works],
        title=[row.title or work.title or None for row, work in zip(rows, works, strict=True)],
        manager=[_manager(work.manager) for work in works],
        user_type=[row.user_type or None for row in rows],
        created=[meta.created for meta in metas],
        last_modified=[meta.last_modified for meta in metas],
        last_login=list(nothing),
        last_login_source=list(nothing),
        account_kind=[kinds.get(row.user_type.casefold(), default) if row.user_type else default for row in rows]
        if kinds
        else [default] * len(rows),
        raw_row=list(range(len(rows))),
    )
    for index, row in enumerate(rows):
        if row.groups or row.roles or row.entitlements:
            page.grants += _grants(row)
        if kept:
            held = {name: getattr(row, f"kept_{place}") for place, name in enumerate(sorted(kept))}
            more = extra(row.id, held, profile, page.deviations)
            users.last_login[index], users.last_login_source[index] = more.last_login, more.last_login_source
            users.account_kind[index] = more.kind or users.account_kind[index]
            page.grants += more.grants


def _addresses(emails: list[_Email] | None) -> list[str] | None:
    if not emails:
        return None
    if len(emails) == 1:
        only = emails[0].value
        return [only] if only else None
    return addresses((email.value, email.primary is True) for email in emails)


def _enterprise(row: _User) -> _Enterprise:
    new, old = row.enterprise, row.enterprise_1
    if new is None or old is None:
        return new or old or _NOWHERE
    return _Enterprise(
        employee_number=new.employee_number or old.employee_number,
        department=new.department or old.department,
        title=new.title or old.title,
        manager=new.manager if _manager(new.manager) else old.manager,
    )


def _manager(manager: _Manager | None) -> str | None:
    return None if manager is None else manager.value or manager.manager_id or None


def _grants(row: _User) -> list[Grant]:
    grants = [Grant(row.id, "groups", g.value, g.display or None, holding(g.type)) for g in row.groups or ()]
    grants += [Grant(row.id, "roles", r.value, r.display or None, "direct") for r in row.roles or ()]
    grants += [Grant(row.id, "entitlements", e.value, e.display or None, "direct") for e in row.entitlements or ()]
    return grants
