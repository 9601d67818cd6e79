"""The keyset walk, for servers that refuse a high ``startIndex``: shards by ``id gt``, each walked by index."""

from __future__ import annotations

from typing import Final

from scimaudit.errors import SourceError
from scimaudit.sources.scim.evidence import Check, Evidence, Fetch, Plan
from scimaudit.sources.scim.passes import Pass, index_pass, sorting

_CEILING: Final = 2000


def walk_keyset(fetch: Fetch, plan: Plan) -> Evidence:
    """List by shards sorted by id; each begins with the last row of the one before, so that shards meet.

    :raises SourceError: the first page could not be had.
    """
    found = Evidence("keyset", sizes=(plan.count,))
    ceiling = plan.start_ceiling or _CEILING
    extra = sorting("id")
    while True:
        try:
            shard = index_pass(fetch, plan.count, extra, ceiling=ceiling, probe_tail=not plan.quick)
        except SourceError as error:
            if not found.ids:
                raise
            found.faults.append(f"the shard after {found.pages} pages: {error.message}")
            break
        due = len(found.ids) - 1 if found.ids else 0
        new = _join(found, shard, plan, due)
        if shard.faults or not shard.ceiling:
            break
        if not new or len(found.ids) < 2:
            found.faults.append("a shard brought no new row")
            break
        *_, before_last, _last = found.ids
        extra = {**sorting("id"), "filter": f'id gt "{_quoted(before_last)}"'}
    found.end = Check("failed", found.faults[0]) if found.faults else shard.end(plan.past_end)
    if found.faults:
        found.contiguity = Check("failed", found.faults[0])
    elif plan.quick:
        found.contiguity = Check("not-available", "probes were skipped (quick)")
    else:
        found.contiguity = Check("passed", "pages join, and each shard begins with the last row of the one before")
    return found


def _join(found: Evidence, shard: Pass, plan: Plan, before: int) -> int:
    """Add a shard; gives the number of new ids."""
    found.pages += shard.pages
    found.faults += shard.faults
    if found.ids:
        last = next(reversed(found.ids))
        if not shard.first or shard.first[0] != last:
            found.faults.append(f"shards do not meet: the next one does not begin with {last}")
        repeats = sum(identifier in found.ids for identifier in shard.ids) - 1
        if repeats > 0:
            found.faults.append(f"shards overlap in {repeats} rows")
    if plan.total_honest and not shard.steady:
        found.faults.append("totalResults changed within a shard")
    # A shard's total counts the rows from its first on; seen from the whole, every shard must tell the same number.
    found.totals += [total + before for total in shard.totals]
    size = len(found.ids)
    found.ids.update(shard.ids)
    return len(found.ids) - size


def _quoted(text: str) -> str:
    """``text`` inside a filter's string literal (RFC 7644 section 3.4.2.2: JSON string rules)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
