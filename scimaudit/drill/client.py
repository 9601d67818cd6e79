"""The one client that writes, and only a drill's canary: RFC 7644 sections 3.3 (POST), 3.5.2 (PATCH), 3.6 (DELETE).

It is apart from :mod:`scimaudit.transport`, which only reads and which it reads with. Like that one it sends its token
to one origin alone, follows no redirect, keeps no cookie, reads no proxy of the environment and has a budget. A write
is never tried twice: whether the first one was carried out is found out by reading.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

import httpx
import orjson

from scimaudit.errors import ConfigError, Incomplete, Malformed, SourceError, Unavailable
from scimaudit.sources import Reply
from scimaudit.transport import Budgets, Client, ServerError, segment, tls_context
from scimaudit.transport.body import Cut, TooLarge, read_body
from scimaudit.transport.origin import Origin, OriginAuth
from scimaudit.transport.proxy import password_in
from scimaudit.transport.spoken import quoted

MARK: Final = "scimaudit-drill-"
"""Every canary's ``externalId`` begins with this; 16 random bytes in hex follow."""
TYPE: Final = "application/scim+json"
_BUDGET: Final = Budgets(requests=2000, bytes=256 << 20, seconds=1800, waits=300)
_WRITES: Final = 8
"""Writes of one client: a canary is made once, changed once and removed."""
_PAGE: Final = 100


class NotOurs(SourceError):
    """An account that does not carry this run's mark; nothing was written to it."""


