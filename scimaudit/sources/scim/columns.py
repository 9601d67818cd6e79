"""What a page of a SCIM listing holds once it is read: column lists, groups, grants, and what was odd about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from scimaudit.errors import Malformed
from scimaudit.sources.scim.profile import Profile

Kind = Literal["Users", "Groups"]
Rfc3339 = Annotated[datetime, msgspec.Meta(tz=True)]

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTERPRISE_1: Final = "urn:scim:schemas:extension:enterprise:1.0"

MOST_ROWS: Final = 100_000
"""Rows on one page: read, a row takes some 5 KiB of memory. At a natural size as many do not fit into one body."""
MOST_OBJECTS: Final = 1_000_000
"""Objects and lists on one page; the smallest take twenty times as much memory as bytes."""


class Grant(NamedTuple):
    """An entitlement that a user row shows.

    ``attribute`` is groups, roles, entitlements or licenses; ``type`` is direct or indirect.
    """

    account_id: str
    attribute: str
    value: str
    display: str | None
    type: str


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One member of a group, as the row spells it; servers differ in what they put into ``value``.

    A struct, so that a page with many members is decoded straight into them.
    """

    value: str | None = None
    ref: str | None = msgspec.field(default=None, name="$ref")
    type: str | None = None
    display: str | None = None


class Group(NamedTuple):
    """One group. ``members`` is None where the row does not say, which is not the same as an empty group."""

    id: str
    display: str | None
    members: list[Member] | None


class Rejection(NamedTuple):
    """A row that could not become an account or group; ``digest`` starts the SHA-256 of the raw row."""

    row: int
    reason: str
    digest: str


class User(NamedTuple):
    """One account, in the order of :class:`Columns`."""

    account_id: str
    external_id: str | None
    user_name: str | None
    emails: list[str] | None
    active: bool | None
    display_name: str | None
    given_name: str | None
    family_name: str | None
    employee_number: str | None
    department: str | None
    title: str | None
    manager: str | None
    user_type: str | None
    created: datetime | None
    last_modified: datetime | None
    last_login: datetime | None
    last_login_source: str | None
    account_kind: str
    raw_row: int


@dataclass(slots=True)
class Columns:
    """Accounts as column lists of :data:`scimaudit.tables.ACCOUNTS`; all lists are equally long."""

    account_id: list[str] = field(default_factory=list)
    external_id: list[str | None] = field(default_factory=list)
    user_name: list[str | None] = field(default_factory=list)
    emails: list[list[str] | None] = field(default_factory=list)
    active: list[bool | None] = field(default_factory=list)
    display_name: list[str | None] = field(default_factory=list)
    given_name: list[str | None] = field(default_factory=list)
    family_name: list[str | None] = field(default_factory=list)
    employee_number: list[str | None] = field(default_factory=list)
    department: list[str | None] = field(default_factory=list)
    title: list[str | None] = field(default_factory=list)
    manager: list[str | None] = field(default_factory=list)
    user_type: list[str | None] = field(default_factory=list)
    created: list[datetime | None] = field(default_factory=list)
    last_modified: list[datetime | None] = field(default_factory=list)
    last_login: list[datetime | None] = field(default_factory=list)
    last_login_source: list[str | None] = field(default_factory=list)
    account_kind: list[str] = field(default_factory=list)
    raw_row: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.account_id)

    @classmethod
    def of(cls, users: Sequence[User]) -> Columns:
        """The users, turned on their side."""
        return cls(*(list(column) for column in zip(*users, strict=True))) if users else cls()


@dataclass(slots=True)
class Page:
    """One page of a listing.

    :param ids: one per received row, in order; None where the row has no usable id.
    :param users: rows of ``/Users`` with an id.
    :param groups: rows of ``/Groups`` with an id.
    :param grants: what the user rows themselves say of groups, roles, entitlements and licences.
    :param deviations: what departs from the RFCs, counted by name.
    :param rejected: rows without a usable id; ``len(ids) = len(users or groups) + len(rejected)``.
    """

    total: int | None = None
    start_index: int | None = None
    items_per_page: int | None = None
    next_cursor: str | None = None
    next_link: str | None = None
    next_id: str | None = None
    ids: list[str | None] = field(default_factory=list)
    users: Columns = field(default_factory=Columns)
    groups: list[Group] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    deviations: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejection] = field(default_factory=list)


class Extra(NamedTuple):
    """What a profile lets us read of a row beyond the standard attributes."""

    last_login: datetime | None
    last_login_source: str | None
    kind: str | None
    grants: list[Grant]


