"""``remediation.csv``: what was asked for, who says that it is done, and which listing shows that it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs, by_app
from scimaudit.remediation import Claim
from scimaudit.result import RevocationLine
from scimaudit.result.over_time import RevocationState

FIELDS: Final = (
    "item_id", "requested_at", "ticket", "performed_by", "claimed_done_at", "verified_at", "verified_by_snapshot",
    "observed_state", "elapsed_days", "reopened", cells.PROOF,
)  # fmt: skip
_NOT_YET: Final = "not verified"
_REOPENED: Final[Mapping[RevocationState, str]] = {
    "regressed": "at least 1", "not-done": "0", "open": "0", "verified-closed": "unknown", "unproven": "unknown",
}  # fmt: skip


def remediation(
    trail: pd.DataFrame, revocations: Sequence[RevocationLine], claims: Sequence[Claim], now: datetime, proofs: Proofs
) -> Iterator[pa.Table]:
    """What reviews decided to take away, and every finding that stands, stood, or is said to be mended: :data:`FIELDS`.

    :param trail: rows of :data:`scimaudit.tables.TRAIL` of this audit. ``now``: when it judged.
    """
    yield cells.rows(FIELDS, _revoked(revocations, now, proofs))
    yield _found(trail, claims, now, proofs)
    known = set(trail.loc[trail["finding_id"].isin([claim.finding_id for claim in claims]), "finding_id"])
    yield cells.rows(FIELDS, [_stranger(claim) for claim in claims if claim.finding_id not in known])


def _revoked(lines: Sequence[RevocationLine], now: datetime, proofs: Proofs) -> Iterator[dict[str, Any]]:
    for line in lines:
        gone = line.state == "verified-closed"
        until = line.proven_at if gone else now
        yield {
            "item_id": line.item_id,
            "requested_at": line.decided_at,
            "verified_at": line.proven_at if gone else _NOT_YET,
            "verified_by_snapshot": line.proven_by if gone else _NOT_YET,
            "observed_state": f"{line.state}: {line.reason}" if line.reason else line.state,
            "elapsed_days": _days(line.decided_at, until, ended=gone),
            # Of what is back it is kept that it is, not how often; of what is gone, not whether it was back meanwhile.
            "reopened": _REOPENED[line.state],
            cells.PROOF: proofs.listing(line.app),
        }


def _found(trail: pd.DataFrame, claims: Sequence[Claim], now: datetime, proofs: Proofs) -> pa.Table:
    names, state = trail["finding_id"], trail["state"].astype("str")
    gone = state == "resolved"
    shown = trail["disposition"].astype("str") + ": " + trail["actual"].astype("str")
    shown = shown.where(state == "standing", trail["reason"].astype("str"))
    until = trail["resolved_at"].where(gone, pd.Timestamp(now))
    days = (until - trail["first_seen"]).dt.days.clip(lower=0).astype("Int64").astype("str")
    told: dict[str, Any] = {
        "item_id": names,
        "requested_at": trail["first_seen"],
        "ticket": pd.Series(None, index=trail.index, dtype="str"),
        "performed_by": _said(names, {claim.finding_id: claim.by for claim in claims}),
        "claimed_done_at": _said(names, {claim.finding_id: claim.on.isoformat() for claim in claims}),
        "verified_at": _text(trail["resolved_at"]).where(gone, _NOT_YET),
        "verified_by_snapshot": trail["resolved_by"].astype("str").where(gone, _NOT_YET),
        "observed_state": (state + ": " + shown).where(shown.fillna("") != "", state),
        "elapsed_days": days.where(gone, days + " and open"),
        "reopened": trail["reopened"],
        cells.PROOF: by_app(trail["app"], proofs),
    }
    return cells.table(FIELDS, told)


def _said(names: pd.Series, told: Mapping[str, str]) -> pd.Series:
    return names.map(dict(told)).astype("str").fillna("nobody says that it is done")


def _text(column: pd.Series) -> pd.Series:
    return pd.Series(cells.column(column).to_pandas(), dtype="str").set_axis(column.index)


def _stranger(claim: Claim) -> dict[str, Any]:
    return {
        "item_id": claim.finding_id,
        "performed_by": claim.by,
        "claimed_done_at": claim.on,
        "verified_at": _NOT_YET,
        "verified_by_snapshot": _NOT_YET,
        "observed_state": f"{claim.state}: {claim.said}",
        "reopened": "unknown",
    }


def _days(since: datetime, until: datetime | None, *, ended: bool) -> str:
    """Whole days; of what is not verified, how long it is open."""
    if until is None or pd.isna(until):
        return cells.NA
    days = max(0, (until - since).days)
    return str(days) if ended else f"{days} and open"
