"""From what an audit found, and what reviews decided, to what is to be done: each thing once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from scimaudit import rules, tables
from scimaudit.config import Config
from scimaudit.remediation import Claim, Task, What
from scimaudit.remediation.passed_on import passed_on
from scimaudit.remediation.requesting import Held, held, requested
from scimaudit.result import Audit, RevocationLine
from scimaudit.snapshot.store import Snapshot
from scimaudit.tables import ENTITLEMENTS, SEVERITIES

_TEXTS: Final = [
    "finding_id", "kind", "severity", "app", "owner", "account_id", "user_name", "person_id", "person_name",
    "attribute", "value", "expected", "actual", "action",
]  # fmt: skip
_REVOKED: Final = {
    "disable": "Disable the account, revoke its sessions and tokens, and remove its entitlements",
    "remove": "Take the right {name} from the account",
    "other": "Change the right {name} as the reviewer asked",
}


_DEEPER: Final = ("disable", "strip", "remove", "other")
"""What takes in the most first."""
_OF_REVIEWS: Final = ("revoke-not-done", "revoke-regressed")


def tasks(
    audit: Audit,
    snapshot: Snapshot,
    config: Config,
    links: pa.Table,
    claims: Sequence[Claim] = (),
    *,
    newer: bool = False,
) -> tuple[Task, ...]:
    """Everything to do, worst first, then by owner, app and account.

    Findings and decisions that ask for the same become one task. A revocation that a later listing proved closed asks
    for nothing; one that no listing can judge still does.

    :param snapshot: the one that ``audit`` judged; ``links``: whose accounts are by it, as :data:`tables.LINKS` has it.
    :param claims: what somebody says is done.
    :param newer: the store has a later snapshot, which may show other accounts by the same ids.
    :raises IntegrityError: the snapshot cannot be read.
    """
    wanted = [*_of_findings(audit), *_of_revocations(audit)]
    claimed = {claim.finding_id: f"{claim.by} on {claim.on}; {claim.said}" for claim in claims}
    found = held(snapshot, config, [(each.app, each.account_id) for each in wanted if each.account_id])
    moved = passed_on(audit.over_time.revocations, found, links)
    known = tables.frame(snapshot.people(), ["person_id", "status"]).astype("str")
    status = dict(known.itertuples(index=False, name=None))
    torn = _torn(audit)
    wanted = [_by_hand(_careful(task, status, torn), moved.get((task.app, task.account_id), "")) for task in wanted]
    merged = [_merged(group, found, claimed) for group in _grouped(wanted)]
    doubts = {"": "a newer snapshot has not been audited yet"} if newer else _doubts(audit)
    told = [requested(task, found.get(task.app), doubts.get(task.app, doubts.get("", ""))) for task in merged]
    rank = SEVERITIES.index
    return tuple(
        sorted(told, key=lambda t: (-rank(t.severity), t.owner, t.app, t.account, t.account_id, t.display, t.id))
    )


def _of_findings(audit: Audit) -> list[Task]:
    """A task for each finding that counts."""
    rows = audit.leading
    texts: list[dict[str, Any]] = rows[_TEXTS].astype("str").fillna("").to_dict("records")  # type: ignore[assignment]
    return [_of_finding(text, seen) for text, seen in zip(texts, rows["first_seen"], strict=True)]


def _of_finding(text: Mapping[str, str], seen: pd.Timestamp) -> Task:
    # An audit that an earlier version kept may hold a kind that there is no more.
    known = rules.load(text["kind"]) if text["kind"] in rules.names() else None
    right = text["attribute"] in ENTITLEMENTS and bool(text["value"])
    what: What = (known.remedy if known else "") or "other"
    if what == "remove" and not right:
        what = "disable"
    if not text["account_id"]:
        what = "other"
    named = what == "remove" or (right and what == "other")
    return Task(
        id=text["finding_id"],
        title=known.title if known else text["kind"],
        what=what,
        decide=known is not None and known.decide,
        severity=text["severity"],
        app=text["app"],
        owner=text["owner"],
        account_id=text["account_id"],
        account=text["user_name"] or text["account_id"],
        person_id=text["person_id"],
        person=text["person_name"] or text["person_id"],
        attribute=text["attribute"] if named else "",
        value=text["value"] if named else "",
        display="",
        action=text["action"],
        reasons=(f"{text['kind']}: {text['actual']}; should be: {text['expected']}",),
        findings=(text["finding_id"],),
        decisions=(),
        since=seen.to_pydatetime(),
        of_review=text["kind"] in _OF_REVIEWS,
    )


def _of_revocations(audit: Audit) -> list[Task]:
    """A task for each decision of a review that is not proven carried out."""
    owners = {line.app: line.owner for line in audit.apps}
    open_ones = [line for line in audit.over_time.revocations if line.state != "verified-closed"]
    return [_of_revocation(line, owners.get(line.app, "")) for line in open_ones]


def _of_revocation(line: RevocationLine, owner: str) -> Task:
    what: What = "other" if line.decision != "revoke" else "remove" if line.value else "disable"
    verb = "revoked" if line.decision == "revoke" else "asked to change"
    thing = f"{line.attribute} {line.display or line.value}" if line.value else "the account"
    state = f"{line.state}: {line.reason}" if line.reason else line.state
    return Task(
        id=line.item_id,
        title="A review asks for a change",
        what=what,
        decide=False,
        severity="high" if line.state in ("not-done", "regressed") else "medium",
        app=line.app,
        owner=owner,
        account_id=line.account_id,
        account=line.account or line.account_id,
        person_id=line.person_id,
        person=line.person or line.person_id,
        attribute=line.attribute,
        value=line.value,
        display=line.display,
        action=_REVOKED[what].format(name=line.display or line.value or "of the account") + ".",
        reasons=(f"{line.reviewer} {verb} {thing} in {line.campaign} on {line.decided_at:%Y-%m-%d}; {state}",),
        findings=(),
        decisions=(line.item_id,),
        since=line.decided_at,
        of_review=True,
    )


def _torn(audit: Audit) -> frozenset[str]:
    """The people about whom rosters contradict each other: gone by one, here by the other, or two people."""
    rows = audit.leading
    return frozenset(rows.loc[rows["kind"].astype("str") == "roster-conflict", "person_id"].dropna().astype("str"))


def _careful(task: Task, status: Mapping[str, str], torn: Collection[str]) -> Task:
    """Nobody's account is switched off for certain while the rosters are at odds about whether they have left.

    What is left of an inactive account goes for certain only with its owner: others may be back, or need it one day.

    :param status: person id to what the rosters say of them. ``torn``: ids of people whom they are at odds about.
    """
    if task.what in ("disable", "strip") and task.person_id in torn and not task.of_review:
        said = f"rosters contradict each other about {task.person}: settle that first"
        return replace(task, decide=True, reasons=(*task.reasons, said))
    if task.what != "strip" or status.get(task.person_id) == "terminated":
        return task
    said = f"{task.person} is {status[task.person_id]}" if task.person_id in status else "nobody is known to have left"
    return replace(task, decide=True, reasons=(*task.reasons, f"by the rosters {said}: let it be active, or strip it"))


def _by_hand(task: Task, moved: str) -> Task:
    """What a review asks of an account that is somebody else's now; see :func:`passed_on`."""
    if not moved or not task.of_review:
        return task
    return replace(task, what="other", action=f"Find out whose account it is: {moved}.")


