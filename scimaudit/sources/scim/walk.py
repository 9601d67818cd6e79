"""Choosing a walk and repeating it until it proves something: restarts, second pass, origin probe, dumps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from scimaudit.errors import SourceError
from scimaudit.sources.scim.cursor import walk_cursor
from scimaudit.sources.scim.evidence import Check, Evidence, Fetch, PageLike, Plan, Refused
from scimaudit.sources.scim.keyset import walk_keyset
from scimaudit.sources.scim.passes import SMALLER_PAGES, Pass, aligned_pass, index_pass, sorting, window
from scimaudit.transport import ServerError

RESTARTS: Final = 3
"""How often a walk is begun again because the data moved."""

_NAMED: Final = 5


def walk(fetch: Fetch, plan: Plan) -> Evidence:
    """List everything an endpoint gives, as ``plan`` says or as its first page shows.

    :raises SourceError: not even a first page could be had.
    """
    if plan.mode == "cursor":
        return walk_cursor(fetch, plan)
    if plan.mode == "keyset":
        return walk_keyset(fetch, plan)
    if plan.mode == "dump":
        return _dump(fetch, fetch({}), plan)
    page, count = _first(fetch, plan)
    if count is None:
        found = _dump(fetch, page, plan)
        found.notes.append("the server refuses startIndex and count, so it was asked without them")
        return found
    if plan.mode is None and (page.next_cursor or page.next_link):
        found = walk_cursor(fetch, plan, linked=not page.next_cursor)
        found.told = max(found.told, page.total or 0)
        return found
    return _index(fetch, plan, page, count)


def _first(fetch: Fetch, plan: Plan) -> tuple[PageLike, int | None]:
    """The first page and the count it was had with; None where only a request without parameters is answered.

    Servers refuse a count above their largest page, or every count (RFC 7644 allows neither; both are seen).
    """
    trouble: SourceError | None = None
    for count in (plan.count, *(size for size in SMALLER_PAGES if size < plan.count)):
        try:
            return fetch(window(plan.start_base, count, sorting(plan.sort_by))), count
        except (Refused, ServerError) as error:
            if error.status not in {400, 422, 500, 501}:
                raise
            trouble = trouble or error
    try:
        return fetch({}), None
    except SourceError as error:
        raise trouble or error from error


def _index(fetch: Fetch, plan: Plan, page: PageLike, count: int) -> Evidence:
    sort = plan.sort_by
    first: PageLike | None = page
    told: list[list[int]] = []
    union: dict[str, None] = {}
    notes: list[str] = []
    most = 0
    for attempt in range(RESTARTS + 1):
        try:
            found, disordered = _attempt(fetch, plan, first, count, sort, union)
        except SourceError as error:
            if first is not None:
                raise
            found.faults.append(f"the walk was begun again and failed: {error.message}")
            break
        first = None
        if found.broken or found.mode == "cursor":
            break
        if plan.total_honest and len(set(found.totals)) > 1:
            if found.totals in told:
                found.faults.append(f"totalResults contradicts itself: {_few(found.totals)}")
                break
            if attempt == RESTARTS:
                found.faults.append(
                    f"moving: totalResults still changed after {RESTARTS} restarts: {_few(found.totals)}"
                )
                break
            told.append(found.totals)
            most = max(most, *found.totals)
            notes.append(f"the walk was begun again: totalResults changed ({_few(found.totals)})")
            continue
        if disordered and sort is None and plan.sort_cure and not plan.quick and attempt < RESTARTS:
            sort = plan.sort_cure
            notes.append(f"pages came in no order, so they were asked for again sorted by {sort}")
            continue
        break
    found.notes[:0] = notes
    found.told = max(most, found.told)
    # A cursor walk that this one turned into has its own.
    found.gone = tuple(dict.fromkeys([*found.gone, *(name for name in union if name not in found.ids)]))
    return found


def _attempt(
    fetch: Fetch, plan: Plan, first: PageLike | None, count: int, sort: str | None, union: dict[str, None]
) -> tuple[Evidence, bool]:
    """One pass and, where it is clean, the probes; says too whether the pages came in no order."""
    extra = sorting(sort)
    aligned = plan.mode == "aligned"
    if aligned:
        seen = aligned_pass(fetch, count, extra, first=first, align=plan.align)
    else:
        seen = index_pass(fetch, count, extra, base=plan.start_base, first=first, probe_tail=not plan.quick)
        if seen.repeated and plan.mode is None:
            try:
                other = _other_paging(fetch, plan, seen, count, union)
            except SourceError as error:
                seen.breaks.append(f"asking in another way: {error.message}")
                other = None
            if isinstance(other, Evidence):
                return other, False
            aligned = other is not None
            seen = other or seen
    union.update(seen.ids)
    found = _evidence("aligned" if aligned else "index", seen, plan)
    if found.faults or plan.quick or not seen.ids or (plan.total_honest and not seen.steady):
        return found, bool(seen.disorder) and (not seen.breaks or seen.repeated)
    found.contiguity = _origin(fetch, plan, seen, extra, found, union)
    if found.contiguity.outcome == "failed":
        # The first row is not the first row twice: perhaps rows come in no order, which a sorted walk would show.
        return found, True
    if aligned and (stranger := _on_another_page(fetch, seen, extra, found, union)):
        found.faults.append(f"startIndex=2 is taken for the number of a page: {stranger} stands there")
        found.contiguity = Check("failed", found.faults[-1])
        return found, False
    if found.contiguity.outcome == "passed" and (aligned or not (plan.order_promised or plan.sort_by)):
        found.contiguity = _second_pass(fetch, plan, seen, extra, found, union, aligned=aligned)
    return found, False


def _evidence(mode: str, seen: Pass, plan: Plan) -> Evidence:
    found = Evidence(
        "aligned" if mode == "aligned" else "index",
        ids=seen.ids,
        totals=list(seen.totals),
        faults=seen.faults,
        end=seen.end(plan.past_end),
        pages=seen.pages,
        sizes=(seen.count,),
        broken=seen.failed or bool(seen.without_id),
    )
    if mode == "aligned":
        found.align = plan.align or len(seen.first)
    if seen.disorder:
        found.contiguity = Check("failed", seen.disorder[0])
    elif seen.breaks:
        found.contiguity = Check("not-available", "the walk broke off")
    elif plan.quick:
        found.contiguity = Check("not-available", "second pass and origin probe were skipped (quick)")
    return found


def _other_paging(fetch: Fetch, plan: Plan, seen: Pass, count: int, union: dict[str, None]) -> Evidence | Pass | None:
    """How a server pages that gave known rows for a later ``startIndex``: by whole pages, or not at all."""
    # Whatever counts in the end: what this pass showed was there.
    union.update(seen.ids)
    rows = len(seen.first)
    total = max(seen.totals, default=None)
    more_due = total is None or total > len(seen.ids)
    if rows <= count and more_due:
        aligned = aligned_pass(fetch, count, {})
        union.update(aligned.ids)
        # Whichever of the two counts: what the other was told of was there as well.
        seen.totals += aligned.totals
        if len(aligned.ids) > rows and not aligned.breaks:
            aligned.totals = seen.totals
            return aligned
    if seen.last != seen.first:
        return None
    found = Evidence("index", ids=seen.ids, totals=seen.totals, pages=seen.pages, sizes=(count,))
    if seen.without_id:
        found.faults.append(f"{seen.without_id} rows have no id")
    asked = 2 if rows > 2 else rows + 1
    again = fetch(window(plan.start_base, asked, {}))
    found.totals += [] if again.total is None else [again.total]
    union.update((identifier, None) for identifier in again.ids if identifier is not None)
    if again.next_cursor or again.next_link:
        # It pages by cursor alone, and everything fitted on the first page.
        by_cursor = walk_cursor(fetch, plan, linked=not again.next_cursor)
        by_cursor.told = max(by_cursor.told, *found.totals, 0)
        return by_cursor
    if again.ids == seen.first and rows != count and rows not in plan.round_caps and not (total or 0) > rows:
        found.mode = "dump"
        found.contiguity = Check("passed", "every request gives the same rows, whatever page is asked for")
        found.end = Check("not-available", "the server ignores paging; one list, whose end nothing shows")
    else:
        found.faults.append(f"paging is ignored: every page is the first one of {rows} rows")
        found.contiguity = Check("failed", found.faults[0])
    return found


def _origin(
    fetch: Fetch, plan: Plan, seen: Pass, extra: dict[str, str], found: Evidence, union: dict[str, None]
) -> Check:
    """``startIndex=0`` means 1 (RFC 7644 section 3.4.2.4), so it must begin with the first row, or be refused."""
    if plan.start_base == 0:
        return Check("passed", "the walk began at 0, as the profile says")
    try:
        page = fetch(window(0, 2, extra))
    except Refused as error:
        if error.status in {400, 422}:
            return Check("passed", "startIndex=0 is refused; pages join")
        return Check("not-available", f"origin probe: {error.message}")
    except SourceError as error:
        return Check("not-available", f"origin probe: {error.message}")
    if page.total is not None:
        found.totals.append(page.total)
    union.update((identifier, None) for identifier in page.ids if identifier is not None)
    if not page.ids:
        return Check("not-available", "origin probe: startIndex=0 gives no rows")
    if page.ids[0] != seen.first[0]:
        found.faults.append(f"origin probe: startIndex=0 begins with {page.ids[0]}, startIndex=1 with {seen.first[0]}")
        return Check("failed", found.faults[-1])
    return Check("passed", "startIndex=0 begins with the first row; pages join")


def _on_another_page(
    fetch: Fetch, seen: Pass, extra: dict[str, str], found: Evidence, union: dict[str, None]
) -> str | None:
    """A row that is new at ``startIndex=2``, which lies on the first page of a server that gives whole pages.

    One that counts pages instead has its second there, and nothing where the walk looked for that.
    """
    try:
        page = fetch(window(2, seen.count, extra))
    except SourceError:
        return None
    if page.total is not None:
        found.totals.append(page.total)
    union.update((identifier, None) for identifier in page.ids if identifier is not None)
    return next((identifier for identifier in page.ids if identifier is not None and identifier not in seen.ids), None)


def _second_pass(
    fetch: Fetch,
    plan: Plan,
    seen: Pass,
    extra: dict[str, str],
    found: Evidence,
    union: dict[str, None],
    *,
    aligned: bool,
) -> Check:
    """No order is promised, so the same ids must come with pages of another size."""
    # Never the number of rows itself: a total that is only the length of the page must differ from it.
    size = seen.largest - max(seen.largest // 4, 1) or 2
    size += size == seen.count
    try:
        if aligned:
            # A size the server ignores: what differs is the moment.
            second = aligned_pass(fetch, size, extra, align=found.align)
        else:
            second = index_pass(fetch, size, extra, base=plan.start_base)
    except SourceError as error:
        found.broken = True
        found.faults.append(f"second pass: {error.message}")
        return Check("failed", found.faults[-1])
    found.broken |= second.failed or bool(second.without_id)
    found.pages += second.pages
    found.totals += second.totals
    found.sizes += (size,)
    union.update(second.ids)
    only_first = [identifier for identifier in seen.ids if identifier not in second.ids]
    only_second = [identifier for identifier in second.ids if identifier not in seen.ids]
    if only_first or only_second:
        found.faults.append(
            f"unstable: the second pass lacks {len(only_first)} rows and brings {len(only_second)} new ones"
            f" ({_few([*only_second, *only_first])})"
        )
    found.faults += [f"second pass: {fault}" for fault in second.faults]
    if found.faults:
        return Check("failed", found.faults[-1])
    return Check("passed", f"{found.contiguity.detail}; a second pass with {size} rows a page gave the same ids")


def _dump(fetch: Fetch, page: PageLike, plan: Plan) -> Evidence:
    """One reply holds everything; asked twice."""
    found = Evidence("dump", pages=1)
    seen = Pass(0)
    seen.add(page, 1)
    found.ids = seen.ids
    found.totals = seen.totals
    found.end = Check("not-available", "one reply without paging; nothing shows where it ends")
    found.faults += seen.faults
    repeats = len(page.ids) - seen.without_id - len(seen.ids)
    if repeats:
        found.faults.append(f"{repeats} rows came twice in one reply")
    if page.next_cursor or page.next_link:
        found.faults.append("the reply is not the whole: it names a next page")
    if plan.quick:
        found.contiguity = Check("not-available", "the second request was skipped (quick)")
        return found
    try:
        again = fetch({})
    except SourceError as error:
        found.faults.append(f"asked again: {error.message}")
        return found
    found.pages += 1
    found.totals += [] if again.total is None else [again.total]
    different = set(page.ids) ^ set(again.ids)
    if different:
        found.faults.append(f"unstable: two requests differ in {len(different)} rows")
        found.contiguity = Check("failed", found.faults[-1])
    else:
        found.contiguity = Check("passed", "two requests gave the same rows")
    return found


def _few(things: Iterable[object]) -> str:
    """The first few of them, in words."""
    distinct = list(dict.fromkeys(things))
    shown = ", ".join(str(thing) for thing in distinct[:_NAMED])
    return shown + (", …" if len(distinct) > _NAMED else "")
