"""Every policy file read and judged, before it is merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from scimaudit.policy import Policy
from scimaudit.policy.lines import Line, Remark
from scimaudit.view import AppFacts, View, defects


@dataclass(frozen=True)
class Defect:
    """A line that cannot mean what it says."""

    place: str
    name: str
    app: str
    check: str
    expected: str
    actual: str


@dataclass(frozen=True)
class Open:
    """A line of which a check could not be made, and why."""

    place: str
    name: str
    app: str
    check: str
    why: str


@dataclass(frozen=True)
class PolicyCheck:
    """What was found.

    :param lines: how many lines were looked at.
    :param snapshot: the snapshot whose people, accounts and rights were looked at; empty where there is none.
    """

    lines: int
    snapshot: str
    defects: tuple[Defect, ...]
    open: tuple[Open, ...]


def check_view(seen: View, snapshot: str) -> PolicyCheck:
    """What the kind ``policy-defect`` finds in a view."""
    return _told(defects.population(seen.policy, seen.facts.values()), defects.of_view(seen), snapshot)


def check_files(policy: Policy, apps: Sequence[AppFacts], today: date) -> PolicyCheck:
    """What the files alone tell."""
    return _told(defects.population(policy, apps), defects.of_files(policy, apps, today), "")


def _told(lines: Sequence[Line], remarks: Sequence[Remark], snapshot: str) -> PolicyCheck:
    order = {line: place for place, line in enumerate(lines)}
    remarks = sorted(remarks, key=lambda each: order[each.line])
    found = [
        Defect(each.line.where, each.line.name, each.line.app, each.check, each.expected, _bare(each))
        for each in remarks
        if not each.unknown
    ]
    unclear = [
        Open(each.line.where, each.line.name, each.line.app, each.check, each.unknown)
        for each in remarks
        if each.unknown
    ]
    return PolicyCheck(len(lines), snapshot, tuple(found), tuple(unclear))


def _bare(remark: Remark) -> str:
    """What is so, without the place, which stands beside it."""
    return remark.actual.removeprefix(f"{remark.line.where}: ")
