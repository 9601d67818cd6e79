"""What was decided, as frames for rules and for the closed loop."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from scimaudit.review.campaign import Campaign, Decision, Item, campaigns

REVOCATIONS: Final = (
    "campaign", "item_id", "app", "account_id", "account", "person_id", "person", "attribute", "value", "display",
    "reviewer", "decided_at", "decision",
)  # fmt: skip


def revocations(store: Path) -> pd.DataFrame:
    """What reviews decided to take away, or to lessen, and has not been decided otherwise since.

    :returns: columns :data:`REVOCATIONS`, a row per item whose standing decision is ``revoke`` or ``modify``, campaigns
        oldest first; ``attribute`` and ``value`` are null where the whole account is to go. Of several campaigns the
        newest decision on a right counts.
    """
    last: dict[tuple[str, str, str, str], dict[str, object]] = {}
    for campaign in campaigns(store):
        for item, decision in decided(campaign):
            row = {name: getattr(item, name) for name in REVOCATIONS[1:10]}
            row |= {
                "campaign": campaign.opened.id,
                "attribute": item.attribute or None,
                "value": item.value or None,
                "reviewer": decision.reviewer,
                "decided_at": decision.decided_at,
                "decision": decision.decision,
            }
            last[item.app, item.account_id, item.attribute, item.value] = row
    rows = [row for row in last.values() if row["decision"] in ("revoke", "modify")]
    texts = dict.fromkeys((name for name in REVOCATIONS if name != "decided_at"), "str")
    frame = pd.DataFrame(rows, columns=list(REVOCATIONS)).astype(texts)
    return frame.assign(decided_at=pd.to_datetime(frame["decided_at"], utc=True).dt.as_unit("us"))


def decided(campaign: Campaign) -> list[tuple[Item, Decision]]:
    """Every item with the decision that counts; abstaining decides nothing, and what lapsed is as it was closed."""
    standing = campaign.standing()
    closing = campaign.closing
    lapse = closing.lapse if closing is not None and closing.lapse != "open" else None
    lapsed = {} if closing is None or lapse is None else dict.fromkeys(closing.lapsed, closing.closed_at)
    found = []
    for item in campaign.items():
        decision = standing.get(item.item_id)
        if decision is None and item.item_id in lapsed and lapse is not None:
            at, why = lapsed[item.item_id], "nobody decided in time"
            decision = Decision(item.item_id, lapse, "", item.basis, why, at, None, "", 0, at, "")
        if decision is not None and decision.decision != "abstain":
            found.append((item, decision))
    return found


def reviews(store: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The campaigns and their decisions, as rules read them.

    :returns: campaigns: ``campaign``, ``title``, ``app`` (one row for each in its scope), ``opened_at``, ``due``,
        ``closed_at`` (null while open), ``items``, ``undecided``; decisions: ``campaign``, ``item_id``, ``app``,
        ``account_id``, ``attribute``, ``value``, ``display``, ``reviewer``, ``decision``, ``decided_at``.
    """
    lines: list[tuple[object, ...]] = []
    rows: list[tuple[object, ...]] = []
    for campaign in campaigns(store):
        opened, closing, standing = campaign.opened, campaign.closing, campaign.standing()
        items = campaign.items()
        for app in opened.apps:
            mine = [item for item in items if item.app == app]
            left = sum(item.item_id not in standing for item in mine)
            closed = closing.closed_at if closing else None
            lines.append((opened.id, opened.title, app, opened.opened_at, opened.due, closed, len(mine), left))
        for item in items:
            each = standing.get(item.item_id)
            if each is not None:
                rows.append(
                    (
                        opened.id, item.item_id, item.app, item.account_id, item.attribute or None, item.value or None,
                        item.display, each.reviewer, each.decision, each.decided_at,
                    )
                )  # fmt: skip
    return _frame(lines, CAMPAIGNS), _frame(rows, DECISIONS)


CAMPAIGNS: Final = {
    "campaign": "str", "title": "str", "app": "str", "opened_at": "datetime64[us, UTC]", "due": "datetime64[s]",
    "closed_at": "datetime64[us, UTC]", "items": "int64", "undecided": "int64",
}  # fmt: skip
DECISIONS: Final = {
    "campaign": "str", "item_id": "str", "app": "str", "account_id": "str", "attribute": "str", "value": "str",
    "display": "str", "reviewer": "str", "decision": "str", "decided_at": "datetime64[us, UTC]",
}  # fmt: skip


def _frame(rows: list[tuple[object, ...]], kinds: dict[str, str]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return pd.DataFrame(
        {name: pd.Series(list(cells), dtype=kind) for (name, kind), cells in zip(kinds.items(), columns, strict=True)}
    )
