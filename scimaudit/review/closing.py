"""The end of a campaign: what nobody decided counts as the configuration says, and somebody answers for the whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from scimaudit.errors import ConfigError
from scimaudit.plural import count
from scimaudit.renderers.encode.csv import encode
from scimaudit.review.campaign import Campaign, Closing, Decision, Item, Lapse
from scimaudit.snapshot.store import write_bytes

EVIDENCE: Final = (
    "campaign", "item_id", "app", "account_id", "account", "person_id", "person", "attribute", "value", "right",
    "reviewer_id", "reviewer", "basis", "independent", "decision", "rationale", "decided_at", "seconds", "batch",
    "received_at", "file", "packet",
)  # fmt: skip


def close(
    campaign: Campaign, *, now: datetime, by: str, lapse: Lapse | None, attested_by: str, statement: str
) -> Closing:
    """End the campaign and write its evidence.

    :param lapse: what items count as that nobody decided.
    :raises ConfigError: it is closed already, or items are undecided and nobody has said what that means.
    """
    with campaign.locked():
        before = campaign.closing
        if before is not None:
            raise ConfigError(f"the campaign {campaign.opened.id} was closed on {before.closed_at:%Y-%m-%d}")
        standing = campaign.standing()
        lapsed = tuple(item.item_id for item in campaign.items() if item.item_id not in standing)
        if lapsed and lapse is None:
            raise ConfigError(
                f"{count(len(lapsed), 'item is', 'items are')} not decided, and nothing says what that means",
                hint='set [review] lapse to "revoke", "certify" or "open"',
            )
        closing = Closing(now, by, lapse if lapsed else None, lapsed, attested_by, statement, campaign.record())
        folder = campaign.path / "evidence"
        folder.mkdir(exist_ok=True)
        write_bytes(_decisions(campaign, closing).encode("utf-8-sig", "surrogatepass"), folder / "decisions.csv")
        write_bytes(_attestation(campaign, closing).encode("utf-8", "surrogatepass"), folder / "attestation.txt")
        # Closed is what has this file: an end that was cut short is gone through again.
        campaign.close(closing)
    return closing


def evidence(campaign: Campaign) -> Path:
    """The folder of what the campaign proves."""
    return campaign.path / "evidence"


def _decisions(campaign: Campaign, closing: Closing) -> str:
    standing = campaign.standing()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(EVIDENCE)
    for item in campaign.items():
        row = _row(campaign, item, standing.get(item.item_id), closing)
        writer.writerow([encode(row[name]) for name in EVIDENCE])
    return file.getvalue()


def _row(campaign: Campaign, item: Item, decision: Decision | None, closing: Closing) -> Mapping[str, str]:
    said = decision.decision if decision else f"lapsed: {closing.lapse}"
    independent = item.reviewer not in item.subjects and item.reviewer != item.granted_by
    return {
        "campaign": campaign.opened.id,
        "item_id": item.item_id,
        "app": item.app,
        "account_id": item.account_id,
        "account": item.account,
        "person_id": item.person_id,
        "person": item.person,
        "attribute": item.attribute,
        "value": item.value,
        "right": item.display,
        "reviewer_id": item.reviewer,
        "reviewer": item.reviewer_name,
        "basis": item.basis,
        "independent": "yes" if independent else "no",
        "decision": said,
        "rationale": decision.rationale if decision else "nobody decided in time",
        "decided_at": decision.decided_at.isoformat() if decision else closing.closed_at.isoformat(),
        "seconds": f"{decision.seconds:.1f}" if decision and decision.seconds is not None else "not told",
        "batch": str(decision.batch) if decision else "",
        "received_at": decision.received_at.isoformat() if decision else "",
        "file": decision.file if decision else "",
        "packet": decision.packet if decision else "",
    }


def _attestation(campaign: Campaign, closing: Closing) -> str:
    opened = campaign.opened
    accepted = [f"{each.subject}: {each.doubt}. {each.by}: {each.reason}" for each in opened.accepted]
    counting = f" and {'counts' if len(closing.lapsed) == 1 else 'count'} as {closing.lapse}" if closing.lapsed else ""
    said = f"{closing.attested_by or 'Nobody attested it'}: {closing.statement}".rstrip(": ")
    lines = [
        f"Access review {opened.title} ({opened.id})",
        f"Population: {count(len(campaign.frozen), 'item')} of snapshot {opened.snapshot_id}, audit {opened.audit_id}.",
        *(f"Accepted although not proven: {line}" for line in accepted),
        f"Opened {opened.opened_at.isoformat()} by {opened.opened_by}.",
        f"Closed {closing.closed_at.isoformat()} by {closing.closed_by}.",
        f"{count(len(closing.lapsed), 'item was', 'items were')} not decided{counting}.",
        f"Record: sha256 {closing.digest} over campaign.json, items.jsonl, delegations and decisions.",
        "",
        f"{said}.",
    ]
    return "\n".join(lines) + "\n"
