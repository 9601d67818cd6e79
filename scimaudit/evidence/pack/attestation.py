"""``attestation.txt``: what management is to put its name to, and what that name does not stand for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs
from scimaudit.evidence.pack.tieout import fates
from scimaudit.ledger import LedgerLine, ledger
from scimaudit.plural import count
from scimaudit.renderers.encode import show
from scimaudit.result import Audit
from scimaudit.review.campaign import Campaign


def attestation(audit: Audit, campaigns: Sequence[Campaign], proofs: Proofs) -> str:
    """The acknowledgement to be signed, with what it may not pass over, and who attested which review."""
    meta = audit.meta
    parts = ", ".join(f"{number:,} {word}" for word, number in fates(audit.findings).items())
    lines = [
        f"Access audit of {meta.organisation or cells.NA}",
        f"Audit:     {meta.audit_id}, as of {cells.cell(meta.as_of)}",
        f"Snapshot:  {meta.snapshot_id}, from {cells.cell(meta.collected_from)} to {cells.cell(meta.collected_to)}",
        f"Findings:  {count(len(audit.findings), 'line')} of findings.csv: {parts}; exit code {meta.exit_code}",
        "",
        "Not proven (nothing may be concluded from the absence of a finding here):",
        *(_unproven(audit, proofs) or ["  nothing: every listing and roster is proven complete"]),
        "",
        "Not judged (nobody may conclude from it that anything is as it should be):",
        *(_unjudged(audit) or ["  nothing: every check of every app was judged"]),
        "  Why: record/ledger.jsonl by app and kind; tieout.csv by kind; controls.csv by control.",
        "",
        "Access reviews:",
        *([_review(each) for each in campaigns] or ["  none in the store"]),
        "",
        "Acknowledgement of management",
        "Statement: I have read the findings, the exceptions, what is not proven and what was not judged. Of these two",
        "           I do not say that anything is as it should be. Inappropriate access is being addressed as",
        "           remediation.csv says, and what is accepted is accepted as exceptions.csv says.",
        f"Name:      {cells.NA}: to be filled in by whoever acknowledges",
        f"Title:     {cells.NA}: to be filled in",
        f"Date:      {cells.NA}: to be filled in, UTC",
        f"Digest:    {cells.NA}: this file is one of those that were sealed. Write down what",
        "           `sha256sum statement.json` says: the statement names the sum of all the rest.",
        "",
        "A copy of this page is filled in and signed outside the bundle: the sealed one stays as it is.",
    ]
    return "\n".join(show(line) for line in lines) + "\n"


def _unproven(audit: Audit, proofs: Proofs) -> list[str]:
    """Every doubt in full; of a roster also that nobody said whether it shows everybody, which hinders no verdict."""
    told = [f"  {app}: {each}" for app, doubts in proofs.apps.items() for each in doubts]
    told += [f"  {each}" for each in proofs.rosters]
    told += [
        f"  {line.name}: whether it shows everybody is unknown ({line.scope_reason or 'nobody says'})"
        for line in audit.sources
        if line.fills == "people" and line.scope == "unknown" and not line.error
    ]
    return told


def _unjudged(audit: Audit) -> list[str]:
    """What could not be judged, by app and kind, and what nothing judged at all."""
    told = ledger(audit)
    lines = [f"  {told.said}"] if told.lines or audit.checks.empty else []
    for app, mine in groupby(told.lines, lambda line: line.app):
        lines.append(f"  {app or 'of no single app'}: {_kinds([*mine])}")
    lines += [f"  {app}: none of its accounts was judged ({why})" for app, why in told.not_audited]
    met = audit.checks.loc[audit.checks["population"] > 0, "kind"].astype("str")
    idle = [each.kind for each in audit.kinds if each.kind not in {*met}]
    if idle:
        lines.append(f"  met nothing to judge: {', '.join(idle)}")
    if told.off:
        lines.append(f"  switched off: {', '.join(told.off)}")
    return lines


def _kinds(lines: Sequence[LedgerLine]) -> str:
    parts = ", ".join(f"{line.kind} {line.not_evaluable:,}" for line in lines)
    return f"{count(sum(line.not_evaluable for line in lines), 'check')} ({parts})"


def _review(campaign: Campaign) -> str:
    closing, opened = campaign.closing, campaign.opened
    if closing is None:
        return f"  {opened.id}: open since {cells.cell(opened.opened_at)}, nobody has attested it"
    who, standing = closing.attested_by or "nobody", campaign.standing()
    left = sum(item.item_id not in standing for item in campaign.items())
    abstained = sum(each.decision == "abstain" for each in standing.values())
    undecided = count(left, "item was not decided and counts", "items were not decided and count")
    parts = [f"{undecided} as {closing.lapse or 'open'}"] if left else []
    parts += [f"{count(abstained, 'item')} abstained from, which decides nothing"] if abstained else []
    said = cells.cell(closing.statement)
    told = f" ({'; '.join(parts)})" if parts else ""
    return f"  {opened.id}: closed {cells.cell(closing.closed_at)}, attested by {who}: {said}{told}"
