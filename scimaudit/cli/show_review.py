"""How campaigns reach standard output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from scimaudit.cli import show
from scimaudit.cli.options import Format
from scimaudit.plural import count
from scimaudit.renderers import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from scimaudit.result import CampaignLine
    from scimaudit.review.progress import Progress


def progress(out: Console, lines: Sequence[Progress], whole: CampaignLine, form: Format) -> None:
    """How far each reviewer or app is, and what lets one doubt the decisions."""
    if form is Format.json:
        show.json(lines)
        return
    head = ("who", "items", "certified", "revoked", "modified", "abstained", "left", "state", "last answer")
    body = [
        (
            each.name or each.who, each.items, each.certified, each.revoked, each.modified, each.abstained, each.left,
            "overdue" if each.overdue else "done" if not each.left else "open",
            f"{each.last:%Y-%m-%d}" if each.last else "",
        )
        for each in lines
    ]  # fmt: skip
    if form is Format.csv:
        show.csv(pa.table({name: [str(row[at]) for row in body] for at, name in enumerate(head)}))
        return
    terminal.rows(out, f"{whole.title}: {decided(whole)}, due on {whole.due}", head, body, right=head[1:7])
    for text in (*whole.warnings, *(f"not proven: {each}" for each in whole.accepted)):
        out.print(terminal.text(text, "yellow"))


def campaigns(out: Console, lines: Sequence[CampaignLine], form: Format) -> None:
    """Every campaign in one line."""
    if form is Format.json:
        show.json(lines)
        return
    head = ("campaign", "title", "opened", "due", "closed", "items", "certified", "revoked", "open", "attested by")
    body = [
        (
            each.id, each.title, f"{each.opened_at:%Y-%m-%d}", each.due,
            f"{each.closed_at:%Y-%m-%d}" if each.closed_at else "open", each.items, each.certified, each.revoked,
            each.undecided, each.attested_by,
        )
        for each in lines
    ]  # fmt: skip
    if form is Format.csv:
        show.csv(pa.table({name: [str(row[at]) for row in body] for at, name in enumerate(head)}))
        return
    terminal.rows(out, count(len(lines), "campaign"), head, body, right=("items", "certified", "revoked", "open"))


def decided(line: CampaignLine) -> str:
    """How many of how many items are decided."""
    return f"{line.items - line.undecided - line.lapsed} of {line.items} decided"
