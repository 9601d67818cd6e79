"""How results reach standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import typer
from rich.text import Text

from scimaudit import renderers, tables
from scimaudit.cli.options import Format
from scimaudit.plural import count
from scimaudit.renderers import _words, terminal
from scimaudit.renderers.csv import write

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from rich.console import Console

    from scimaudit.answers import ControlLine, RuleLine
    from scimaudit.ledger import Ledger
    from scimaudit.policy.trials import Outcome
    from scimaudit.policy_check import PolicyCheck
    from scimaudit.policy_review import Change, Coverage
    from scimaudit.register import RegisterLine, Stopping
    from scimaudit.result import ApprovalLine, Audit, ExceptionLine, FeedLine, KindLine

_WIDE = 130
"""Columns of a terminal from which decisions stand in columns of their own."""

_STOPPED = "should have been stopped by"


def audit(result: Audit, *, json: bool, quiet: bool, no_color: bool) -> None:
    """An audit's summary, or the whole of it as JSON."""
    if json:
        renderers.load("json").render(result, sys.stdout.buffer)
    elif not quiet:
        terminal.summary(terminal.console(no_color=no_color), result)


def caution(said: str) -> None:
    """What a reader must know beside the rows: to stderr, so that a pipe gets rows alone."""
    if said:
        typer.echo(said, err=True)


def findings(frame: pd.DataFrame, form: Format, *, no_color: bool, title: str = "") -> None:
    """Findings as a table, as CSV or as JSON Lines."""
    if form is Format.table:
        terminal.findings(terminal.console(no_color=no_color), frame, title)
    elif form is Format.json:
        records(frame)
    else:
        csv(tables.conform(frame, tables.FINDINGS))


def holders(frame: pd.DataFrame, form: Format, out: Console) -> None:
    """Who holds what in an app."""
    if form is Format.json:
        records(frame)
    elif form is Format.csv:
        csv(pa.Table.from_pandas(frame, preserve_index=False))
    else:
        plain = frame.astype("str").fillna("")
        plain["privileged"] = plain["privileged"].map({"True": "privileged", "False": ""})
        plain["active"] = plain["active"].map({"True": "active", "False": "inactive"}).fillna("unknown")
        plain["via"] = ("through " + plain["via"]).where(plain["type"] == "indirect", "")
        head = ("power", "kind", "right", "account", "status", "person", "how")
        columns = ["privileged", "attribute", "entitlement", "user_name", "active", "person", "via"]
        terminal.rows(out, count(len(frame), "right"), head, plain[columns].itertuples(index=False, name=None))


def queue(frame: pd.DataFrame, form: Format, out: Console, decisions: Path) -> None:
    """Accounts whose owner is unclear, and how to decide them."""
    if form is Format.json:
        records(frame)
    elif form is Format.csv:
        csv(pa.Table.from_pandas(frame, preserve_index=False))
    else:
        columns = ["app", "user_name", "display_name", "situation", "tier", "candidates", "reason"]
        head = ("app", "account", "name", "situation", "tier", "candidates", "why it is not accepted")
        plain = frame[columns].astype("str").fillna("")
        terminal.rows(out, f"{len(frame)} to decide", head, plain.itertuples(index=False, name=None))
        if len(frame):
            first = frame.iloc[0]
            out.print()
            out.print(terminal.text(f"To decide one, add a line to {decisions}, for example"))
            out.print(terminal.text("app,account_id,person_id,relation,decided_by,decided_on,until,reason"))
            decided = f"{first['app']},{first['account_id']},{first['first']},is"
            out.print(terminal.text(f"{decided},you@example.com,YYYY-MM-DD,,asked the manager"))


