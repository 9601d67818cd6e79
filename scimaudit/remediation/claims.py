"""What people say is put right (``remediation-claimed``), held against what listings show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from scimaudit.policy.dispositions import CLAIMED, Disposition
from scimaudit.remediation import Claim
from scimaudit.result import Audit


def claims(dispositions: Sequence[Disposition], trail: pd.DataFrame, audit: Audit) -> tuple[Claim, ...]:
    """Every claim, with what the audit shows of its finding.

    A day has no hour, so only a listing that began after that day speaks of a claim made on it.

    :param trail: rows of :data:`scimaudit.tables.TRAIL` of ``audit``.
    """
    zone = ZoneInfo(audit.meta.time_zone)
    known: dict[str, dict[str, Any]] = {str(row["finding_id"]): row for row in trail.to_dict("records")}  # type: ignore[misc]
    listed = {app.app: app.as_of for app in audit.apps}
    lines = [line for line in dispositions if line.disposition == CLAIMED]
    return tuple(_claim(line, known.get(line.finding_id), listed, audit, zone) for line in lines)


def _claim(
    line: Disposition,
    row: dict[str, Any] | None,
    listed: dict[str, datetime | None],
    audit: Audit,
    zone: ZoneInfo,
) -> Claim:
    claim = Claim(
        line.finding_id, "", "", "", line.by, line.on, line.reason, state="unknown", said="there is no such finding"
    )
    if row is None:
        return claim
    texts = {name: row[name] if isinstance(row[name], str) else "" for name in ("kind", "app", "user_name", "reason")}
    claim = replace(claim, kind=texts["kind"], app=texts["app"], account=texts["user_name"], said=texts["reason"])
    if row["state"] == "resolved":
        at = row["resolved_at"].to_pydatetime()
        before = "; that was before it was claimed" if at < datetime.combine(line.on, time(), zone) else ""
        said = claim.said + before
        return replace(claim, state="verified-closed", said=said, proven_by=str(row["resolved_by"]), proven_at=at)
    if row["state"] == "unproven":
        return replace(claim, state="unproven")
    seen = listed.get(texts["app"], audit.meta.collected_from)
    if seen is None or seen <= datetime.combine(line.on + timedelta(days=1), time(), zone):
        return replace(claim, state="no-listing-since", said="no listing has begun since")
    return replace(claim, state="still-there", said=f"the listing of {seen:%Y-%m-%d} still shows it")
