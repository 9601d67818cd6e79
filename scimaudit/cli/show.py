"""How results reach standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from scimaudit import renderers, tables
from scimaudit.cli.options import Format
from scimaudit.renderers import terminal
from scimaudit.renderers.csv import write

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from rich.console import Console

    from scimaudit.answers import ControlLine, RuleLine
    from scimaudit.policy.trials import Outcome
    from scimaudit.policy_check import PolicyCheck
    from scimaudit.policy_review import Change, Coverage
    from scimaudit.result import Audit, ExceptionLine, FeedLine, KindLine


def audit(result: Audit, *, json: bool, quiet: bool, no_color: bool) -> None:
    """An audit's summary, or the whole of it as JSON."""
    if json:
        renderers.load("json").render(result, sys.stdout.buffer)
    elif not quiet:
        terminal.summary(terminal.console(no_color=no_color), result)


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
        terminal.rows(out, f"{len(frame)} rights", head, plain[columns].itertuples(index=False, name=None))


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
    head = ("id", "state", "kind", "app", "subject", "covers", "approved by", "until", "because")
    terminal.rows(out, f"{len(lines)} exceptions", head, body, right=("covers",))


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
    terminal.rows(out, f"{len(lines)} rules", head, body, right=("judged", "failed", "passed", "not evaluable"))


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
        ("detects", told.detects),
        ("why", told.why),
        ("remediation", told.remediation),
        ("controls", ", ".join(told.controls)),
        *((f"rules.{told.kind}.{name}", value) for name, value in told.settings.items()),
        ("judged", f"{line.population:,}: {line.failed:,} failed, {line.passed:,} passed"),
        ("not evaluable", f"{line.not_evaluable:,}" + (f" ({line.reason})" if line.reason else "")),
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
    terminal.rows(out, f"{len(lines)} controls", head, body, right=("tested", "failed", "not evaluable"))


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
    terminal.rows(out, f"{len(found.idle)} rules that nothing rests on", ("rule", "because"), found.idle)
    out.print()
    head = ("app", "kind", "right", "holders")
    terminal.rows(out, f"{len(found.unnamed)} rights that no rule names", head, found.unnamed, right=("holders",))
    out.print()
    terminal.rows(out, f"{len(found.unspoken)} people of whom no rule speaks", ("person", "name"), found.unspoken)


def defects(out: Console, found: PolicyCheck, *, json: bool) -> None:
    """Lines of policy files that cannot mean what they say, and how many cannot be judged."""
    if json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return
    body = [(each.place, each.name, each.app, each.expected, each.actual) for each in found.defects]
    head = ("line", "name", "app", "expected", "found")
    terminal.rows(out, f"{found.lines} lines, {len(found.defects)} defects", head, body)
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
    terminal.rows(out, f"{len(found)} changes", head, body)


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
