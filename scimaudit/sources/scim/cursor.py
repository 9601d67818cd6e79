"""The cursor walk: RFC 9865, its private forerunners (an opt-in cursor, ``startId``/``nextId``) and next links."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from typing import Final

from scimaudit.errors import SourceError
from scimaudit.sources.scim.evidence import Check, Cursor, Evidence, Fetch, PageLike, Plan, Refused
from scimaudit.sources.scim.passes import GROWTH, SMALLER_PAGES, sorting

MOST_PASSES: Final = 5
"""How often a list is walked until two passes in a row are the same."""

EXPIRIES: Final = 3
"""How often a pass is begun again because its cursor expired."""

EMPTY_PAGES: Final = 20
"""Empty pages in a row that still name a next cursor before the walk gives up."""


def walk_cursor(fetch: Fetch, plan: Plan, *, linked: bool = False) -> Evidence:
    """Follow cursors until the server says there are no more, and where that took several pages until that is proven.

    RFC 9865 section 2: every page but the last has ``nextCursor``, so leaving it out is a proof of the end. It is none
    of what lies between: a cursor that is an offset skips a row where an earlier one is deleted meanwhile, and nothing
    shows it if another is made. Rows that came in two passes were there between them, and the total counts them.

    :param linked: the server names its next page by URL.
    :raises SourceError: the first page could not be had.
    """
    cursor = replace(plan.cursor, field="next_link") if linked else plan.cursor
    union: dict[str, None] = {}
    found = _walked(fetch, plan, cursor, union)
    if found.pages > 1 and not plan.quick:
        found = _until_equal(fetch, plan, cursor, found, union)
    found.gone = tuple(identifier for identifier in union if identifier not in found.ids)
    return found


def _walked(fetch: Fetch, plan: Plan, cursor: Cursor, union: dict[str, None]) -> Evidence:
    """One whole walk, begun again where its cursor expired; every id that comes to light goes to ``union``."""
    most = 0
    for _ in range(EXPIRIES + 1):
        found = Evidence("cursor", told=most, sizes=(plan.count,), linked=cursor.field == "next_link")
        expired = _follow(fetch, plan, cursor, found)
        union.update(found.ids)
        if not expired:
            return found
        most = max(most, *found.totals, 0)
    found.faults.append(f"the cursor expired in each of {EXPIRIES + 1} walks")
    return found


def _until_equal(fetch: Fetch, plan: Plan, cursor: Cursor, found: Evidence, union: dict[str, None]) -> Evidence:
    """Pass after pass until one gives the same ids and totals as the one before it, or something else is wrong.

    :returns: the last pass; where it is the same, with totals, pages and sizes of the one before it too.
    """
    # Below the first pass's mean page, so that the seams lie elsewhere; never a size that the total may be.
    mean = len(found.ids) // found.pages
    sizes = cycle((max(1, mean - max(mean // 4, 1)), *found.sizes))
    before: Evidence | None = None
    notes: list[str] = []
    told: list[tuple[int, ...]] = []
    most = 0
    for number in range(1, MOST_PASSES + 1):
        moved = _moved(found, plan)
        if found.faults and not moved:
            break
        why = _unlike(before, found, plan) if before else found.faults[0] if moved else ""
        if before and not why:
            found = _together(before, found)
            break
        totals, most = tuple(dict.fromkeys(found.totals)), max(most, found.told, *found.totals)
        if moved and totals in told:
            found.faults.append("totalResults contradicts itself")
            break
        if number == MOST_PASSES:
            found.faults += [why] * bool(why and why not in found.faults)
            found.faults.append(f"moving: of {MOST_PASSES} passes no two in a row were the same")
            break
        notes += [f"the walk was begun again: {why}"] * bool(why)
        told.append(totals)
        before = None if moved else found
        try:
            found = _walked(fetch, replace(plan, count=next(sizes)), cursor, union)
        except SourceError as error:
            found.faults.append(f"second pass: {error.message}")
            break
    if found.faults:
        found.contiguity = Check("failed", found.faults[0])
    found.told = max(most, found.told)
    found.notes[:0] = notes
    return found


def _moved(found: Evidence, plan: Plan) -> bool:
    """Whether nothing is wrong with a pass but that the data moved while it was made."""
    return plan.total_honest and len(set(found.totals)) > 1 and not found.broken


def _unlike(before: Evidence, after: Evidence, plan: Plan) -> str:
    """What differs between two passes, or moved during the second; empty where nothing does."""
    if _moved(after, plan):
        return after.faults[0]
    if different := len(before.ids.keys() ^ after.ids.keys()):
        return f"unstable: the second pass differs in {different} rows"
    changed = plan.total_honest and set(before.totals) != set(after.totals)
    return "totalResults changed between two passes" if changed else ""


def _together(before: Evidence, after: Evidence) -> Evidence:
    """Two passes that are the same, as one."""
    return replace(
        after,
        totals=[*before.totals, *after.totals],
        contiguity=Check("passed", f"{before.contiguity.detail}; a second pass gave the same ids"),
        pages=before.pages + after.pages,
        sizes=(*before.sizes, *after.sizes),
    )


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
    grown = 0
    followed: set[str] = set()
    while True:
        found.pages += 1
        rows += len(page.ids)
        without_id += page.ids.count(None)
        if page.total is not None:
            grown += bool(found.totals) and page.total > found.totals[-1]
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
        if grown >= GROWTH and plan.total_honest:
            found.faults.append(f"moving: totalResults grew {GROWTH} times during one pass")
            break
        followed.add(after)
        try:
            page = fetch(after if cursor.field == "next_link" else {**base, cursor.param: after})
        except SourceError as error:
            if isinstance(error, Refused) and error.scim_type.lower() == "expiredcursor":
                return True
            found.faults.append(f"page {found.pages + 1}: {error.message}")
            break
    found.broken = bool(found.faults or without_id)
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
