"""What the server says of itself (RFC 7644 section 4): hints only, all optional, never fatal, never believed alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from scimaudit.errors import SourceError
from scimaudit.transport import Client

_LISTED: Final = frozenset({"User", "Group"})


@dataclass(frozen=True)
class Discovery:
    """Hints from ``/ServiceProviderConfig``, ``/ResourceTypes`` and ``/Schemas``.

    :param cursor_only: RFC 9865 ``pagination`` offers cursors and no index.
    :param max_results: ``filter.maxResults``: a number that may be a limit.
    :param other_types: resource types beyond users and groups; they may hold accounts too.
    """

    version: str = "unknown"
    cursor_only: bool = False
    max_results: int | None = None
    other_types: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def discover(client: Client, versions: tuple[str, ...]) -> Discovery:
    """Read what there is.

    :param versions: SCIM versions of the profile, the likelier one first.
    """
    singular, plural = ("2.0", "/ServiceProviderConfig"), ("1.1", "/ServiceProviderConfigs")
    version, config = "unknown", {}
    for name, path in (plural, singular) if versions[0] == "1.1" else (singular, plural):
        config = _object(client, path)
        if config:
            version = name
            break
    if any(isinstance(schema, str) and schema.startswith("urn:scim:") for schema in _list(config.get("schemas"))):
        version = "1.1"
    types = _rows(client, "/ResourceTypes") if version != "1.1" else []
    schemas = _rows(client, "/Schemas")
    pagination = _object_of(config.get("pagination"))
    limit = _object_of(config.get("filter")).get("maxResults")
    names = [row.get("name") or row.get("id") for row in types]
    others = tuple(sorted({name for name in names if isinstance(name, str) and name not in _LISTED}))
    facts = {"SCIM version": version}
    if config:
        facts["filter"] = _yes(_object_of(config.get("filter")).get("supported"))
        facts["sort"] = _yes(_object_of(config.get("sort")).get("supported"))
    if schemas:
        facts["schemas"] = str(len(schemas))
    return Discovery(
        version=version,
        cursor_only=pagination.get("cursor") is True and pagination.get("index") is False,
        max_results=limit if type(limit) is int and limit > 0 else None,
        other_types=others,
        facts=facts,
    )


def _object(client: Client, path: str) -> dict[str, Any]:
    found = _json(client, path)
    if isinstance(found, dict) and isinstance(found.get("Resources"), list) and found["Resources"]:
        found = found["Resources"][0]
    return found if isinstance(found, dict) and "schemas" in found else {}


def _rows(client: Client, path: str) -> list[dict[str, Any]]:
    """Rows of a list response, or of the bare array some servers send."""
    found = _json(client, path)
    if isinstance(found, dict):
        found = found.get("Resources")
    return [row for row in _list(found) if isinstance(row, dict)]


def _json(client: Client, path: str) -> Any:
    try:
        reply, _ = client.get(path)
        return orjson.loads(reply.body) if reply.status == 200 else None
    except (SourceError, orjson.JSONDecodeError):
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object_of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _yes(value: Any) -> str:
    return "yes" if value is True else "no" if value is False else "not said"
