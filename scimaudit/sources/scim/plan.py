"""From a provider's profile and the server's own discovery to a plan for walking an endpoint."""

from __future__ import annotations

from typing import Final, Literal

from scimaudit.sources.scim.discovery import Discovery
from scimaudit.sources.scim.evidence import Cursor, Mode, Plan
from scimaudit.sources.scim.profile import Profile

DEFAULT_COUNT: Final = 100
_LIMITS: Final = frozenset({50, 100, 200, 500, 1000, 2000, 5000, 10_000})
_MODES: Final[dict[str, Mode | None]] = {
    "probe": None,
    "index": "index",
    "cursor": "cursor",
    "cursor_optin": "cursor",
    "keyset": "keyset",
    "dump": "dump",
    "aligned": "aligned",
}
_FIELDS: Final[dict[str, Literal["next_cursor", "next_id", "next_link"]]] = {
    "nextCursor": "next_cursor",
    "nextId": "next_id",
    "nextLink": "next_link",
}


def plan(
    kind: Literal["Users", "Groups"], profile: Profile, discovery: Discovery, *, page_size: int | None, quick: bool
) -> Plan:
    """How to walk ``/Users`` or ``/Groups``.

    Limits that the profile or discovery name are remembered, for a total equal to one of them proves nothing.
    """
    count = page_size or min(profile.page.max or DEFAULT_COUNT, 1000)
    mode = _MODES[profile.mode]
    if mode is None and discovery.cursor_only:
        mode = "cursor"
    limits = {
        profile.page.default,
        profile.page.max,
        profile.page.row_cap,
        profile.total.cap,
        discovery.max_results,
        count,
    }
    sortable = profile.order.sort_attributes if kind == "Users" else ()
    return Plan(
        mode=mode,
        count=count,
        order_promised=profile.order.promised,
        sort_by=sortable[0] if sortable else None,
        sort_cure="userName" if kind == "Users" else "id",
        total_honest=profile.total.kind in {"true", "unknown"},
        total_cap=profile.total.cap,
        align=profile.page.align,
        start_base=profile.page.start_base,
        start_ceiling=profile.page.start_ceiling,
        row_cap=profile.page.row_cap,
        round_caps=_LIMITS | {limit for limit in limits if limit},
        past_end=profile.past_end,
        cursor=_cursor(profile),
        quick=quick,
    )


def _cursor(profile: Profile) -> Cursor:
    given = profile.cursor
    if given is None:
        return Cursor(first="" if profile.mode == "cursor_optin" else None)
    first = "" if given.first is None and profile.mode == "cursor_optin" else given.first
    return Cursor(given.param, first, _FIELDS[given.next_field], given.end_marker)
