"""A pull that is killed in the midst of a paged search: the cookie on record is good on no other connection."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scimaudit.snapshot.record import Record
from scimaudit.sources import Listing
from tests.sources.conftest import MemorySink
from tests.sources.resuming import Killed, Played, Recording

pytestmark = pytest.mark.needs("openldap")
MANY = 430


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


def _without_place(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows without the number of the body they stand in, which a search that began again moves."""
    return [{name: value for name, value in row.items() if not name.startswith("raw")} for row in rows]
