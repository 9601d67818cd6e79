"""Decisions as they come back: all of what was handed in is right, or nothing of it is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, cast

from scimaudit.errors import ConfigError
from scimaudit.review import form, workbook
from scimaudit.review.campaign import VERDICTS, Campaign, Decision, Item, Verdict
from scimaudit.review.packets import ASKED, SHOWN, Packet, packets

_HEADER: Final = ("Item", *SHOWN, *ASKED)
_LISTED: Final = 25
_CLOCKS: Final = timedelta(minutes=10)
"""How far a reviewer's clock may be ahead of ours."""


@dataclass(frozen=True)
class Line:
    """One row of what came back.

    :param place: where it stands, as a person would look for it.
    :param shown: what the row shows; ``None`` where the file does not repeat it.
    """

    place: str
    item_id: str
    decision: str
    rationale: str
    shown: tuple[str, ...] | None = None
    decided_at: datetime | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Handed:
    """One packet that came back.

    :param whole: the file has a row for every item, decided or not.
    """

    file: str
    campaign: str
    reviewer: str
    packet: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    whole: bool


@dataclass(frozen=True)
class Taken:
    """What an import brought."""

    decided: int
    unchanged: int
    undecided: int


def read(path: Path) -> Handed:
    """Read a workbook or a decisions file.

    :raises ConfigError: it is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    if data[:2] == b"PK":
        book = workbook.read(data, path.name)
        lines = tuple(
            Line(f"row {row.place}", row.item_id, row.decision, row.rationale, row.shown) for row in book.rows
        )
        return Handed(path.name, book.campaign, book.reviewer, book.packet, book.header, lines, whole=True)
    saved = form.read(data, path.name)
    lines = tuple(
        Line(
            f"decision {place}",
            each.item_id,
            each.decision,
            each.rationale.strip(),
            None,
            each.decided_at,
            each.seconds,
        )
        for place, each in enumerate(saved.decisions, start=1)
    )
    return Handed(path.name, saved.campaign, saved.reviewer, saved.packet, _HEADER, lines, whole=False)


def take(
    campaign: Campaign,
    handed: Sequence[Handed],
    *,
    now: datetime,
    rationale_for: Collection[str],
    owners: Mapping[tuple[str, str], str],
    partial: bool = False,
    replace: bool = False,
) -> Taken:
    """Keep the decisions of all the packets, or of none.

    :param rationale_for: the decisions that need a reason.
    :param owners: (app, account_id) to person_id, as accounts belong to people now.
    :param partial: packets may leave items undecided.
    :param replace: a decision may take the place of another.
    :raises ConfigError: something is wrong; names each row.
    """
    with campaign.locked():
        if campaign.closing is not None:
            raise ConfigError(f"the campaign {campaign.opened.id} is closed", hint="open another one")
        known = {packet.reviewer: packet for packet in packets(campaign)}
        standing = campaign.standing()
        troubles = list(_twice(handed))
        decisions, unchanged, undecided = [], 0, 0
        for each in handed:
            packet = known.get(each.reviewer)
            found = list(_foreign(campaign, each, packet))
            if found or packet is None:
                troubles += found
                continue
            items = {item.item_id: item for item in packet.items}
            rows = dict(zip(items, packet.rows, strict=True))
            troubles += _rows(each, items, rows, partial=partial)
            answered = [line for line in each.lines if line.decision and line.item_id in items]
            undecided += len(items) - len({line.item_id for line in answered})
            for line in answered:
                item = items[line.item_id]
                wrong = list(_line(campaign, line, item, now, rationale_for, owners))
                before = standing.get(line.item_id)
                same = before and (before.decision, before.rationale) == (line.decision, line.rationale)
                if before and not same and not replace:
                    wrong.append(f"it was decided already: {before.decision}, on {before.decided_at:%Y-%m-%d}")
                troubles += [f"{each.file} {line.place} ({_named(item)}): {text}" for text in wrong]
                if same:
                    unchanged += 1
                elif not wrong:
                    decisions.append(_decision(line, item, each, len(answered), now))
        if troubles:
            raise _refused(troubles, replace=replace, partial=partial)
        if decisions:
            campaign.add_decisions(decisions)
    return Taken(len(decisions), unchanged, undecided)


def _twice(handed: Sequence[Handed]) -> Iterator[str]:
    counts = Counter(each.reviewer for each in handed)
    for reviewer, number in sorted(counts.items()):
        if number > 1:
            files = ", ".join(each.file for each in handed if each.reviewer == reviewer)
            yield f"{files}: {number} packets of the reviewer {reviewer} at once"


def _foreign(campaign: Campaign, handed: Handed, packet: Packet | None) -> Iterator[str]:
    """Why the file is not one of this campaign's packets, as it is now."""
    if handed.campaign != campaign.opened.id:
        yield f"{handed.file}: it is of the campaign {handed.campaign or 'nobody names'}, not {campaign.opened.id}"
    elif packet is None:
        yield f"{handed.file}: {handed.reviewer or 'nobody'} reviews nothing in this campaign"
    elif handed.packet != packet.digest:
        yield f"{handed.file}: it is not the packet that {handed.reviewer} has now; export it again"
    elif handed.header != _HEADER:
        pairs = zip(handed.header, _HEADER, strict=False)
        changed = [f"{was or 'nothing'} stands where {due} should" for was, due in pairs if was != due]
        yield f"{handed.file}: its headings were changed: {'; '.join(changed) or 'columns are missing'}"


