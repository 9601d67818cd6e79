"""``decisions.csv``: who decided what about which item, and whether they were the right one to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs
from scimaudit.review.campaign import Campaign, Decision, Item

FIELDS: Final = (
    "item_id", "reviewer_id", "reviewer_basis", "relation_to_subject", "independent", "decision", "rationale",
    "decided_at", "seconds_on_item", "batch_size", "signature", cells.PROOF,
)  # fmt: skip


def decisions(campaigns: Sequence[Campaign], managers: Mapping[str, str], proofs: Proofs) -> pa.Table:
    """Every item of every campaign with the decision that stands, and those that nobody decided: :data:`FIELDS`.

    :param managers: person to the manager that the roster has now.
    """
    return cells.rows(FIELDS, (line for each in campaigns for line in _lines(each, managers, proofs)))


def _lines(campaign: Campaign, managers: Mapping[str, str], proofs: Proofs) -> Iterator[dict[str, Any]]:
    standing, closing = campaign.standing(), campaign.closing
    lapsed = (
        {} if closing is None else dict.fromkeys(closing.lapsed, f"lapsed: {closing.lapse or 'nobody said as what'}")
    )
    for item in campaign.items():
        decision = standing.get(item.item_id)
        told = _decided(decision) if decision else {"decision": lapsed.get(item.item_id, "undecided"), **_NOBODY}
        reviewer = decision.reviewer if decision else item.reviewer
        yield {
            "item_id": item.item_id,
            "reviewer_id": reviewer,
            "reviewer_basis": decision.basis if decision else item.basis,
            "relation_to_subject": _relation(item, reviewer, managers),
            "independent": _independent(item, reviewer, managers),
            # Of the app as it is listed now: what was reviewed is of the campaign's own snapshot.
            cells.PROOF: f"{item.app} now: {proofs.listing(item.app)}",
        } | told


_NOBODY: Final = dict.fromkeys(
    ("rationale", "decided_at", "seconds_on_item", "batch_size", "signature"), "nobody decided"
)


def _decided(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "rationale": decision.rationale,
        "decided_at": decision.decided_at,
        "seconds_on_item": decision.seconds,
        "batch_size": decision.batch,
        "signature": f"none; came in the packet of sha256 {decision.packet}" if decision.packet else None,
    }


def _relation(item: Item, reviewer: str, managers: Mapping[str, str]) -> str:
    if reviewer in item.subjects:
        return "the subject"
    if not item.subjects:
        return "nobody is known whose access it is"
    if any(managers.get(subject) == reviewer for subject in item.subjects):
        return "manager of the subject"
    if any(managers.get(reviewer) == subject for subject in item.subjects):
        return "reports to the subject"
    return "no line of management between them in the roster"


def _independent(item: Item, reviewer: str, managers: Mapping[str, str]) -> str:
    """Y only as far as it is known: who gains by the right, and who gave it."""
    if reviewer in item.subjects:
        return "N: the subject"
    if item.granted_by and reviewer == item.granted_by:
        return "N: approved the right"
    if any(managers.get(reviewer) == subject for subject in item.subjects):
        return "N: reports to the subject"
    if not item.subjects or not reviewer:
        return "unknown: nobody is known whose access it is" if reviewer else "unknown: there is no reviewer"
    return "Y" if item.granted_by else f"Y of the subject; who granted it: {cells.NA}"
