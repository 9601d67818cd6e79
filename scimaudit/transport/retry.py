"""How long to wait before asking again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def backoff(attempt: int) -> float:
    """Seconds to wait after attempt number ``attempt``, from 0: half a second, doubled each time, at most 30.

    One request per listing is in flight, so there is no crowd to spread out.
    """
    return float(min(30.0, 0.5 * 2**attempt))


def retry_after(headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    """Seconds a reply asks to wait: ``Retry-After`` (RFC 9110 section 10.2.3) or ``X-Retry-After``; None if neither.

    A date is measured against the reply's own ``Date``, so that clocks need not agree.

    :param headers: lower-case names.
    """
    asked = [
        _seconds(headers[name].strip(), headers, now) for name in ("retry-after", "x-retry-after") if name in headers
    ]
    known = [seconds for seconds in asked if seconds is not None]
    return max(known, default=None)


def _seconds(text: str, headers: Mapping[str, str], now: Callable[[], datetime]) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        then = _date(text)
        if then is None:
            return None
        seconds = (then - (_date(headers.get("date", "")) or now())).total_seconds()
    return max(0.0, seconds) if seconds == seconds else None


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
