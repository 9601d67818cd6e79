"""A pull that is killed in the midst of a paged search: the cookie on record is good on no other connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scimaudit.snapshot.record import Record, bodies
from scimaudit.sources import Listing, Reply
from tests.sources.conftest import MemorySink

pytestmark = pytest.mark.needs("openldap")
MANY = 430


class Killed(BaseException):
    """As a signal ends a process: past whatever handles errors."""


@dataclass(repr=False)
class Recording(MemorySink):
    """A sink with a real record, which dies before a question is sent."""

    record: Any = None
    dies_before: int = 1_000
    sent: list[str] = field(default_factory=list)

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        def sending() -> Reply:
            if len(self.sent) == self.dies_before:
                raise Killed
            self.sent.append(url)
            return send()

        reply, number = self.record.exchange(method, url, sending)
        return reply, number


@dataclass(repr=False)
class Played(MemorySink):
    """A sink that gives what is on record, in that order."""

    stem: Path = Path()
    left: Any = None

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        self.left = self.left or bodies(self.stem)
        entry, body = next(self.left)
        assert (entry.method, entry.url) == (method, url)
        entry.answered(self.name)
        return Reply(entry.status, entry.headers, body), entry.number


@pytest.fixture
def pulled(asks, tmp_path) -> Callable[..., tuple[Listing, Recording]]:
    def run(name: str, dies_before: int = 1_000) -> tuple[Listing, Recording]:
        with Record(tmp_path / name, MemorySink(tmp_path).clock) as record:
            sink = Recording(tmp_path, record=record, dies_before=dies_before)
            listing = asks(seats=MANY).collect(sink)
            record.close()
        return listing, sink

    return run


def test_a_pull_killed_before_any_question_ends_as_one_that_was_not(pulled, asks, tmp_path):
    whole, calm = pulled("calm")
    wanted = (whole.walk, whole.scope, whole.entitlements, whole.parsed, calm.row_list("accounts"))
    assert whole.walk.state == whole.entitlements.state == "complete"
    for at in range(1, len(calm.sent)):
        with pytest.raises(Killed):
            pulled(f"killed-{at}", at)
        if at + 1 < len(calm.sent):
            # Once more, just after it began again.
            with pytest.raises(Killed):
                pulled(f"killed-{at}", 1)
        listing, sink = pulled(f"killed-{at}")
        assert (listing.walk, listing.scope, listing.entitlements, listing.parsed) == wanted[:4], at
        assert _without_place(sink.row_list("accounts")) == _without_place(wanted[4])
        played = Played(tmp_path, stem=tmp_path / f"killed-{at}")
        again = asks(seats=MANY).collect(played)
        assert (again.walk, played.row_list("accounts")) == (listing.walk, sink.row_list("accounts"))
        assert next(played.left, None) is None


def test_a_refusal_that_a_pull_ended_on_is_asked_again(tmp_path):
    now = MemorySink(tmp_path).clock
    for status in (50, 53, 400, 404, 503):
        stem = tmp_path / str(status)
        with Record(stem, now) as record:
            record.exchange("LDAP", "a", lambda: Reply(0, {}, b"a"))
            record.exchange("LDAP", "b", lambda code=status: Reply(code, {}, b"refused"))
        with Record(stem, now) as record:
            assert record.exchange("LDAP", "a", lambda: Reply(0, {}, b"not asked"))[0].body == b"a"
            assert record.exchange("LDAP", "b", lambda: Reply(0, {}, b"given"))[0].body == b"given"


def _without_place(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows without the number of the body they stand in, which a search that began again moves."""
    return [{name: value for name, value in row.items() if not name.startswith("raw")} for row in rows]
