"""``findings.csv`` and ``exceptions.csv``: every finding with where it can be looked up, and what somebody accepted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from scimaudit.config import Config
from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs, by_app
from scimaudit.result import Audit, ExceptionLine, KindLine
from scimaudit.snapshot.manifest import Manifest

FINDINGS: Final = (
    "finding_id", "kind", "severity", "severity_why", "app", "account_id", "person_id", "rule", "evidence",
    "first_seen", "last_seen", "age_days", "sla_due", "state", "exception_id", "control_ids", "recommended_action",
    cells.PROOF,
)  # fmt: skip
EXCEPTIONS: Final = (
    "id", "matcher", "reason", "compensating_control", "approver_id", "approver_role", "approved_at", "expires",
    "review_cycle", "ticket", "matched_count", "status", cells.PROOF,
)  # fmt: skip
_TIMED: Final[Mapping[str, str]] = {
    "leaver-active": "leaver", "leaver-late": "leaver", "mover-residual": "mover", "sync-late": "mover",
}  # fmt: skip
"""Kinds that have a limit in time, and the change that it counts from."""
_PLACE: Final = re.compile(r"^(?P<source>.+) body (?P<body>\d+) row (?P<row>\d+)$")


def findings(audit: Audit, trail: pd.DataFrame, manifest: Manifest, proofs: Proofs) -> pa.Table:
    """Every finding, those that another leads and those that were set aside included: :data:`FINDINGS`.

    :param trail: rows of :data:`scimaudit.tables.TRAIL` of this audit.
    """
    rows = audit.findings
    kinds = {each.kind: _rule(each) for each in audit.kinds}
    raw = {line.name: f"snapshot/raw/{line.raw}.bodies" for line in manifest.sources}
    seen = trail.set_index("finding_id")["last_seen"].reindex(rows["finding_id"]).set_axis(rows.index)
    due = {(each.event, each.app, each.account_id): each.due + timedelta(hours=each.sla_hours)
           for each in audit.over_time.spans if each.due is not None}  # fmt: skip
    texts = rows[["kind", "app", "account_id"]].astype("str").fillna("")
    limits = [
        cells.cell(due.get((_TIMED[kind], app, account))) if kind in _TIMED else cells.NOT_APPLICABLE  # type: ignore[arg-type]
        for kind, app, account in texts.itertuples(index=False, name=None)
    ]
    none = cells.NOT_APPLICABLE
    told: dict[str, Any] = {name: rows[name] for name in ("finding_id", "kind", "severity", "severity_why")}
    told |= {
        "app": rows["app"].astype("str").fillna(f"{none}: it speaks of no single app"),
        "account_id": rows["account_id"].astype("str").fillna(f"{none}: it speaks of no account"),
        "person_id": rows["person_id"].astype("str").fillna("nobody is known"),
        "rule": texts["kind"].map(kinds).astype("str"),
        "evidence": _evidence(rows["evidence"].astype("str"), raw),
        "first_seen": rows["first_seen"],
        "last_seen": seen,
        "age_days": (pd.Timestamp(audit.meta.as_of) - rows["first_seen"]).dt.days.clip(lower=0),
        "sla_due": pd.Series(limits, index=rows.index, dtype="str"),
        "state": _state(rows),
        "exception_id": rows["exception_id"].astype("str").fillna("none"),
        "control_ids": rows["controls"],
        "recommended_action": rows["action"],
        cells.PROOF: by_app(rows["app"], proofs),
    }
    return cells.table(FINDINGS, told)


def _rule(kind: KindLine) -> str:
    """The rule and what it was set to."""
    settings = ", ".join(f"{name} = {value}" for name, value in kind.settings.items())
    return f"{kind.title} ({settings})" if settings else kind.title


def _evidence(places: pd.Series, raw: Mapping[str, str]) -> pd.Series:
    """Where in the bundle the row is that a finding rests on."""
    found = {place: _place(place, raw) for place in places.dropna().unique()}
    return places.map(found).astype("str").fillna("no single row: see record/findings.jsonl")


def _place(place: str, raw: Mapping[str, str]) -> str:
    parts = _PLACE.match(place)
    if parts is None or parts["source"] not in raw:
        return place
    return f"{raw[parts['source']]} body {parts['body']} row {parts['row']}"


def _state(rows: pd.DataFrame) -> pd.Series:
    """What somebody said of it; one that another finding on the account leads says which."""
    state = rows["disposition"].astype("str")
    state += (", led by " + rows["covered_by"].astype("str")).fillna("")
    return state.mask(rows["gated"].to_numpy(dtype=bool), state + ", a safety gate tripped")


def exceptions(audit: Audit, config: Config, proofs: Proofs) -> pa.Table:
    """Every exception of the policy: :data:`EXCEPTIONS`."""
    return cells.rows(EXCEPTIONS, [_exception(line, config, proofs) for line in audit.exceptions])


def _exception(line: ExceptionLine, config: Config, proofs: Proofs) -> dict[str, Any]:
    about = {"kind": line.kind, "app": line.app, "subject": line.subject}
    return {
        "id": line.id,
        "matcher": ", ".join(f"{name} = {value}" for name, value in about.items() if value),
        "reason": line.reason,
        "compensating_control": line.compensating_control,
        "approver_id": line.approver,
        "approver_role": _role(line, config),
        "approved_at": line.approved,
        "expires": line.expires,
        "ticket": line.ticket,
        "matched_count": line.covers,
        "status": _status(line),
        cells.PROOF: proofs.judged(line.app) if line.app else proofs.everything,
    }


def _status(line: ExceptionLine) -> str:
    """``active`` only where it is valid and covers something."""
    if line.state == "valid":
        return "active" if line.covers else "unused"
    return f"{line.state}: {line.trouble}" if line.trouble else line.state


def _role(line: ExceptionLine, config: Config) -> str:
    app = next((each for each in config.apps if each.name == line.app), None)
    if app is None:
        return cells.NA
    who = line.approver.casefold()
    if app.owner and who == app.owner.casefold():
        return f"registered owner of {app.name}"
    if who in {each.casefold() for each in app.delegates}:
        return f"declared delegate for {app.name}"
    return f"neither owner of {app.name} nor a declared delegate"
