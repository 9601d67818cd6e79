"""An auditor's questions, asked of a stored audit: who approved this, what was judged, and what could not be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scimaudit.errors import ConfigError
from scimaudit.frameworks import frameworks
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
    off = audit.meta.switched_off.items()
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
                    (
                        *(f"{line.kind}: {line.reason}" for line in mine if line.reason),
                        *(f"{kind}: switched off" for kind, controls in off if f"{each.id}/{control}" in controls),
                    ),
                )
            )
    return found


def unsound(lines: Sequence[ExceptionLine]) -> tuple[str, ...]:
    """The exceptions that do not count or cover nothing, each in words."""
    return tuple(
        f"{line.id} is {line.state}" if line.state != "valid" else f"{line.id} covers no finding"
        for line in lines
        if line.state != "valid" or not line.covers
    )


def expiring(lines: Sequence[ExceptionLine], today: date, days: int) -> tuple[ExceptionLine, ...]:
    """The exceptions in force that end within so many days, the soonest first."""
    last = (today + timedelta(days)).isoformat()
    soon = [line for line in lines if line.state == "valid" and line.expires <= last]
    return tuple(sorted(soon, key=lambda line: (line.expires, line.id)))
