"""One POST to one address that the configuration names: no redirect, no environment, so many bytes and seconds."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from scimaudit.errors import Unavailable

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
    :param most: bytes of an answer, after decompression; ``seconds``: what the answer's body may take in all.
    :raises Unavailable: the server cannot be reached, its answer passes a limit, or cannot be decoded.
    """
    deadline = monotonic() + seconds
    held = bytearray()
    try:
        with (
            httpx.Client(
                verify=verify, proxy=proxy, trust_env=False, follow_redirects=False, timeout=min(_PATIENCE, seconds)
            ) as client,
            client.stream("POST", url, content=body, headers={"User-Agent": "scimaudit", **headers}) as reply,
        ):
            for piece in reply.iter_bytes(1 << 16):
                held += piece
                if len(held) > most:
                    raise Unavailable(f"the answer of {url} passes {most} bytes")
                if monotonic() > deadline:
                    raise Unavailable(f"the answer of {url} takes longer than {seconds:.0f} s")
            kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(reply.status_code, kind, bytes(held))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{url} cannot be reached: {error}", hint="check the address, the proxy and ca") from error
