"""What is said of an audit in words, the same in every report. No report may make an app look better than this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from scimaudit.plural import count
from scimaudit.result import AppLine, ApprovalLine, AppVerdict, Audit, Equation, Gate, Meta

NOT_PROVEN: Final = "not proven"

WALKS: Final[Mapping[str, str]] = {
    "complete": "every row was received",
    "incomplete": "listing was cut short",
    "unprovable": "nothing proves that every row was received",
    "failed": "listing failed",
    "not audited": "nothing was listed",
}
SCOPES: Final[Mapping[str, str]] = {
    "all": "shows every account",
    "partial": "hides some accounts",
    "unknown": "unknown whether it shows every account",
}
EXITS: Final[Mapping[int, str]] = {
    0: "nothing at or above the threshold",
    1: "findings at or above the threshold",
    2: "usage or configuration",
    3: "a listing or a roster was not proven complete, or its settings changed",
    4: "a safety gate tripped",
    5: "evidence failed verification",
    130: "interrupted",
}


def when(instant: datetime | None, zone: str = "UTC") -> str:
    """An instant to the minute in a zone, with the zone's name; empty for none."""
    return "" if instant is None else f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def age(then: datetime | None, now: datetime) -> str:
    """How old ``then`` is at ``now``: ``3 days``, ``5 hours``, ``unknown age``."""
    if then is None:
        return "unknown age"
    hours = (now - then).total_seconds() / 3600
    if hours < 0:
        return f"{age(now, then)} after the audit's date"
    if hours < 1:
        return "under an hour"
    return count(int(hours), "hour") if hours < 48 else count(int(hours // 24), "day")


def proven(app: AppLine) -> bool:
    """Whether every account of the app was seen: walk complete and scope all, and no verdict that says otherwise."""
    return app.walk == "complete" and app.scope == "all" and app.verdict in ("clean", "findings")


def tenable(app: AppLine) -> AppVerdict:
    """The app's verdict, or ``not proven`` where it claims more than the listing proves."""
    return app.verdict if proven(app) or app.verdict in ("failed", "not audited") else "not proven"


def verdict(app: AppLine) -> str:
    """The app's verdict in words; whatever was not proven says so."""
    if proven(app):
        return "proven clean" if app.verdict == "clean" else "proven, with findings"
    said = tenable(app)
    return NOT_PROVEN if said == NOT_PROVEN else f"{NOT_PROVEN}: {said}"


def verdicts(audit: Audit) -> Mapping[str, str]:
    """What may be said of each app, by the app's name and by the names of its listings."""
    said = {app.app: verdict(app) for app in audit.apps}
    return said | {line.name: said.get(line.app, NOT_PROVEN) for line in audit.sources if line.app is not None}


def reason(app: AppLine) -> str:
    """Why the app has its verdict."""
    if app.verdict_reason:
        return app.verdict_reason
    parts = []
    if app.walk != "complete":
        parts.append(_because(WALKS.get(app.walk, app.walk), app.walk_reason))
    if app.scope != "all":
        parts.append(_because(SCOPES.get(app.scope, app.scope), app.scope_reason))
    return "; ".join(parts)


def title(app: AppLine) -> str:
    """The app's name to show."""
    return app.title or app.app


def headline(apps: Iterable[AppLine]) -> str:
    """The verdict over all apps: ``3 of 6 apps proven complete; 1 proven clean``."""
    every = list(apps)
    whole = [app for app in every if proven(app)]
    clean = [app for app in whole if app.verdict == "clean"]
    return f"{len(whole):,} of {count(len(every), 'app')} proven complete; {len(clean):,} proven clean"


def scope_sentence(audit: Audit) -> str:
    """What the audit looked at, in one sentence."""
    rosters = sum(source.fills == "people" for source in audit.sources)
    listed = sum(app.verdict not in ("failed", "not audited") for app in audit.apps)
    accounts = sum(app.accounts for app in audit.apps)
    return (
        f"{count(accounts, 'account')} of {listed:,} listed apps ({len(audit.apps):,} known) were compared with "
        f"{count(audit.meta.people, 'person', 'people')}, {audit.meta.people_active:,} of them active, "
        f"from {count(rosters, 'roster')}."
    )


def balance(equation: Equation) -> str:
    """An equation in figures: ``412 = 400 parsed + 12 rejected``."""
    right = " + ".join(f"{number:,} {name}" for name, number in equation.right.items())
    return f"{equation.left:,} {'=' if equation.holds else '≠'} {right or '0'}"


def _because(what: str, why: str) -> str:
    return f"{what} ({why})" if why else what


def gate(tripped: Gate) -> str:
    """A tripped gate in one sentence."""
    accepted = f"; accepted for this run by {tripped.accepted}" if tripped.accepted else ""
    return f"{tripped.name}: {tripped.said}{accepted}"


def exit_sentence(meta: Meta) -> str:
    """The exit code and why: ``3: the listing of crm was cut short``."""
    return f"{meta.exit_code}: " + ("; ".join(meta.exit_reasons) or EXITS.get(meta.exit_code, "unknown"))


def holder(line: ApprovalLine) -> str:
    """Whom a decision is about: ``Kari Nilsen (knilsen)``, the account alone, or the person alone."""
    account = line.account or line.account_id
    if line.person and account:
        return f"{line.person} ({account})"
    return account or line.person or line.person_id


def signature(line: ApprovalLine) -> str:
    """Who decided, when, until when and why; that nobody did where nobody did."""
    if not line.by:
        return line.trouble
    said = line.by
    if line.on:
        said += f" on {line.on}"
    said += f", until {line.until}" if line.until else ", without an end"
    return said + (f": {line.reason}" if line.reason else "")


def policy(line: ApprovalLine) -> str:
    """What the rules of the policy say of a right, with who owns them and why."""
    if line.what != "right":
        return ""
    said = [
        f"{word.rule} {word.says} it{f' (owner {word.owner})' if word.owner else ''}: {word.why}" for word in line.rules
    ]
    return "; ".join(said) or ("no rule allows it" if line.person_id else "no rule can: nobody owns the account")


def approvals(lines: Iterable[ApprovalLine]) -> str:
    """The rights of which somebody must say yes, in one sentence."""
    every = list(lines)
    untold = sum(line.what == "power" for line in every)
    left = f"; in {count(untold, 'app')} nobody has said which rights give power" if untold else ""
    needed = [line.state for line in every if line.what == "right" and line.needed]
    if not needed:
        return "no right is seen here of which somebody must say yes" + left
    parts = (
        (needed.count("nobody"), "approved by nobody"),
        (needed.count("does not count"), "with an approval that does not count"),
        (needed.count("unclear"), "where it is unclear"),
        (needed.count("counts"), "approved"),
    )
    told = ", ".join(f"{number:,} {words}" for number, words in parts if number)
    return f"{count(len(needed), 'right')} of which somebody must say yes: {told}{left}"


def controlled(said: str) -> str:
    """How a control is done, in words."""
    return said or "not said"
