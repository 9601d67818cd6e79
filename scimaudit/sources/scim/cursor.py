"""The cursor walk: RFC 9865, its private forerunners (an opt-in cursor, ``startId``/``nextId``) and next links."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scimaudit.errors import SourceError
from scimaudit.sources.scim.evidence import Check, Cursor, Evidence, Fetch, PageLike, Plan, Refused
from scimaudit.sources.scim.passes import SMALLER_PAGES, sorting

RESTARTS: Final = 3
"""How often a walk is begun again because its cursor expired."""

EMPTY_PAGES: Final = 20
"""Empty pages in a row that still name a next cursor before the walk gives up."""


def walk_cursor(fetch: Fetch, plan: Plan, *, linked: bool = False) -> Evidence:
    """Follow cursors until the server says there are no more, twice where that took several pages.

    RFC 9865 section 2: every page but the last has ``nextCursor``, so leaving it out is a proof of the end. It is none
    of what lies between: a cursor that is an offset skips a row where an earlier one is deleted meanwhile, and nothing
    shows it if another is made. Rows that came in two passes were there between them, and the total counts them.

    :param linked: the server names its next page by URL.
    :raises SourceError: the first page could not be had.
    """
    cursor = replace(plan.cursor, field="next_link") if linked else plan.cursor
    found, union = _walked(fetch, plan, cursor)
    if not found.faults and found.pages > 1 and not plan.quick:
        _second_pass(fetch, plan, cursor, found, union)
    found.gone = tuple(identifier for identifier in union if identifier not in found.ids)
    return found


def _walked(fetch: Fetch, plan: Plan, cursor: Cursor) -> tuple[Evidence, dict[str, None]]:
    """One whole walk, begun again where its cursor expired, and every id that came to light."""
    union: dict[str, None] = {}
    for _ in range(RESTARTS + 1):
        found = Evidence("cursor", sizes=(plan.count,))
        expired = _follow(fetch, plan, cursor, found)
        union.update(found.ids)
        if not expired:
            return found, union
    found.faults.append(f"the cursor expired in each of {RESTARTS + 1} walks")
    return found, union


def _second_pass(fetch: Fetch, plan: Plan, cursor: Cursor, found: Evidence, union: dict[str, None]) -> None:
    """The same ids must come again, on pages of another size."""
    # Below the first walk's mean page, so that the seams lie elsewhere; never a size that the total may be.
    mean = len(found.ids) // found.pages
    size = max(1, mean - max(mean // 4, 1))
    try:
        second, seen = _walked(fetch, replace(plan, count=size), cursor)
    except SourceError as error:
        found.faults.append(f"second pass: {error.message}")
        found.contiguity = Check("failed", found.faults[-1])
        return
    union.update(seen)
    found.pages += second.pages
    found.totals += second.totals
    found.sizes += second.sizes
    different = len(found.ids.keys() ^ second.ids.keys())
    if different:
        found.faults.append(f"unstable: the second pass differs in {different} rows")
    found.faults += [f"second pass: {fault}" for fault in second.faults]
    if plan.total_honest and len(set(found.totals)) > 1:
        found.faults.append("totalResults changed between two passes")
    if found.faults:
        found.contiguity = Check("failed", found.faults[0])
    else:
        found.contiguity = Check("passed", f"{found.contiguity.detail}; a second pass gave the same ids")


def first_request(plan: Plan, cursor: Cursor, count: int) -> dict[str, str]:
    """The parameters that begin a cursor walk."""
    base = {**sorting(plan.sort_by), "count": str(count)}
    return base if cursor.first is None else {**base, cursor.param: cursor.first}


def _follow(fetch: Fetch, plan: Plan, cursor: Cursor, found: Evidence) -> bool:
    """One walk; says whether its cursor expired, after which nothing may be spliced (RFC 9865 section 2.1)."""
    page, count = _first(fetch, plan, cursor)
    found.sizes = (count,)
    base = {**sorting(plan.sort_by), "count": str(count)}
    rows = 0
    without_id = 0
    empties = 0
    followed: set[str] = set()
    while True:
        found.pages += 1
        rows += len(page.ids)
        without_id += page.ids.count(None)
        if page.total is not None:
            found.totals.append(page.total)
        found.ids.update((identifier, None) for identifier in page.ids if identifier is not None)
        empties = 0 if page.ids else empties + 1
        after = getattr(page, cursor.field)
        if not after or after == cursor.end_marker:
            break
        if after in followed:
            found.faults.append("the server names a cursor it had named before")
            break
        if empties > EMPTY_PAGES:
            found.faults.append(f"more than {EMPTY_PAGES} empty pages in a row")
            break
        followed.add(after)
        try:
            page = fetch(after if cursor.field == "next_link" else {**base, cursor.param: after})
        except SourceError as error:
            if isinstance(error, Refused) and error.scim_type.lower() == "expiredcursor":
                return True
            found.faults.append(f"page {found.pages + 1}: {error.message}")
            break
    repeats = rows - without_id - len(found.ids)
    if repeats:
        found.faults.append(f"{repeats} rows came twice")
    if without_id:
        found.faults.append(f"{without_id} rows have no id")
    if plan.total_honest and len(set(found.totals)) > 1:
        found.faults.append("totalResults changed during the walk")
    if found.faults:
        found.contiguity = Check("failed", found.faults[0])
        return False
    found.contiguity = Check("passed", "no cursor and no row came twice")
    found.end = _end(fetch, plan, cursor, found, page)
    return False


def _first(fetch: Fetch, plan: Plan, cursor: Cursor) -> tuple[PageLike, int]:
    """The first page, and the count it was had with: a server may refuse one (RFC 9865 section 2.1)."""
    for count in (plan.count, *(size for size in SMALLER_PAGES if size < plan.count)):
        try:
            return fetch(first_request(plan, cursor, count)), count
        except Refused as error:
            if error.status not in {400, 422}:
                raise
    # Every size is refused: it is not the size. The refusal of the first request says what it is.
    return fetch(first_request(plan, cursor, plan.count)), plan.count


def _end(fetch: Fetch, plan: Plan, cursor: Cursor, found: Evidence, last: PageLike) -> Check:
    """W3: the last page left its cursor out, on a server shown to name one where there is more."""
    if cursor.end_marker is not None:
        if getattr(last, cursor.field) == cursor.end_marker:
            return Check("passed", f"the server said {cursor.end_marker}")
        found.faults.append(f"the walk ended without the end marker {cursor.end_marker}")
        return Check("failed", found.faults[-1])
    if found.pages > 1:
        return Check("passed", f"the last of {found.pages} pages names no next one")
    if plan.quick:
        return Check("not-available", "the only page names no next one; asking for a smaller page was skipped (quick)")
    if len(last.ids) < 2:
        return Check("not-available", "too few rows to show that the server names a next page")
    try:
        page = fetch(first_request(plan, cursor, len(last.ids) // 2))
    except SourceError as error:
        return Check("not-available", f"a smaller page was not answered: {error.message}")
    if getattr(page, cursor.field):
        return Check("passed", "the only page names no next one, and half of it does")
    found.faults.append(
        "the only page names no next one, but neither does half of it: paging is off or the list is cut"
    )
    return Check("failed", found.faults[-1])
