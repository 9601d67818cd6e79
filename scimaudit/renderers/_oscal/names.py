"""Names of things in an OSCAL document: UUIDs made of what they name, tokens of control ids, properties of our own.

Nothing is drawn by lot, so that one audit has one document.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from scimaudit.renderers.encode import oscal as encode
from scimaudit.renderers.encode import show

NAMESPACE: Final = "https://scimaudit.example/ns/oscal/1"
"""Whose the names of the properties are. A name alone, at which nothing is found; some programs refuse an URN here."""
NIST: Final = "nist-800-53-r5"
"""The framework whose catalogue is published as OSCAL: its controls have the names of that catalogue here."""

_ROOT: Final = uuid5(NAMESPACE_URL, NAMESPACE)
_ENHANCEMENT: Final = re.compile(r"\((\w+)\)")
_TOKEN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Names:
    """The UUIDs of one audit."""

    root: UUID

    @classmethod
    def of(cls, snapshot_id: str, audit_id: str) -> Names:
        """Those of the audit with these ids."""
        return cls(_uuid(_ROOT, snapshot_id, audit_id))

    def __call__(self, what: str, *ids: str) -> str:
        """The UUID of the thing of this sort with these ids."""
        return str(_uuid(self.root, what, *ids))


def _uuid(space: UUID, *parts: str) -> UUID:
    # Shown text has no NUL, so that no two lists of parts are joined to one name; and it is always UTF-8.
    return uuid5(space, "\0".join(map(show, parts)))


def moment(instant: datetime) -> str:
    """An instant as OSCAL wants it, in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def props(told: Mapping[str, object]) -> list[dict[str, str]]:
    """Properties of our namespace; what is unknown or empty is left out."""
    found = []
    for name, value in told.items():
        text = "" if value is None else moment(value) if isinstance(value, datetime) else _word(value)
        if text:
            found.append({"name": name, "ns": NAMESPACE, "value": text})
    return found


def control(name: str) -> str:
    """The id of a control as a token: ``nist-800-53-r5/AC-2(1)`` is ``ac-2.1``, ``soc2/CC6.1`` is ``soc2_CC6.1``."""
    framework, _, own = name.rpartition("/")
    spelled = _ENHANCEMENT.sub(r".\1", own)
    told = spelled.lower() if framework == NIST else f"{framework}_{spelled}" if framework else spelled
    if _TOKEN.fullmatch(told):
        return told
    # What a token cannot hold is left out; the hash keeps two such names apart.
    return f"_{_OUTSIDE.sub('-', told)}-{hashlib.sha256(show(name).encode()).hexdigest()[:8]}"


def statement(name: str) -> str:
    """The id of the statement of a control, as a token."""
    return f"{control(name)}_smt" if name.startswith(f"{NIST}/") else control(name)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return encode.prop(str(value))
