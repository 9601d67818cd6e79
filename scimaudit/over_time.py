"""What an audit says of the time before it, put together in one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from scimaudit.result import CampaignLine, ChangeLine, OverTime, RevocationLine
from scimaudit.result.over_time import RevocationState
from scimaudit.review import progress
from scimaudit.review.campaign import campaigns
from scimaudit.snapshot.store import Snapshot
from scimaudit.summaries.spans import span_lines, span_summaries
from scimaudit.view import View

_ORDER: Final[tuple[RevocationState, ...]] = ("regressed", "not-done", "unproven", "open", "verified-closed")
_TEXTS: Final = [
    "campaign", "item_id", "app", "account_id", "account", "person_id", "person", "attribute", "value", "display",
    "decision", "reviewer", "state", "reason", "proven_by",
]  # fmt: skip
_STATES: Final[dict[str, RevocationState]] = {state: state for state in _ORDER}


def over_time(
    seen: View, store: Path, snapshots: Sequence[Snapshot], *, before: str, changes: Sequence[ChangeLine]
) -> OverTime:
    """What earlier snapshots, reviews and audits say, up to the moment judged; without metrics.

    :param store: the folder of snapshots, audits and campaigns.
    :param snapshots: those that were looked at, oldest first.
    :param before: the audit that ``changes`` compares with; empty where there is none.
    """
    return OverTime(
        before=before,
        changes=tuple(changes),
        snapshots=len(snapshots),
        since=snapshots[0].manifest.started,
        spans=span_lines(seen),
        span_summaries=span_summaries(seen),
        revocations=_revocations(seen),
        campaigns=_campaigns(seen, store),
    )


def _campaigns(seen: View, store: Path) -> tuple[CampaignLine, ...]:
    known = set(seen.reviewed.campaigns["campaign"])
    return tuple(progress.line(each) for each in campaigns(store) if each.opened.id in known)


def _revocations(seen: View) -> tuple[RevocationLine, ...]:
    """What was to go, that which is not gone first."""
    rows = seen.reviewed.revocations
    known = seen.people[seen.people["person_id"].isin(rows["reviewer"])].dropna(subset=["display_name"])
    names = dict(zip(known["person_id"], known["display_name"], strict=True))
    texts: list[dict[str, Any]] = rows[_TEXTS].fillna("").to_dict("records")  # type: ignore[assignment]
    moments = zip(rows["decided_at"], rows["proven_at"], rows["still_there"], strict=True)
    lines = [
        RevocationLine(
            campaign=str(text["campaign"]),
            item_id=str(text["item_id"]),
            app=str(text["app"]),
            account_id=str(text["account_id"]),
            account=str(text["account"]),
            person_id=str(text["person_id"]),
            person=str(text["person"]),
            attribute=str(text["attribute"]),
            value=str(text["value"]),
            display=str(text["display"]),
            decision=str(text["decision"]),
            reviewer=str(names.get(text["reviewer"], text["reviewer"])),
            decided_at=decided.to_pydatetime(),
            state=_STATES[str(text["state"])],
            reason=str(text["reason"]),
            proven_by=str(text["proven_by"]),
            proven_at=None if pd.isna(proven) else proven.to_pydatetime(),
            still_there=None if pd.isna(there) else there.to_pydatetime(),
        )
        for text, (decided, proven, there) in zip(texts, moments, strict=True)
    ]
    return tuple(sorted(lines, key=lambda line: (_ORDER.index(line.state), line.app, line.account, line.display)))