def _rows(
    handed: Handed, items: Mapping[str, Item], rows: Mapping[str, tuple[str, ...]], *, partial: bool
) -> list[str]:
    """Rows that are missing, foreign, there twice, changed or not decided."""
    wrong = []
    first: dict[str, str] = {}
    for line in handed.lines:
        where = f"{handed.file} {line.place}"
        if line.item_id not in items:
            wrong.append(f"{where}: {line.item_id or 'no id'} is no item of this packet")
            continue
        if line.item_id in first:
            wrong.append(
                f"{where} ({_named(items[line.item_id])}): it stands there twice, first in {first[line.item_id]}"
            )
        first.setdefault(line.item_id, line.place)
        if line.shown is not None and line.shown != rows[line.item_id]:
            pairs = zip(SHOWN, line.shown, rows[line.item_id], strict=True)
            changed = ", ".join(name for name, was, due in pairs if was != due)
            wrong.append(f"{where} ({_named(items[line.item_id])}): what it shows was changed: {changed}")
        if not line.decision and not partial:
            wrong.append(f"{where} ({_named(items[line.item_id])}): it is not decided")
    for item_id, item in items.items():
        if item_id not in first and (handed.whole or not partial):
            said = "its row is missing" if handed.whole else "it is not decided"
            wrong.append(f"{handed.file} ({_named(item)}): {said}")
    return wrong


def _line(
    campaign: Campaign,
    line: Line,
    item: Item,
    now: datetime,
    rationale_for: Collection[str],
    owners: Mapping[tuple[str, str], str],
) -> Iterator[str]:
    if line.decision not in VERDICTS:
        yield f"{line.decision!r} is no decision; {', '.join(VERDICTS)} are"
    elif line.decision in rationale_for and not line.rationale:
        yield f"{line.decision} needs a reason"
    if item.reviewer in item.subjects or owners.get((item.app, item.account_id)) == item.reviewer:
        yield f"{item.reviewer_name} would decide on their own access"
    if line.decided_at is not None:
        if line.decided_at.tzinfo is None:
            yield "its time has no zone"
        elif not campaign.opened.opened_at - _CLOCKS <= line.decided_at <= now + _CLOCKS:
            yield f"it says it was decided at {line.decided_at.isoformat()}, which cannot be"


def _decision(line: Line, item: Item, handed: Handed, batch: int, now: datetime) -> Decision:
    return Decision(
        item_id=item.item_id,
        decision=cast("Verdict", line.decision),
        reviewer=item.reviewer,
        basis=item.basis,
        rationale=line.rationale,
        decided_at=min(line.decided_at or now, now),
        seconds=line.seconds,
        packet=handed.packet,
        batch=batch,
        received_at=now,
        file=handed.file,
    )


def _named(item: Item) -> str:
    return f"{item.app} {item.account} {item.display}".rstrip()


def _refused(troubles: Sequence[str], *, replace: bool, partial: bool) -> ConfigError:
    more = [f"and {len(troubles) - _LISTED} more"] if len(troubles) > _LISTED else []
    hints = []
    if not replace and any("decided already" in text for text in troubles):
        hints.append("--replace takes the new decisions")
    if not partial and any("not decided" in text for text in troubles):
        hints.append("--partial takes what is decided")
    return ConfigError(
        "nothing was imported:\n  " + "\n  ".join([*troubles[:_LISTED], *more]),
        hint="; ".join(hints) or "mend the rows and import again",
    )
