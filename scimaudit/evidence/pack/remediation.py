"""``remediation.csv``: what was asked for, who says that it is done, and which listing shows that it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs
from scimaudit.remediation import Claim
from scimaudit.result import RevocationLine

FIELDS: Final = (
    "item_id", "requested_at", "ticket", "performed_by", "claimed_done_at", "verified_at", "verified_by_snapshot",
    "observed_state", "elapsed_days", "reopened", cells.PROOF,
)  # fmt: skip
_NOT_YET: Final = "not verified"


def remediation(
    trail: pd.DataFrame, revocations: Sequence[RevocationLine], claims: Sequence[Claim], now: datetime, proofs: Proofs
) -> pa.Table:
    """What reviews decided to take away, and every finding that stands, stood, or is said to be mended: :data:`FIELDS`.

    :param trail: rows of :data:`scimaudit.tables.TRAIL` of this audit. ``now``: when it judged.
    """
    said = {claim.finding_id: claim for claim in claims}
    lines = [*_revoked(revocations, now, proofs), *_found(trail, said, now, proofs)]
    known = set(trail["finding_id"])
    lines += [_stranger(claim) for claim in claims if claim.finding_id not in known]
    return cells.rows(FIELDS, lines)


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
            # Of what was gone and is back it is kept that it is, not how often.
            "reopened": "true" if line.state == "regressed" else "unknown" if line.state == "unproven" else "false",
            cells.PROOF: proofs.listing(line.app),
        }


def _found(trail: pd.DataFrame, said: Mapping[str, Claim], now: datetime, proofs: Proofs) -> Iterator[dict[str, Any]]:
    names = ["finding_id", "app", "state", "reason", "disposition", "actual"]
    texts = trail[names].astype("str").fillna("")
    times = zip(trail["first_seen"], trail["resolved_at"], trail["reopened"], trail["resolved_by"], strict=True)
    for (name, app, state, reason, disposition, actual), (first, resolved, reopened, proof) in zip(
        texts.itertuples(index=False, name=None), times, strict=True
    ):
        claim, gone = said.get(name), state == "resolved"
        shown = f"{disposition}: {actual}" if state == "standing" else reason
        yield {
            "item_id": name,
            "requested_at": first,
            "performed_by": claim.by if claim else "nobody says that it is done",
            "claimed_done_at": claim.on if claim else "nobody says that it is done",
            "verified_at": resolved if gone else _NOT_YET,
            "verified_by_snapshot": proof if gone else _NOT_YET,
            "observed_state": f"{state}: {shown}" if shown else state,
            "elapsed_days": _days(first, resolved if gone else now, ended=gone),
            "reopened": int(reopened),
            cells.PROOF: proofs.judged(app) if app else proofs.everything,
        }


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
