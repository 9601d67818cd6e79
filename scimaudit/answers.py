"""An auditor's questions, asked of a stored audit: who approved this, what was judged, and what could not be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scimaudit import tables
from scimaudit.errors import ConfigError
from scimaudit.frameworks import frameworks
from scimaudit.inquiry import Case, find_person
from scimaudit.policy.writing import quoted
from scimaudit.result import Audit, ExceptionLine
from scimaudit.rules import reasons_added


@dataclass(frozen=True)
class RuleLine:
    """One rule and its figures in the ledger.

    :param decided: findings of which somebody said what they are: excepted, put off or false.
    :param false_positive: those that were called false.
    """

    kind: str
    title: str
    family: str
    severity: str
    population: int
    failed: int
    passed: int
    not_evaluable: int
    reason: str
    decided: int
    false_positive: int

    @property
    def precision(self) -> float | None:
        """The share of what was decided that was not called false; nothing where nobody decided."""
        return 1 - self.false_positive / self.decided if self.decided else None


@dataclass(frozen=True)
class ControlLine:
    """One control of a framework, and what was tested for it.

    :param tested: rows of all relevant kinds; a row that two kinds judge counts twice.
    :param why: per kind, why rows could not be judged.
    """

    control: str
    title: str
    kinds: tuple[str, ...]
    tested: int
    failed: int
    not_evaluable: int
    why: tuple[str, ...]


def rule_lines(audit: Audit, app: str | None = None) -> list[RuleLine]:
    """Every rule with its figures, over all apps or in one.

    :raises ConfigError: there is no such app.
    """
    if app is not None and app not in {line.app for line in audit.apps}:
        raise ConfigError(f"there is no app {app!r}", hint="known apps: " + ", ".join(line.app for line in audit.apps))
    checks = audit.checks if app is None else audit.checks[audit.checks["app"].astype("str") == app]
    counts = ("population", "failed", "passed", "not_evaluable")
    decided = audit.set_aside if app is None else audit.set_aside[audit.set_aside["app"].astype("str") == app]
    lines = []
    for kind in audit.kinds:
        own = checks[checks["kind"].astype("str") == kind.kind]
        figures = {name: int(own[name].sum()) for name in counts}
        reason = reasons_added(own["reason"]) or ""
        said = decided[decided["kind"].astype("str") == kind.kind]["disposition"].astype("str")
        figures |= {"decided": len(said), "false_positive": int((said == "false-positive").sum())}
        lines.append(RuleLine(kind.kind, kind.title, kind.family, kind.severity, **figures, reason=reason))
    return lines


def control_lines(audit: Audit, framework: str = "") -> list[ControlLine]:
    """Every control with what was tested for it; a control is tested as far as the kinds relevant to it are.

    :param framework: only this one.
    :raises ConfigError: there is no such framework.
    """
    known = {each.id: each for each in frameworks()}
    if framework and framework not in known:
        raise ConfigError(f"there is no framework {framework!r}", hint="known frameworks: " + ", ".join(known))
    figures = {line.kind: line for line in rule_lines(audit)}
    kinds = {kind.kind: kind.controls for kind in audit.kinds}
    found = []
    for each in known.values() if not framework else [known[framework]]:
        for control, title in each.controls.items():
            mine = [figures[kind] for kind, controls in kinds.items() if f"{each.id}/{control}" in controls]
            found.append(
                ControlLine(
                    f"{each.id}/{control}",
                    title,
                    tuple(line.kind for line in mine),
                    sum(line.population for line in mine),
                    sum(line.failed for line in mine),
                    sum(line.not_evaluable for line in mine),
                    tuple(f"{line.kind}: {line.reason}" for line in mine if line.reason),
                )
            )
    return found


def expiring(lines: Sequence[ExceptionLine], today: date, days: int) -> tuple[ExceptionLine, ...]:
    """The exceptions in force that end within so many days, the soonest first."""
    last = (today + timedelta(days)).isoformat()
    soon = [line for line in lines if line.state == "valid" and line.expires <= last]
    return tuple(sorted(soon, key=lambda line: (line.expires, line.id)))


def draft_exception(case: Case, finding_id: str, days: int) -> str:
    """The table of ``policy/exceptions.toml`` that would accept a finding, for somebody to fill in and sign.

    :raises ConfigError: there is no such finding, or it is one about exceptions.
    """
    if not finding_id:
        raise ConfigError("draft needs a finding's id", hint="scimaudit findings --format json lists their ids")
    audit = case.audit
    rows = audit.findings
    found = rows[rows["finding_id"] == finding_id]
    if found.empty:
        raise ConfigError(
            f"there is no finding {finding_id!r}", hint="scimaudit findings --format json lists their ids"
        )
    row = {str(name): str(value) for name, value in found.iloc[0].items() if isinstance(value, str)}
    if row["kind"].startswith("exception-"):
        raise ConfigError(f"{finding_id} is about an exception, and is not excepted itself", hint="see its action")
    first = audit.meta.as_of.date()
    told = {"kind": row["kind"], "app": row.get("app", "")}
    if "account_id" in row:
        told["account"] = row.get("user_name", row["account_id"])
    elif "person_id" in row:
        told["person"] = row["person_id"]
    told |= {name: row[name] for name in ("attribute", "value") if name in row}
    named = {name: text for name, text in told.items() if text}
    named |= {"reason": "", "requested_by": "", "approver": row.get("owner", "")}
    note = {}
    if "owner" in row and row["owner"] and _favours(case, row):
        named["approver"], note["approver"] = "", "  # the owner is its subject: a delegate must sign"
    named |= {"compensating_control": "", "ticket": ""}
    lines = [f"{name} = {quoted(text)}{note.get(name, '')}" for name, text in named.items()]
    return "\n".join(
        [
            f"# {quoted(row['actual'])[1:-1]}",
            "[[exceptions]]",
            f'id = "EX-{finding_id}"',
            *lines,
            'approved = ""  # the day on which the approver signs, such as 2026-01-31',
            f"expires = {(first + timedelta(days)).isoformat()}",
            "",
        ]
    )


def _favours(case: Case, row: Mapping[str, str]) -> bool:
    """Whether the owner of a finding is whom it speaks of, or may be."""
    owner = set(find_person(case.snapshot.people(), row["owner"])["person_id"])
    subjects = {row.get("person_id", "")}
    if "account_id" in row:
        links = tables.frame(case.links)
        mine = links[(links["app"].astype("str") == row["app"]) & (links["account_id"] == row["account_id"])]
        subjects |= {*mine["person_id"].dropna(), *mine["runners_up"].explode().dropna()}
    return bool(owner & subjects)
