"""What may be said of each control, and what may not.

OSCAL knows only ``satisfied`` and ``not-satisfied``. ``satisfied`` is said where everything relevant was judged
everywhere, nothing failed, nothing is set aside, and nothing about the audit is in doubt. All else is
``not-satisfied``: with the reason ``fail`` where something failed, and ``other`` where it is not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from scimaudit import tables
from scimaudit.frameworks import frameworks
from scimaudit.plural import count
from scimaudit.renderers import _words
from scimaudit.renderers.encode import oscal as encode
from scimaudit.result import Audit
from scimaudit.tables import COUNTED

State = Literal["satisfied", "not-satisfied"]
Reason = Literal["pass", "fail", "other"]

_READ: Final = ("finding_id", "kind", "family", "disposition", "controls")
_CUT_SHORT: Final = 3
"""From this exit code on something about the whole audit is in doubt."""


@dataclass(frozen=True)
class Said:
    """What is said of one control.

    :param why: why it is not satisfied, as markup.
    """

    state: State
    reason: Reason
    why: tuple[str, ...]


@dataclass
class Control:
    """A control with what was tested for it.

    :param name: ``framework/control``.
    :param title: in our words; empty for a control that no framework of ours has.
    :param checks: rows of the ledger of the kinds that are relevant to it.
    :param findings: ids of the findings that name it.
    :param counted: how many of them count; ``aside``: how many somebody set aside.
    """

    name: str
    title: str = ""
    kinds: set[str] = field(default_factory=set)
    checks: list[Mapping[str, Any]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    counted: int = 0
    aside: int = 0

    def total(self, column: str) -> int:
        """A sum over its checks."""
        return sum(row[column] for row in self.checks)


def controls(audit: Audit, checks: Sequence[Mapping[str, Any]]) -> list[Control]:
    """Every control that a kind or a finding of the audit names, by name.

    :param checks: the ledger, as rows.
    """
    titles = {f"{each.id}/{name}": title for each in frameworks() for name, title in each.controls.items()}
    found: dict[str, Control] = {}

    def named(name: str) -> Control:
        return found.setdefault(name, Control(name, titles.get(name, "")))

    for kind in audit.kinds:
        for name in kind.controls:
            named(name).kinds.add(kind.kind)
    for off, relevant in audit.meta.switched_off.items():
        for name in relevant:
            named(name).kinds.add(off)
    for row in tables.conform(audit.findings, tables.FINDINGS).select(_READ).to_pylist():
        for name in dict.fromkeys(row["controls"]):
            control = named(name)
            control.kinds.add(row["kind"])
            control.findings.append(row["finding_id"])
            control.counted += row["disposition"] in COUNTED
            control.aside += row["disposition"] not in COUNTED
    by_kind = defaultdict(list)
    for check in checks:
        by_kind[check["kind"]].append(check)
    for control in found.values():
        control.checks = [check for kind in sorted(control.kinds) for check in by_kind[kind]]
    return [found[name] for name in sorted(found)]


def doubts(audit: Audit) -> list[str]:
    """What about the whole audit keeps every control from being satisfied, as markup."""
    told = [f"{encode.code(app.app)} is {_words.verdict(app)}" for app in audit.apps if not _words.proven(app)]
    if not audit.apps:
        told.append("no app was audited")
    rosters = [source for source in audit.sources if source.fills == "people"]
    if not rosters:
        told.append("the audit tells of no roster")
    told += [
        f"{encode.code(each.name)}: {_words.WALKS.get(each.walk, 'nothing is known of its completeness')}"
        for each in audit.sources
        if each.error or (each.fills == "people" and each.walk != "complete")
    ]
    told += [f"a safety gate tripped: {encode.code(_words.gate(each))}" for each in audit.gates]
    told += [f"a safety gate was accepted: {encode.code(_words.gate(each))}" for each in audit.meta.accepted]
    told += [f"it does not balance: {encode.code(each.subject)}" for each in audit.equations if not each.holds]
    if (audit.findings["family"] == "data").any():
        told.append("there are findings about the data itself")
    if audit.meta.exit_code >= _CUT_SHORT:
        told.append(f"the audit ended with exit code {audit.meta.exit_code}")
    return told


def say(control: Control, apps: Sequence[str], doubted: Sequence[str]) -> Said:
    """What may be said of a control.

    :param apps: every app of the audit.
    :param doubted: what :func:`doubts` says.
    """
    failed = control.total("failed")
    why = []
    if failed or control.counted:
        why.append(f"{count(failed, 'row')} failed, {count(control.counted, 'finding')} open")
    if control.aside:
        why.append(f"{count(control.aside, 'finding')} set aside, not resolved")
    unknown = control.total("not_evaluable")
    if unknown:
        why.append(f"{count(unknown, 'row')} could not be judged")
    if not control.total("population"):
        why.append("nothing was tested")
    gaps = _gaps(control, apps)
    if gaps:
        why.append("nothing was judged by " + ", ".join(gaps))
    if any(row["population"] != row["failed"] + row["passed"] + row["not_evaluable"] for row in control.checks):
        why.append("the ledger does not balance")
    if doubted:
        why.append("and the audit is in doubt: the remarks of the document say of what")
    if not why:
        return Said("satisfied", "pass", ())
    # What somebody set aside failed too, and was not found fit to count.
    fails = control.counted or (failed and not control.aside)
    return Said("not-satisfied", "fail" if fails else "other", tuple(why))


def _gaps(control: Control, apps: Sequence[str]) -> list[str]:
    """Kinds relevant to it that judged nothing in some app. A rule over people or across apps speaks of every app."""
    judged = defaultdict(set)
    for row in control.checks:
        if row["population"]:
            judged[row["kind"]].add(row["app"])
    told = []
    for kind in sorted(control.kinds):
        missing = 0 if judged[kind] == {None} else sum(app not in judged[kind] for app in apps)
        if missing:
            told.append(f"{kind} in {missing:,} of {count(len(apps), 'app')}")
        elif not judged[kind]:
            told.append(kind)
    return told
