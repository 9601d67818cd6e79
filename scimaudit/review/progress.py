"""How far a campaign is, who has still to answer, and what lets one doubt the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from statistics import median
from typing import Final

from scimaudit.plural import count
from scimaudit.renderers.encode.file import stem
from scimaudit.result import CampaignLine
from scimaudit.review.campaign import Campaign, Decision, Item

LARGE: Final = 50
"""Decisions that come at once and are many."""
HASTY: Final = 2.0
"""Seconds a decision, below which nobody read what they decided."""


@dataclass(frozen=True)
class Progress:
    """How far one reviewer, or one app, is.

    ``items = certified + revoked + modified + abstained + left``.
    """

    who: str
    name: str
    mail: str
    items: int
    certified: int
    revoked: int
    modified: int
    abstained: int
    left: int
    overdue: bool
    last: datetime | None


def by_reviewer(campaign: Campaign, today: date) -> list[Progress]:
    """How far each reviewer is; who has most to do first."""
    items = campaign.items()
    mine = {item.reviewer: [each for each in items if each.reviewer == item.reviewer] for item in items}
    lines = [
        _progress(campaign, reviewer, rows[0].reviewer_name, rows[0].reviewer_mail, rows, today)
        for reviewer, rows in mine.items()
    ]
    return sorted(lines, key=lambda line: (-line.left, line.name, line.who))


def by_app(campaign: Campaign, today: date) -> list[Progress]:
    """How far each app is."""
    items = campaign.items()
    return [
        _progress(campaign, app, "", "", [item for item in items if item.app == app], today)
        for app in campaign.opened.apps
    ]


def line(campaign: Campaign) -> CampaignLine:
    """The campaign in one line, with what lets one doubt its decisions."""
    opened, closing = campaign.opened, campaign.closing
    items, standing = campaign.items(), campaign.standing()
    counts = Counter(each.decision for each in standing.values())
    lapsed = len(closing.lapsed) if closing else 0
    reviewers = {item.reviewer for item in items}
    silent = reviewers - {item.reviewer for item in items if item.item_id in standing}
    return CampaignLine(
        id=opened.id,
        title=opened.title,
        snapshot_id=opened.snapshot_id,
        opened_at=opened.opened_at,
        opened_by=opened.opened_by,
        due=opened.due.isoformat(),
        closed_at=closing.closed_at if closing else None,
        closed_by=closing.closed_by if closing else "",
        attested_by=closing.attested_by if closing else "",
        statement=closing.statement if closing else "",
        items=len(items),
        certified=counts["certify"],
        revoked=counts["revoke"],
        modified=counts["modify"],
        abstained=counts["abstain"],
        lapsed=lapsed,
        undecided=len(items) - len(standing) - lapsed,
        reviewers=len(reviewers),
        silent=len(silent),
        accepted=tuple(
            f"{each.subject}: {each.doubt}; {each.by} answers for it: {each.reason}" for each in opened.accepted
        ),
        warnings=tuple(doubts(items, campaign.imports())),
    )


def doubts(items: Sequence[Item], imports: Sequence[Sequence[Decision]]) -> Iterator[str]:
    """What lets one doubt the decisions, a sentence each."""
    names = {item.reviewer: item.reviewer_name or item.reviewer for item in items}
    against = {item.item_id for item in items if item.recommended == "revoke"}
    every: dict[str, dict[str, Decision]] = {}
    for batch in imports:
        for each in batch:
            every.setdefault(each.reviewer, {})[each.item_id] = each
    for reviewer in sorted(names):
        mine = list(every.get(reviewer, {}).values())
        if not mine:
            yield f"{names[reviewer]} decided nothing"
            continue
        spoken_against = sum(each.item_id in against for each in mine)
        if len(mine) > 1 and all(each.decision == "certify" for each in mine) and spoken_against:
            yield f"{names[reviewer]} certified all {len(mine)}, {spoken_against} of them against the recommendation"
        elif len(mine) >= LARGE and all(each.decision == "certify" for each in mine):
            yield f"{names[reviewer]} certified all {len(mine)}"
        timed = [each.seconds for each in mine if each.seconds is not None]
        if len(timed) >= LARGE and median(timed) < HASTY:
            yield f"{names[reviewer]} took {median(timed):.1f} seconds a decision over {len(timed)}"


def reminders(campaign: Campaign, today: date) -> list[tuple[str, EmailMessage]]:
    """A letter to each reviewer who has something left, with the name of its file."""
    letters = []
    opened = campaign.opened
    for each in by_reviewer(campaign, today):
        if not each.left:
            continue
        letter = EmailMessage(policy=SMTP)
        # A name or an address is a stranger's text: what ends a header line must not begin another.
        if each.mail:
            letter["To"] = " ".join(each.mail.split())
        when = f"was due on {opened.due}" if each.overdue else f"is due on {opened.due}"
        letter["Subject"] = f"Access review {' '.join(opened.title.split())}: {each.left} left to decide"
        letter.set_content(
            f"Hello {each.name},\n\nthe access review {opened.title} {when}.\n{each.left} of your "
            f"{count(each.items, 'item')} {'is' if each.left == 1 else 'are'} not decided. "
            "Please fill in your packet and send it back.\n"
        )
        letters.append((f"{opened.id}-{stem(each.who)}.eml", letter))
    return letters


def _progress(campaign: Campaign, who: str, name: str, mail: str, items: Sequence[Item], today: date) -> Progress:
    standing = campaign.standing()
    mine = [standing[item.item_id] for item in items if item.item_id in standing]
    counts = Counter(each.decision for each in mine)
    left = len(items) - len(mine)
    closed = campaign.closing is not None
    return Progress(
        who, name, mail, len(items), counts["certify"], counts["revoke"], counts["modify"], counts["abstain"], left,
        bool(left) and not closed and today > campaign.opened.due,
        max((each.received_at for each in mine), default=None),
    )  # fmt: skip
