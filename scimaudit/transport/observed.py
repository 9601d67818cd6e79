"""What a connection and its replies tell besides their bodies: how it is encrypted, and how much may be asked."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

_LONGEST: Final = 60
_DIGITS: Final = 10


def tls(held: object) -> str:
    """Protocol and certificate of a connection, in words.

    :param held: the connection's socket.
    """
    if not isinstance(held, ssl.SSLSocket):
        return "no, plain text to this machine"
    certificate = held.getpeercert() or {}
    ends = certificate.get("notAfter")
    until = ""
    if isinstance(ends, str):
        day = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC).date()
        until = f", certificate valid until {day.isoformat()}"
    return f"{held.version()}{until}"


def limits(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a reply that speak of a rate limit (``RateLimit-Limit``, ``X-RateLimit-Remaining`` and the like).

    :param headers: lower-case names.
    """
    return {
        name: value[:_LONGEST]
        for name, value in headers.items()
        if "ratelimit" in name.replace("-", "") and not name.endswith("reset")
    }


def age(headers: Mapping[str, str]) -> int:
    """Seconds that a reply had lain in a cache (``Age``, RFC 9111 section 5.1); 0 where it came from the server.

    :param headers: lower-case names.
    """
    told = headers.get("age", "").partition(",")[0].strip().lstrip("0")
    return int(told[:_DIGITS]) if told.isascii() and told.isdigit() else 0


def rate(seen: Mapping[str, str], refusals: int) -> str:
    """What was seen of a server's rate limit, in words.

    :param seen: header to its last value.
    :param refusals: how many replies were 429.
    """
    told = ", ".join(f"{name} {value}" for name, value in sorted(seen.items())) or "not told"
    return f"{told}; 429 came {refusals} times" if refusals else told
