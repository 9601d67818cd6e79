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
from scimaudit.evidence.pack.proof import STRANGER, Proofs
from scimaudit.plural import count
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

    :param found: accounts that a finding is of.
    :param kinds: accounts by kind; ``listings``: accounts by the listing that shows them.
    :param reviewed: what the last campaign over it got; None where there was none.
    """

    accounts: int
    found: int
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
    looked_at = {line.name: line.acknowledged for line in audit.sources}
    for source in manifest.sources:
        proof = proofs.listing(source.app) if source.app else proofs.roster
        lines += [
            arrow | {cells.PROOF: proof}
            for arrow in _received(source, declared.get(source.name), looked_at.get(source.name, 0))
        ]
    lines += [arrow | {cells.PROOF: proofs.roster} for arrow in _people(manifest)]
    strangers = sorted(counted.keys() - {each.app for each in audit.apps})
    of = {app: _of(audit.findings, app) for app in (*(each.app for each in audit.apps), *strangers)}
    for each in audit.apps:
        told = counted.get(each.app)
        arrows = (
            _app(audit, each.app, manifest, told)
            # A listing that failed shows no account: nobody knows how many there are, so nothing balances.
            if told is not None and (told.accounts or each.verdict != "failed")
            else [_untold(each.app, "source → accounts", each.verdict_reason, cells.NOT_APPLICABLE)]
        )
        lines += [
            arrow | {cells.PROOF: proofs.judged(each.app)} for arrow in (*arrows, _became(each.app, of[each.app]))
        ]
    for app in strangers:
        left = _arrow(app, "accounts → under a verdict", counted[app].accounts, 0, STRANGER)
        lines += [arrow | {cells.PROOF: proofs.judged(app)} for arrow in (left, _became(app, of[app]))]
    lines += [arrow | {cells.PROOF: proofs.everything} for arrow in _whole(audit, [len(rows) for rows in of.values()])]
    for equation in audit.equations:
        if equation.name.startswith("population"):
            lines.append(_arrow(equation.subject, _spelled(equation.name, equation.right), equation.left,
                                sum(equation.right.values())) | {cells.PROOF: proofs.everything})  # fmt: skip
    return lines


def _received(line: Collected, total: int | None, looked_at: int) -> Iterator[dict[str, Any]]:
    listing = line.listing
    if listing is None:
        yield _untold(line.name, "source total → received", f"nothing was received: {line.error}", "0")
        return
    if total is None:
        yield _untold(line.name, "source total → received", "no total was declared", listing.received)
    else:
        yield _arrow(line.name, "source total → received", total, listing.received, _missed(listing))
    told = "; ".join(f"row {each.place}: {each.reason} (sha256 {each.digest})" for each in listing.rejected)
    looked = f"; acknowledged: {looked_at} of {len(listing.rejected)}" if listing.rejected else ""
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
    joined = count(manifest.joined, "row found its person", "rows found their person")
    why = f"{joined} in an earlier roster" if found == manifest.joined else ""
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
    without = count(counted.accounts - counted.found, "account has no finding", "accounts have no finding")
    yield _arrow(
        app, "accounts → accounts with findings", counted.accounts, counted.found,
        f"{without}, which proves nothing of what could not be judged",
    )  # fmt: skip
    if (told := counted.reviewed) is None:
        yield _arrow(
            app, "accounts → reviewed", counted.accounts, 0, "no campaign of the store has the app in its scope"
        )
        return
    yield _arrow(app, f"accounts → reviewed in {told.campaign}", counted.accounts, told.accounts, told.left)
    decided = {name: number for name, number in told.decided.items() if name != "abstain"}
    left = count(told.items - sum(decided.values()), "item")
    yield _arrow(
        app, _spelled(f"items of {told.campaign} → decided", decided), told.items, sum(decided.values()),
        f"{left} that nobody decided; abstained from, which decides nothing: {told.decided['abstain']}",
    )  # fmt: skip


def _merged(parsed: int, shown: int, accounts: int, mine: Sequence[Collected]) -> str:
    """Why there are fewer accounts than rows: one shown by two listings, rows of one account in one listing."""
    why = []
    if shown > accounts:
        rows = count(shown - accounts, "row is of an account", "rows are of accounts")
        why.append(f"{rows} that another of the {len(mine)} listings shows too")
    if parsed > shown:
        rows = count(parsed - shown, "row is a further row", "rows are further rows")
        why.append(f"{rows} of an account that the same listing shows")
    return "; ".join(why)


def with_findings(findings: pd.DataFrame, app: str, now: Collection[str]) -> int:
    """How many accounts of an app have a finding; of those that are listed now, for a finding may be of one that went.

    :param now: the ids of the app's accounts now.
    """
    names = _of(findings, app)["account_id"].dropna().astype("str")
    return len({*names}.intersection(now))


def _of(findings: pd.DataFrame, app: str) -> pd.DataFrame:
    return findings[(findings["app"] == app).to_numpy(dtype=bool)]


def fates(rows: pd.DataFrame) -> dict[str, int]:
    """What became of findings: each is counted, led by another on the same account, or set aside by somebody."""
    counts = rows["disposition"].isin(COUNTED).to_numpy()
    lead = rows["lead"].to_numpy(dtype=bool)
    return {
        "counted": int((counts & lead).sum()),
        "led by another": int((counts & ~lead).sum()),
        "set aside": int((~counts).sum()),
    }


def _became(subject: str, rows: pd.DataFrame) -> dict[str, Any]:
    parts = fates(rows)
    return _arrow(subject, _spelled("findings → what became of them", parts), len(rows), sum(parts.values()))


def _whole(audit: Audit, of_apps: Sequence[int]) -> Iterator[dict[str, Any]]:
    """From all findings to those of apps and of none: one of an app without an arrow of its own is a fault.

    :param of_apps: how many findings each app's own arrow begins with.
    """
    rows = audit.findings
    free = rows[rows["app"].isna().to_numpy(dtype=bool)]
    parts = {"of apps, each with its own arrow": sum(of_apps), "of no single app": len(free)}
    yield _arrow("all findings", _spelled("findings → of apps and of none", parts), len(rows), sum(parts.values()))
    yield _became("of no single app", free)
    yield _became("all findings", rows)


@dataclass(frozen=True)
class Reviewed:
    """What the last campaign over an app asked and got.

    :param accounts: accounts of now of which everything that was asked was decided.
    :param left: why accounts of now were not reviewed. ``decided``: decision to items, those abstained from included.
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
    settled = {name for name, decision in standing.items() if decision.decision != "abstain"}
    unanswered = asked.intersection(item.account_id for item in items if item.item_id not in settled)
    decided: dict[str, int] = dict.fromkeys(VERDICTS, 0)
    for item in items:
        if item.item_id in standing:
            decided[standing[item.item_id].decision] += 1
    left_out = "; ".join(opened.left_out) or "nothing"
    out = count(len(now) - len(asked), "account of now was", "accounts of now were")
    left = (
        f"{out} not in the campaign, which was opened on "
        f"{cells.cell(opened.opened_at)} over {opened.snapshot_id} and left out of all its apps: {left_out}"
    )
    if unanswered:
        left += f"; of {count(len(unanswered), 'account')} in it something was not decided"
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