def _grouped(wanted: Sequence[Task]) -> Iterable[list[Task]]:
    """Tasks that ask for the same together.

    An account that is to lose everything for certain takes in what its single rights ask for.
    """
    whole = {(task.app, task.account_id) for task in wanted if task.what in ("disable", "strip") and not task.decide}
    groups: dict[tuple[str, ...], list[Task]] = {}
    for task in wanted:
        account = (task.app, task.account_id)
        if task.what == "other":
            key: tuple[str, ...] = (task.id,)
        elif account in whole:
            key = (*account, "whole")
        else:
            key = (*account, task.what, task.attribute, task.value)
        groups.setdefault(key, []).append(task)
    return groups.values()


def _merged(group: Sequence[Task], found: Mapping[str, Held], claimed: Mapping[str, str]) -> Task:
    """One task of several that ask for the same; the worst leads, and what is certain leaves no choice."""
    lead = min(group, key=lambda task: (_DEEPER.index(task.what), -SEVERITIES.index(task.severity), not task.findings))
    severity = max((task.severity for task in group), key=SEVERITIES.index)
    certain = [task for task in group if not task.decide]
    said = [claimed[name] for task in group for name in task.findings if name in claimed]
    return replace(
        lead,
        title=_title(lead, lead.display or _name(lead, found)),
        severity=severity,
        decide=not certain,
        action=(certain or [lead])[0].action if lead.decide else lead.action,
        display=lead.display or _name(lead, found),
        reasons=tuple(reason for task in group for reason in task.reasons),
        findings=tuple(name for task in group for name in task.findings),
        decisions=tuple(name for task in group for name in task.decisions),
        since=min(task.since for task in group),
        claimed="; ".join(said),
    )


def _title(task: Task, right: str) -> str:
    """The task in a few words; of what no request can say, what was found names it."""
    account = f"{task.account} in {task.app}"
    whose = [account] if task.account else [task.person, task.app]
    about = ", ".join(filter(None, [*whose, f"{task.attribute} {right}" if right else ""]))
    return {
        "disable": f"Disable {account}",
        "strip": f"Take what is left from {account}",
        "remove": f"Take {task.attribute} {right} from {account}",
        "other": f"{task.title}: {about}" if about else task.title,
    }[task.what]


def _name(task: Task, found: Mapping[str, Held]) -> str:
    known = found.get(task.app)
    return known.name(task.attribute, task.value) if known and task.value else ""


def _doubts(audit: Audit) -> dict[str, str]:
    """App to why no request should be made of its findings; the empty name for what holds of every app."""
    rows = audit.leading
    stale = rows.loc[rows["kind"].astype("str") == "source-stale", ["app", "value"]].astype("str").fillna("")
    gates = {gate.app: gate for gate in audit.gates}
    return {
        app: f"{name} is stale: who left may be back, and an id may be somebody else's"
        for app, name in stale.itertuples(index=False, name=None)
    } | {
        app: f"the gate {gate.name} of {gate.subject} tripped: the finding may be the data's fault"
        for app, gate in gates.items()
    }
