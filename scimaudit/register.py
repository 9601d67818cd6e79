"""Which control governs what in each app, what it leaves open, and which one should have stopped a finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from scimaudit.errors import ConfigError
from scimaudit.frameworks import frameworks
from scimaudit.result import AppLine, Audit
from scimaudit.tables import CONTROLLED, COUNTED

CONTRADICTION: Final = "register-contradiction"
SPOKEN_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: (name,) for name in CONTROLLED},
    **{f"{trouble} of {name}": (name,) for name in CONTROLLED for trouble in ("writers", "owner")},
    "lifecycle": ("disable",),
    "removal": ("entitlement_removal",),
}
"""What a contradiction is about (its ``value``) to the controls concerned."""

TELLING: Final = frozenset({"sign_in", "create", "disable", "entitlement_removal"})
"""The controls of which the data can say something."""

DOES: Final[Mapping[str, str]] = {
    "sign_in": "governs sign-in",
    "create": "creates accounts",
    "update": "updates accounts",
    "disable": "disables accounts",
    "entitlement_removal": "removes entitlements",
}


@dataclass(frozen=True)
class ControlSaid:
    """One of the five controls of one app.

    :param said: how it is done, by the register; empty where nobody has said.
    :param state: ``said``, ``gap`` (nothing does it), ``contradicted`` (by the data) or ``not said``.
    :param gaps: what is open or contradicted, in words.
    :param data: what the data say of it.
    """

    control: str
    said: str
    state: str
    gaps: tuple[str, ...]
    data: str


@dataclass(frozen=True)
class RegisterLine:
    """The controls of one app side by side.

    :param gaps: what they leave open, each with the controls concerned; what nobody has said is one.
    :param compared: what the comparison of the register with the data could not tell, in words; empty where it could.
    """

    app: str
    title: str
    owner: str
    controls: tuple[ControlSaid, ...]
    gaps: tuple[tuple[str, str], ...]
    compared: str


@dataclass(frozen=True)
class Stopping:
    """Which controls should have stopped a finding.

    :param controls: as the register of its app has them; none for what is said of data.
    :param frameworks: the framework's control ids to their titles in our words.
    """

    finding_id: str
    kind: str
    title: str
    app: str
    actual: str
    stopped_by: tuple[str, ...]
    controls: tuple[ControlSaid, ...]
    compared: str
    frameworks: Mapping[str, str]


def control_text(app: AppLine, control: str) -> str:
    """How a control of an app is done, as its register says; empty where nobody has said."""
    return app.register.get(control, "")


def register_lines(audit: Audit, app: str | None = None) -> list[RegisterLine]:
    """Every app of the configuration, or one, with its controls and their gaps.

    :raises ConfigError: there is no such app, and no finding of one.
    """
    known = [line.app for line in audit.apps]
    if app is not None and app not in known and (audit.findings["app"].astype("str") == app).any():
        return [_dropped(app)]
    if app is not None and app not in known:
        # The controls of an account are those of its app.
        app = app.partition("/")[0] or app
    if app is not None and app not in known:
        raise ConfigError(f"there is no app or finding {app!r}", hint="known apps: " + ", ".join(known))
    found = _contradictions(audit)
    return [_line(audit, line, found) for line in audit.apps if app in (None, line.app)]


def stopping(audit: Audit, finding: pd.Series) -> Stopping:
    """The controls that should have stopped a finding, and what the register and the data say of them."""
    kind = next(each for each in audit.kinds if each.kind == str(finding["kind"]))
    app = finding["app"] if isinstance(finding["app"], str) else ""
    # A contradiction is about the control that it names.
    named = SPOKEN_OF.get(str(finding["value"]), ()) if kind.kind == CONTRADICTION else kind.stopped_by
    [line] = register_lines(audit, app) if app else [None]
    titles = {f"{each.id}/{name}": title for each in frameworks() for name, title in each.controls.items()}
    return Stopping(
        finding_id=str(finding["finding_id"]),
        kind=kind.kind,
        title=kind.title,
        app=app,
        actual=str(finding["actual"]),
        stopped_by=named,
        controls=tuple(each for each in line.controls if each.control in named) if line else (),
        compared=line.compared if line else "",
        frameworks={name: titles.get(name, "") for name in kind.controls},
    )


def _line(audit: Audit, app: AppLine, found: Mapping[tuple[str, str], tuple[str, ...]]) -> RegisterLine:
    compared = _compared(audit, app)
    told = _told(audit, app.app)
    controls = tuple(
        _control(app, control, found.get((app.app, control), ()), told.get(control), compared) for control in CONTROLLED
    )
    silent = [each.control for each in controls if each.state == "not said"]
    gaps = [(each.control, gap) for each in controls for gap in each.gaps if gap != _silence([each.control])]
    if silent:
        gaps.append((", ".join(silent), _silence(silent)))
    named = tuple((controls.replace("_", " "), gap) for controls, gap in gaps)
    return RegisterLine(app.app, app.title, app.owner, controls, named, compared)


def _dropped(app: str) -> RegisterLine:
    """An app that the snapshot still has and the configuration no longer names: nobody says anything of it."""
    why = "not compared with the data: the configuration does not name the app"
    controls = tuple(ControlSaid(each, "", "not said", (_silence([each]),), why) for each in CONTROLLED)
    named = ", ".join(CONTROLLED).replace("_", " ")
    return RegisterLine(app, app, "", controls, ((named, _silence(CONTROLLED)),), why)


def _control(
    app: AppLine, control: str, contradictions: tuple[str, ...], told: Mapping[str, int] | None, compared: str
) -> ControlSaid:
    """How one control stands.

    :param told: kind to its open findings that the control should have stopped; ``None`` where nothing was judged.
    """
    said = control_text(app, control)
    against = (_unstopped(told, said),) if told else ()
    data = "; ".join([*(contradictions or filter(None, [compared])), *against])
    if not data:
        spoken = told is not None or control in TELLING
        data = "no finding speaks against it" if spoken else "no data speak of it"
    if not said:
        return ControlSaid(control, "", "not said", (_silence([control]), *contradictions, *against), data)
    if said == "none":
        return ControlSaid(control, said, "gap", (*(contradictions or (f"nothing {DOES[control]}",)), *against), data)
    state = "contradicted" if contradictions else "said"
    return ControlSaid(control, said, state, (*contradictions, *against), data)


def _unstopped(told: Mapping[str, int], said: str) -> str:
    number = sum(told.values())
    kinds = ", ".join(f"{kind} {count}" if number > 1 else kind for kind, count in sorted(told.items()))
    stopped = "nothing stopped" if said == "none" else "it should have stopped"
    return f"{number:,} open finding{'s' if number > 1 else ''} that {stopped} ({kinds})"


def _told(audit: Audit, app: str) -> Mapping[str, Mapping[str, int]]:
    """The controls of an app of which something was judged, each with the kinds and numbers of its open findings."""
    checks, rows = audit.checks, audit.findings
    own = checks[(checks["app"].astype("str") == app) & (checks["passed"] + checks["failed"] > 0)]
    judged = set(own["kind"].astype("str"))
    mine = rows[(rows["app"].astype("str") == app) & rows["disposition"].isin(COUNTED)]
    counts = {str(kind): int(number) for kind, number in mine["kind"].astype("str").value_counts().items()}
    found: dict[str, dict[str, int]] = {}
    for kind in audit.kinds:
        for control in kind.stopped_by:
            if kind.kind in judged or kind.kind in counts:
                told = found.setdefault(control, {})
                told |= {kind.kind: counts[kind.kind]} if kind.kind in counts else {}
    return found


def _silence(controls: Sequence[str]) -> str:
    if len(controls) == len(CONTROLLED):
        return "nobody has said what controls it"
    return "nobody has said what " + " or ".join(DOES[control] for control in controls)


def _contradictions(audit: Audit) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """App and control to what the findings say of them; one that somebody set aside says so."""
    rows = audit.findings[audit.findings["kind"].astype("str") == CONTRADICTION]
    texts = rows[["app", "value", "expected", "actual", "disposition"]].astype("str").fillna("")
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for app, value, expected, actual, disposition in texts.itertuples(index=False, name=None):
        claim = f"claims that {expected}, yet {actual}" if value in ("create", "disable") else actual
        said = claim if disposition in COUNTED else f"{claim} ({disposition})"
        for control in SPOKEN_OF.get(value, ()):
            found[app, control] = (*found.get((app, control), ()), said)
    return found


def _compared(audit: Audit, app: AppLine) -> str:
    """What comparing the register with the data could not tell."""
    if CONTRADICTION not in {kind.kind for kind in audit.kinds}:
        return f"not compared with the data: the rule {CONTRADICTION} is switched off"
    checks = audit.checks
    own = checks[(checks["kind"].astype("str") == CONTRADICTION) & (checks["app"].astype("str") == app.app)]
    if own.empty:
        return f"not compared with the data: {app.verdict_reason or 'nothing is listed'}"
    if not any(control_text(app, control) for control in CONTROLLED):
        return "there is nothing to compare with the data"
    reasons = ", ".join(own["reason"].dropna())
    return f"the data could not bear out all of it: {reasons}" if reasons else ""
