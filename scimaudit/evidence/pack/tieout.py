"""``tieout.csv``: from what a source says it has to what reviewers decided, arrow by arrow.

Every arrow balances, or its difference is named, or it is said that nobody tells the figure it begins with. One that
neither balances nor has a reason is a fault, and is called that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs
from scimaudit.result import Audit
from scimaudit.review.campaign import VERDICTS, Campaign, Item
from scimaudit.snapshot.manifest import Collected, Manifest
from scimaudit.sources import Listing
from scimaudit.tables import ACCOUNT_KINDS, COUNTED

FIELDS: Final = (
    "subject", "arrow", "from_count", "to_count", "difference", "state", "named", cells.PROOF,
)  # fmt: skip
BALANCES: Final = "balances"
NAMED: Final = "difference named"
UNTOLD: Final = "nobody tells the total"
FAULT: Final = "DOES NOT BALANCE"


@dataclass(frozen=True)
class Counted:
    """What was counted of one app while its files were written.

    :param kinds: accounts by kind; ``listings``: accounts by the listing that shows them.
    :param reviewed: what the last campaign over it got; None where there was none.
    """

    accounts: int
    kinds: Mapping[str, int]
    listings: Mapping[str, int]
    reviewed: Reviewed | None


def tieout(
    audit: Audit,
    manifest: Manifest,
    declared: Mapping[str, int | None],
    counted: Mapping[str, Counted],
    proofs: Proofs,
) -> list[dict[str, Any]]:
    """Every arrow: :data:`FIELDS`.

    :param declared: source to the last total that it declared; None where it declared none.
    """
    lines: list[dict[str, Any]] = []
    for source in manifest.sources:
        proof = proofs.listing(source.app) if source.app else proofs.roster
        lines += [arrow | {cells.PROOF: proof} for arrow in _received(source, declared.get(source.name))]
    lines += [arrow | {cells.PROOF: proofs.roster} for arrow in _people(manifest)]
    for each in audit.apps:
        told = counted.get(each.app)
        arrows = (
            _app(audit, each.app, manifest, told)
            if told is not None
            else [_untold(each.app, "source → accounts", each.verdict_reason, cells.NOT_APPLICABLE)]
        )
        lines += [arrow | {cells.PROOF: proofs.judged(each.app)} for arrow in arrows]
    for app in sorted(counted.keys() - {each.app for each in audit.apps}):
        why = "the configuration does not name the app any more: nothing in it was judged"
        lines.append(
            _arrow(app, "accounts → judged", counted[app].accounts, 0, why) | {cells.PROOF: proofs.judged(app)}
        )
    for equation in audit.equations:
        if equation.name.startswith("population"):
            lines.append(_arrow(equation.subject, _spelled(equation.name, equation.right), equation.left,
                                sum(equation.right.values())) | {cells.PROOF: proofs.everything})  # fmt: skip
    return lines


def _received(line: Collected, total: int | None) -> Iterator[dict[str, Any]]:
    listing = line.listing
    if listing is None:
        yield _untold(line.name, "source total → received", f"nothing was received: {line.error}", "0")
        return
    if total is None:
        yield _untold(line.name, "source total → received", "no total was declared", listing.received)
    else:
        yield _arrow(line.name, "source total → received", total, listing.received, _missed(listing))
    told = "; ".join(f"row {each.place}: {each.reason} (sha256 {each.digest})" for each in listing.rejected)
    looked = f"; {line.acknowledged} of them acknowledged" if listing.rejected else ""
    yield _arrow(
        line.name, "received → parsed (the rest was rejected)", listing.received, listing.parsed, told + looked
    )


def _missed(listing: Listing) -> str:
    """Why a source says that it has another number of rows: a walk that is not whole, or a total that is not honest."""
    if listing.walk.state != "complete":
        return f"walk {listing.walk.state}: {listing.walk.reason or 'no reason told'}"
    doubts = [each.detail for each in listing.witnesses if each.name == "W1" and each.outcome != "passed"]
    return f"the walk is proven complete; of the total: {'; '.join(doubts)}" if doubts else ""


def _people(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """From the rows of all rosters to people; the join counts every row that found its person in an earlier roster."""
    rosters = [line.listing for line in manifest.sources if line.fills == "people" and line.listing is not None]
    parsed = sum(each.parsed for each in rosters)
    found = parsed - manifest.people
    why = f"{manifest.joined} rows found their person in an earlier roster" if found == manifest.joined else ""
    yield _arrow("rosters", "parsed → people", parsed, manifest.people, why)


def _app(audit: Audit, app: str, manifest: Manifest, counted: Counted) -> Iterator[dict[str, Any]]:
    mine = [line for line in manifest.sources if line.app == app and line.listing is not None]
    parsed = sum(line.listing.parsed for line in mine if line.listing is not None)
    shown = sum(counted.listings.values())
    yield _arrow(app, "parsed → accounts", parsed, counted.accounts, _merged(parsed, shown, counted.accounts, mine))
    kinds = {name: counted.kinds.get(name, 0) for name in ACCOUNT_KINDS}
    yield _arrow(app, _spelled("accounts → typed", kinds), counted.accounts, sum(kinds.values()))
    line = next(each for each in audit.apps if each.app == app)
    owned = {"matched": line.matched, "unmatched": line.unmatched, "ambiguous": line.ambiguous}
    yield _arrow(app, _spelled("accounts → owned", owned), counted.accounts, sum(owned.values()))
    rows = audit.findings[(audit.findings["app"] == app).to_numpy(dtype=bool)]
    found = rows["account_id"].nunique()
    yield _arrow(
        app, "accounts → accounts with findings", counted.accounts, found,
        f"{counted.accounts - found} accounts have no finding, which proves nothing of what could not be judged",
    )  # fmt: skip
    parts = _findings(rows)
    yield _arrow(app, _spelled("findings → what became of them", parts), len(rows), sum(parts.values()))
    if (told := counted.reviewed) is None:
        yield _arrow(
            app, "accounts → reviewed", counted.accounts, 0, "no campaign of the store has the app in its scope"
        )
        return
    yield _arrow(app, f"accounts → reviewed in {told.campaign}", counted.accounts, told.accounts, told.left)
    decided = told.decided
    yield _arrow(
        app, _spelled(f"items of {told.campaign} → decided", decided), told.items, sum(decided.values()),
        f"{told.items - sum(decided.values())} items that nobody decided",
    )  # fmt: skip


def _merged(parsed: int, shown: int, accounts: int, mine: Sequence[Collected]) -> str:
    """Why there are fewer accounts than rows: one shown by two listings, rows of one account in one listing."""
    why = []
    if shown > accounts:
        why.append(f"{shown - accounts} rows are of accounts that another of the {len(mine)} listings shows too")
    if parsed > shown:
        why.append(f"{parsed - shown} rows are further rows of an account that the same listing shows")
    return "; ".join(why)


def _findings(rows: pd.DataFrame) -> dict[str, int]:
    counts = rows["disposition"].isin(COUNTED).to_numpy()
    lead = rows["lead"].to_numpy(dtype=bool)
    return {
        "counted": int((counts & lead).sum()),
        "led by another": int((counts & ~lead).sum()),
        "set aside": int((~counts).sum()),
    }


@dataclass(frozen=True)
class Reviewed:
    """What the last campaign over an app asked and got.

    :param accounts: accounts of now of which everything that was asked was decided.
    :param left: why accounts of now were not reviewed. ``decided``: decision to items.
    """

    campaign: str
    accounts: int
    items: int
    decided: Mapping[str, int]
    left: str


def last_campaigns(campaigns: Sequence[Campaign]) -> dict[str, tuple[Campaign, list[Item]]]:
    """By app the last campaign that has it in its scope, with its items of that app."""
    found: dict[str, tuple[Campaign, list[Item]]] = {}
    for campaign in campaigns:
        mine: dict[str, list[Item]] = {app: [] for app in campaign.opened.apps}
        for item in campaign.items():
            mine.setdefault(item.app, []).append(item)
        found |= {app: (campaign, items) for app, items in mine.items()}
    return found


def reviewed(campaign: Campaign, items: Sequence[Item], now: Collection[str]) -> Reviewed:
    """What a campaign asked and got of one app.

    :param now: the ids of the app's accounts now.
    """
    opened, standing = campaign.opened, campaign.standing()
    asked = {item.account_id for item in items}.intersection(now)
    unanswered = asked.intersection(item.account_id for item in items if item.item_id not in standing)
    decided: dict[str, int] = dict.fromkeys(VERDICTS, 0)
    for item in items:
        if item.item_id in standing:
            decided[standing[item.item_id].decision] += 1
    left_out = "; ".join(opened.left_out) or "nothing"
    left = (
        f"{len(now) - len(asked)} accounts of now were not in the campaign, which was opened on "
        f"{cells.cell(opened.opened_at)} over {opened.snapshot_id} and left out of all its apps: {left_out}"
    )
    if unanswered:
        left += f"; of {len(unanswered)} that were in it something was not decided"
    return Reviewed(opened.id, len(asked - unanswered), len(items), decided, left)


def _arrow(subject: str, arrow: str, left: int, right: int, why: str = "") -> dict[str, Any]:
    state = BALANCES if left == right else NAMED if why else FAULT
    named = why if left != right and why else cells.NOT_APPLICABLE if left == right else "nothing explains it"
    return {
        "subject": subject, "arrow": arrow, "from_count": left, "to_count": right,
        "difference": _difference(left, right), "state": state, "named": named,
    }  # fmt: skip


def _difference(left: int, right: int) -> str:
    """In words, for a spreadsheet takes a cell that begins with a sign for a formula."""
    if left == right:
        return "0"
    return f"{left - right} fewer" if left > right else f"{right - left} more"


def _untold(subject: str, arrow: str, why: str, received: Any) -> dict[str, Any]:
    return {
        "subject": subject, "arrow": arrow, "to_count": received, "state": UNTOLD, "named": why,
    }  # fmt: skip


def _spelled(name: str, parts: Mapping[str, int]) -> str:
    return f"{name}: " + " + ".join(f"{number} {word}" for word, number in parts.items())
