"""The demonstration's first act, with a clock that tells the same times in every run."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scimaudit.demo import TOKEN_VARIABLE, season
from scimaudit.demo.season import Played
from tests.silence import Silence


def clock(moment: datetime) -> Callable[[], datetime]:
    """Every look at it a millisecond later: the same times in every run."""
    ticks = itertools.count(1)
    return lambda: moment + timedelta(milliseconds=next(ticks))


def played(folder: Path) -> Played:
    """The first act, once it is over."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_VARIABLE, "golden")
        return season.play(folder / "work", token="golden", clock=clock, watcher=Silence())
