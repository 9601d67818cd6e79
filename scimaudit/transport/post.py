"""One POST to one address that the configuration names: no redirect, no environment, so many bytes and seconds."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from scimaudit.errors import Unavailable
from scimaudit.transport.body import Cut, TooLarge, read_body
from scimaudit.transport.timed import Deadline, TimedTransport

_PATIENCE: Final = 30.0
"""Seconds without a byte."""


@dataclass(frozen=True)
class Answer:
    """What came back; ``kind`` is the media type, lower case and without parameters."""

    status: int
    kind: str
    body: bytes


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    verify: ssl.SSLContext,
    proxy: str | None = None,
    most: int = 1 << 20,
    seconds: float = 60,
    monotonic: Callable[[], float] = time.monotonic,
) -> Answer:
    """Send ``body`` and read the answer, whatever its status; nothing is tried twice.

    :param url: as :meth:`scimaudit.transport.origin.Origin.of_base` lets it pass.
    :param most: bytes of an answer, after decompression; ``seconds``: what all of it may take.
    :raises Unavailable: the server cannot be reached, or its answer passes a limit or cannot be read.
    """
    deadline = monotonic() + seconds

    def in_time() -> None:
        if monotonic() > deadline:
            raise Cut(f"it takes longer than {seconds:.0f} s")

    asked = {"User-Agent": "scimaudit", "Accept-Encoding": "identity", **headers}
    try:
        with (
            httpx.Client(
                transport=TimedTransport(
                    Deadline(monotonic, deadline, seconds), verify=verify, proxy=proxy, trust_env=False
                ),
                trust_env=False,
                follow_redirects=False,
                timeout=min(_PATIENCE, seconds),
            ) as client,
            client.stream("POST", url, content=body, headers=asked) as reply,
        ):
            # As it comes, for a decoder of httpx may make a gigabyte of a piece before anybody counts.
            held = read_body(reply.iter_raw(1 << 16), reply.headers.get("content-encoding", ""), most, in_time)
            kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(reply.status_code, kind, held)
    except TooLarge as error:
        raise Unavailable(f"the answer of {url} passes {most} bytes") from error
    except (Cut, ValueError) as error:
        raise Unavailable(f"the answer of {url} cannot be read: {error}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{url} cannot be reached: {error}", hint="check the address, the proxy and ca") from error
