"""What is true of a world that may move while it is listed, and what of a listing is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.compose import is_list
from tests.faults.play import Played
from tests.faults.server import Answer, Handler, Request
from tests.faults.world import World


@dataclass
class History:
    """The accounts a world held while it was asked.

    :param always: held before and after every request.
    :param ever: held before or after any request.
    :param moved: whether they changed between two lists of accounts.
    """

    always: frozenset[str] = frozenset()
    ever: frozenset[str] = frozenset()
    moved: bool = False
    _now: frozenset[str] = frozenset()
    _lists: int = 0

    def watch(self, inner: Handler, world: World) -> Handler:
        """The outermost behaviour: looks at the world around every request."""
        self.always = self.ever = self._now = frozenset(world.ids)

        def handle(request: Request) -> Answer:
            self.look(world)
            given = inner(request)
            self.look(world)
            self._lists += is_list(request, "Users")
            return given

        return handle

    def look(self, world: World) -> None:
        """Take in what the world holds now."""
        now = frozenset(world.ids)
        if now != self._now:
            self.moved = self.moved or self._lists > 0
            self._now = now
            self.always &= now
            self.ever |= now


def untrue(played: Played, history: History) -> Iterator[str]:
    """Everything a listing claims that is not so: the silent outcomes, each in words.

    A listing of accounts that came or went meanwhile may hold them or not; what was there throughout must be there,
    and what never was must not.
    """
    listing, world = played.listing, played.stage.world
    if listing is None:
        return
    listed = [row["account_id"] for row in played.accounts]
    names = set(listed)
    if len(listed) != len(names) or len(listed) != listing.parsed:
        yield f"{listing.parsed} accounts are claimed, {len(listed)} rows and {len(names)} ids handed over"
    if listing.received != listing.parsed + len(listing.rejected):
        yield "rows received are not rows parsed and rejected"
    if names - history.ever:
        yield f"accounts that never were: {sorted(names - history.ever)}"
    if listing.walk.state == "complete":
        if history.always - names:
            yield f"complete, and these are missing: {sorted(history.always - names)}"
        if listing.rejected:
            yield "complete, and rows were rejected"
    elif not listing.walk.reason:
        yield "not complete, and no reason is given"
    for row in played.accounts:
        name = row["account_id"]
        if name in world.ids and row["active"] not in (world.active[name], None):
            yield f"{name} is not {row['active']}"
        if name in world.ids and not set(row["emails"] or ()) <= world.emails[name]:
            yield f"{name} has not all of {row['emails']}"
    yield from _memberships(played, history, names)


def _memberships(played: Played, history: History, names: set[str]) -> Iterator[str]:
    listing, true = played.listing, played.stage.world.grants
    assert listing is not None
    grants = played.sink.table("grants")
    if not {row["account_id"] for row in grants} <= names:
        yield "grants of accounts that are not listed"
    direct = {
        (row["account_id"], row["value"]) for row in grants if row["attribute"] == "groups" and row["type"] == "direct"
    }
    if direct - true:
        yield f"memberships that are none: {sorted(direct - true)}"
    due = {pair for pair in true if pair[0] in names & history.always}
    if listing.entitlements.state == "complete" and due - direct:
        yield f"memberships complete, and these are missing: {sorted(due - direct)}"
