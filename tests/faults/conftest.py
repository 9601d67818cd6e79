"""What playing a scenario needs: a token in the environment, small budgets, and pauses that cost no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from scimaudit.sources import scim
from scimaudit.sources.scim import profile as profiles
from scimaudit.transport import Budgets, Client
from tests.faults.play import TOKEN, TOKEN_AT, Played, played
from tests.faults.scenario import Scenario
from tests.faults.sink import MemorySink

LARGEST_BODY = 4 << 20
ATTEMPTS = 3


@pytest.fixture
def sink(tmp_path: Path) -> MemorySink:
    """A sink in memory."""
    return MemorySink(tmp_path)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Scenario], Played]]:
    """Plays a scenario with the lister; its servers stay up until the test ends."""
    monkeypatch.setenv(TOKEN_AT, TOKEN)
    # Budgets are made small and pauses are skipped; what the lister retries, and when it stops, is its own.
    monkeypatch.setitem(Client.__init__.__kwdefaults__, "sleep", lambda _seconds: None)
    with ExitStack() as stack:

        def run(scenario: Scenario) -> Played:
            short = {
                "read": scenario.patience,
                "request": 3 * scenario.patience,
                "body": LARGEST_BODY,
                "attempts": ATTEMPTS,
            }
            monkeypatch.setattr(scim, "Budgets", lambda **given: Budgets(**given, **short))
            if scenario.profile is not None:
                described = profiles.Profile.model_validate(PROFILE | dict(scenario.profile))
                monkeypatch.setattr(profiles, "load", lambda _name: described)
            return stack.enter_context(played(scenario, tmp_path))

        yield run


PROFILE: dict[str, Any] = {
    "id": "described",
    "name": "Described",
    "verified_on": "2026-11-01",
    "confidence": "high",
    "sources": [{"url": "https://example.com/", "date": "2026-11-01", "basis": "documented", "facts": ["mode"]}],
}
"""What every profile must say; a scenario adds the facts that matter to it."""
