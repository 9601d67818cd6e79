"""The demonstration's first act, with a clock that tells the same times in every run."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scimaudit import archive, config
from scimaudit.demo import TOKEN_VARIABLE, season
from scimaudit.demo.season import Played
from tests.silence import Silence


def clock(moment: datetime) -> Callable[[], datetime]:
    """Every look at it a millisecond later: the same times in every run."""
    ticks = itertools.count(1)
    return lambda: moment + timedelta(milliseconds=next(ticks))


def played(folder: Path) -> None:
    """Play the first act in ``folder``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_VARIABLE, "golden")
        season.play(folder / "work", token="golden", clock=clock, watcher=Silence())


def over(folder: Path) -> Played:
    """What came of the first act that was played in ``folder``."""
    loaded = config.load(folder / "work/scimaudit.toml")
    *before, stored = sorted(archive.audits(loaded.store), key=lambda each: each.audit.meta.as_of)
    return Played(loaded, stored, tuple(before))
