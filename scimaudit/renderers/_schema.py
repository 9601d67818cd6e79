"""The JSON Schema of the JSON report, made from the result types and the tables, so that it cannot disagree with them.

``python -m scimaudit.renderers._schema > docs/report-schema.json`` publishes it.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import orjson
import pyarrow as pa
from pydantic import TypeAdapter

from scimaudit import tables
from scimaudit.result import (
    FORMAT_VERSION,
    AppLine,
    ApprovalLine,
    Equation,
    ExceptionLine,
    FeedLine,
    Gate,
    KindLine,
    Meta,
    OverTime,
    PowerLine,
    SavingLine,
    SourceLine,
    ThresholdLine,
)

_TYPES: Final = (
    AppLine, ApprovalLine, Equation, ExceptionLine, FeedLine, Gate, KindLine, Meta, OverTime, PowerLine, SavingLine,
    SourceLine, ThresholdLine,
)  # fmt: skip


def schema() -> dict[str, Any]:
    """The schema. A key it does not name is not in the report, and every key it names is."""
    lines: dict[str, Any] = {"Finding": _row(tables.FINDINGS), "Check": _row(tables.CHECKS)}
    for kind in _TYPES:
        described = TypeAdapter(kind).json_schema()
        lines |= described.pop("$defs", {}) | {kind.__name__: described}
    lines["Equation"]["properties"]["holds"] = {"type": "boolean", "description": "whether it balances"}
    parts = {
        "approvals": _list("ApprovalLine"),
        "apps": _list("AppLine"),
        "checks": _list("Check"),
        "equations": _list("Equation"),
        "exceptions": _list("ExceptionLine"),
        "feeds": _list("FeedLine"),
        "power": _list("PowerLine"),
        "savings": _list("SavingLine"),
        "thresholds": _list("ThresholdLine"),
        "findings": _list("Finding"),
        "format_version": {"const": FORMAT_VERSION},
        "gates": _list("Gate"),
        "kinds": _list("KindLine"),
        "meta": {"$ref": "#/$defs/Meta"},
        "over_time": {"$ref": "#/$defs/OverTime"},
        "sources": _list("SourceLine"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "scimaudit report",
        **_object("An audit of accounts against the system of record.", parts),
        "$defs": {name: _object(line["description"], line["properties"]) for name, line in lines.items()},
    }


def document() -> bytes:
    """The schema as it is published."""
    return orjson.dumps(schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def _object(doc: str, properties: dict[str, Any]) -> dict[str, Any]:
    bare = {name: {key: value for key, value in kind.items() if key != "title"} for name, kind in properties.items()}
    return {
        "type": "object",
        "description": doc,
        "properties": bare,
        "required": sorted(bare),
        "additionalProperties": False,
    }


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def _row(table: pa.Schema) -> dict[str, Any]:
    return {
        "description": table.metadata[b"doc"].decode(),
        "properties": {field.name: _field(field) for field in table},
    }


def _field(field: pa.Field) -> dict[str, Any]:
    kind = field.type
    described: dict[str, Any] = {"type": "string"}
    if pa.types.is_boolean(kind):
        described = {"type": "boolean"}
    elif pa.types.is_integer(kind):
        described = {"type": "integer"}
    elif pa.types.is_timestamp(kind):
        described = {"type": "string", "format": "date-time"}
    elif pa.types.is_list(kind):
        described = {"type": "array", "items": {"type": "string"}}
    if field.nullable:
        described["type"] = [described["type"], "null"]
    return described | {"description": field.metadata[b"doc"].decode()}


if __name__ == "__main__":
    sys.stdout.buffer.write(document())
