"""What sightings say of an expectation. Times are bounds between listings; nothing is guessed between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from scimaudit.drill.plan import Expectation
from scimaudit.history.intervals import TANGLED

Verdict = Literal["in time", "late", "unclear", "partial", "never", "waiting", "not evaluable"]
Seen = Literal["new", "old", "unknown"]
REACHED: Final = frozenset({"in time", "late", "unclear"})
_RANK: Final[tuple[Verdict, ...]] = ("partial", "never", "late", "not evaluable", "unclear", "waiting", "in time")
"""Of several verdicts the one that counts for the whole, the gravest that is proven first."""


@dataclass(frozen=True)
class Sighting:
    """What one snapshot shows of one part of an expectation: one account, one right; ``part`` is empty for the whole.

    :param name: the part as a person would call it.
    :param seen: ``new``: as expected; ``old``: not so; ``unknown``: it cannot be told, and ``doubt`` says why.
    :param since: it was so at some time between this and ``until``.
    """

    app: str
    what: str
    part: str
    name: str
    seen: Seen
    since: datetime | None
    until: datetime | None
    doubt: str = ""


@dataclass(frozen=True)
class Cell:
    """One expectation and what came of it.

    The change came after ``after`` and not after ``by``; hours count from the start, and are never negative.

    :param after: when the old state was last seen; ``None`` where no listing shows it.
    :param by: when the new state was first seen for good; ``None`` where none shows it.
    :param reason: what is behind the verdict, where it does not speak for itself.
    """

    app: str
    what: str
    wanted: str
    limit: datetime
    verdict: Verdict
    reason: str
    after: datetime | None
    by: datetime | None
    hours_from: float | None
    hours_to: float | None


@dataclass(frozen=True)
class _Part:
    name: str
    verdict: Verdict
    reason: str
    after: datetime | None
    by: datetime | None


def judge(expected: Sequence[Expectation], seen: Iterable[Sighting], *, start: datetime, until: datetime) -> list[Cell]:
    """A verdict for each expectation.

    :param start: when the clock started.
    :param seen: oldest first.
    :param until: the moment up to which the drill was watched: an expectation whose limit is not over then waits.
    """
    mine: dict[tuple[str, str], list[Sighting]] = {}
    for sighting in seen:
        mine.setdefault((sighting.app, sighting.what), []).append(sighting)
    return [_cell(each, mine.get((each.app, each.what), []), start, until) for each in expected]


def whole(cells: Sequence[Cell]) -> Verdict:
    """The verdict over several cells, such as those of one app: partial where some are reached and some never."""
    return _together([cell.verdict for cell in cells])


def exit_code(cells: Iterable[Cell]) -> int:
    """3 where something could not be told (yet), else 1 where something is late, partial or never, else 0."""
    found = {cell.verdict for cell in cells}
    return 3 if found & {"not evaluable", "unclear", "waiting"} else 1 if found - {"in time"} else 0


def _cell(each: Expectation, seen: Sequence[Sighting], start: datetime, until: datetime) -> Cell:
    limit = start + each.within
    parts: dict[str, list[Sighting]] = {}
    for sighting in seen:
        parts.setdefault(sighting.part, []).append(sighting)
    if len(parts) > 1:
        # The whole stood in for parts that nobody had seen then.
        parts.pop("", None)
    judged = [_part(series, start, limit, until) for series in parts.values()] or [_part([], start, limit, until)]
    verdict = _together([part.verdict for part in judged])
    told = {"partial": ("never",)}.get(verdict, (verdict,))
    reasons = [_told(part) for part in judged if part.reason and part.verdict in told]
    # Bounds of the whole: it was reached when its last part was.
    ends = [part.by for part in judged]
    by = max((end for end in ends if end is not None), default=None) if None not in ends else None
    after = max((part.after for part in judged if part.after is not None), default=None)
    return Cell(
        each.app, each.what, each.wanted, limit, verdict, "; ".join(dict.fromkeys(reasons)), after, by,
        _hours(start, after), _hours(start, by),
    )  # fmt: skip


def _part(seen: Sequence[Sighting], start: datetime, limit: datetime, until: datetime) -> _Part:
    name = seen[-1].name if seen else ""
    timed = sorted(
        ((each.until, each.since, each) for each in seen if each.until is not None and each.since is not None),
        key=lambda told: told[:2],
    )
    definite = [told for told in timed if told[2].seen != "unknown"]
    doubt = seen[-1].doubt if seen else ""
    old = [told for told in definite if told[2].seen == "old"]
    after = max((since for _, since, _ in old), default=None)
    last_old = max((end for end, _, _ in old), default=None)
    new = [told for told in definite if told[2].seen == "new"]
    lasting = [told for told in new if last_old is None or told[1] >= last_old]
    tangled = last_old is not None and any(since < last_old < end for end, since, _ in new)
    # What was so before the start alone may have been otherwise since; so may what was so at some time around it.
    if any(since >= start for _, since, _ in lasting):
        return _reached(name, lasting[0][0], after, limit)
    if after is not None and after >= limit and not tangled:
        said = "it was so, and is not any more" if new else _shown(old[-1][2])
        return _Part(name, "never", said, after, None)
    if until < limit:
        return _Part(name, "waiting", doubt, after, None)
    return _Part(name, "not evaluable", doubt or (TANGLED if tangled else "no listing since tells"), after, None)


def _reached(name: str, by: datetime, after: datetime | None, limit: datetime) -> _Part:
    if by <= limit:
        return _Part(name, "in time", "", after, by)
    if after is not None and after >= limit:
        return _Part(name, "late", "", after, by)
    said = "the limit lies between two listings" if after is not None else "no listing shows how it was before"
    return _Part(name, "unclear", said, after, by)


def _shown(sighting: Sighting) -> str:
    return f"on {sighting.until:%Y-%m-%d %H:%M} it was not so" if sighting.until else ""


def _told(part: _Part) -> str:
    return f"{part.name}: {part.reason}" if part.name else part.reason


def _together(verdicts: Sequence[Verdict]) -> Verdict:
    found = set(verdicts)
    if "never" in found and found & REACHED:
        return "partial"
    return min(found, key=_RANK.index)


def _hours(start: datetime, moment: datetime | None) -> float | None:
    return None if moment is None else round(max(0.0, (moment - start).total_seconds() / 3600), 2)
