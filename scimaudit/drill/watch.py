"""Watching a drill: pull the plan's apps, keep what they show, wait, and look again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scimaudit.config import Config
from scimaudit.drill import look
from scimaudit.drill.ownership import owned
from scimaudit.drill.plan import Plan
from scimaudit.drill.record import Observation, Record
from scimaudit.drill.verdict import REACHED, Cell
from scimaudit.errors import ConfigError, SourceError
from scimaudit.safety_gates import setting
from scimaudit.snapshot.collect import Watcher, collect
from scimaudit.snapshot.store import PARTIAL, Snapshot, snapshots


@dataclass(frozen=True)
class Pace:
    """How often to look, and for how long.

    :param every: pause between two observations.
    :param lasting: how long to go on: the last look is the first one after that. Without it one look is taken.
    :param now: the time; ``sleep``: waits so many seconds.
    """

    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    every: timedelta = timedelta(0)
    lasting: timedelta | None = None


def watch(
    record: Record, config: Config, plan: Plan, *, pace: Pace, watcher: Watcher, show: Callable[[list[Cell]], None]
) -> list[Cell]:
    """Observe until everything is reached, the time is over or the budget of observations is spent.

    :param show: is given the verdicts after each observation.
    :returns: the last verdicts.
    :raises ConfigError: the pace is too quick, or the budget is spent before the first look.
    :raises SourceError: a roster cannot be had.
    """
    end = pace.now() + (pace.lasting or timedelta(0))
    while True:
        over = pace.now() >= end
        if look_once(record, config, plan, pace=pace, watcher=watcher, last=over):
            cells = record.cells(plan, until=pace.now())
            show(cells)
            if over or all(cell.verdict in REACHED for cell in cells):
                return cells
        pace.sleep(pace.every.total_seconds())


def until_there(record: Record, config: Config, plan: Plan, *, pace: Pace, watcher: Watcher) -> bool:
    """Observe until every app of the plan shows an account of the subject.

    :returns: whether they do; otherwise the time is over.
    :raises ScimAuditError: see :func:`watch`.
    """
    end = pace.now() + (pace.lasting or timedelta(0))
    while True:
        over = pace.now() >= end
        if look_once(record, config, plan, pace=pace, watcher=watcher, last=over):
            shown = {app for app, _ in record.observations()[-1].accounts}
            if over or shown >= set(plan.apps):
                return shown >= set(plan.apps)
        pace.sleep(pace.every.total_seconds())


def look_once(record: Record, config: Config, plan: Plan, *, pace: Pace, watcher: Watcher, last: bool) -> bool:
    """Pull the plan's apps and keep what they show.

    :param last: a roster that cannot be had is an error; otherwise the watcher is told, and nothing was observed.
    """
    shortest = config.drill.every_seconds
    if pace.lasting is not None and pace.every.total_seconds() < shortest:
        raise ConfigError(
            f"an observation every {pace.every.total_seconds():g} s asks too much of the apps",
            hint=f"--every {shortest:g} or more; [drill] every_seconds says so",
        )
    own = _own(config, record, plan)
    if len(snapshots(own.store)) >= config.drill.observations:
        raise ConfigError(
            f"the budget of {config.drill.observations} observations of {record.id} is spent",
            hint="raise [drill] observations",
        )
    _forget_unfinished(own)
    try:
        collect(own, now=pace.now, watcher=watcher)
    except SourceError as error:
        # A roster that fails once in four hours is no reason to look no more.
        if last:
            raise
        watcher.told(error.source, error.message)
        return False
    take(record, own, plan, snapshots(own.store))
    return True


def take(record: Record, config: Config, plan: Plan, series: Sequence[Snapshot]) -> None:
    """Keep what snapshots show that were not looked at before.

    :param series: the snapshots of one store, oldest first.
    :raises IntegrityError: one of them cannot be read.
    """
    before = {each.snapshot: each for each in record.observations()}
    known = {account for each in before.values() for account in each.accounts}
    subject = record.subject(plan)
    fresh = {
        snapshot.id: owned(subject, snapshot, config, earlier=series[:place])
        for place, snapshot in enumerate(series)
        if snapshot.id not in before
    }
    known |= {account for each in fresh.values() for account in each.accounts}
    percent = setting(config, "app-shrunk", "percent")
    seen = look.sightings(plan, series, fresh, sorted(known), percent=percent)
    for snapshot in series:
        if snapshot.id in fresh:
            mine = fresh[snapshot.id]
            ended = snapshot.manifest.ended
            record.observed(Observation(snapshot.id, ended, mine.accounts, mine.possible, tuple(seen[snapshot.id])))


def _own(config: Config, record: Record, plan: Plan) -> Config:
    """The configuration with the plan's apps alone and a store in the drill's folder.

    A drill takes many snapshots of few apps; among those of the audits they would be the history of all.
    """
    audit = config.audit.model_copy(update={"store": record.path.resolve()})
    apps = tuple(app for app in config.apps if app.name in plan.apps)
    return config.model_copy(update={"audit": audit, "apps": apps})


def _forget_unfinished(config: Config) -> None:
    """What an interrupted look had received is of another time than the rest of it would be."""
    for folder in (config.store / "snapshots").glob("*" + PARTIAL):
        shutil.rmtree(folder)
