"""Answers as bytes: refusals, storms, pages that are no SCIM, bombs, redirects."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

from tests.faults.directory import error
from tests.faults.server import Answer, Handler, Request
from tests.faults.world import World

LOGIN = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form method=post>password</form></body></html>"
)


def says(given: Answer) -> Callable[[Request], Answer]:
    """The same answer every time."""
    return lambda _request: given


def page_of_html(status: int = 200, *, kind: str = "text/html; charset=utf-8") -> Callable[[Request], Answer]:
    """A log-in page, or the application's single-page shell."""
    return says(Answer(status, LOGIN, kind=kind, headers=(("Set-Cookie", "session=abc; Path=/"),)))


def body(
    content: bytes, *, kind: str | None = "application/scim+json", status: int = 200
) -> Callable[[Request], Answer]:
    """Any bytes."""
    return says(Answer(status, content, kind=kind))


def slow_down(status: int = 429, *, kind: str = "application/scim+json", **headers: str) -> Callable[[Request], Answer]:
    """Too many requests; underscores in header names become hyphens."""
    given = error(status, "slow down")
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return says(Answer(status, given.body, kind=kind, headers=named))


def slow_down_until(seconds: float) -> Callable[[Request], Answer]:
    """429 with ``Retry-After`` as an HTTP date, a while from now."""

    def make(_request: Request) -> Answer:
        then = datetime.now(UTC) + timedelta(seconds=seconds)
        return slow_down(Retry_After=format_datetime(then, usegmt=True))(_request)

    return make


def redirect(where: Callable[[Request], str], status: int = 302) -> Callable[[Request], Answer]:
    """Go elsewhere; ``where`` makes the address."""
    return lambda request: Answer(status, b"", kind=None, headers=(("Location", where(request)),))


def to_stranger(request: Request) -> str:
    """The same page at a server the client has no business with."""
    return f"{request.stranger}/scim/v2/Users?startIndex=1&count=100"


def to_stranger_by_name(request: Request) -> str:
    """The stranger under another host name."""
    return to_stranger(request).replace("127.0.0.1", "localhost")


def to_stranger_without_scheme(request: Request) -> str:
    """A network-path reference (RFC 3986 section 4.2)."""
    return to_stranger(request).removeprefix("http:")


def to_stranger_behind_user_info(request: Request) -> str:
    """Our own origin as user name of an address of the stranger's."""
    own = request.origin.removeprefix("http://")
    return to_stranger(request).replace("http://", f"http://{own}@")


def zipped(given: Answer) -> bytes:
    """The body, gzipped."""
    return gzip.compress(given.body, 1)


GZIP = (("Content-Encoding", "gzip"),)


@cache
def bomb(megabytes: int) -> bytes:
    """A gzip stream of a list response with that much white space in it."""
    stream = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    blanks = b" " * 1_000_000
    parts = [stream.compress(b'{"totalResults": 0, "Resources": [')]
    parts += [stream.compress(blanks) for _ in range(megabytes)]
    parts += [stream.compress(b"]}"), stream.flush()]
    return b"".join(parts)


def one_origin_only(inner: Handler, world: World) -> Handler:
    """Refuse a request that does not carry the token."""
    return lambda request: (
        inner(request) if request.headers.get("authorization") == "Bearer tok-7f3a91" else error(401, "no token")
    )


def listing_of_strangers(request: Request) -> Answer:
    """What a stranger answers: a plausible empty list."""
    return Answer(200, b'{"totalResults": 0, "Resources": []}')


def nested(depth: int) -> bytes:
    """A list response with a very deep value in it."""
    return b'{"totalResults": 1, "Resources": [{"id": "id-1", "x": ' + b"[" * depth + b"]" * depth + b"}]}"


def only_get(inner: Handler, world: World) -> Handler:
    """Nothing but GET is let through."""
    return lambda request: inner(request) if request.method == "GET" else error(403, "the token may only read")
