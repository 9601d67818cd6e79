"""JSON Schema of ``scimaudit.toml``, for editors: every source and every rule included."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from scimaudit import rules, sources
from scimaudit.config import App, AppListing, Audit, Drill, Network, Review, Roster
from scimaudit.tables import SEVERITIES


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``scimaudit.toml``, every source and rule included."""
    definitions: dict[str, Any] = {}

    def of(model: type[BaseModel]) -> dict[str, Any]:
        schema = model.model_json_schema(ref_template="#/$defs/{model}")
        definitions.update(schema.pop("$defs", {}))
        return schema

    def with_source(model: type[BaseModel]) -> dict[str, Any]:
        shared = of(model)
        properties = {
            key: value for key, value in shared["properties"].items() if key not in ("name", "settings", "source")
        }
        kinds = []
        for name in sources.names():
            own = of(sources.load(name))
            kinds.append(
                {
                    "type": "object",
                    "title": f"source = {name}",
                    "properties": {"source": {"const": name}, **own.get("properties", {}), **properties},
                    "required": ["source", *own.get("required", [])],
                    "additionalProperties": False,
                }
            )
        return {"anyOf": kinds}

    app = of(App)
    app["properties"].pop("name")
    app["properties"]["listings"] = {"type": "array", "items": with_source(AppListing)}
    app.pop("required", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "scimaudit.toml",
        "type": "object",
        "properties": {
            "audit": of(Audit),
            "network": of(Network),
            "rosters": {"type": "object", "additionalProperties": with_source(Roster), "minProperties": 1},
            "apps": {"type": "object", "additionalProperties": app},
            "review": of(Review),
            "drill": of(Drill),
            "rules": {
                "type": "object",
                "properties": {kind: _rule_schema(kind) for kind in rules.names()},
                "additionalProperties": False,
            },
        },
        "required": ["rosters"],
        "additionalProperties": False,
        "$defs": {name: value for name, value in definitions.items() if name != "AppListing"},
    }


def _rule_schema(kind: str) -> dict[str, Any]:
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    own = {
        name: {"type": names.get(type(parameter.default), "array"), "default": parameter.default}
        for name, parameter in rules.load(kind).settings.items()
    }
    shared = {"severity": {"enum": list(SEVERITIES)}, "enabled": {"type": "boolean", "default": True}}
    return {"type": "object", "properties": {**own, **shared}, "additionalProperties": False}
