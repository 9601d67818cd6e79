"""What the HTML report's templates show, as plain dictionaries and lists: the templates hold no logic."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.answers import control_lines
from scimaudit.frameworks import frameworks
from scimaudit.ledger import Ledger, helps, ledger
from scimaudit.plural import count
from scimaudit.register import RegisterLine, register_lines
from scimaudit.renderers import _changes, _over_time, _tables, _words
from scimaudit.renderers.encode import show, show_column
from scimaudit.result import AppLine, ApprovalLine, Audit, KindLine, SourceLine
from scimaudit.tables import CONTROLLED, COUNTED, FAMILIES, SEVERITIES

FIRST_PAGE: Final = 100
"""Findings that stand in the page itself, for readers without JavaScript."""


FIRST_APPROVALS: Final = 500
"""Rights that stand in the page; those that nobody approved come first, and the workbook has them all."""

WORST_FIRST: Final = tuple(reversed(SEVERITIES))


def context(audit: Audit) -> dict[str, Any]:
    """Everything the templates are given; no text in it holds an unseen character."""
    meta = audit.meta
    leading = audit.leading
    counted = leading[["app", "family", "kind", "severity", "actual"]]
    apps = [{"anchor": f"app-{number}"} | _app(app, audit, counted) for number, app in enumerate(audit.apps)]
    table = _tables.findings(audit)
    names = {app.app: _words.title(app) for app in audit.apps}
    shown = {
        "meta": {
            "organisation": meta.organisation,
            "as_of": _words.when(meta.as_of, meta.time_zone),
            "collected_from": _words.when(meta.collected_from, meta.time_zone),
            "collected_to": _words.when(meta.collected_to, meta.time_zone),
            "snapshot_id": meta.snapshot_id,
            "audit_id": meta.audit_id,
            "version": meta.version,
            "fail_on": meta.fail_on,
            "exit_code": meta.exit_code,
            "exit_meaning": _words.EXITS.get(meta.exit_code, "unknown"),
            "exit_reasons": list(meta.exit_reasons),
            "people": meta.people,
            "people_active": meta.people_active,
        },
        "headline": _words.headline(audit.apps),
        "scope": _words.scope_sentence(audit),
        "gates": [_words.gate(gate) for gate in audit.gates],
        "accepted": [_words.gate(gate) for gate in audit.meta.accepted],
        "apps": apps,
        "severities": list(WORST_FIRST),
        "families": [_counted(family, counted[counted["family"] == family]) for family in FAMILIES],
        "across": _counted("across apps", leading[leading["app"].isna()]),
        "total": _counted("all", leading),
        "listed": int(audit.findings["lead"].sum()),
        "covered": int(audit.findings["covered_by"].notna().sum()),
        "set_aside": len(audit.set_aside),
        "exceptions": [asdict(line) | {"app_title": names.get(line.app, "across apps")} for line in audit.exceptions],
        "accounts": sum(app.accounts for app in audit.apps),
        "sources": [_source(line, audit) for line in audit.sources],
        "unsourced": [app for app in apps if not app["sources"]],
        "equations": [
            {
                "name": equation.name,
                "subject": equation.subject,
                "verdict": _words.verdicts(audit).get(equation.subject, ""),
                "holds": equation.holds,
                "figures": _words.balance(equation),
            }
            for equation in audit.equations
        ],
        "ledger": _ledger(audit),
        "unjudged": _unjudged(ledger(audit), apps),
        "controlled": list(CONTROLLED),
        "registers": [_register(line, apps) for line in register_lines(audit)],
        "approvals": _approvals(audit.approvals, apps),
        "feeds": [asdict(line) | {"app_title": names[line.app]} for line in audit.feeds if line.app in names],
        "power": [asdict(line) | {"app_title": names[line.app]} for line in audit.power if line.app in names],
        "savings": [asdict(line) | {"app_title": names[line.app]} for line in audit.savings if line.app in names],
        "thresholds": [asdict(line) for line in audit.thresholds],
        **_over_time.context(audit, names),
        **_changes.context(audit, names),
        "frameworks": _frameworks(audit),
        "kinds": [_kind(kind) for kind in audit.kinds],
        "defaults": dict(meta.defaults),
        "first_page": _first_page(table, audit),
        "blank": dict.fromkeys((*table.column_names, *_DERIVED), "") | {"covers": [], "blank": True},
    }
    return {name: _visible(part) for name, part in shown.items()} | {"data": _embedded(table, audit)}


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return show(value)
    if isinstance(value, dict):
        return {_visible(key): _visible(item) for key, item in value.items()}
    return [_visible(item) for item in value] if isinstance(value, list) else value


def _app(app: AppLine, audit: Audit, leading: pd.DataFrame) -> dict[str, Any]:
    own = leading[leading["app"] == app.app]
    checks = _tables.checks(audit)
    return {
        "name": app.app,
        "title": _words.title(app),
        "verdict": _words.verdict(app),
        "proven": _words.proven(app),
        "reason": _words.reason(app),
        "owner": app.owner,
        "regulated": list(app.regulated),
        "accounts": app.accounts,
        "matched": app.matched,
        "unmatched": app.unmatched,
        "ambiguous": app.ambiguous,
        "active": app.active,
        "inactive": app.inactive,
        "activity_unknown": app.activity_unknown,
        "grants": app.grants,
        "set_aside": dict(app.set_aside),
        "walk": _words.WALKS.get(app.walk, app.walk),
        "walk_reason": app.walk_reason,
        "scope": _words.SCOPES.get(app.scope, app.scope),
        "scope_reason": app.scope_reason,
        "as_of": _words.when(app.as_of, audit.meta.time_zone),
        "age": _words.age(app.as_of, audit.meta.as_of),
        "sources": [line.name for line in audit.sources if line.app == app.app],
        "count": _counted(app.app, own),
        "families": [_counted(family, own[own["family"] == family]) for family in FAMILIES],
        "checks": checks.filter(pc.equal(_tables.text(checks["app"]), app.app)).to_pylist(),
    }


def _counted(name: str, findings: pd.DataFrame) -> dict[str, Any]:
    numbers = findings["severity"].value_counts()
    bars, start = [], 0
    for severity in WORST_FIRST:
        size = int(numbers.get(severity, 0))
        bars.append({"severity": severity, "count": size, "start": start})
        start += size
    return {"name": name, "total": start, "bars": bars}


def _source(line: SourceLine, audit: Audit) -> dict[str, Any]:
    zone = audit.meta.time_zone
    return {
        "name": line.name,
        "app": line.app or "",
        "verdict": _words.verdicts(audit).get(line.name, ""),
        "read_from": line.source,
        "received": line.received,
        "parsed": line.parsed,
        "rejected": line.rejected,
        "acknowledged": line.acknowledged,
        "walk": {"state": line.walk, "words": _words.WALKS.get(line.walk, line.walk), "reason": line.walk_reason},
        "scope": {"state": line.scope, "words": _words.SCOPES.get(line.scope, line.scope), "reason": line.scope_reason},
        "entitlements": {"state": line.entitlements, "reason": line.entitlements_reason},
        "witnesses": [{"name": w.name, "outcome": w.outcome, "detail": w.detail} for w in line.witnesses],
        "notes": list(line.notes),
        "error": line.error,
        "collected_at": _words.when(line.collected_at, zone),
        "as_of": _words.when(line.as_of, zone),
        "age": _words.age(line.as_of, audit.meta.as_of),
        "reused": line.reused,
        "requests": line.requests,
        "megabytes": round(line.bytes / 1e6, 1),
        "seconds": round(line.seconds, 1),
        "waited": round(line.waited, 1),
    }


def _ledger(audit: Audit) -> list[dict[str, Any]]:
    """The checks of each kind, with their sums; those that most could not be evaluated first."""
    titles = {kind.kind: kind.title for kind in audit.kinds}
    rows: dict[str, list[dict[str, Any]]] = {}
    for check in _tables.checks(audit).to_pylist():
        rows.setdefault(check["kind"], []).append(check | {"helps": _helps(check)})
    sums = ("population", "failed", "passed", "not_evaluable")
    lines = [
        {
            "kind": kind,
            "title": titles.get(kind, kind),
            "checks": checks,
            "places": count(sum(check["not_evaluable"] > 0 for check in checks), "place"),
            **{name: sum(check[name] for check in checks) for name in sums},
        }
        for kind, checks in sorted(rows.items())
    ]
    return sorted(lines, key=lambda line: -line["not_evaluable"])


def _helps(check: Mapping[str, Any]) -> list[str]:
    """What would make the rows of a check evaluable that could not be judged."""
    reasons = [part.rpartition(" ")[0] for part in (check["reason"] or "").split(", ") if part]
    return [helps(check["kind"], reason) for reason in reasons]


def _unjudged(found: Ledger, apps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The totals, and what was not audited, not proven or switched off."""
    known = {app["name"]: app for app in apps}
    return {
        "said": found.said,
        "not_audited": [{"app": known[app], "reason": reason} for app, reason in found.not_audited],
        "unproven": [asdict(each) for each in found.unproven],
        "off": list(found.off),
    }