def exceptions(out: Console, lines: Sequence[ExceptionLine]) -> None:
    """Who accepted which finding until when, and whether it counts."""
    body = [
        (
            line.id,
            terminal.text(line.state, "green" if line.state == "valid" else "red"),
            line.kind,
            line.app or "across apps",
            line.subject,
            line.covers,
            line.approver,
            line.expires,
            line.trouble or line.reason,
        )
        for line in lines
    ]
    head = ("id", "state", "kind", "app", "subject", "names", "approved by", "until", "because")
    terminal.rows(out, count(len(lines), "exception"), head, body, right=("names",))


def rules(out: Console, lines: Sequence[RuleLine]) -> None:
    """What each rule judged and could not judge."""
    body = [
        (
            line.family, line.kind, line.severity, f"{line.population:,}", f"{line.failed:,}", f"{line.passed:,}",
            f"{line.not_evaluable:,}", f"{line.false_positive} of {line.decided}" if line.decided else "", line.reason,
        )
        for line in lines
    ]  # fmt: skip
    head = ("family", "kind", "severity", "judged", "failed", "passed", "not evaluable", "called false", "why not")
    terminal.rows(out, count(len(lines), "rule"), head, body, right=("judged", "failed", "passed", "not evaluable"))


def _unjudged(line: RuleLine) -> str:
    return f"{line.not_evaluable:,} not evaluable" + (f" ({line.reason})" if line.reason else "")


def _precision(line: RuleLine) -> str:
    if line.precision is None:
        return "nobody has decided on a finding of it"
    return f"{line.precision:.0%}: {line.false_positive:,} of {line.decided:,} decided were called false"


def kind(out: Console, told: KindLine, line: RuleLine) -> None:
    """One rule in full."""
    said = [
        ("kind", told.kind),
        ("family", told.family),
        ("severity", told.severity),
        *terminal.documented(told),
        (_STOPPED, ", ".join(told.stopped_by).replace("_", " ") or "none of an app's five controls"),
        ("judged", f"{line.population:,}: {line.failed:,} failed, {line.passed:,} passed, {_unjudged(line)}"),
        ("precision", _precision(line)),
    ]
    terminal.rows(out, told.title, ("", ""), said)


def controls(out: Console, lines: Sequence[ControlLine]) -> None:
    """What was tested for each control."""
    body = [
        (
            line.control,
            line.title,
            f"{line.tested:,}",
            f"{line.failed:,}",
            f"{line.not_evaluable:,}",
            ", ".join(line.kinds),
            "; ".join(line.why),
        )
        for line in lines
    ]
    head = ("control", "in short", "tested", "failed", "not evaluable", "by", "why not")
    terminal.rows(out, count(len(lines), "control"), head, body, right=("tested", "failed", "not evaluable"))


def trials(out: Console, outcomes: Sequence[Outcome], *, json: bool) -> None:
    """What the policy says of each example, the failing ones first."""
    if json:
        sys.stdout.buffer.write(orjson.dumps(outcomes, option=orjson.OPT_INDENT_2) + b"\n")
        return
    body = [
        (
            terminal.text("pass", "green") if each.passed else terminal.text("fail", "red"),
            each.name,
            each.expect,
            each.found,
        )
        for each in sorted(outcomes, key=lambda each: each.passed)
    ]
    wrong = sum(not each.passed for each in outcomes)
    terminal.rows(out, f"{len(outcomes)} tests, {wrong} failed", ("", "test", "expected", "found"), body)


def coverage(out: Console, found: Coverage, *, json: bool) -> None:
    """What rules and snapshot do not say of each other."""
    if json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return
    terminal.rows(out, f"{count(len(found.idle), 'rule')} that nothing rests on", ("rule", "because"), found.idle)
    out.print()
    head = ("app", "kind", "right", "holders")
    terminal.rows(
        out, f"{count(len(found.unnamed), 'right')} that no rule names", head, found.unnamed, right=("holders",)
    )
    out.print()
    terminal.rows(
        out,
        f"{count(len(found.unspoken), 'person', 'people')} of whom no rule speaks",
        ("person", "name"),
        found.unspoken,
    )


