"""What a server gave in each pass over its accounts, by its own log."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.compose import is_list
from tests.faults.server import Answer, Handler, Request
from tests.faults.world import World


@dataclass
class Passes:
    """The ids given from each beginning of a list of accounts to the next one, and in how many replies."""

    begun: list[set[str]] = field(default_factory=list)
    replies: list[int] = field(default_factory=list)

    def watch(self, inner: Handler, world: World) -> Handler:
        """A behaviour that changes nothing and keeps the log; probes at 0 and filters are no pass."""

        def handle(request: Request) -> Answer:
            given = inner(request)
            probe = request.query.get("startIndex") == "0" or "filter" in request.query
            if is_list(request, "Users") and given.status == 200 and not probe:
                if request.query.get("startIndex", "1") == "1" and not request.query.get("cursor"):
                    self.begun.append(set())
                    self.replies.append(0)
                self.replies[-1] += 1
                self.begun[-1].update(row["id"] for row in json.loads(given.body)["Resources"])
            return given

        return handle

    def equal(self, names: set[str]) -> bool:
        """Whether two passes in a row gave exactly these accounts."""
        return any(one == other == names for one, other in pairwise(self.begun))

    def at_once(self, names: set[str]) -> bool:
        """Whether one reply gave exactly these accounts: nothing can move within a reply."""
        return any(given == names and replies == 1 for given, replies in zip(self.begun, self.replies, strict=True))