def _register(line: RegisterLine, apps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An app with its controls by name, and what they leave open."""
    app = next(each for each in apps if each["name"] == line.app)
    return {
        "app": app,
        "owner": line.owner,
        "controls": {
            each.control: {"said": _words.controlled(each.said), "state": each.state} for each in line.controls
        },
        "gaps": list(dict.fromkeys([*(gap for _, gap in line.gaps), line.compared])),
    }


def _approvals(lines: Sequence[ApprovalLine], apps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The rights of which somebody must say yes, and what else was decided; exceptions have a table of their own."""
    known = {app["name"]: app for app in apps}
    shown = [
        {
            "what": line.what,
            "app": known.get(line.app),
            "app_title": line.app or "across apps",
            "holder": _words.holder(line),
            "inactive": line.active is False,
            "subject": line.subject,
            "attribute": line.attribute,
            "state": line.state,
            "by": line.by,
            "signed": _words.signature(line),
            "trouble": line.trouble if line.by else "",
            "policy": _words.policy(line),
        }
        for line in lines
        if line.what != "exception"
    ]
    rights = [line for line in shown if line["what"] == "right"]
    return {
        "said": _words.approvals(lines),
        "rights": rights[:FIRST_APPROVALS],
        "more": max(len(rights) - FIRST_APPROVALS, 0),
        "others": [line for line in shown if line["what"] != "right"],
    }


def _frameworks(audit: Audit) -> list[dict[str, Any]]:
    """Each framework with its controls and what was tested for them."""
    lines = {line.control: line for line in control_lines(audit)}
    return [
        {
            "title": each.title,
            "tested": [asdict(lines[f"{each.id}/{name}"]) | {"name": name} for name in each.controls],
        }
        for each in frameworks()
    ]


def _kind(kind: KindLine) -> dict[str, Any]:
    return {
        "kind": kind.kind,
        "title": kind.title,
        "family": kind.family,
        "severity": kind.severity,
        "detects": _paragraphs(kind.detects),
        "why": _paragraphs(kind.why),
        "not_evaluable": _paragraphs(kind.not_evaluable),
        "remediation": _paragraphs(kind.remediation),
        "controls": list(kind.controls),
        "settings": dict(kind.settings),
    }


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


_DERIVED: Final = ("kind_title", "app_title", "app_unproven", "account", "person", "first_seen_day")


def _first_page(table: pa.Table, audit: Audit) -> list[dict[str, Any]]:
    """The first leading findings as they stand in the page, each with the findings that it covers."""
    head = _texts(table.filter(table["lead"]).slice(0, FIRST_PAGE))
    ids = pa.array([row["finding_id"] for row in head], pa.string())
    covered: dict[str, list[str]] = {}
    titles = {kind.kind: kind.title for kind in audit.kinds}
    for row in _texts(table.filter(pc.is_in(table["covered_by"], ids))):
        covered.setdefault(row["covered_by"], []).append(titles.get(row["kind"], row["kind"]))
    names = {app.app: _words.title(app) for app in audit.apps}
    proven = {app.app for app in audit.apps if _words.proven(app)}
    return [
        row
        | {
            "kind_title": titles.get(row["kind"], row["kind"]),
            "app_title": names.get(row["app"], row["app"]) or "across apps",
            "app_unproven": row["app_verdict"] if row["app"] and row["app"] not in proven else "",
            "account": row["user_name"] or row["account_id"],
            "person": row["person_name"] or row["person_id"],
            "first_seen_day": row["first_seen"][:10],
            "covers": covered.get(row["finding_id"], []),
            "blank": False,
        }
        for row in head
    ]


def _texts(table: pa.Table) -> list[dict[str, str]]:
    columns = {name: pc.fill_null(_tables.text(table[name]), "") for name in table.column_names}
    return pa.table(columns).to_pylist()  # type: ignore[no-any-return]


def _embedded(table: pa.Table, audit: Audit) -> str:
    """All findings for the page's script: JSON by column, each distinct text once, gzipped, in base64.

    Base64 holds nothing that could end the element it stands in.
    """
    columns = {name: _column(table[name]) for name in table.column_names}
    document: Mapping[str, Any] = {
        "columns": columns,
        "size": len(table),
        "severities": WORST_FIRST,
        "counted": COUNTED,
        "kinds": {show(kind.kind): show(kind.title) for kind in audit.kinds},
        "apps": {
            show(app.app): {
                "title": show(_words.title(app)),
                "unproven": "" if _words.proven(app) else _words.verdict(app),
            }
            for app in audit.apps
        },
    }
    return base64.b64encode(gzip.compress(orjson.dumps(document), 6, mtime=0)).decode()


def _column(column: pa.ChunkedArray) -> Mapping[str, Sequence[Any]]:
    """Distinct texts, and for each row the place of its text, -1 for null."""
    coded = _tables.text(column).combine_chunks().dictionary_encode()
    return {
        "values": show_column(coded.dictionary).to_pylist(),
        "rows": pc.fill_null(coded.indices, -1).to_pylist(),
    }
