"""A drill with a canary of its own: it is made, it leaves or moves, the apps are watched, and it is removed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from scimaudit.config import Config
from scimaudit.drill import canary, watch
from scimaudit.drill.canary import Life
from scimaudit.drill.client import MARK, Write
from scimaudit.drill.plan import Plan
from scimaudit.drill.record import Record, begin
from scimaudit.drill.verdict import Cell
from scimaudit.drill.watch import Pace
from scimaudit.errors import ConfigError
from scimaudit.snapshot.collect import Watcher
from scimaudit.transport import segment

_ID = "ID"
"""Stands for the id that the server will give."""


@dataclass(frozen=True)
class Ran:
    """How a run ended.

    :param left: what a person has to remove; empty where the canary is gone.
    """

    record: Record
    cells: list[Cell]
    left: str


def requests(plan: Plan, config: Config) -> list[str]:
    """Every request of a run that writes, and the reads that guard them, as they would be sent.

    :raises ConfigError: see :func:`scimaudit.drill.canary.target`.
    """
    where = canary.target(plan, config)
    base = where.base_url.rstrip("/")
    told: list[str] = []
    for write in canary.steps(plan, MARK + "0" * 32, _ID):
        if write.method != "POST":
            told.append(f"GET {base}/Users/{segment(_ID)}  (goes on only where externalId is the mark)")
        told.append(_shown(write, base))
    return told


def run(
    name: str,
    text: str,
    plan: Plan,
    config: Config,
    *,
    pace: Pace,
    watcher: Watcher,
    show: Callable[[list[Cell]], None],
) -> Ran:
    """Make the canary, watch, and remove it, whatever happens in between.

    :param name: of the plan; ``text``: the plan as it stands in its file.
    :raises ConfigError: the configuration does not consent.
    :raises SourceError: the canary could not be made, changed or removed; the journal stays open then.
    """
    where = canary.target(plan, config)
    if plan.kind == "mover" and plan.canary is not None and not plan.canary.becomes:
        raise ConfigError("the plan does not say what its mover becomes", hint="add [canary] becomes = { … }")
    mark, begun = canary.new_mark(), pace.now()
    record = begin(config.store, f"{name}-{begun:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}", text, now=begun, by_run=True)
    user_name = canary.user_name(mark, plan.canary.domain if plan.canary else "")
    with record.locked(), canary.client(where, config, mark, pace.now, pace.sleep) as client:
        life = Life(record, where, mark, user_name, client, pace.now, pace.sleep)
        try:
            cells = _lived(life, plan, config, pace, watcher, show)
        except BaseException:
            left = _removed(life, watcher)
            if left:
                watcher.told(where.name, left)
            raise
        return Ran(record, cells, _removed(life, watcher))


def _removed(life: Life, watcher: Watcher) -> str:
    """What is left of the canary; where that cannot be told, the watcher is told so beside the error."""
    told = False
    try:
        left = life.remove() if life.record.journal() else ""
        told = True
    finally:
        if not told:
            watcher.told(life.where.name, f"the canary {life.user_name} may still be there; scimaudit drill cleanup")
    return left


def clean_up(record: Record, config: Config, *, pace: Pace) -> str:
    """Remove the canary of a run that was interrupted.

    :returns: what is left for a person to do; empty where nothing is.
    :raises ConfigError: its target is elsewhere now, or another process is at work on it.
    :raises SourceError: the server does not answer.
    """
    with record.locked():
        first = record.journal()[0]
        where = canary.known_target(first.target, config)
        if where.base_url != first.base_url:
            raise ConfigError(
                f"the canary of {record.id} is at {first.base_url}, and {first.target} is at {where.base_url} now",
                hint="set base_url back for the clean-up",
            )
        with canary.client(where, config, first.mark, pace.now, pace.sleep) as client:
            return Life(record, where, first.mark, first.user_name, client, pace.now, pace.sleep).remove()


def _lived(
    life: Life, plan: Plan, config: Config, pace: Pace, watcher: Watcher, show: Callable[[list[Cell]], None]
) -> list[Cell]:
    made = canary.steps(plan, life.mark, _ID)[0]
    account_id = life.make(made)
    if plan.kind != "joiner":
        watch.until_there(life.record, config, plan, pace=pace, watcher=watcher)
        life.change(canary.steps(plan, life.mark, account_id)[1], account_id)
    return watch.watch(life.record, config, plan, pace=pace, watcher=watcher, show=show)


def _shown(write: Write, base: str) -> str:
    head = f"{write.method} {base}{write.path}"
    return f"{head}\n  {write.content.decode()}" if write.body is not None else head
