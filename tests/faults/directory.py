"""A well-behaved SCIM 2.0 service provider over a :class:`World`: what every misbehaviour is a deviation from."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.faults.server import Answer, Handler, Request
from tests.faults.world import Resource, World, snapshot_of

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_CLAUSE = re.compile(r'^\s*([\w.:]+)\s+(eq|gt|ge|sw|pr)(?:\s+(".*"|true|false))?\s*$', re.IGNORECASE)


def directory(world: World) -> Handler:
    """Answers GET on lists, single resources and discovery, by RFC 7644, from the world as it stands."""

    def handle(request: Request) -> Answer:
        if request.method != "GET":
            return error(405, "this server is read only")
        parts = [part for part in request.path.split("/") if part]
        match parts:
            case ["Users"]:
                return listing(request, [user for user in world.users if _shown(world, user, request)])
            case ["Groups"]:
                return listing(request, world.groups)
            case ["Users", identifier]:
                return single(request, world.users, identifier)
            case ["Groups", identifier]:
                return single(request, world.groups, identifier)
            case ["ServiceProviderConfig"]:
                return answer(SERVICE_PROVIDER_CONFIG)
            case ["ResourceTypes"]:
                return answer(envelope([_type("User"), _type("Group")], 2, 1))
            case ["Schemas"]:
                return answer(envelope([], 0, 1))
        return Answer(404, b"<html><title>Not found</title></html>", kind="text/html")

    return handle


def _shown(world: World, user: Resource, request: Request) -> bool:
    return user["id"] not in world.unlisted or "filter" in request.query


def answer(data: Any, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(data).encode())


def error(status: int, detail: str, kind: str | None = None) -> Answer:
    """An error by RFC 7644 section 3.12; ``status`` is a string there."""
    data = {"schemas": [ERROR], "status": str(status), "detail": detail}
    return answer(data | ({"scimType": kind} if kind else {}), status)


def envelope(rows: list[Resource], total: int, start: int) -> Resource:
    """A list response by RFC 7644 section 3.4.2."""
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(rows),
        "Resources": rows,
    }


def listing(request: Request, resources: list[Resource]) -> Answer:
    """One page: filter, sort, window, project."""
    try:
        rows = [row for row in resources if matches(row, request.query.get("filter"))]
    except ValueError as reason:
        return error(400, str(reason), "invalidFilter")
    if "sortBy" in request.query:
        key = request.query["sortBy"]
        rows = sorted(
            rows, key=lambda row: str(values(row, key)[:1]), reverse=request.query.get("sortOrder") == "descending"
        )
    return page(request, rows)


def page(request: Request, rows: list[Resource]) -> Answer:
    """The window ``startIndex`` and ``count`` ask for."""
    start = max(1, request.number_of("startIndex", 1))
    count = max(0, request.number_of("count", 100))
    window = rows[start - 1 : start - 1 + count]
    return answer(envelope([project(row, request) for row in window], len(rows), start))


def single(request: Request, resources: list[Resource], identifier: str) -> Answer:
    """One resource by its id."""
    for row in resources:
        if row["id"] == identifier:
            return answer(project(row, request))
    return error(404, f"no resource {identifier}")


def project(row: Resource, request: Request) -> Resource:
    """``attributes`` and ``excludedAttributes``; id and schemas always stay."""
    wanted = [name for name in request.query.get("attributes", "").split(",") if name]
    spared = request.query.get("excludedAttributes", "").split(",")
    kept = {
        name: value
        for name, value in row.items()
        if name in ("id", "schemas") or ((not wanted or name in wanted) and name not in spared)
    }
    return snapshot_of([kept])[0]


def matches(row: Resource, text: str | None) -> bool:
    """Whether a row passes a filter of one clause or several joined by ``and``.

    :raises ValueError: the filter is beyond this server.
    """
    if not text:
        return True
    return all(_clause(row, clause) for clause in re.split(r"\s+and\s+", text, flags=re.IGNORECASE))


def _clause(row: Resource, text: str) -> bool:
    found = _CLAUSE.match(text)
    if not found:
        raise ValueError(f"cannot read the filter {text!r}")
    name, operator, literal = found.group(1), found.group(2).lower(), found.group(3)
    have = values(row, name)
    if operator == "pr":
        return bool(have)
    if literal is None:
        raise ValueError("the filter lacks a value")
    want = json.loads(literal)
    if isinstance(want, bool):
        return want in have
    # id is caseExact, the others compared here are not (RFC 7643 section 3.1 and 4.1.1)
    fold = str if name.lower() in ("id", "externalid", "members.value") else str.casefold
    texts = [fold(str(value)) for value in have]
    want = fold(want)
    tests = {
        "eq": lambda v: v == want,
        "gt": lambda v: v > want,
        "ge": lambda v: v >= want,
        "sw": lambda v: v.startswith(want),
    }
    return any(tests[operator](value) for value in texts)


def values(row: Resource, path: str) -> list[Any]:
    """What an attribute path such as ``emails.value`` holds in a row."""
    found: list[Any] = [row]
    for step in path.split("."):
        inner = [
            item.get(key) for item in found if isinstance(item, dict) for key in item if key.lower() == step.lower()
        ]
        found = [leaf for value in inner for leaf in (value if isinstance(value, list) else [value])]
    leaves = [item.get("value") if isinstance(item, dict) else item for item in found]
    return [leaf for leaf in leaves if leaf is not None]


def _type(name: str) -> Resource:
    return {
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "schema": f"urn:ietf:params:scim:schemas:core:2.0:{name}",
    }


SERVICE_PROVIDER_CONFIG: Resource = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": False},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": 1000},
    "changePassword": {"supported": False},
    "sort": {"supported": True},
    "etag": {"supported": False},
    "authenticationSchemes": [{"type": "oauthbearertoken", "name": "Bearer", "description": "a token"}],
}
