"""The terminal: tables for people, plain columns for pipes. Every text from a server shows its tricks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scimaudit.plural import count
from scimaudit.renderers import _words
from scimaudit.renderers.encode import show
from scimaudit.result import Audit

if TYPE_CHECKING:
    import pandas as pd

    from scimaudit.checkup import Checkup
    from scimaudit.correlate import TierTrial
    from scimaudit.explain import RuleTrial
    from scimaudit.inquiry import AccountLine, Whereabouts
    from scimaudit.result import ExceptionLine, KindLine

_STYLES: Final[Mapping[str, str]] = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
    "clean": "bold green",
    "findings": "yellow",
    "not proven": "bold yellow",
    "not audited": "bold yellow",
    "failed": "bold red",
    "active": "bold",
    "inactive": "dim",
    "privileged": "bold magenta",
    "not-evaluable": "yellow",
    "fail": "red",
    "pass": "green",
}
_PIPE_WIDTH: Final = 100_000


def console(*, no_color: bool = False, stderr: bool = False) -> Console:
    """A console that draws boxes and colours for a terminal, and neither, on lines of any length, for a pipe."""
    plain = Console(stderr=stderr, no_color=no_color or None, highlight=False, emoji=False, markup=False)
    if plain.is_terminal:
        return plain
    return Console(stderr=stderr, no_color=True, highlight=False, emoji=False, markup=False, width=_PIPE_WIDTH)


_UNBROKEN: Final = frozenset({"id", "severity", "kind", "app", "tier", "outcome", "rule"})


def text(value: object, style: str = "") -> Text:
    """A text from anywhere, safe to print, in the style of its word where it has one."""
    said = "" if value is None else show(str(value))
    return Text(said, style=style or _STYLES.get(said, ""))


def rows(
    out: Console, title: str, head: Sequence[str], body: Iterable[Sequence[object]], *, right: Sequence[str] = ()
) -> None:
    """A table.

    :param right: heads of the columns that are numbers.
    """
    shown = out.is_terminal
    table = Table(
        title=title if shown and title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD if shown else None,
        pad_edge=shown,
        padding=(0, 1) if shown else (0, 2, 0, 0),
        show_edge=False,
        show_header=any(head),
    )
    for name in head:
        # An id that is broken over two lines cannot be copied.
        whole = not shown or name in _UNBROKEN
        table.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=whole)
    for line in body:
        table.add_row(*(cell if isinstance(cell, Text) else text(cell) for cell in line))
    out.print(table)


def findings(out: Console, frame: pd.DataFrame, title: str = "") -> None:
    """Findings, one per line."""
    columns = ["finding_id", "severity", "kind", "app", "user_name", "person_name", "actual", "expected"]
    plain = frame[columns].astype("str").fillna("")
    plain["user_name"] = plain["user_name"].where(
        plain["user_name"] != "", frame["account_id"].astype("str").fillna("")
    )
    plain["app"] = plain["app"].where(plain["app"] != "nan", "")
    head = ("id", "severity", "kind", "app", "account", "person", "actual", "expected")
    rows(out, title or count(len(frame), "finding"), head, plain.itertuples(index=False, name=None))


def summary(out: Console, audit: Audit) -> None:
    """The whole audit on one screen: completeness first, then what was found, then how the run ends and why."""
    meta = audit.meta
    name = show(meta.organisation) or "Audit"
    out.print(Text(f"{name}: accounts as of {_words.when(meta.as_of, meta.time_zone)}", style="bold"))
    people = count(meta.people, "person", "people")
    out.print(text(f"snapshot {meta.snapshot_id}, {people} in the roster, {meta.people_active:,} of them current"))
    gates(out, audit)
    out.print()
    head = ("app", "verdict", "walk", "scope", "accounts", "matched", "unmatched", "ambiguous", "findings")
    body = [
        (
            app.app,
            text(_words.verdict(app), _STYLES.get(app.verdict, "")),
            _proof(app.walk, "complete"),
            _proof(app.scope, "all"),
            f"{app.accounts:,}",
            f"{app.matched:,}",
            f"{app.unmatched:,}",
            f"{app.ambiguous:,}",
            _counts(app.findings),
        )
        for app in audit.apps
    ]
    rows(out, "Apps", head, body, right=("accounts", "matched", "unmatched", "ambiguous"))
    if audit.apps:
        out.print()
        behind = [(app.app, app.verdict_reason) for app in audit.apps]
        rows(out, "What stands behind the verdicts", ("app", "because"), behind)
    out.print()
    _families(out, audit)
    out.print()
    rows(out, "Ends with", ("exit", "because"), _ending(audit))


def gates(out: Console, audit: Audit) -> None:
    """The safety gates that tripped."""
    for gate in audit.gates:
        out.print(text(f"GATE {gate.name}: {gate.said}", "bold red"))
    for gate in audit.meta.accepted:
        out.print(text(f"accepted for this run, {gate.name}: {gate.said}; {gate.accepted}", "yellow"))


def whereabouts(out: Console, found: Whereabouts, zone: str) -> None:
    """One person across all apps."""
    rows(out, "In the system of record", ("", ""), list(found.person.items()))
    out.print()
    if found.accounts:
        _accounts(out, "Accounts", found.accounts, zone)
    else:
        out.print(text("no account is theirs for certain"))
    if found.possible:
        out.print()
        _accounts(out, "Possibly theirs", found.possible, zone)
    if found.findings:
        out.print()
        rows(out, "Findings on the person", ("kind", "severity", "what"), found.findings)
    if found.silent:
        out.print()
        rows(out, "Where no account proves nothing", ("app", "because"), found.silent)


def account(out: Console, line: AccountLine, zone: str) -> None:
    """One account: whose it is and why, what it holds, what is wrong with it."""
    facts = [
        ("app", line.app),
        ("account", line.account_id),
        ("user name", line.user_name),
        ("name", line.display_name),
        ("status", _active(line.active)),
        ("last sign-in", _words.when(line.last_login, zone) or "unknown"),
        ("situation", line.situation),
        ("person", line.person_id),
        *(("because", why) for why in line.why),
        ("note", line.reason),
        ("candidates", ", ".join(line.runners_up)),
    ]
    rows(out, "Account", ("", ""), [(name, value) for name, value in facts if value])
    out.print()
    if line.rights:
        body = [
            (
                right.name,
                right.attribute,
                "privileged" if right.privileged else "",
                right.via and f"through {right.via}",
            )
            for right in line.rights
        ]
        rows(out, "Rights, privileged first", ("right", "kind", "power", "how"), body)
    else:
        out.print(text("no rights are listed"))
    if line.findings:
        out.print()
        rows(out, "Findings", ("kind", "severity", "what"), line.findings)


def finding(
    out: Console, row: pd.Series, kind: KindLine, time_zone: str, accepted: ExceptionLine | None = None
) -> None:
    """One finding, and what its kind means.

    :param accepted: the exception that covers it.
    """
    names = (
        "finding_id",
        "kind",
        "severity",
        "severity_why",
        "app",
        "user_name",
        "person_name",
        "attribute",
        "value",
        "expected",
        "actual",
        "evidence",
        "first_seen",
        "disposition",
        "owner",
        "risk",
        "action",
        "covered_by",
    )
    told = row.drop("first_seen").astype(object)
    if not _missing(row["first_seen"]):
        told["first_seen"] = _words.when(row["first_seen"], time_zone)
    said = [(name.replace("_", " "), str(told[name])) for name in names if not _missing(told.get(name))]
    if accepted is not None:
        signed = f"{accepted.id}: {accepted.approver} on {accepted.approved}, until {accepted.expires}"
        said.append(("accepted", f"{signed}, asked for by {accepted.requested_by}: {accepted.reason}"))
    rows(out, kind.title, ("", ""), [*said, *documented(kind)])
    out.print()


def documented(kind: KindLine) -> list[tuple[str, str]]:
    """What a kind means, in the order of its page in the documentation."""
    return [
        ("detects", kind.detects),
        ("why", kind.why),
        ("not evaluable", kind.not_evaluable),
        *((f"rules.{kind.kind}.{name}", value) for name, value in kind.settings.items()),
        ("controls", ", ".join(kind.controls)),
        ("remediation", kind.remediation),
    ]


def trials(out: Console, tiers: Sequence[TierTrial], tried: Sequence[RuleTrial]) -> None:
    """Every tier and every rule tried on one account."""
    out.print()
    body = [(trial.tier, trial.outcome, trial.key, ", ".join(trial.candidates), trial.text) for trial in tiers]
    rows(out, "Correlation, tier by tier", ("tier", "outcome", "compared", "people", "what it says"), body)
    out.print()
    rows(
        out, "Rules", ("rule", "outcome", "what it says"), [(trial.kind, trial.outcome, trial.text) for trial in tried]
    )


def _missing(value: object) -> bool:
    """Whether a cell is missing."""
    return value is None or value != value


def _accounts(out: Console, title: str, lines: Sequence[AccountLine], zone: str) -> None:
    body = [
        (
            line.app,
            line.user_name or line.account_id,
            _active(line.active),
            _words.when(line.last_login, zone),
            line.why[0] if line.why else line.reason,
            _rights(line),
            ", ".join(sorted({kind for kind, _, _ in line.findings})),
        )
        for line in lines
    ]
    rows(
        out,
        title,
        ("app", "account", "status", "last sign-in", "linked by", "rights, privileged first", "findings"),
        body,
    )


def _rights(line: AccountLine) -> Text:
    said = Text()
    for place, right in enumerate(line.rights):
        said.append(", " if place else "")
        said.append(show(right.name), style=_STYLES["privileged"] if right.privileged else "")
        if right.privileged:
            said.append(" (privileged)")
    return said


def _active(active: bool | None) -> str:
    return "unknown" if active is None else "active" if active else "inactive"


def _proof(state: str, good: str) -> Text:
    return text(state, "green" if state == good else "yellow")


def _counts(counts: Mapping[str, int]) -> Text:
    said = Text()
    for place, (severity, number) in enumerate(counts.items()):
        said.append(", " if place else "")
        said.append(f"{number} {severity}", style=_STYLES.get(severity, ""))
    return said


def _families(out: Console, audit: Audit) -> None:
    leading = audit.leading
    counted = leading.astype({"family": "str", "kind": "str"}).groupby(["family", "kind"])["severity"]
    titles = {kind.kind: kind.title for kind in audit.kinds}
    order = ("orphan", "drift", "excess", "control", "data")
    body = sorted(
        ((str(family), str(kind), titles.get(str(kind), ""), len(group)) for (family, kind), group in counted),
        key=lambda line: (order.index(line[0]), -line[3], line[1]),
    )
    covered = int(audit.findings["covered_by"].notna().sum())
    aside = audit.set_aside["disposition"].astype("str").value_counts().sort_index()
    title = count(len(leading), "open finding")
    title += "".join(f", {number} {name}" for name, number in aside.items())
    title += f", and {covered} more on accounts that another finding already settles" if covered else ""
    rows(out, title, ("family", "kind", "what", "count"), body, right=("count",))


def _ending(audit: Audit) -> list[tuple[object, object]]:
    reasons = list(audit.meta.exit_reasons) or [f"nothing at or above {audit.meta.fail_on}"]
    unproven = [app.app for app in audit.apps if app.scope != "all" and app.walk == "complete"]
    if unproven:
        reasons.append("not proven to show every account: " + ", ".join(unproven))
    return [(audit.meta.exit_code if place == 0 else "", reason) for place, reason in enumerate(reasons)]


def checkup(out: Console, found: Checkup) -> None:
    """Whether each source can be reached, what it is, and how well keys match."""
    body = [
        (
            source.name,
            text("failed") if source.error else text("reached", "green"),
            f"{source.rows:,}",
            source.error or ", ".join(f"{name} {value}" for name, value in source.facts.items()),
            source.hint or "; ".join(source.notes),
        )
        for source in found.sources
    ]
    rows(out, "Sources", ("source", "", "rows", "what it is", "note"), body, right=("rows",))
    out.print()
    samples = [
        (source.name, "; ".join(f"{name} = {value}" for name, value in source.sample.items()))
        for source in found.sources
        if source.sample
    ]
    rows(out, "The first row of each, as it was understood", ("source", "columns"), samples)
    out.print()
    lines = [
        (key.app, key.tier, f"{key.with_key:,}", f"{key.matched:,}", f"{key.share:.0%}" if key.with_key else "")
        for key in found.keys
    ]
    rows(out, "Correlation keys", ("app", "tier", "accounts with the key", "match one person", "share"), lines)
    if found.blind:
        out.print()
        blind = [(each.app, each.kind, f"{each.rows:,} of {each.population:,}", each.reason) for each in found.blind]
        rows(out, "Will not be evaluable", ("app", "rule", "rows", "because"), blind, right=("rows",))
    if found.sealing:
        out.print()
        parts = [
            (part.part, text("fails") if part.error else text("works", "green"), part.where, part.error, part.hint)
            for part in found.sealing
        ]
        rows(out, "Sealing", ("part", "", "where", "what is wrong", "what to do"), parts)
    if found.not_audited:
        out.print()
        out.print(text("known, without a source, and so not audited: " + ", ".join(found.not_audited)))
