"""The whole audit as one JSON document for machines: versioned, keys sorted, a finding a line, same input same bytes.

Text is as the source gave it. ``docs/report-schema.json`` is its JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, BinaryIO, Final

import orjson
import pyarrow as pa

from scimaudit import tables
from scimaudit.renderers import _words
from scimaudit.renderers.encode import json as encode
from scimaudit.renderers.encode import utf8
from scimaudit.result import FORMAT_VERSION, Audit

SUFFIX: Final = ".json"

_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


def render(audit: Audit, stream: BinaryIO) -> None:
    """Write the document."""
    equations = [plain(equation) | {"holds": equation.holds} for equation in audit.equations]
    parts: dict[str, Iterator[bytes]] = {
        "approvals": _lines(map(plain, audit.approvals)),
        "apps": _lines(plain(app) | {"verdict": _words.tenable(app)} for app in audit.apps),
        "checks": _rows(tables.conform(audit.checks, tables.CHECKS)),
        "equations": _lines(equations),
        "exceptions": _lines(map(plain, audit.exceptions)),
        "feeds": _lines(map(plain, audit.feeds)),
        "power": _lines(map(plain, audit.power)),
        "savings": _lines(map(plain, audit.savings)),
        "thresholds": _lines(map(plain, audit.thresholds)),
        "findings": _rows(tables.conform(audit.findings, tables.FINDINGS)),
        "format_version": iter((orjson.dumps(FORMAT_VERSION),)),
        "gates": _lines(map(plain, audit.gates)),
        "kinds": _lines(map(plain, audit.kinds)),
        "meta": iter((_dump(plain(audit.meta)),)),
        "over_time": iter((_dump(plain(audit.over_time)),)),
        "sources": _lines(map(plain, audit.sources)),
    }
    before = b"{\n"
    for name, chunks in sorted(parts.items()):
        stream.write(before + orjson.dumps(name) + b": ")
        stream.writelines(chunks)
        before = b",\n"
    stream.write(b"\n}\n")


def plain(value: Any) -> Any:
    """A dataclass, mapping or sequence as dictionaries and lists."""
    if isinstance(value, str):
        return utf8(value)
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, option=_OPTIONS)


def _lines(items: Any) -> Iterator[bytes]:
    yield b"["
    for number, item in enumerate(items):
        yield (b",\n" if number else b"\n") + _dump(item)
    yield b"]"


def _rows(table: pa.Table) -> Iterator[bytes]:
    """The rows as objects, a line each."""
    before = "["
    for lines in encode.batches(table):
        yield (before + "\n" + ",\n".join(lines)).encode()
        before = ","
    yield b"[]" if before == "[" else b"]"
