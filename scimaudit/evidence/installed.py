"""What is installed beside scimaudit: any of it could have had a hand in what is sealed."""

from __future__ import annotations

import hashlib
import re
from importlib import metadata
from typing import Final

_NAMED: Final = re.compile(r"^([^/,]+)-([^/,-]+)\.dist-info/RECORD,", re.MULTILINE)
_PIPS_OWN: Final = re.compile(r"^(?:\.\./|/|[^/]+\.dist-info/(?:INSTALLER|REQUESTED|RECORD|direct_url\.json),)|,,")
"""Lines that tell of this machine: scripts, which name its Python, compiled files, and what pip notes for itself."""


def packages() -> dict[str, dict[str, str | None]]:
    """Every installed package by name, with its version and the SHA-256 of its :func:`record`.

    The record is ``None`` where an installer left none.
    """
    found: dict[str, dict[str, str | None]] = {}
    for each in metadata.distributions():
        told = each.read_text("RECORD") or ""
        named = _NAMED.search(told)  # reading it here spares the parsing of long descriptions
        name, version = (named[1], named[2]) if named else (each.name, each.version)
        sealed = hashlib.sha256(record(told).encode()).hexdigest() if told else None
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), {"version": version, "record": sealed})
    return found


def record(told: str) -> str:
    """Of a RECORD the lines that its wheel came with, sorted: the same on every machine that installed that wheel."""
    return "".join(f"{line}\n" for line in sorted(told.splitlines()) if not _PIPS_OWN.search(line))