def addresses(emails: Iterable[tuple[str | None, bool]]) -> list[str] | None:
    """Addresses of ``(value, primary)`` pairs: primary first, no empty ones, no repeats; None when none is left."""
    pairs = [(value, primary) for value, primary in emails if value]
    ordered = [value for value, primary in pairs if primary] + [value for value, primary in pairs if not primary]
    return list(dict.fromkeys(ordered)) or None


def display(display_name: str | None, formatted: str | None, given: str | None, family: str | None) -> str | None:
    """The name to show: displayName, else name.formatted, else the given and family name."""
    return display_name or formatted or " ".join(part for part in (given, family) if part) or None


def holding(kind: str | None) -> str:
    """Whether a ``groups`` value is held directly (RFC 7643 section 4.1.2); direct unless it says otherwise."""
    return "indirect" if kind is not None and kind.casefold() == "indirect" else "direct"


def time(value: Any, name: str, deviations: Counter[str]) -> datetime | None:
    """A ``dateTime`` (RFC 7643 section 2.3.5); one without zone is taken as UTC, and counted."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        deviations[f"{name}-unreadable"] += 1
        return None
    try:
        return msgspec.convert(value, Rfc3339).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        pass
    try:
        read = datetime.fromisoformat(value.strip())
        in_utc = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        deviations[f"{name}-unreadable"] += 1
        return None
    deviations["time-without-zone" if read.tzinfo is None else "time-not-rfc3339"] += 1
    return in_utc


def roots(profile: Profile) -> frozenset[str]:
    """The outermost attributes that a profile reads beyond the standard ones."""
    paths = [*profile.last_login.paths, *(entitlement.path for entitlement in profile.entitlements)]
    return frozenset([path[0] for path in paths] + list(profile.kinds.present))


def extra(account_id: str, found: Mapping[str, Any], profile: Profile, deviations: Counter[str]) -> Extra:
    """Read what the profile points at.

    :param found: the row's values of :func:`roots`, by the profile's spelling.
    """
    latest: datetime | None = None
    origin: str | None = None
    for path in profile.last_login.paths:
        seen = time(_at(found, path), path[-1], deviations)
        if seen is not None and (latest is None or seen > latest):
            latest, origin = seen, ".".join(path)
    kind = next((kind for name, kind in profile.kinds.present.items() if found.get(name) not in _NOTHING), None)
    grants = [
        Grant(account_id, entitlement.kind, value, shown, "direct")
        for entitlement in profile.entitlements
        for value, shown in _held(_at(found, entitlement.path), entitlement.path[-1], deviations)
    ]
    return Extra(latest, origin, kind, grants)


_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {}, False)


def _at(found: Mapping[str, Any], path: Sequence[str]) -> Any:
    here: Any = found
    for step in path:
        if not isinstance(here, Mapping):
            return None
        if step in here:
            here = here[step]
        else:
            wanted = step.casefold()
            here = next((value for name, value in here.items() if name.casefold() == wanted), None)
    return here


def _held(value: Any, name: str, deviations: Counter[str]) -> list[tuple[str, str | None]]:
    """Values and names of an entitlement attribute: texts, objects with ``value``, or a flag named after itself."""
    if value in _NOTHING:
        return []
    if value is True:
        return [(name, None)]
    held = []
    for item in value if isinstance(value, list) else [value]:
        what, shown = (item.get("value"), item.get("display")) if isinstance(item, Mapping) else (item, None)
        if isinstance(what, int) and not isinstance(what, bool):
            what = str(what)
        if isinstance(what, str) and what:
            held.append((what, shown if isinstance(shown, str) and shown else None))
        else:
            deviations[f"{name}-unreadable"] += 1
    return held


def refuse_if_bloated(body: bytes) -> None:
    """Refuse a page that takes out of all proportion more memory than bytes, before it is decoded.

    :raises Malformed: it holds more than :data:`MOST_OBJECTS` objects and lists.
    """
    if len(body) > 2 * MOST_OBJECTS and body.count(b"{") + body.count(b"[") > MOST_OBJECTS:
        raise Malformed(f"the page holds more than {MOST_OBJECTS:,} objects", hint="lower page_size")


def refuse_if_too_many(rows: Sequence[object]) -> None:
    """Refuse a page of too many rows, once they are counted and before they are read.

    :raises Malformed: there are more than :data:`MOST_ROWS`.
    """
    if len(rows) > MOST_ROWS:
        raise Malformed(
            f"the page holds {len(rows):,} rows, more than {MOST_ROWS:,}",
            hint="lower page_size; a server that gives everybody at once is read up to that number",
        )
