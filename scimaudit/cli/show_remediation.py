"""How what is to be done reaches standard output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from scimaudit.cli import show
from scimaudit.cli.options import Format
from scimaudit.plural import count
from scimaudit.remediation import writing
from scimaudit.renderers import _words, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from scimaudit.remediation import Claim, Task


def tasks(out: Console, found: Sequence[Task], form: Format, zone: str, doubt: str) -> None:
    """Each owner's tasks, worst first; how many of each have an exact request.

    :param doubt: why there may be more to do; empty where nothing speaks for that.
    """
    if form is Format.json:
        show.json(list(found))
        return
    if form is Format.csv:
        show.csv(writing.table(found))
        return
    head = ("id", "severity", "what", "why", "since", "requests")
    for owner, mine in writing.by_owner(found):
        body = [
            (task.id, task.severity, _what(task), _why(task), _words.when(task.since, zone)[:10], _requests(task))
            for task in mine
        ]
        out.print(terminal.text(f"{owner}: {count(len(mine), 'task')}", "bold"))
        terminal.rows(out, "", head, body)
        out.print()
    out.print("nothing was sent; --output DIR writes tickets and requests" if found else nothing(doubt))


def nothing(doubt: str) -> str:
    """What to say where there is no task."""
    return f"no task; {doubt}" if doubt else "nothing is to be done"


def claims(out: Console, found: Sequence[Claim], form: Format) -> None:
    """What is said to be done, and what listings show of it."""
    if form is Format.json:
        show.json(list(found))
        return
    head = ("finding", "kind", "app", "account", "by", "on", "state", "what a listing shows", "proven by", "reason")
    body = [
        (
            each.finding_id, each.kind, each.app, each.account, each.by, f"{each.on}", each.state, each.said,
            each.proven_by, each.reason,
        )
        for each in found
    ]  # fmt: skip
    if form is Format.csv:
        columns = zip(*body, strict=True) if body else ([] for _ in head)
        show.csv(pa.table({name: pa.array(cells, pa.string()) for name, cells in zip(head, columns, strict=True)}))
        return
    terminal.rows(out, "Said to be done", head, body)
    if not found:
        out.print("nobody says that anything is done")


def _what(task: Task) -> str:
    return task.title + (" (decide first)" if task.decide else "")


def _why(task: Task) -> str:
    more = f" (+{len(task.reasons) - 1} more)" if len(task.reasons) > 1 else ""
    claimed = f"; said to be done by {task.claimed}" if task.claimed else ""
    return task.reasons[0] + more + claimed


def _requests(task: Task) -> str:
    if task.what == "other":
        return "by hand"
    if not task.requests:
        return f"none: {task.silent}"
    return f"{len(task.requests)}" + (f"; {task.silent}" if task.silent else "")
