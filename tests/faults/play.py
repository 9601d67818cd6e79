"""Playing a scenario: the server, a stranger beside it, one client, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from scimaudit.errors import ScimAuditError
from scimaudit.sources import Listing, load, scim
from scimaudit.sources.scim import profile as profiles
from scimaudit.transport import Budgets, Client
from tests.faults import wire
from tests.faults.compose import compose
from tests.faults.scenario import Scenario
from tests.faults.server import FaultServer
from tests.faults.sink import MemorySink, leavers
from tests.faults.world import World

TOKEN = "tok-7f3a91"
TOKEN_AT = "SCIMAUDIT_FAULT_TOKEN"

LARGEST_BODY: Final = 4 << 20
ATTEMPTS: Final = 3

PROFILE: Final[dict[str, Any]] = {
    "id": "described",
    "name": "Described",
    "verified_on": "2026-11-01",
    "confidence": "high",
    "sources": [{"url": "https://example.com/", "date": "2026-11-01", "basis": "documented", "facts": ["mode"]}],
}
"""What every profile must say; a scenario adds the facts that matter to it."""


def hurry(monkeypatch: pytest.MonkeyPatch, scenario: Scenario) -> None:
    """Make budgets small and pauses short for a play; what the lister retries, and when it stops, is its own."""
    monkeypatch.setenv(TOKEN_AT, TOKEN)
    monkeypatch.setitem(Client.__init__.__kwdefaults__, "sleep", lambda _seconds: None)
    short = {"read": scenario.patience, "request": 3 * scenario.patience, "body": LARGEST_BODY, "attempts": ATTEMPTS}
    monkeypatch.setattr(scim, "Budgets", lambda **given: Budgets(**given, **short))
    if scenario.profile is not None:
        described = profiles.Profile.model_validate(PROFILE | dict(scenario.profile))
        monkeypatch.setattr(profiles, "load", lambda _name: described)


@dataclass
class Stage:
    """A server that deviates, a stranger that must stay alone, and the truth."""

    scenario: Scenario
    world: World
    server: FaultServer
    stranger: FaultServer


@contextmanager
def staged(scenario: Scenario) -> Iterator[Stage]:
    """Run the scenario's server and a stranger."""
    world = scenario.world()
    with FaultServer(wire.listing_of_strangers) as stranger:
        handler = compose(world, scenario.behaviours)
        with FaultServer(handler, stranger=stranger.origin) as server:
            yield Stage(scenario, world, server, stranger)


@dataclass
class Played:
    """What came of it: a listing or an error, the rows and the server's memory."""

    stage: Stage
    sink: MemorySink
    listing: Listing | None
    error: ScimAuditError | None

    @property
    def accounts(self) -> list[dict[str, Any]]:
        """The accounts handed over."""
        return self.sink.table("accounts")

    @property
    def words(self) -> str:
        """Everything said to people, in lower case."""
        if self.error:
            return f"{self.error.message} {self.error.hint}".casefold()
        found = self.listing
        assert found is not None
        said: Sequence[str] = (
            found.walk.reason,
            found.scope.reason,
            found.entitlements.reason,
            *found.notes,
            *(f"{witness.name} {witness.detail}" for witness in found.witnesses if witness.outcome != "passed"),
            *(rejected.reason for rejected in found.rejected),
        )
        return " ".join(said).casefold()


@contextmanager
def played(scenario: Scenario, base: Path) -> Iterator[Played]:
    """Let the lister list, and give what came of it while the servers still run."""
    with staged(scenario) as stage:
        sink = MemorySink(
            base,
            people=leavers(scenario.people(stage.world)) if scenario.people else None,
            last_ids=scenario.remembered(stage.world) if scenario.remembered else (),
            quick=scenario.quick,
        )
        settings = {"base_url": stage.server.url, "token": {"env": TOKEN_AT}, **scenario.settings}
        listing, error = None, None
        try:
            listing = load("scim").model_validate(settings).collect(sink)
        except ScimAuditError as raised:
            error = raised
        yield Played(stage, sink, listing, error)