def defects(out: Console, found: PolicyCheck, *, json: bool) -> None:
    """Lines of policy files that cannot mean what they say, and how many cannot be judged."""
    if json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return
    body = [(each.place, each.name, each.app, each.expected, each.actual) for each in found.defects]
    head = ("line", "name", "app", "expected", "found")
    terminal.rows(out, f"{count(found.lines, 'line')}, {count(len(found.defects), 'defect')}", head, body)
    if found.open:
        out.print()
        unclear = [(each.place, each.name, each.app, each.why) for each in found.open]
        terminal.rows(out, f"{len(found.open)} not evaluable", ("line", "name", "app", "why"), unclear)
    if not found.snapshot:
        out.print(terminal.text("There is no snapshot: people, accounts and rights were not looked at.", "yellow"))


def changes(out: Console, found: Sequence[Change], *, json: bool) -> None:
    """What another policy would judge otherwise."""
    if json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return
    body = [(each.app, each.person_id, each.person_name, each.right, each.before, each.after) for each in found]
    head = ("app", "person", "name", "right", "now", "with the other policy")
    terminal.rows(out, count(len(found), "change"), head, body)


def feeds(out: Console, lines: Sequence[FeedLine]) -> None:
    """The authoritative-source map."""
    counts = ("owned", "resembling", "foreign", "agreeing", "differing", "unknown")
    body = [
        (
            line.app,
            line.attribute or terminal.text("not fed", "yellow"),
            ", ".join(line.rosters),
            *(f"{getattr(line, name):,}" for name in counts),
        )
        for line in lines
    ]
    title = "Where attributes should come from, and whose accounts these are"
    terminal.rows(out, title, ("app", "attribute", "roster", *counts), body, right=counts)


def approvals(out: Console, lines: Sequence[ApprovalLine]) -> None:
    """Who approved each right, and who decided what else."""
    out.print(terminal.text(_words.approvals(lines), "bold"))
    rights = [line for line in lines if line.what in ("finding", "right")]
    others = [line for line in lines if line.what not in ("finding", "right")]
    narrow = out.width < _WIDE
    head: tuple[str, ...]
    body: list[tuple[object, ...]]
    if rights:
        out.print()
        head = ("app", "account", "right", "counts", "approved by", "policy")
        body = [(line.app, _words.holder(line), _right(line), *_decided(line), _words.policy(line)) for line in rights]
        if narrow:
            head, body = ("app", "account", "right", "approved by"), [(*row[:3], _stacked(row[3:])) for row in body]
        terminal.rows(out, "Rights, those that nobody approved first", head, body)
    out.print()
    if others:
        head = ("what", "app", "account", "decision", "counts", "by")
        body = [
            (line.what, line.app or "across apps", _words.holder(line), line.subject, *_decided(line))
            for line in others
        ]
        if narrow:
            head, body = ("what", "app", "account", "decision"), [(*row[:3], _stacked(row[3:])) for row in body]
        terminal.rows(out, "What else was decided, or was not", head, body)
    else:
        out.print(terminal.text("nobody decided anything else"))


def _right(line: ApprovalLine) -> Text:
    return terminal.text(f"{line.subject} (privileged)", "magenta") if line.privileged else terminal.text(line.subject)


def _decided(line: ApprovalLine) -> tuple[Text, Text]:
    """Whether a decision counts, and who took it or that nobody did."""
    tone = {"counts": "green", "unclear": "yellow"}.get(line.state, "red" if line.needed or line.by else "dim")
    because = f" ({line.trouble})" if line.by and line.trouble else ""
    return terminal.text(line.state, tone), terminal.text(_words.signature(line) + because)


def _stacked(cells: Sequence[object]) -> Text:
    """Several cells as one, a line each, where the window is too narrow for columns."""
    parts = [cell if isinstance(cell, Text) else terminal.text(cell) for cell in cells]
    return Text("\n").join(part for part in parts if part.plain)


