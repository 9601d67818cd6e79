"""OSCAL 1.1 for programs of compliance: assessment results, and a plan of action and milestones (POA&M).

Written on demand alone. ``docs/oscal.md`` says what becomes what, and what a state means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

import orjson

from scimaudit.frameworks import frameworks
from scimaudit.renderers import _words
from scimaudit.renderers._oscal import controls
from scimaudit.renderers._oscal.controls import Control
from scimaudit.renderers._oscal.names import control as token
from scimaudit.renderers._oscal.names import moment, props
from scimaudit.renderers._oscal.objects import Object, Objects
from scimaudit.renderers.encode import oscal as encode
from scimaudit.result import Audit
from scimaudit.tables import COUNTED

SUFFIX: Final = ".oscal.json"
FILES: Final[Mapping[str, Mapping[str, str]]] = {"assessment-results": {}, "poam": {"part": "poam"}}
ON_DEMAND: Final = True
OSCAL_VERSION: Final = "1.1.3"


def render(audit: Audit, stream: BinaryIO, part: str = "assessment-results") -> None:
    """Write one document.

    :param part: ``assessment-results`` or ``poam``.
    """
    made = Objects(audit)
    document = {"plan-of-action-and-milestones": _plan(made)} if part == "poam" else {part: _results(made)}
    stream.writelines(_text(document))
    stream.write(b"\n")


def _results(made: Objects) -> Object:
    audit, meta = made.audit, made.audit.meta
    every = controls.controls(audit, made.checks)
    doubts = controls.doubts(audit)
    names = [app.app for app in audit.apps]
    result: Object = {
        "uuid": made.name("result"),
        "title": f"Audit {encode.code(meta.audit_id)}",
        "description": f"{_words.headline(audit.apps)}. {_words.scope_sentence(audit)}",
        "start": moment(meta.collected_from),
        "end": moment(meta.collected_to),
        "props": props({"snapshot-id": meta.snapshot_id, "audit-id": meta.audit_id, "exit-code": meta.exit_code}),
        "local-definitions": _some({"components": made.components()}) | {"assessment-assets": made.assets()},
        "reviewed-controls": {"control-selections": _selections(every)},
    }
    result |= _some({"observations": [*made.completeness(), *map(made.checked, made.checks)]})
    if len(audit.findings):
        result["risks"] = map(made.risk, made.findings())
    if every:
        result["findings"] = (made.finding(each, controls.say(each, names, doubts)) for each in every)
    plan = made.name("plan")
    return {
        "uuid": made.name("assessment-results"),
        "metadata": _metadata(made, "Assessment results"),
        "import-ap": {"href": f"#{plan}", "remarks": "There is no assessment plan in OSCAL; the resource says why."},
        "results": [result],
        "back-matter": {"resources": [_resource(audit, plan)]},
    }


def _plan(made: Objects) -> Object:
    rows = [row for row in made.findings() if row["lead"] and row["disposition"] in COUNTED]
    seen = {(row["kind"], row["app"]) for row in rows}
    checks = [check for check in made.checks if (check["kind"], check["app"]) in seen]
    plan: Object = {
        "uuid": made.name("poam"),
        "metadata": _metadata(made, "Plan of action and milestones"),
        "system-id": {"identifier-type": "http://ietf.org/rfc/rfc4122", "id": made.name("system")},
        "local-definitions": {"components": [made.tool(), *made.components()]},
    }
    plan |= _some({"observations": [*made.completeness(), *map(made.checked, checks)]})
    if rows:
        plan["risks"] = map(made.risk, rows)
    plan["poam-items"] = map(made.item, rows) if rows else iter([_nothing(made)])
    return plan


def _metadata(made: Objects, title: str) -> Object:
    meta = made.audit.meta
    told: Object = {
        "title": f"{title}: {encode.code(meta.organisation)}" if meta.organisation else title,
        "last-modified": moment(meta.as_of),
        "version": encode.prop(meta.audit_id),
        "oscal-version": OSCAL_VERSION,
    }
    organisation = encode.prop(meta.organisation)
    if organisation:
        told["parties"] = [{"uuid": made.name("organisation"), "type": "organization", "name": organisation}]
    return told | {"remarks": _caution(made.audit)}


def _selections(every: Sequence[Control]) -> list[Object]:
    """The controls that something was tested for, framework by framework."""
    if not every:
        # A selection without controls is unknown to OSCAL, and "all" would say the opposite.
        return [{"description": "No control was reviewed.", "include-controls": [{"control-id": "none"}]}]
    titles = {each.id: each.title for each in frameworks()}
    of: dict[str, list[Object]] = {}
    for each in every:
        of.setdefault(each.name.rpartition("/")[0], []).append({"control-id": token(each.name)})
    return [
        {
            "description": titles.get(name) or (encode.code(name) if name else "Of no framework"),
            "include-controls": chosen,
        }
        for name, chosen in of.items()
    ]


def _resource(audit: Audit, uuid: str) -> Object:
    said = (
        "No assessment plan in OSCAL was written before this audit. What was tested, how and with which limits is said "
        f"by the configuration and the policy that judged in {encode.code(audit.meta.audit_id)}; a sealed bundle of "
        "evidence holds both."
    )
    return {"uuid": uuid, "title": "What stands for an assessment plan", "description": said}


def _caution(audit: Audit) -> str:
    doubts = controls.doubts(audit)
    said = [
        (
            "A control is satisfied here only where everything relevant to it was judged in every app and nothing "
            "failed. Not-satisfied with the reason other means that it is not known."
        ),
        f"Exit code {encode.code(_words.exit_sentence(audit.meta))}",
    ]
    if doubts:
        said.append("In doubt: " + "; ".join(doubts) + ".")
    return "\n\n".join(said)


def _nothing(made: Objects) -> Object:
    """What stands in a plan without items, for OSCAL knows no empty one."""
    return {
        "uuid": made.name("no item"),
        "title": "No open finding",
        "description": "No finding of this audit is open. That proves nothing of what was not listed or not judged: "
        f"{_words.headline(made.audit.apps)}.",
        "props": props({"placeholder": "true"}),
    }


def _some(parts: Mapping[str, Sequence[Any]]) -> Object:
    """Those that have anything in them: OSCAL knows no empty list."""
    return {name: part for name, part in parts.items() if part}


def _text(value: Any) -> Iterator[bytes]:
    """The document as JSON; what comes one by one is written one by one, a line each."""
    if isinstance(value, dict):
        before = b"{"
        for name, item in value.items():
            yield before + orjson.dumps(name) + b":"
            yield from _text(item)
            before = b","
        yield b"}"
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        before = b"["
        for item in value:
            yield before
            yield from _text(item)
            before = b","
        yield b"]"
    elif isinstance(value, (str, int, list)):
        yield orjson.dumps(value)
    else:
        before = b"[\n"
        for item in value:
            yield before + orjson.dumps(item)
            before = b",\n"
        yield b"]"
