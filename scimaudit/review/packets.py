"""What one reviewer is given: a row for each of their items, the unusual ones first, and a digest over all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from scimaudit.renderers.encode import show
from scimaudit.renderers.encode.file import stem
from scimaudit.review.campaign import Campaign, Item, Opened, canonical, digest

SHOWN: Final = (
    "App", "Account", "Person", "Right", "What it means", "Why it is held", "What is unusual", "Last sign-in",
    "Recommended", "Because",
)  # fmt: skip
"""Headings of what a packet shows of an item."""
ASKED: Final = ("Decision", "Rationale")
"""Headings of what the reviewer fills in."""
_LONGEST: Final = 2_000
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True)
class Packet:
    """One reviewer's items in one campaign.

    :param name: stem of its files.
    :param digest: hash over the campaign, the reviewer and every row as it is shown.
    """

    opened: Opened
    reviewer: str
    reviewer_name: str
    reviewer_mail: str
    items: tuple[Item, ...]
    rows: tuple[tuple[str, ...], ...]
    digest: str

    @property
    def name(self) -> str:
        """The stem of its files."""
        return f"{self.opened.id}-{stem(self.reviewer)}"


def packets(campaign: Campaign) -> list[Packet]:
    """Every reviewer's packet, by reviewer; what is decided already is in it too."""
    mine: dict[str, list[Item]] = {}
    for item in campaign.items():
        mine.setdefault(item.reviewer, []).append(item)
    return [_packet(campaign.opened, mine[reviewer]) for reviewer in sorted(mine)]


def shown(item: Item) -> tuple[str, ...]:
    """An item as a packet shows it, by :data:`SHOWN`: one line of visible characters each."""
    kind = item.account_kind if item.account_kind not in ("human", "unknown") else ""
    state = {True: "", False: "inactive", None: "activity unknown"}[item.active]
    account = item.account + "".join(f" ({word})" for word in (kind, state) if word)
    right = f"{item.display} ({item.attribute})" if item.attribute else "the account itself"
    cells = (
        item.app, account, item.person or "nobody known", right, item.means, item.why, item.unusual,
        item.last_login or "not told", item.recommended or "your decision", item.because,
    )  # fmt: skip
    return tuple(_cell(cell) for cell in cells)


def _packet(opened: Opened, items: Sequence[Item]) -> Packet:
    ordered = sorted(items, key=_first_looked_at)
    rows = tuple(shown(item) for item in ordered)
    first = ordered[0]
    parts: Iterable[bytes] = [
        canonical({"campaign": opened.id, "reviewer": first.reviewer}),
        *(canonical({"item": item.item_id, "shown": list(row)}) for item, row in zip(ordered, rows, strict=True)),
    ]
    return Packet(opened, first.reviewer, first.reviewer_name, first.reviewer_mail, tuple(ordered), rows, digest(parts))


def _first_looked_at(item: Item) -> tuple[object, ...]:
    """What speaks against a right first, then power, then the rest by account."""
    rank = 0 if item.recommended == "revoke" else 1 if item.unusual else 2 if item.privileged else 3
    return rank, item.app, item.account, item.account_id, item.attribute, item.display, item.value


def _cell(text: str) -> str:
    """A text on one line, no longer than a reader bears; the campaign's own record has the whole."""
    line = _SPACES.sub(" ", show(text)).strip()
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
