"""What a server gave in each pass over its accounts, by its own log."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.faults.compose import is_list
from tests.faults.server import Answer, Handler, Request
from tests.faults.world import World


@dataclass
class Passes:
    """The ids given from each beginning of a list of accounts to the next one."""

    begun: list[set[str]] = field(default_factory=list)

    def watch(self, inner: Handler, world: World) -> Handler:
        """A behaviour that changes nothing and keeps the log; probes at 0 and filters are no pass."""

        def handle(request: Request) -> Answer:
            given = inner(request)
            probe = request.query.get("startIndex") == "0" or "filter" in request.query
            if is_list(request, "Users") and given.status == 200 and not probe:
                if request.query.get("startIndex", "1") == "1" and not request.query.get("cursor"):
                    self.begun.append(set())
                self.begun[-1].update(row["id"] for row in json.loads(given.body)["Resources"])
            return given

        return handle
