"""The demonstration's company, pulled once from its servers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from scimaudit import config, workflow
from scimaudit.demo import night
from scimaudit.demo.sample import prepare, sample_folder
from scimaudit.demo.server import serve
from scimaudit.result import Audit
from scimaudit.snapshot.store import open_snapshot
from tests.silence import Silence


@dataclass(frozen=True)
class Pulled:
    config: config.Config
    origin: str


@pytest.fixture(scope="package")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    moment = datetime(2026, 11, 20, 22, tzinfo=UTC)

    def now() -> datetime:
        nonlocal moment
        moment += timedelta(milliseconds=1)
        return moment

    with pytest.MonkeyPatch.context() as patch, serve(sample_folder()) as running:
        path = prepare(tmp_path_factory.mktemp("golden") / "work", running)
        patch.setenv("SCIMAUDIT_DEMO_TOKEN", running.token)
        loaded = config.load(path)
        workflow.pull(loaded, now=now, watcher=Silence())
        yield Pulled(loaded, running.origin)


@pytest.fixture(scope="package")
def broken(pulled: Pulled, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of the night after."""
    before = open_snapshot(pulled.config.store)
    folder = tmp_path_factory.mktemp("night") / "work"
    moments = itertools.count(1)
    with pytest.MonkeyPatch.context() as patch, night.fall(folder, before.path) as fallen:
        patch.setenv("SCIMAUDIT_DEMO_TOKEN", fallen.running.token)
        loaded = config.load(fallen.config)
        start = datetime(2026, 11, 21, 22, tzinfo=UTC)
        workflow.pull(
            loaded, now=lambda: start + timedelta(milliseconds=next(moments)), watcher=Silence(), only=[night.APP]
        )
    return workflow.audit(loaded).audit
