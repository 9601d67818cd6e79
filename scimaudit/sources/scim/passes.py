"""One pass over an index-paged endpoint (RFC 7644 section 3.4.2.4), with one row of overlap or page-aligned.

With overlap each page is asked for at ``start + rows - 1``, so its first row must be the last row of the page before:
local proof that nothing lies between them. ``totalResults`` never ends a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from scimaudit.errors import SourceError
from scimaudit.sources.scim.evidence import Check, Fetch, PageLike, PastEnd, Refused

_SHOWN: Final = 3

SMALLER_PAGES: Final = (100, 50, 20, 10)
"""Page sizes to fall back to when a server refuses the one asked for."""

GROWTH: Final = 10
"""How often ``totalResults`` may grow before a pass gives up running after it."""

Tail = Literal["", "empty", "404", "400", "known"]
"""What lay past the last row; empty text where nobody looked."""


@dataclass
class Pass:
    """What one pass saw.

    :param disorder: pages that do not join, or rows that came twice.
    :param breaks: why the pass could not go on, or went on where nothing was due.
    :param repeated: a page brought nothing but known rows.
    :param moved: a later ``startIndex`` was answered with other rows than the first one.
    :param grown: how often ``totalResults`` grew from one page to the next.
    :param failed: a page could not be had.
    :param ceiling: the pass stopped at the largest index the server answers.
    """

    count: int
    ids: dict[str, None] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)
    first: list[str | None] = field(default_factory=list)
    last: list[str | None] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)
    without_id: int = 0
    pages: int = 0
    largest: int = 0
    tail: Tail = ""
    repeated: bool = False
    ceiling: bool = False
    moved: bool = False
    failed: bool = False
    grown: int = 0

    def add(self, page: PageLike, at: int, due: str | None = None) -> int:
        """Take a page in; ``due`` is the row it must begin with. Gives the number of new ids."""
        self.pages += 1
        self.last = page.ids
        if self.pages == 1:
            self.first = page.ids
        elif page.ids and page.ids != self.first:
            self.moved = True
        self.largest = max(self.largest, len(page.ids))
        if page.total is not None:
            self.grown += bool(self.totals) and page.total > self.totals[-1]
            self.totals.append(page.total)
        before = len(self.ids)
        known = 0
        for place, identifier in enumerate(page.ids):
            if identifier is None:
                self.without_id += 1
            elif identifier in self.ids:
                known += not (place == 0 and identifier == due)
            else:
                self.ids[identifier] = None
        new = len(self.ids) - before
        if known and new:
            self.disorder.append(f"{known} rows of the page at startIndex {at} had come before")
        return new

    @property
    def steady(self) -> bool:
        """Whether ``totalResults`` was the same each time."""
        return len(set(self.totals)) < 2

    @property
    def grows(self) -> bool:
        """Whether rows are created as fast as they are read."""
        return self.grown >= GROWTH

    @property
    def faults(self) -> list[str]:
        """All counter-evidence, the most telling first."""
        found = self.breaks[:_SHOWN] + self.disorder[:_SHOWN]
        hidden = len(self.breaks) + len(self.disorder) - len(found)
        if hidden:
            found.append(f"{hidden} more page faults")
        if self.without_id:
            found.append(f"{self.without_id} rows have no id")
        return found

    def end(self, past_end: PastEnd) -> Check:
        """W3: whether the end is the end."""
        if self.tail == "empty":
            contradicted = past_end not in {"empty", "unknown"}
            detail = "the page past the last row is empty"
            return (
                Check("failed", f"{detail}, where the profile says {past_end}")
                if contradicted
                else Check("passed", detail)
            )
        if self.tail in {"404", "400"}:
            if past_end == self.tail:
                return Check("passed", f"past the last row the server answers {self.tail}, as its profile says")
            return Check("not-available", f"past the last row the server answers {self.tail}")
        if self.tail == "known":
            if past_end in {"clamp", "repeat"} and self.moved:
                return Check("passed", "past the last row the server repeats known rows, as its profile says")
            return Check("not-available", "past the last row the server repeats known rows")
        return Check("not-available", "nobody looked past the last row")


def sorting(attribute: str | None) -> dict[str, str]:
    """The parameters that ask for an order (RFC 7644 section 3.4.2.3)."""
    return {} if attribute is None else {"sortBy": attribute, "sortOrder": "ascending"}


def window(start: int, count: int, extra: Mapping[str, str]) -> dict[str, str]:
    """The parameters of one page."""
    return {**extra, "startIndex": str(start), "count": str(count)}


def index_pass(
    fetch: Fetch,
    count: int,
    extra: Mapping[str, str],
    *,
    base: int = 1,
    first: PageLike | None = None,
    ceiling: int | None = None,
    probe_tail: bool = True,
) -> Pass:
    """Walk from ``base`` until a page brings no new row, then look past the last one.

    :param first: the first page where it was fetched already.
    :param moved: a later ``startIndex`` was answered with other rows than the first one.
    :param ceiling: the largest ``startIndex`` to ask for.
    :raises SourceError: the first page could not be had; a later failure becomes a break.
    """
    seen = Pass(count)
    start = base
    page = first or fetch(window(start, count, extra))
    seen.add(page, start)
    while page.ids:
        rows = len(page.ids)
        overlaps = rows > 1
        due = page.ids[-1]
        start = start + rows - 1 if overlaps else start + rows
        if ceiling is not None and start > ceiling:
            seen.ceiling = True
            break
        try:
            page = fetch(window(start, count, extra))
        except SourceError as error:
            if not overlaps and isinstance(error, Refused) and error.status in {404, 400}:
                seen.tail = "404" if error.status == 404 else "400"
            else:
                seen.failed = True
                seen.breaks.append(f"startIndex {start}: {error.message}")
            break
        if not page.ids and not overlaps:
            seen.add(page, start)
            seen.tail = "empty"
            break
        new = seen.add(page, start, due if overlaps else None)
        if not page.ids:
            seen.breaks.append(f"the page at startIndex {start} is empty where row {due} was due")
        elif overlaps and (page.ids[0] != due or due is None):
            seen.disorder.append(f"the page at startIndex {start} begins with {page.ids[0]} where {due} was due")
        if seen.grows:
            seen.breaks.append(f"moving: totalResults grew {GROWTH} times during one pass")
            break
        if new:
            continue
        if page.ids and not overlaps:
            seen.tail = "known"
            break
        if page.ids and page.ids != [due]:
            seen.repeated = True
            seen.breaks.append(f"the page at startIndex {start} repeats known rows only")
            break
        if not probe_tail:
            break
        start += 1
        past = _past(fetch, seen, window(start, count, extra), start)
        if past is None:
            break
        page = past
    return seen


def _past(fetch: Fetch, seen: Pass, params: Mapping[str, str], start: int) -> PageLike | None:
    """Look past the last row; gives a page only if it holds rows nobody had seen."""
    try:
        page = fetch(params)
    except SourceError as error:
        if isinstance(error, Refused) and error.status in {404, 400}:
            seen.tail = "404" if error.status == 404 else "400"
        else:
            seen.failed = True
            seen.breaks.append(f"past the end, startIndex {start}: {error.message}")
        return None
    new = seen.add(page, start)
    if not page.ids:
        seen.tail = "empty"
        return None
    if not new:
        seen.tail = "known"
        return None
    seen.breaks.append(f"the page at startIndex {start}, past the end, holds {new} unseen rows")
    return page


def aligned_pass(
    fetch: Fetch, count: int, extra: Mapping[str, str], *, first: PageLike | None = None, align: int | None = None
) -> Pass:
    """Walk a server that rounds ``startIndex`` down to a multiple of its page size.

    Where page ``k`` begins depends on the server: at ``k·size + 1``, at ``k·size`` or at ``(k + 1)·size``; the first
    that brings new rows on the second page is kept.

    :param align: the page size, where known; else the rows of the first page.
    :raises SourceError: the first page could not be had.
    """
    seen = Pass(count)
    page = first or fetch(window(1, count, extra))
    seen.add(page, 1)
    size = (align or len(page.ids)) if page.ids else 0
    offsets = [1, 0, size] if size else []
    number = 1
    while offsets:
        start = number * size + offsets[0]
        try:
            page = fetch(window(start, count, extra))
        except SourceError as error:
            if isinstance(error, Refused) and error.status in {404, 400} and number > 1:
                seen.tail = "404" if error.status == 404 else "400"
            else:
                seen.failed = True
                seen.breaks.append(f"startIndex {start}: {error.message}")
            break
        new = seen.add(page, start)
        if new:
            number += 1
            continue
        if number == 1 and page.ids and len(offsets) > 1:
            del offsets[0]
            continue
        seen.tail = "known" if page.ids else "empty"
        break
    return seen