@dataclass(frozen=True)
class Write:
    """A request that writes, as it is sent.

    :param path: below the base address. ``body``: nothing for DELETE.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return b"" if self.body is None else orjson.dumps(self.body)


class CanaryClient:
    """Writes the canaries of one run at one SCIM service provider; a context manager.

    :param base_url: ``https://`` address; ``http://`` is taken for loopback only.
    :param token: bearer token to write with.
    :param mark: the run's mark; what does not carry it is never written to.
    :raises ConfigError: the address or the mark cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str,
        mark: str,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        verify: ssl.SSLContext | None = None,
        proxy: str | None = None,
        source: str = "",
    ) -> None:
        if not mark.startswith(MARK) or len(mark) != len(MARK) + 32:
            raise ConfigError(f"{mark!r} is no mark of a drill")
        self._origin = Origin.of_base(base_url)
        self._base = base_url.rstrip("/")
        self._mark, self._source = mark, source
        self._writes = 0
        headers = {"Authorization": f"Bearer {token}"}
        self._auth = OriginAuth(self._origin, lambda: headers, password_in(proxy))
        context = verify or tls_context()
        self._reads = Client(
            base_url,
            exchange=lambda _method, _url, send: (send(), 0),
            now=now,
            headers=headers,
            accept=f"{TYPE}, application/json",
            verify=context,
            proxy=proxy,
            budgets=_BUDGET,
            sleep=sleep,
            source=source,
        )
        self._http = httpx.HTTPTransport(
            verify=context, proxy=proxy, trust_env=False, limits=httpx.Limits(max_connections=1)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reads.__exit__()
        self._http.close()

    def create(self, write: Write) -> Reply:
        """Send the POST that makes the canary.

        :raises NotOurs: the resource does not carry the mark.
        :raises Unavailable: nobody knows whether it was made.
        """
        if write.method != "POST" or write.path != "/Users" or (write.body or {}).get("externalId") != self._mark:
            raise NotOurs("a drill makes accounts with its own mark only", source=self._source)
        return self._send(write)

    def change(self, write: Write, account_id: str, *, known: Collection[str]) -> Reply:
        """Send a PATCH or DELETE to the canary, once a GET has shown that it is this run's.

        :param known: ids that the run's journal names.
        :raises NotOurs: the id is not in the journal, or what is there does not carry the mark.
        :raises Unavailable: nobody knows whether it was carried out.
        """
        if account_id not in known:
            raise NotOurs(f"the account {account_id} is not in the journal", source=self._source)
        if write.method not in ("PATCH", "DELETE") or write.path != f"/Users/{segment(account_id)}":
            raise NotOurs("a drill writes to its own canary only", source=self._source)
        found = self.read(account_id)
        if found is None or not self.ours(found) or found.get("id") != account_id:
            raise NotOurs(
                f"the account {account_id} does not carry the mark of this run; nothing was written to it",
                source=self._source,
                hint="somebody changed its externalId; remove the canary by hand",
            )
        return self._send(write)

    def ours(self, resource: Mapping[str, Any]) -> bool:
        """Whether a resource carries this run's mark."""
        return resource.get("externalId") == self._mark

    def read(self, account_id: str) -> Mapping[str, Any] | None:
        """The account of that id, or ``None`` where there is none.

        :raises SourceError: the server does not tell.
        """
        reply, _ = self._reads.get(f"/Users/{segment(account_id)}")
        if reply.status in (404, 410):
            return None
        return _object(reply, "the account", self._source)

    def search(self, user_name: str) -> list[str]:
        """Ids of all accounts that carry the mark: by filter, and where that finds none, by reading every page.

        A filter that a server ignores, or does not know, finds nothing and proves nothing.

        :param user_name: the canary's, for servers that filter by that alone.
        :raises SourceError: the listing cannot be read to its end.
        """
        for filtered in (f'externalId eq "{self._mark}"', f"userName eq {orjson.dumps(user_name).decode()}"):
            reply = self._filtered(filtered)
            if reply is not None and reply.status == 200:
                ids = [str(row["id"]) for row in _rows(reply, self._source) if self.ours(row)]
                if ids:
                    return ids
        return [str(row["id"]) for row in self._all() if self.ours(row)]

    def _filtered(self, text: str) -> Reply | None:
        try:
            return self._reads.get("/Users", {"filter": text})[0]
        except ServerError:
            # RFC 7644 section 3.12: 501 is how a server says that it has no filters; some crash instead.
            return None

    def _all(self) -> Iterator[Mapping[str, Any]]:
        seen: set[str] = set()
        while True:
            reply, _ = self._reads.get("/Users", {"startIndex": str(len(seen) + 1), "count": str(_PAGE)})
            if reply.status != 200:
                raise Incomplete(
                    f"the accounts cannot be read to their end: status {reply.status}",
                    source=self._source,
                    hint="look for the canary by hand",
                )
            fresh = [row for row in _rows(reply, self._source) if row.get("id") not in seen]
            if not fresh:
                return
            yield from fresh
            seen |= {str(row["id"]) for row in fresh}

    def _send(self, write: Write) -> Reply:
        if self._writes >= _WRITES:
            raise Incomplete(f"the budget of {_WRITES} writes ran out", source=self._source)
        self._writes += 1
        url = self._base + write.path
        if not self._origin.owns(url):
            raise Malformed(f"refused to write to {url}: it is not at {self._origin}", source=self._source)
        headers = {
            "Accept": f"{TYPE}, application/json", "Accept-Encoding": "identity", "User-Agent": "scimaudit",
            **({"Content-Type": TYPE} if write.body is not None else {}),
        }  # fmt: skip
        patience = httpx.Timeout(_BUDGET.read, connect=30.0)
        request = httpx.Request(
            write.method, url, headers=headers, content=write.content, extensions={"timeout": patience.as_dict()}
        )
        deadline = time.monotonic() + _BUDGET.request
        try:
            with closing(self._http.handle_request(next(self._auth.auth_flow(request)))) as response:
                told = {name.lower(): value for name, value in response.headers.items()}
                encoding = told.get("content-encoding", "")
                body = read_body(response.iter_raw(), encoding, _BUDGET.body, lambda: _in_time(deadline))
        except (httpx.TransportError, Cut, TooLarge, ValueError) as error:
            raise Unavailable(
                f"{write.method} {write.path} was sent, and the answer cannot be read: "
                f"{type(error).__name__}: {quoted(str(error), self._auth.secrets)}",
                source=self._source,
                hint="scimaudit drill cleanup finds out what became of it",
            ) from error
        return Reply(response.status_code, told, body)


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise Cut("it takes too long")


def _object(reply: Reply, what: str, source: str) -> Mapping[str, Any]:
    found: object
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        found = None
    if reply.status != 200 or not isinstance(found, dict):
        raise Malformed(f"{what} cannot be read: status {reply.status}", source=source)
    return found


def _rows(reply: Reply, source: str) -> list[Mapping[str, Any]]:
    rows = _object(reply, "the list of accounts", source).get("Resources") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get("id"), str) for row in rows):
        raise Malformed("the list of accounts cannot be read", source=source)
    return rows
