"""The demonstration's company, pulled once from its servers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from scimaudit import config, workflow
from scimaudit.archive import Stored
from scimaudit.demo import TOKEN_VARIABLE, night
from scimaudit.demo.season import Played
from scimaudit.result import Audit
from tests.season import clock
from tests.silence import Silence


@dataclass(frozen=True)
class Pulled:
    config: config.Config
    origin: str
    stored: Stored


@pytest.fixture(scope="package")
def pulled(first_act: Played) -> Pulled:
    url = first_act.config.app("crm").listings[0].settings.base_url
    return Pulled(first_act.config, url.removesuffix("/crm/scim/v2"), first_act.stored)


@pytest.fixture(scope="package")
def broken(pulled: Pulled, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of the night after."""
    folder = tmp_path_factory.mktemp("night") / "work"
    with pytest.MonkeyPatch.context() as patch, night.fall(folder, pulled.config) as fallen:
        patch.setenv(TOKEN_VARIABLE, fallen.running.token)
        loaded = config.load(fallen.config)
        workflow.pull(loaded, now=clock(datetime(2026, 11, 21, 22, tzinfo=UTC)), watcher=Silence(), only=[night.APP])
    return workflow.audit(loaded).audit
