"""What scimaudit asked of the suite's SCIM servers, by their own logs and over every worker: it must never have written."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

VARIABLE = "SCIMAUDIT_TEST_TALLY"
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_RESOURCES = ("/Users", "/Groups", "/Me", "/Bulk")


def add(server: str, asked: Iterable[tuple[str, str]]) -> None:
    """Put a server's log on the tally.

    :param asked: method and path of each request that scimaudit sent.
    """
    counted = Counter("write" if _writes(method, path) else "read" for method, path in asked)
    if VARIABLE in os.environ:
        with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"server": server, **counted}) + "\n")


def total() -> Counter[str]:
    """``read`` and ``write`` over all servers so far."""
    path = Path(os.environ[VARIABLE])
    found: Counter[str] = Counter()
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        told = json.loads(line)
        found.update({name: told.get(name, 0) for name in ("read", "write")})
    return found


def _writes(method: str, path: str) -> bool:
    """Whether a request changes a resource; a search by POST (RFC 7644 section 3.4.3) reads, and a token is no resource."""
    return method in _WRITES and any(name in path for name in _RESOURCES) and not path.endswith("/.search")
