"""Handing items to another reviewer, who must be as free to decide as the first."""

from __future__ import annotations

from datetime import datetime

from scimaudit.errors import ConfigError
from scimaudit.review import reviewers
from scimaudit.review.campaign import Campaign, Delegation
from scimaudit.view import View


def delegate(
    campaign: Campaign, view: View, *, before: str, after: str, by: str, reason: str, now: datetime
) -> Delegation:
    """Hand what ``before`` has not decided to ``after``.

    :param before: a reviewer of the campaign: person_id, name or mail address as the campaign has it.
    :param after: somebody at work, by mail address, number or user name.
    :raises ConfigError: the campaign is closed, one of the two cannot be, or the other one may not decide on some item.
    """
    with campaign.locked():
        if campaign.closing is not None:
            raise ConfigError(f"the campaign {campaign.opened.id} is closed")
        items = campaign.items()
        mine = [item for item in items if before in (item.reviewer, item.reviewer_name, item.reviewer_mail)]
        if len({item.reviewer for item in mine}) != 1:
            known = ", ".join(sorted({item.reviewer_mail or item.reviewer for item in items}))
            raise ConfigError(f"{before} is not one reviewer of this campaign", hint=f"its reviewers: {known}")
        standing = campaign.standing()
        left = [item for item in mine if item.item_id not in standing]
        if not left:
            raise ConfigError(f"{before} has nothing left to decide")
        person = reviewers.named(view, after)
        barred = [item for item in left if not reviewers.eligible(item, person.person_id)]
        if barred:
            listed = "; ".join(f"{item.app} {item.account} {item.display}".rstrip() for item in barred[:5])
            raise ConfigError(f"{person.name} holds or approved {len(barred)} of these: {listed}", hint="name another")
        told = Delegation(
            tuple(item.item_id for item in left), left[0].reviewer, person.person_id, person.name, person.mail, by,
            reason, now,
        )  # fmt: skip
        campaign.add_delegation(told)
    return told
