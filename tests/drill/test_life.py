"""A canary at servers that answer late, by an older copy, or with somebody else's id: it is never called gone too soon."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from scimaudit.drill import canary
from scimaudit.drill import record as records
from scimaudit.drill.canary import Life, Target
from scimaudit.drill.client import Write
from scimaudit.errors import SourceError
from scimaudit.sources import Reply
from tests.drill.conftest import START

MARK = canary.new_mark()
POST = Write("POST", "/Users", {"externalId": MARK})


@dataclass
class Server:
    """What a server answers to a POST, and whom it shows once ``late`` looks have been taken."""

    status: int = 201
    said: str = "7"
    shown: dict[str, str] = field(default_factory=lambda: {"7": MARK})
    late: int = 0
    deleted: list[str] = field(default_factory=list)

    def create(self, write: Write) -> Reply:
        return Reply(self.status, {}, orjson.dumps({"id": self.said}))

    def ours(self, resource: Mapping[str, Any]) -> bool:
        return resource.get("externalId") == MARK

    def read(self, account_id: str) -> Mapping[str, Any] | None:
        return self._looked().get(account_id)

    def search(self, user_name: str) -> list[str]:
        return [name for name, row in self._looked().items() if self.ours(row)]

    def change(self, write: Write, account_id: str, *, known: Collection[str]) -> Reply:
        assert account_id in known
        self.deleted.append(account_id)
        del self.shown[account_id]
        return Reply(204, {}, b"")

    def _looked(self) -> dict[str, dict[str, str]]:
        self.late -= 1
        return {} if self.late >= 0 else {name: {"id": name, "externalId": mark} for name, mark in self.shown.items()}


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def life(folder: Path, server: Server, clock: Clock) -> Life:
    record = records.begin(folder, "r", "", now=START, by_run=True)
    return Life(record, Target("crm", "https://crm.example", None), MARK, "n", server, clock, clock.sleep)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [200, 202, 408, 500, 502, 504])
def test_a_post_that_may_still_be_carried_out_is_waited_for(tmp_path: Path, status: int) -> None:
    server = Server(status=status, late=1)
    mine = life(tmp_path, server, Clock())
    with pytest.raises(SourceError, match="made no canary"):
        mine.make(POST)
    assert (mine.remove(), server.deleted, mine.record.canary) == ("", ["7"], "clean")


@pytest.mark.parametrize("status", [201, 202, 504])
def test_a_canary_that_nothing_shows_yet_is_not_gone(tmp_path: Path, status: int) -> None:
    server, clock = Server(status=status, late=99), Clock()
    mine = life(tmp_path, server, clock)
    with pytest.raises(SourceError):
        mine.make(POST)
    assert "may still come" in mine.remove()
    assert mine.record.canary == "live"
    server.late = 0
    assert (mine.remove(), server.deleted, mine.record.canary) == ("", ["7"], "clean")


def test_after_a_while_what_nothing_shows_is_gone(tmp_path: Path) -> None:
    clock = Clock()
    mine = life(tmp_path, Server(shown={}), clock)
    with pytest.raises(SourceError):
        mine.make(POST)
    clock.sleep(3600)
    assert (mine.remove(), mine.record.canary) == ("", "clean")


@pytest.mark.parametrize("status", [301, 400, 401, 409, 429])
def test_a_post_that_was_refused_made_nothing(tmp_path: Path, status: int) -> None:
    mine = life(tmp_path, Server(status=status, shown={}), Clock())
    with pytest.raises(SourceError, match="made no canary"):
        mine.make(POST)
    assert (mine.remove(), mine.record.canary) == ("", "clean")


def test_an_id_of_somebody_else_does_not_keep_the_canary_alive(tmp_path: Path) -> None:
    server = Server(said="1", shown={"1": "E-17", "7": MARK})
    mine = life(tmp_path, server, Clock())
    with pytest.raises(SourceError):
        mine.make(POST)
    assert "1 does not carry this run's mark" in mine.remove()
    assert (server.deleted, server.shown) == (["7"], {"1": "E-17"})
    assert mine.record.canary == "left"
