"""The real client and the real lister over a server's handler in the same process: everything but the socket."""

from __future__ import annotations

import httpx

from scimaudit.errors import ScimAuditError
from scimaudit.sources import Listing
from scimaudit.sources.scim import profile as profiles
from scimaudit.sources.scim.pull import pull
from scimaudit.transport import Budgets, Client
from tests.faults.server import Handler, Request
from tests.faults.sink import MemorySink

ORIGIN = "http://127.0.0.1:1"
BASE = "/scim/v2"


class Wireless(httpx.BaseTransport):
    """Gives a handler what would have gone over the wire."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._number = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request to its answer; delays, cuts and other faults of the wire do not exist here."""
        self._number += 1
        target = request.url.raw_path.decode("ascii")
        path = request.url.path.removeprefix(BASE)
        query = dict(request.url.params.multi_items())
        headers = {name.lower(): value for name, value in request.headers.items()}
        given = self._handler(Request(request.method, target, path, query, headers, b"", self._number, ORIGIN, ""))
        told = [*given.headers, *([("Content-Type", given.kind)] if given.kind else [])]
        return httpx.Response(given.status, headers=told, stream=httpx.ByteStream(given.body))


def listed(handler: Handler, sink: MemorySink, *, page_size: int | None = None) -> Listing | ScimAuditError:
    """List what a handler serves; an error in place of a listing is handed back."""
    budgets = Budgets(requests=600, attempts=2)
    with Client(
        ORIGIN + BASE, exchange=sink.exchange, now=sink.now, budgets=budgets, sleep=lambda _seconds: None
    ) as client:
        client._http = Wireless(handler)  # type: ignore[assignment]
        try:
            return pull(
                client,
                profiles.load("unknown"),
                sink,
                page_size=page_size,
                probe_budget=None,
                canaries=(),
                seats=None,
            )
        except ScimAuditError as error:
            return error