def register(out: Console, lines: Sequence[RegisterLine]) -> None:
    """The controls of each app side by side, then what they leave open."""
    tones = {"gap": "red", "contradicted": "red", "not said": "yellow"}
    names = [each.control.replace("_", " ") for each in lines[0].controls] if lines else []
    body = [
        (line.app, *(terminal.text(_words.controlled(each.said), tones.get(each.state, "")) for each in line.controls))
        for line in lines
    ]
    terminal.rows(out, "Who controls what: sign-in, and the life of the account", ("app", *names), body)
    gaps = [(line.app, *gap) for line in lines for gap in line.gaps]
    gaps += [(line.app, "", line.compared) for line in lines if line.compared]
    if gaps:
        out.print()
        terminal.rows(
            out, "Gaps and contradictions", ("app", "control", "what is open"), sorted(gaps, key=itemgetter(0))
        )


def stopping(out: Console, found: Stopping) -> None:
    """Which controls should have stopped a finding."""
    names = ", ".join(name.replace("_", " ") for name in found.stopped_by)
    facts = [
        ("finding", found.finding_id),
        ("kind", f"{found.kind}: {found.title}"),
        ("app", found.app or "across apps"),
        ("what", found.actual),
        (_STOPPED, names or "none of the five controls: it is said of data, or of what people decided"),
    ]
    terminal.rows(out, "Which control stops this", ("", ""), facts)
    if found.controls:
        out.print()
        body = [(each.control.replace("_", " "), _words.controlled(each.said), each.data) for each in found.controls]
        terminal.rows(out, "What the register says of it", ("control", "by", "what the data say"), body)
    out.print()
    terminal.rows(out, "Relevant to, in our words", ("control", "in short"), list(found.frameworks.items()))


def ledger(out: Console, found: Ledger) -> None:
    """What could not be evaluated, why, and what would help."""
    out.print(terminal.text(found.said, "bold"))
    body = [
        (line.app or "across apps", line.kind, f"{doubt.rows:,} of {line.population:,}", doubt.reason, doubt.helps)
        for line in found.lines
        for doubt in line.doubts
    ]
    body += [
        (line.app or "across apps", line.kind, f"0 of {line.population:,}", "", "")
        for line in found.lines
        if not line.doubts
    ]
    if body:
        out.print()
        head = ("app", "kind", "not evaluable", "because", "what would make it evaluable")
        terminal.rows(out, "What could not be evaluated", head, body, right=("not evaluable",))
    if found.not_audited:
        out.print()
        terminal.rows(out, "Apps of which nothing was judged", ("app", "because"), found.not_audited)
    if found.unproven:
        out.print()
        body = [(each.source, each.what, each.state, each.reason, each.helps) for each in found.unproven]
        head = ("source", "proof of", "state", "because", "what would prove it")
        terminal.rows(out, "What is not proven", head, body)
    if found.off:
        out.print()
        out.print(terminal.text("switched off, and so judging nothing: " + ", ".join(found.off)))


def csv(table: pa.Table) -> None:
    """A table as the CSV reports write it: safe to open in a spreadsheet."""
    write(table, sys.stdout.buffer)


def records(frame: pd.DataFrame) -> None:
    """A frame as JSON Lines, one object per row; unknown is null."""
    known = [name for name in tables.FINDINGS.names if name in frame.columns]
    table = tables.conform(frame, tables.FINDINGS) if len(known) == len(tables.FINDINGS) else None
    lines: Sequence[dict[str, Any]] = table.to_pylist() if table is not None else _rows(frame)
    for line in lines:
        sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_UTC_Z) + b"\n")


def json(value: object) -> None:
    """A result as indented JSON."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n")


def plain(row: pd.Series) -> dict[str, Any]:
    """One row as JSON can hold it."""
    return _rows(row.to_frame().T)[0]


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    whole = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in whole.to_dict("records")]
