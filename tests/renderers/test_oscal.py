from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from markdown_it import MarkdownIt

from scimaudit.demo.season import Played
from scimaudit.frameworks import frameworks
from scimaudit.renderers import oscal
from scimaudit.renderers._oscal.names import control
from scimaudit.renderers.encode import oscal as encode
from scimaudit.result import Audit

SCHEMAS = Path(__file__).parent / "oscal"
PARTS = tuple(oscal.FILES)


def written(audit: Audit, stem: str) -> bytes:
    stream = io.BytesIO()
    oscal.render(audit, stream, **oscal.FILES[stem])
    return stream.getvalue()


def read(audit: Audit, stem: str) -> dict[str, Any]:
    (inner,) = json.loads(written(audit, stem)).values()
    return inner


@cache
def schema(stem: str) -> jsonschema_rs.Draft7Validator:
    told = json.loads((SCHEMAS / f"oscal_{stem}_schema.json").read_bytes())
    return jsonschema_rs.Draft7Validator(told, validate_formats=True)


def faults(audit: Audit, stem: str) -> list[str]:
    return [
        f"{list(error.instance_path)}: {error.message[:200]}"
        for error in schema(stem).iter_errors(json.loads(written(audit, stem)))
    ]


def every(value: Any, key: str) -> Iterator[Any]:
    """What stands under a key, anywhere."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for item in value.values():
            yield from every(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from every(item, key)


def props(thing: dict[str, Any]) -> dict[str, str]:
    return {prop["name"]: prop["value"] for prop in thing["props"]}


@pytest.mark.parametrize("stem", PARTS)
def test_it_keeps_to_the_published_schema(audit: Audit, stem: str) -> None:
    assert faults(audit, stem) == []


@pytest.mark.parametrize("stem", PARTS)
def test_the_demonstration_keeps_to_the_published_schema(first_act: Played, stem: str) -> None:
    assert faults(first_act.stored.audit, stem) == []


@pytest.mark.parametrize("stem", PARTS)
def test_an_audit_without_anything_keeps_to_the_published_schema(story: type, stem: str) -> None:
    empty = story(size=0, apps=()).audit()
    assert faults(empty, stem) == []
    bare = replace(empty, sources=tuple(each for each in empty.sources if each.fills == "accounts"), kinds=())
    assert faults(bare, stem) == []


@pytest.mark.parametrize("stem", PARTS)
def test_hostile_text_keeps_to_the_published_schema(hostile: Callable[[str], Audit], poison: str, stem: str) -> None:
    assert faults(hostile(poison), stem) == []


@pytest.mark.parametrize("text", ["", " ", "\u00a0x\u3000", "`", "` `", "\udcff", "\n"])
@pytest.mark.parametrize("stem", PARTS)
def test_odd_text_keeps_to_the_published_schema(hostile: Callable[[str], Audit], text: str, stem: str) -> None:
    assert faults(replace(hostile("x"), meta=replace(hostile("x").meta, organisation=text)), stem) == []
    if "\udcff" not in text:
        assert faults(hostile(text), stem) == []


def test_the_schema_sees_faults(audit: Audit) -> None:
    document = json.loads(written(audit, "assessment-results"))
    result = document["assessment-results"]["results"][0]
    result["findings"][0]["target"]["status"]["state"] = "perhaps"
    result["risks"][0]["props"][0]["value"] = "two\nlines"
    result["observations"][0]["props"][0]["name"] = "not a name"
    del document["assessment-results"]["import-ap"]
    assert len(list(schema("assessment-results").iter_errors(document))) == 4


def test_the_schemas_are_those_that_were_published() -> None:
    told = (SCHEMAS / "README.md").read_text("utf-8")
    for path in SCHEMAS.glob("*.json"):
        assert f"| `{path.name}` | `{hashlib.sha256(path.read_bytes()).hexdigest()}` |" in told


@pytest.mark.parametrize("stem", PARTS)
def test_every_reference_leads_somewhere_and_no_uuid_stands_twice(audit: Audit, stem: str) -> None:
    document = read(audit, stem)
    made = list(every(document, "uuid"))
    assert len(made) == len(set(made))
    for key in ("observation-uuid", "risk-uuid", "subject-uuid", "actor-uuid", "component-uuid"):
        found = set(every(document, key))
        assert found <= set(made)
        assert found or key == "component-uuid"


def test_the_same_finding_has_one_uuid_in_both_documents(audit: Audit) -> None:
    whole = {risk["uuid"] for risk in read(audit, "assessment-results")["results"][0]["risks"]}
    assert {risk["uuid"] for risk in read(audit, "poam")["risks"]} <= whole


@pytest.mark.parametrize("stem", PARTS)
def test_another_audit_has_other_uuids(audit: Audit, stem: str) -> None:
    other = replace(audit, meta=replace(audit.meta, audit_id="another"))
    assert not set(every(read(audit, stem), "uuid")) & set(every(read(other, stem), "uuid"))


@pytest.mark.parametrize("stem", PARTS)
def test_no_property_spans_lines_or_holds_what_is_not_seen(
    hostile: Callable[[str], Audit], poison: str, stem: str
) -> None:
    for value in every(read(hostile(poison), stem), "value"):
        assert value == value.strip()
        assert value.isprintable()


def test_hostile_text_is_no_markup(hostile: Callable[[str], Audit], poison: str) -> None:
    for risk in read(hostile(poison), "assessment-results")["results"][0]["risks"]:
        tokens = MarkdownIt("commonmark").parse(risk["description"])
        assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
        inner = [each for token in tokens if token.children for each in token.children]
        assert {each.type for each in inner} <= {"text", "code_inline"}


def test_text_comes_back_from_properties_and_markup(poison: str) -> None:
    assert encode.unprop(encode.prop(poison)) == poison
    assert encode.uncode(encode.code(poison)) == poison


@pytest.mark.parametrize("text", ["", " ", "   ", " a", "a ", " a ", "`", "``a`", " ` ", "a`` b"])
def test_a_code_span_holds_the_text_exactly(text: str) -> None:
    assert encode.uncode(encode.code(text)) == text
    (inline,) = MarkdownIt("commonmark").parseInline(encode.code(text))
    assert inline.children is not None
    if text:
        (only,) = inline.children
        assert only.type == "code_inline"
        assert encode.uncode(f"`{only.content}`") == text or only.content == text


def test_every_check_is_an_observation_with_its_figures(audit: Audit) -> None:
    told = [props(each) for each in read(audit, "assessment-results")["results"][0]["observations"]]
    figures = {(each["kind"], each["app"]): each for each in told if "kind" in each}
    for row in audit.checks.itertuples():
        each = figures[row.kind, row.app]
        assert int(each["population"]) == row.population
        assert int(each["failed"]) + int(each["passed"]) + int(each["not-evaluable"]) == row.population


def test_every_finding_is_a_risk_and_those_that_count_are_items(audit: Audit) -> None:
    risks = read(audit, "assessment-results")["results"][0]["risks"]
    assert [props(each)["finding-id"] for each in risks] == list(audit.findings["finding_id"])
    items = read(audit, "poam")["poam-items"]
    assert [props(each)["finding-id"] for each in items] == list(audit.leading["finding_id"])
    for item, row in zip(items, audit.leading.itertuples(), strict=True):
        assert props(item)["owner"] == row.owner
        assert row.action in item["description"]
        assert props(item)["first-seen"] == f"{row.first_seen:%Y-%m-%dT%H:%M:%SZ}"


def test_a_plan_without_items_says_that_it_proves_nothing(story: type) -> None:
    (item,) = read(story(size=0).audit(), "poam")["poam-items"]
    assert "proves nothing" in item["description"]


def status(audit: Audit, disposition: str, exception: str | None = None) -> str:
    findings = audit.findings.head(1).assign(disposition=disposition, exception_id=exception)
    (risk,) = read(replace(audit, findings=findings), "assessment-results")["results"][0]["risks"]
    return str(risk["status"])


@pytest.mark.parametrize(
    ("disposition", "exception", "expected"),
    [
        ("open", None, "open"),
        ("reopened", None, "open"),
        ("snoozed", None, "open"),
        ("remediation-claimed", None, "remediating"),
        ("excepted", "EX-7", "deviation-approved"),
        ("excepted", "EX-8", "deviation-requested"),
        ("excepted", "EX-of-which-nothing-is-known", "deviation-requested"),
        ("false-positive", None, "deviation-requested"),
        ("something new", None, "open"),
    ],
)
def test_only_a_valid_decision_is_an_approved_deviation_and_no_word_closes(
    audit: Audit, disposition: str, exception: str | None, expected: str
) -> None:
    assert status(audit, disposition, exception) == expected


@pytest.mark.parametrize(("state", "expected"), [("counts", "approved"), ("does not count", "requested")])
def test_a_false_positive_is_approved_where_the_decision_counts(audit: Audit, state: str, expected: str) -> None:
    line = replace(audit.approvals[0], what="disposition", id=audit.findings["finding_id"][0], state=state)
    assert status(replace(audit, approvals=(line,)), "false-positive") == f"deviation-{expected}"


def test_an_exception_tells_what_makes_up_for_the_risk(audit: Audit) -> None:
    findings = audit.findings.head(1).assign(disposition="excepted", exception_id="EX-7")
    (risk,) = read(replace(audit, findings=findings), "assessment-results")["results"][0]["risks"]
    (factor,) = risk["mitigating-factors"]
    assert "`keys are in the vault`" in factor["description"]
    assert props(risk)["deviation"] == "excepted"


def test_controls_of_nist_have_the_names_of_its_catalogue() -> None:
    assert control("nist-800-53-r5/AC-2(1)") == "ac-2.1"
    assert control("soc2/CC6.1") == "soc2_CC6.1"


def test_every_control_of_every_framework_has_a_token_of_its_own() -> None:
    names = [f"{each.id}/{name}" for each in frameworks() for name in each.controls]
    assert len({control(name) for name in names}) == len(names)
    for name in [*names, "", "a b", "a-b", "\u202e", "1"]:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9._-]*", control(name))
    assert control("a b") != control("a-b")
