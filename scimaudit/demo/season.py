"""The first act: the sample company is audited on earlier days, and then on the present one, into one store."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scimaudit import config, workflow
from scimaudit.archive import Stored
from scimaudit.config import Config
from scimaudit.demo import earlier
from scimaudit.demo.sample import copy, point
from scimaudit.demo.server import serve
from scimaudit.demo.summer import review
from scimaudit.snapshot.collect import Watcher

Clock = Callable[[datetime], Callable[[], datetime]]
"""Of the moment at which a day begins, what tells the time on that day."""


@dataclass(frozen=True)
class Played:
    """The present day, once it is audited, and the earlier ones before it."""

    config: Config
    stored: Stored
    before: tuple[Stored, ...]


def play(folder: Path, *, token: str, clock: Clock, watcher: Watcher) -> Played:
    """Play the season in ``folder``, whose former snapshots, audits and bundles are thrown away; seal the earlier days.

    :param token: what the apps ask for; the configuration reads it from
        :data:`~scimaudit.demo.sample.TOKEN_VARIABLE`, which the caller sets.
    :raises ConfigError: ``folder`` holds something that is not the demonstration.
    """
    days = earlier.days()
    copy(folder)
    for name in ("scimaudit-data", "review-packets", "evidence"):
        shutil.rmtree(folder / name, ignore_errors=True)
    before = []
    for day in days.earlier:
        earlier.turn_back(folder, day)
        loaded, stored = _day(folder, token, clock(day), watcher)
        workflow.seal(loaded, stored.path.name, now=stored.audit.meta.collected_to)
        before.append(stored)
        if day == days.earlier[0]:
            review(loaded, folder / "review-packets")
    copy(folder)
    loaded, stored = _day(folder, token, clock(days.today), watcher)
    return Played(loaded, stored, tuple(before))


def _day(folder: Path, token: str, now: Callable[[], datetime], watcher: Watcher) -> tuple[Config, Stored]:
    with serve(folder, token) as running:
        loaded = config.load(point(folder, running))
        snapshot = workflow.pull(loaded, now=now, watcher=watcher)
    return loaded, workflow.audit(loaded, snapshot=snapshot.id)
