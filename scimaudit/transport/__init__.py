"""The one HTTP client: origin-bound credentials, GET only, budgets, retries. It knows nothing of SCIM.

Redirects are never followed, the environment's proxy variables are never read, cookies are never kept, and a URL of
another origin (scheme, host, port) is refused before anything is sent.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, urlencode

import httpx

from scimaudit.errors import AuthenticationFailed, ConfigError, Incomplete, Malformed, Unavailable
from scimaudit.sources import Cost, Reply
from scimaudit.transport import observed
from scimaudit.transport.body import Cut, TooLarge, read_body
from scimaudit.transport.origin import Origin, OriginAuth
from scimaudit.transport.proxy import password_in
from scimaudit.transport.retry import backoff, retry_after
from scimaudit.transport.secret import private
from scimaudit.transport.spoken import quoted
from scimaudit.transport.timed import Deadline, TimedTransport

Exchange = Callable[[str, str, Callable[[], Reply]], tuple[Reply, int]]

LONGEST_URL: Final = 1 << 16
"""Letters of an address beyond which nothing is asked: ids, names and cursors come from the server."""

_RETRIED: Final = frozenset({429, 502, 503, 504})
_DENIED: Final = frozenset({401, 403})


class ServerError(Unavailable):
    """The server answered with a 5xx status that waiting does not cure."""

    def __init__(self, message: str, *, status: int, source: str = "", hint: str = "") -> None:
        super().__init__(message, source=source, hint=hint)
        self.status = status


class Denied(AuthenticationFailed):
    """The server answered 401 or 403; its body may say which permission is missing."""

    def __init__(self, message: str, *, status: int, body: bytes, source: str = "", hint: str = "") -> None:
        super().__init__(message, source=source, hint=hint)
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Budgets:
    """How much one listing may ask of a server before it stops as ``Incomplete``.

    :param requests: requests sent, retries included.
    :param bytes: bytes of all bodies, after decompression.
    :param seconds: wall clock of the whole listing.
    :param body: bytes of one body, after decompression.
    :param read: seconds without a byte before a read fails.
    :param request: seconds one request may take in all, so that a server that drips bytes ends too.
    :param waits: seconds spent waiting for rate limits and failing servers in all.
    :param longest_wait: a server that asks for a longer pause than this is not waited for.
    :param attempts: how often one request is tried.
    """

    requests: int = 200_000
    bytes: int = 4 << 30
    seconds: float = 6 * 3600
    body: int = 64 << 20
    read: float = 60
    request: float = 300
    waits: float = 1800
    longest_wait: float = 300
    attempts: int = 5


@cache
def tls_context(ca: Path | None = None, certificate: Path | None = None) -> ssl.SSLContext:
    """The TLS settings for every client that trusts the system's authorities and ``ca``; built once per argument.

    Building one costs more than a listing of a small app, so it is shared.

    :param ca: PEM file of a private certificate authority.
    :param certificate: PEM file of a client certificate and its key, to show to the server (mutual TLS).
    :raises ConfigError: the file cannot be read as certificates, or others can read the key.
    """
    context = ssl.create_default_context()
    # create_default_context honours SSLKEYLOGFILE, which would write session keys where the environment says.
    context.keylog_filename = None  # type: ignore[assignment]
    if ca is not None:
        try:
            context.load_verify_locations(cafile=ca)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"the certificate authority file {ca} cannot be used: {error}") from error
    if certificate is not None:
        private(certificate, "the client certificate")
        try:
            # An encrypted key would make OpenSSL ask at the terminal; the empty password refuses it.
            context.load_cert_chain(certificate, password="")
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"the client certificate {certificate} cannot be used: {error}") from error
    return context


def segment(text: str) -> str:
    """``text`` as exactly one path segment of a URL, so that an id such as ``../Groups/1`` stays an id.

    Of a text beyond :data:`LONGEST_URL` only so much is taken that :meth:`Client.get` refuses it.
    """
    quoted = quote(text[: LONGEST_URL + 1], safe="")
    return quoted.replace(".", "%2E") if not quoted.strip(".") else quoted


class Client:
    """One connection to one origin; a context manager.

    :param base_url: ``https://`` address; ``http://`` is taken for loopback only.
    :param headers: credentials, or what gives them for each request; sent to the origin of ``base_url`` and nowhere
        else.
    :param accept: media types to ask for.
    :param rate: requests per second the server allows, where known.
    :param exchange: records an exchange or replays it; see :meth:`scimaudit.sources.Sink.exchange`.
    :param now: the time, to understand a ``Retry-After`` date where the reply has no ``Date``.
    :param source: how the configuration spells the source, for error messages.
    :raises ConfigError: ``base_url`` or ``proxy`` cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        exchange: Exchange,
        now: Callable[[], datetime],
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        accept: str = "application/json",
        verify: ssl.SSLContext | None = None,
        proxy: str | None = None,
        budgets: Budgets | None = None,
        rate: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        source: str = "",
    ) -> None:
        self._origin = Origin.of_base(base_url)
        self._base = base_url.rstrip("/")
        self._exchange = exchange
        self._now = now
        self._budgets = budgets or Budgets()
        self._gap = 1 / rate if rate else 0.0
        self._sleep = sleep
        self._monotonic = monotonic
        self._source = source
        self._started = monotonic()
        self._end = self._started + self._budgets.seconds
        self._deadline = Deadline(monotonic)
        self._last = float("-inf")
        self._requests = self._bytes = 0
        self._replayed = Cost()
        self._waited = 0.0
        self._tls = ""
        self._limits: dict[str, str] = {}
        self._refusals = 0
        held = headers or {}
        self._auth = OriginAuth(self._origin, held if callable(held) else lambda: held, password_in(proxy))
        self._headers = httpx.Headers(
            {
                "Accept": accept,
                "Accept-Encoding": "gzip",
                "Cache-Control": "no-cache",
                "Connection": "keep-alive",
                "User-Agent": "scimaudit",
            }
        )
        patience = httpx.Timeout(self._budgets.read, connect=min(30.0, self._budgets.read))
        self._extensions = {"timeout": patience.as_dict()}
        try:
            # httpx's transport without its client: no redirects, no cookies, no environment, half the time a request.
            self._http = TimedTransport(
                self._deadline,
                verify=verify or tls_context(),
                proxy=proxy,
                trust_env=False,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            )
        except (ValueError, httpx.InvalidURL) as error:
            # The proxy's URL may hold a password, so it is not repeated here.
            raise ConfigError("the proxy's address cannot be used", hint="write it as http://host:port") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def cost(self) -> Cost:
        """What was asked of the server so far, also by the interrupted pull that this one goes on from."""
        requests, received = self._requests + self._replayed.requests, self._bytes + self._replayed.bytes
        return Cost(requests, received, self._monotonic() - self._started, self._waited)

    @property
    def facts(self) -> dict[str, str]:
        """What was seen of the server's encryption and rate limit; nothing where every exchange was replayed."""
        if not self._tls:
            return {}
        return {"TLS": self._tls, "rate limit": observed.rate(self._limits, self._refusals)}

    def get(self, target: str, params: Mapping[str, str] | None = None) -> tuple[Reply, int]:
        """Fetch ``target`` and give the reply with the number of its body in the raw record.

        :param target: a path below the base address, beginning with ``/``, or an absolute URL of the same origin.
        :param params: query parameters, percent-encoded here.
        :raises Malformed: the URL belongs to another origin or is out of all proportion, the reply redirects, or its
            encoding cannot be read.
        :raises AuthenticationFailed: 401 or 403.
        :raises ServerError: another 5xx than those that are retried.
        :raises Unavailable: the server could not be reached or kept failing.
        :raises Incomplete: a budget ran out.
        """
        length = len(target) + sum(map(len, (params or {}).values()))
        if length > LONGEST_URL:
            raise Malformed(
                f"refused to ask for an address of {length} letters below {self._origin}",
                source=self._source,
                hint="the server gives an id, a name or a cursor that no server can be asked for",
            )
        url = self._base + target if target.startswith("/") and not target.startswith("//") else target
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params, quote_via=quote, safe="")
        if not self._origin.owns(url):
            raise Malformed(
                f"refused to ask {_shown(url)}: it is not at {self._origin}",
                source=self._source,
                hint="the server named an address elsewhere; nothing was sent to it",
            )
        sent = self._requests
        reply, number = self._exchange("GET", url, lambda: self._send(url))
        if self._requests == sent:
            before = self._replayed
            self._replayed = replace(before, requests=before.requests + 1, bytes=before.bytes + len(reply.body))
        # Judged once it is on record: a refusal is evidence, and a replay must be refused as the listing was.
        return self._judged(reply, url), number

    def _send(self, url: str) -> Reply:
        trouble = ""
        for attempt in range(self._budgets.attempts):
            self._may_ask()
            try:
                reply = self._once(url)
            except httpx.InvalidURL as error:
                raise Malformed(f"{_shown(url)} cannot be asked: {error}", source=self._source) from error
            except httpx.LocalProtocolError as error:
                # Its words quote the header that HTTP does not carry.
                raise Malformed(f"{_shown(url)} cannot be asked with these headers", source=self._source) from error
            except (httpx.TransportError, Cut) as error:
                # A status line that is none is quoted by whoever reads it, with whatever the server wrote there.
                said = quoted(str(error), self._auth.secrets)
                trouble = f"{type(error).__name__}: {said}"
                if "CERTIFICATE_VERIFY_FAILED" in trouble:
                    raise Unavailable(
                        f"the certificate of {self._origin} is not trusted: {said}",
                        source=self._source,
                        hint="name the PEM file of a private authority as ca",
                    ) from error
                pause = backoff(attempt)
            else:
                if reply.status not in _RETRIED:
                    return reply
                trouble = f"status {reply.status}"
                asked = retry_after(reply.headers, self._now)
                pause = backoff(attempt) if asked is None else asked
                if pause > self._budgets.longest_wait:
                    raise Unavailable(
                        f"{_shown(url)} answered {reply.status} and asks for a pause of {pause:.0f} s",
                        source=self._source,
                        hint=f"the longest pause taken is {self._budgets.longest_wait:.0f} s; try again later",
                    )
            if attempt + 1 < self._budgets.attempts:
                self._pause(pause)
        raise Unavailable(
            f"{_shown(url)} failed {self._budgets.attempts} times; the last time: {trouble}",
            source=self._source,
            hint="check the address, the proxy and whether the server is up",
        )

    def _once(self, url: str) -> Reply:
        self._requests += 1
        deadline = self._monotonic() + self._budgets.request
        self._deadline.at, self._deadline.allowed = min(deadline, self._end), self._budgets.request
        request = httpx.Request("GET", url, headers=self._headers, extensions=self._extensions)
        with closing(self._http.handle_request(next(self._auth.auth_flow(request)))) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            self._keeps_secrets(url, "\n".join(chain(*headers.items())).encode("utf-8", "surrogateescape"))
            self._observe(response, headers)
            try:
                body = read_body(
                    response.iter_raw(),
                    headers.get("content-encoding", ""),
                    min(self._budgets.body, self._budgets.bytes - self._bytes),
                    lambda: self._in_time(deadline, url),
                )
            except TooLarge as error:
                raise Incomplete(
                    f"the body of {_shown(url)} passes {error.ceiling} bytes",
                    source=self._source,
                    hint="raise max_bytes or lower page_size",
                ) from error
            except ValueError as error:
                raise Malformed(f"the body of {_shown(url)} cannot be read: {error}", source=self._source) from error
        self._bytes += len(body)
        self._keeps_secrets(url, body)
        return Reply(response.status_code, headers, body)

    def _keeps_secrets(self, url: str, told: bytes) -> None:
        if any(secret in told for secret in self._auth.spoken):
            # What is received is evidence, and goes into bundles that strangers read.
            raise Malformed(
                f"{_shown(url)} answered with the credentials that it was asked with; nothing of it is kept",
                source=self._source,
                hint="tell whoever runs the server, and change the token",
            )

    def _observe(self, response: httpx.Response, headers: Mapping[str, str]) -> None:
        if not self._tls:
            stream = response.extensions.get("network_stream")
            self._tls = observed.tls(stream.get_extra_info("socket") if stream else None)
        self._limits |= observed.limits(headers)
        self._refusals += response.status_code == httpx.codes.TOO_MANY_REQUESTS

    def _judged(self, reply: Reply, url: str) -> Reply:
        if reply.status in _DENIED:
            raise Denied(
                f"{_shown(url)} answered {reply.status}: the credentials were refused",
                status=reply.status,
                body=reply.body,
                source=self._source,
                hint="check that the token is valid and may read this resource",
            )
        if 300 <= reply.status < 400:
            where = _shown(reply.headers.get("location", "nowhere"))
            raise Malformed(
                f"{_shown(url)} redirects to {where}; redirects are never followed",
                source=self._source,
                hint="if that address is right, write it as base_url",
            )
        if reply.status >= 500:
            raise ServerError(f"{_shown(url)} answered {reply.status}", status=reply.status, source=self._source)
        return reply

    def _may_ask(self) -> None:
        if self._requests >= self._budgets.requests:
            raise Incomplete(
                f"the budget of {self._budgets.requests} requests ran out",
                source=self._source,
                hint="raise max_requests",
            )
        if self._bytes >= self._budgets.bytes:
            raise Incomplete(
                f"the budget of {self._budgets.bytes} bytes ran out", source=self._source, hint="raise max_bytes"
            )
        self._in_time(float("inf"), self._base)
        early = self._last + self._gap - self._monotonic()
        if early > 0:
            self._waited += early
            self._sleep(early)
        self._last = self._monotonic()

    def _in_time(self, deadline: float, url: str) -> None:
        now = self._monotonic()
        if now >= self._end:
            raise self._late()
        if now > deadline:
            raise Cut(f"{_shown(url)} took longer than {self._budgets.request:.0f} s")

    def _late(self) -> Incomplete:
        return Incomplete(
            f"the budget of {self._budgets.seconds:.0f} seconds ran out", source=self._source, hint="raise max_seconds"
        )

    def _pause(self, seconds: float) -> None:
        if self._waited + seconds > self._budgets.waits:
            raise Incomplete(
                f"the budget of {self._budgets.waits:.0f} seconds of waiting for the server ran out",
                source=self._source,
                hint="the server limits the rate of requests; try again later",
            )
        if self._monotonic() + seconds > self._end:
            raise self._late()
        self._waited += seconds
        self._sleep(seconds)


def _shown(url: str) -> str:
    """A URL without its query, which may hold names of people, and without a password."""
    plain = url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = plain.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}" if mark else plain
