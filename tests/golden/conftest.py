"""The demonstration's company, pulled once from its servers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from scimaudit import config, workflow
from scimaudit.archive import Stored
from scimaudit.demo import TOKEN_VARIABLE, night, season
from scimaudit.result import Audit
from scimaudit.snapshot.store import open_snapshot
from tests.silence import Silence


@dataclass(frozen=True)
class Pulled:
    config: config.Config
    origin: str
    stored: Stored


def clock(moment: datetime) -> Callable[[], datetime]:
    """Every look at it a millisecond later: the same times in every run."""
    ticks = itertools.count(1)
    return lambda: moment + timedelta(milliseconds=next(ticks))


@pytest.fixture(scope="package")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_VARIABLE, "golden")
        folder = tmp_path_factory.mktemp("golden") / "work"
        played = season.play(folder, token="golden", clock=clock, watcher=Silence())
        url = played.config.app("crm").listings[0].settings.base_url
        yield Pulled(played.config, url.removesuffix("/crm/scim/v2"), played.stored)


@pytest.fixture(scope="package")
def broken(pulled: Pulled, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of the night after."""
    before = open_snapshot(pulled.config.store)
    folder = tmp_path_factory.mktemp("night") / "work"
    with pytest.MonkeyPatch.context() as patch, night.fall(folder, before.path) as fallen:
        patch.setenv(TOKEN_VARIABLE, fallen.running.token)
        loaded = config.load(fallen.config)
        workflow.pull(loaded, now=clock(datetime(2026, 11, 21, 22, tzinfo=UTC)), watcher=Silence(), only=[night.APP])
    return workflow.audit(loaded).audit
