from __future__ import annotations

import io
import json as stdlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scimaudit.renderers import _schema, json
from scimaudit.renderers.encode import json as encode
from scimaudit.result import FORMAT_VERSION, Audit
from scimaudit.tables import CHECKS, FINDINGS

PUBLISHED = Path(__file__).parents[2] / "docs" / "report-schema.json"


def written(audit: Audit) -> bytes:
    stream = io.BytesIO()
    json.render(audit, stream)
    return stream.getvalue()


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], place: str = "$") -> list[str]:
    """What the value breaks of a schema, for the keywords that the published one uses."""
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, place)
    if "anyOf" in schema:
        tries = [faults(value, choice, root, place) for choice in schema["anyOf"]]
        return [] if [] in tries else tries[0]
    if "const" in schema:
        return [] if value == schema["const"] else [f"{place} is {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{place} is {value!r}"]
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "null": type(None),
        "boolean": bool,
    }
    allowed = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(isinstance(value, kinds[kind]) and (kind == "boolean") >= isinstance(value, bool) for kind in allowed):
        return [f"{place} is {value!r}, not {allowed}"]
    found: list[str] = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties", {})
        found += [f"{place} lacks {name}" for name in schema.get("required", ()) if name not in value]
        for name, item in value.items():
            if name not in known and rest is False:
                found.append(f"{place} has {name}")
            else:
                found += faults(item, known.get(name, rest), root, f"{place}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += faults(item, schema["items"], root, f"{place}[{index}]")
    return found


def test_the_published_schema_is_the_one_the_code_makes() -> None:
    assert PUBLISHED.read_bytes() == _schema.document(), (
        "run python -m scimaudit.renderers._schema > docs/report-schema.json"
    )


def test_a_report_keeps_to_the_published_schema(audit: Audit) -> None:
    schema = stdlib.loads(PUBLISHED.read_bytes())
    assert faults(stdlib.loads(written(audit)), schema, schema) == []


def test_the_check_against_the_schema_sees_faults(audit: Audit) -> None:
    schema = stdlib.loads(PUBLISHED.read_bytes())
    report = stdlib.loads(written(audit))
    report["findings"][0]["surprise"] = 1
    report["apps"][0]["accounts"] = "many"
    report["format_version"] = 99
    report["apps"][1]["verdict"] = "fine"
    del report["meta"]["snapshot_id"]
    assert sorted(faults(report, schema, schema)) == [
        "$.apps[0].accounts is 'many', not ['integer']",
        "$.apps[1].verdict is 'fine'",
        "$.findings[0] has surprise",
        "$.format_version is 99",
        "$.meta lacks snapshot_id",
    ]


def test_everything_is_in_it(audit: Audit) -> None:
    report = stdlib.loads(written(audit))
    assert report["format_version"] == FORMAT_VERSION
    assert [row["finding_id"] for row in report["findings"]] == list(audit.findings["finding_id"])
    assert set(report["findings"][0]) == set(FINDINGS.names)
    assert set(report["checks"][0]) == set(CHECKS.names)
    assert len(report["sources"]) == len(audit.sources)
    assert all(equation["holds"] for equation in report["equations"])


def test_keys_are_sorted_and_each_finding_is_a_line(audit: Audit) -> None:
    text = written(audit).decode()
    pairs: list[list[str]] = []
    stdlib.loads(text, object_pairs_hook=lambda items: pairs.append([key for key, _ in items]))
    assert all(keys == sorted(keys) for keys in pairs)
    assert sum('"finding_id"' in line for line in text.splitlines()) == len(audit.findings)


def test_an_audit_without_anything_is_still_a_report(story: type) -> None:
    report = stdlib.loads(written(story(size=0, apps=()).audit()))
    assert report["findings"] == report["checks"] == report["apps"] == []


def test_more_rows_than_a_batch(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = written(audit)
    monkeypatch.setattr(encode, "_BATCH", 7)
    assert written(audit) == whole


def test_text_is_as_the_source_gave_it(hostile: Callable[[str], Audit], poison: str) -> None:
    report = stdlib.loads(written(hostile(poison)))
    assert {row["user_name"] for row in report["findings"]} == {poison}
    assert report["meta"]["organisation"] == poison


def test_bytes_of_a_file_name_that_are_no_text_do_not_stop_it(audit: Audit) -> None:
    broken = replace(audit, sources=(replace(audit.sources[0], error="no file hr\udcff.csv"),))
    assert stdlib.loads(written(broken))["sources"][0]["error"] == "no file hr⟦U+DCFF⟧.csv"


def test_figures_may_come_from_numpy(audit: Audit) -> None:
    counted = replace(audit, apps=(replace(audit.apps[0], accounts=np.int64(5)),))
    assert stdlib.loads(written(counted))["apps"][0]["accounts"] == 5
