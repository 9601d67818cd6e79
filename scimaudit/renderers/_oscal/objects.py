"""The objects of an OSCAL document: components, observations, risks, findings of controls, items of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from scimaudit import tables
from scimaudit.plural import count
from scimaudit.renderers import _words
from scimaudit.renderers._oscal import controls
from scimaudit.renderers._oscal.controls import Control
from scimaudit.renderers._oscal.names import Names, moment, props, statement
from scimaudit.renderers.encode import oscal as encode
from scimaudit.renderers.encode import show_lines
from scimaudit.result import Audit, ExceptionLine, KindLine, SourceLine

Object = dict[str, Any]

_BATCH: Final = 20_000
_STATUS: Final[Mapping[str, str]] = {"remediation-claimed": "remediating"}
"""Disposition to the status of a risk; whatever is not here, or a deviation, is open. Nobody's word closes a risk."""
_DEVIATIONS: Final = ("excepted", "false-positive")
_SUPPORTED: Final = "valid"


class Objects:
    """Makes the objects of one audit, under the names of that audit."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit
        self.name = Names.of(audit.meta.snapshot_id, audit.meta.audit_id)
        self.checks: list[Mapping[str, Any]] = tables.conform(audit.checks, tables.CHECKS).to_pylist()
        self._kinds: dict[str, KindLine] = {kind.kind: kind for kind in audit.kinds}
        self._exceptions: dict[str, ExceptionLine] = {each.id: each for each in audit.exceptions}
        self._decided = {line.id: line.state for line in audit.approvals if line.what == "disposition"}
        self._apps = {app.app: app for app in audit.apps}
        self._observed = {(check["kind"], check["app"]) for check in self.checks}

    # -- who looked, at what

    def tool(self) -> Object:
        """scimaudit, as the component that looked."""
        return {
            "uuid": self.name("tool"),
            "type": "software",
            "title": "scimaudit",
            "description": "Compares what apps list with the system of record.",
            "props": props({"version": self.audit.meta.version}),
            "status": {"state": "operational"},
        }

    def assets(self) -> Object:
        """With what it was looked."""
        platform = {"uuid": self.name("platform"), "uses-components": [{"component-uuid": self.name("tool")}]}
        return {"components": [self.tool()], "assessment-platforms": [platform]}

    def components(self) -> list[Object]:
        """The apps."""
        return [
            {
                "uuid": self.name("app", app.app),
                "type": "service",
                "title": encode.code(_words.title(app)),
                "description": f"The app {encode.code(app.app)}. Owner: {encode.code(app.owner or 'nobody')}.",
                "props": props({"app": app.app, "owner": app.owner, "app-verdict": _words.verdict(app)}),
                "status": {"state": "other", "remarks": "What is known of it stands in the observations."},
            }
            for app in self.audit.apps
        ]

    # -- what was seen

    def completeness(self) -> Iterator[Object]:
        """An observation per app and per roster: what was proven of its listing."""
        for app in self.audit.apps:
            said = f"{_words.verdict(app)}. Walk: {_words.WALKS.get(app.walk, encode.code(app.walk))}."
            said += f" Scope: {_words.SCOPES.get(app.scope, encode.code(app.scope))}."
            why = _words.reason(app)
            told = {"app": app.app, "app-verdict": _words.verdict(app), "walk": app.walk, "scope": app.scope}
            yield self._observation(
                self.name("completeness", app.app),
                f"Completeness of {encode.code(app.app)}",
                f"{said}\n\n{encode.code(why)}" if why else said,
                "EXAMINE",
                app.app,
                told | {"as-of": app.as_of, "accounts": app.accounts},
            )
        for roster in self.audit.sources:
            if roster.fills == "people":
                yield self._roster(roster)

    def checked(self, check: Mapping[str, Any]) -> Object:
        """An observation of one line of the ledger."""
        app, kind = check["app"], check["kind"]
        title = self._kinds[kind].title if kind in self._kinds else kind
        said = (
            f"{count(check['population'], 'row')}: {check['failed']:,} failed, {check['passed']:,} passed, "
            f"{check['not_evaluable']:,} could not be judged."
        )
        if check["reason"]:
            said += f" Not judged: {encode.code(check['reason'])}."
        line = self._apps.get(app)
        verdict = None if app is None else _words.verdict(line) if line else _words.NOT_PROVEN
        if verdict is not None:
            said += f" The app: {verdict}."
        told = {name.replace("_", "-"): check[name] for name in ("population", "failed", "passed", "not_evaluable")}
        return self._observation(
            self._check(kind, app),
            f"{_line(title)} {_where(app)}",
            said,
            "TEST",
            app,
            {"kind": kind, "app": app, "app-verdict": verdict} | told | {"not-evaluable-reason": check["reason"]},
        )

    # -- what is wrong

    def findings(self) -> Iterator[Mapping[str, Any]]:
        """The findings as rows, in their order."""
        for batch in tables.conform(self.audit.findings, tables.FINDINGS).to_batches(max_chunksize=_BATCH):
            yield from batch.to_pylist()

    def risk(self, row: Mapping[str, Any]) -> Object:
        """The risk that a finding is."""
        kind = self._kinds.get(row["kind"])
        said = [
            f"Expected: {encode.code(row['expected'])}",
            f"Found: {encode.code(row['actual'])}",
            *(f"{label}: {encode.code(row[name])}" for label, name in _TOLD if row[name]),
        ]
        why = [show_lines(kind.why)] if kind and kind.why else []
        statement = [*why, *([f"As the policy says: {encode.code(row['risk'])}"] if row["risk"] else [])]
        made: Object = {
            "uuid": self.name("risk", row["finding_id"]),
            "title": f"{_line(kind.title if kind else row['kind'])} {_where(row['app'])}",
            "description": "\n\n".join(said),
            "statement": "\n\n".join(statement) or "What could happen is not said.",
            "props": props({prop: row[name] for prop, name in _PROPS} | {"deviation": _deviation(row)}),
            "status": self._status(row),
            "origins": [self._origin()],
            "remediations": [self._remediation(row)],
        }
        factors = self._factors(row)
        if factors:
            made["mitigating-factors"] = factors
        observations = self._related(row)
        if observations:
            made["related-observations"] = observations
        return made

    def item(self, row: Mapping[str, Any]) -> Object:
        """The item of the plan for a finding that counts."""
        kind = self._kinds.get(row["kind"])
        who = encode.code(row["owner"]) if row["owner"] else "nobody is named"
        told = ("finding_id", "severity", "owner", "app", "first_seen", "disposition", "gated")
        made: Object = {
            "uuid": self.name("item", row["finding_id"]),
            "title": f"{_line(kind.title if kind else row['kind'])} {_where(row['app'])}",
            "description": f"Action: {encode.code(row['action'])}\n\nResponsible: {who}\n\n"
            f"First seen: {moment(row['first_seen'])}",
            "props": props({name.replace("_", "-"): row[name] for name in told}),
            "origins": [self._origin()],
            "related-risks": [{"risk-uuid": self.name("risk", row["finding_id"])}],
        }
        observations = self._related(row)
        if observations:
            made["related-observations"] = observations
        return made

    # -- what it means for a control

    def finding(self, control: Control, said: controls.Said) -> Object:
        """What may be said of a control, as an OSCAL finding."""
        figures = (
            f"{count(control.total('population'), 'row')} of what is relevant to it: "
            f"{control.total('failed'):,} failed, "
            f"{control.total('passed'):,} passed, {control.total('not_evaluable'):,} could not be judged. "
            "Whether the control is met, the assessor decides."
        )
        status: Object = {"state": said.state, "reason": said.reason}
        if said.why:
            status["remarks"] = "; ".join(said.why) + "."
        made: Object = {
            "uuid": self.name("finding", control.name),
            "title": encode.code(control.name) + (f": {_line(control.title)}" if control.title else ""),
            "description": figures,
            "props": props({"control": control.name}),
            "origins": [self._origin()],
            "target": {"type": "statement-id", "target-id": statement(control.name), "status": status},
        }
        if control.checks:
            seen = [self._check(check["kind"], check["app"]) for check in control.checks]
            made["related-observations"] = [{"observation-uuid": uuid} for uuid in seen]
        if control.findings:
            made["related-risks"] = [{"risk-uuid": self.name("risk", each)} for each in control.findings]
        return made

    # -- parts

    def _check(self, kind: str, app: str | None) -> str:
        return self.name("check", kind, app or "")

    def _origin(self) -> Object:
        return {"actors": [{"type": "tool", "actor-uuid": self.name("tool")}]}

    def _observation(
        self, uuid: str, title: str, said: str, method: str, app: str | None, told: Mapping[str, object]
    ) -> Object:
        made: Object = {
            "uuid": uuid,
            "title": title,
            "description": said,
            "props": props(told),
            "methods": [method],
            "origins": [self._origin()],
            "collected": moment(self.audit.meta.collected_to),
        }
        if app in self._apps:
            made["subjects"] = [{"subject-uuid": self.name("app", app or ""), "type": "component"}]
        return made

    def _roster(self, roster: SourceLine) -> Object:
        said = f"{_words.WALKS.get(roster.walk, encode.code(roster.walk))}."
        why = "; ".join(filter(None, (roster.walk_reason, roster.error)))
        told = {"roster": roster.name, "walk": roster.walk, "as-of": roster.as_of, "rows": roster.parsed}
        return self._observation(
            self.name("roster", roster.name),
            f"Completeness of the roster {encode.code(roster.name)}",
            f"{said}\n\n{encode.code(why)}" if why else said,
            "EXAMINE",
            None,
            told,
        )

    def _related(self, row: Mapping[str, Any]) -> list[Object]:
        found = []
        if (row["kind"], row["app"]) in self._observed:
            found.append(self._check(row["kind"], row["app"]))
        if row["app"] in self._apps:
            found.append(self.name("completeness", row["app"]))
        return [{"observation-uuid": uuid} for uuid in found]

    def _remediation(self, row: Mapping[str, Any]) -> Object:
        return {
            "uuid": self.name("remediation", row["finding_id"]),
            "lifecycle": "recommendation",
            "title": "Recommended action",
            "description": encode.code(row["action"]),
            "props": props({"owner": row["owner"]}) or props({"owner": "nobody"}),
        }

    def _status(self, row: Mapping[str, Any]) -> str:
        if row["disposition"] not in _DEVIATIONS:
            return _STATUS.get(row["disposition"], "open")
        if row["disposition"] == "excepted":
            waiver = self._exceptions.get(row["exception_id"])
            approved = waiver is not None and waiver.state == _SUPPORTED
        else:
            approved = self._decided.get(row["finding_id"]) == "counts"
        return "deviation-approved" if approved else "deviation-requested"

    def _factors(self, row: Mapping[str, Any]) -> list[Object]:
        """What an exception says that makes up for the risk."""
        if not row["exception_id"]:
            return []
        waiver = self._exceptions.get(row["exception_id"])
        said = f"Exception {encode.code(row['exception_id'])}"
        if waiver is None:
            said += ", of which nothing more is told."
        else:
            said += (
                f" ({waiver.state}), approved by {encode.code(waiver.approver)} on {encode.code(waiver.approved)}, "
                f"until {encode.code(waiver.expires)}: {encode.code(waiver.reason)}"
            )
            made_up = encode.code(waiver.compensating_control) if waiver.compensating_control else "none is named"
            said += f"\n\nCompensating control: {made_up}"
        return [{"uuid": self.name("exception", row["finding_id"]), "description": said}]


_TOLD: Final = (
    ("Account", "user_name"), ("Person", "person_name"), ("Attribute", "attribute"), ("Value", "value"),
    ("Evidence", "evidence"), ("Severity", "severity_why"),
)  # fmt: skip
_PROPS: Final = tuple(
    (name.replace("_", "-"), name)
    for name in (
        "finding_id", "kind", "family", "severity", "app", "account_id", "person_id", "attribute", "first_seen",
        "disposition", "exception_id", "lead", "covered_by", "gated", "owner",
    )
)  # fmt: skip


def _deviation(row: Mapping[str, Any]) -> str | None:
    """How somebody set the finding aside."""
    return None if row["disposition"] in tables.COUNTED else str(row["disposition"])


def _where(app: str | None) -> str:
    return f"in {encode.code(app)}" if app else "across apps"


def _line(text: str) -> str:
    """Words of our own for a title, on one line."""
    return " ".join(text.split())
