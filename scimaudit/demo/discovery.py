"""What the demonstration's service says of itself (RFC 7644 section 4, RFC 7643 sections 5 to 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scimaudit.demo.apps import App

_CORE: Final = "urn:ietf:params:scim:schemas:core:2.0"
_USER: Final = f"{_CORE}:User"
_GROUP: Final = f"{_CORE}:Group"
_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def answer(app: App, path: Sequence[str], base: str) -> Mapping[str, Any] | None:
    """The body of a discovery endpoint, or nothing where ``path`` is none."""
    kind, *rest = path
    if kind == "ServiceProviderConfig":
        return None if rest else _provider(app, base)
    known = {"ResourceTypes": _RESOURCE_TYPES, "Schemas": _SCHEMAS}.get(kind)
    if known is None or len(rest) > 1:
        return None
    resources = [_with_location(resource, kind, base) for resource in known]
    if rest:
        return next((resource for resource in resources if resource["id"] == rest[0]), None)
    return {
        "schemas": [_LIST],
        "totalResults": len(resources),
        "startIndex": 1,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def _provider(app: App, base: str) -> Mapping[str, Any]:
    by_cursor = app.behaviour == "cursor"
    return {
        "schemas": [f"{_CORE}:ServiceProviderConfig"],
        "patch": {"supported": False},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": app.page_max},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": False},
        "pagination": {
            "cursor": by_cursor,
            "index": not by_cursor,
            "defaultPaginationMethod": "cursor" if by_cursor else "index",
            "defaultPageSize": app.page_max,
            "maxPageSize": app.page_max,
        },
        "authenticationSchemes": [
            {"type": "oauthbearertoken", "name": "Bearer token", "description": "RFC 6750", "primary": True}
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def _with_location(resource: Mapping[str, Any], kind: str, base: str) -> Mapping[str, Any]:
    meta = {"resourceType": kind[:-1], "location": f"{base}/{kind}/{resource['id']}"}
    return {**resource, "meta": meta}


def _attribute(name: str, kind: str = "string", **more: Any) -> Mapping[str, Any]:
    plain = {"multiValued": False, "required": False, "mutability": "readOnly", "returned": "default"}
    text = {"caseExact": False, "uniqueness": "none"} if kind == "string" else {}
    return {"name": name, "type": kind, "description": name, **plain, **text, **more}


def _complex(name: str, *parts: Mapping[str, Any], many: bool = False) -> Mapping[str, Any]:
    return _attribute(name, "complex", multiValued=many, subAttributes=list(parts))


def _schema(urn: str, name: str, *attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "schemas": [f"{_CORE}:Schema"],
        "id": urn,
        "name": name,
        "description": name,
        "attributes": list(attributes),
    }


def _valued(name: str) -> Mapping[str, Any]:
    parts = (_attribute("value"), _attribute("display"), _attribute("type"), _attribute("primary", "boolean"))
    return _complex(name, *parts, many=True)


_SCHEMAS: Final = (
    _schema(
        _USER,
        "User",
        _attribute("userName", required=True, uniqueness="server"),
        _complex("name", _attribute("formatted"), _attribute("givenName"), _attribute("familyName")),
        _attribute("displayName"),
        _attribute("title"),
        _attribute("userType"),
        _attribute("active", "boolean"),
        _valued("emails"),
        _valued("roles"),
    ),
    _schema(
        _GROUP,
        "Group",
        _attribute("displayName", required=True),
        _complex("members", _attribute("value"), _attribute("display"), _attribute("type"), many=True),
    ),
    _schema(
        _ENTERPRISE,
        "Enterprise User",
        _attribute("employeeNumber"),
        _attribute("department"),
        _complex("manager", _attribute("value"), _attribute("displayName")),
    ),
)


def _resource_type(name: str, urn: str, *extensions: str) -> Mapping[str, Any]:
    return {
        "schemas": [f"{_CORE}:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "description": name,
        "schema": urn,
        "schemaExtensions": [{"schema": extension, "required": False} for extension in extensions],
    }


_RESOURCE_TYPES: Final = (_resource_type("User", _USER, _ENTERPRISE), _resource_type("Group", _GROUP))
