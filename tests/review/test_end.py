"""Handing on, reminding, doubting and closing; and what is left when a process is killed."""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from scimaudit import workflow
from scimaudit.errors import ConfigError
from scimaudit.review import closing, intake
from scimaudit.review.campaign import Campaign, digest
from scimaudit.review.packets import packets
from scimaudit.review.progress import by_app, by_reviewer, line, reminders
from tests.review.conftest import Fill, Firm, Page, of

ADMINS = {"admins": ("revoke", "she left the team")}


def hand(firm: Firm, campaign: Campaign, before: str, after: str) -> int:
    told = workflow.delegate_review(
        firm.config(), campaign, before=before, after=after, by="kim", reason="on leave", now=firm.now
    )
    return len(told.item_ids)


def close(firm: Firm, campaign: Campaign, lapse: str | None = "open") -> None:
    closing.close(
        campaign, now=firm.now, by="kim", lapse=lapse, attested_by="D. Dorn, Chief", statement="It is complete"
    )  # type: ignore[arg-type]


def evidence(campaign: Campaign) -> list[dict[str, str]]:
    text = (campaign.path / "evidence" / "decisions.csv").read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_what_is_left_is_handed_to_somebody_else(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    old = fill(of(campaign, "ana"))
    assert hand(firm, campaign, "ana@corp.example", "chi@corp.example") == 2
    assert {(item.reviewer_mail, item.basis) for item in campaign.items() if item.account == "bo"} == {
        ("chi@corp.example", "delegate")
    }
    with pytest.raises(ConfigError, match="1 reviews nothing in this campaign"):
        firm.take(campaign, old)
    assert firm.take(campaign, fill(of(campaign, "chi"))).decided == 3


def test_what_is_decided_is_not_handed_on(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    firm.take(campaign, fill(of(campaign, "ana"), admins=("", "")), partial=True)
    assert hand(firm, campaign, "1", "chi@corp.example") == 1


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("ana@corp.example", "bo@corp.example", "Bo Brun holds or approved 2 of these: crm bo admins; crm bo staff"),
        ("ana@corp.example", "who@corp.example", "who@corp.example is nobody in the roster who is at work"),
        ("bo@corp.example", "chi@corp.example", "bo@corp.example is not one reviewer of this campaign"),
    ],
)
def test_nothing_is_handed_to_who_may_not_decide(
    firm: Firm, campaign: Campaign, before: str, after: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        hand(firm, campaign, before, after)
    assert campaign.delegations() == []


def test_progress_counts_every_item_once(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    firm.take(campaign, fill(of(campaign, "ana"), **ADMINS))
    for lines in (by_reviewer(campaign, firm.now.date()), by_app(campaign, firm.now.date())):
        assert sum(each.items for each in lines) == 6
        assert all(
            each.items == each.certified + each.revoked + each.modified + each.abstained + each.left for each in lines
        )
        assert sum(each.revoked for each in lines) == 1


def test_who_has_something_left_is_reminded_and_told_when_it_is_late(
    firm: Firm, campaign: Campaign, fill: Fill
) -> None:
    firm.take(campaign, fill(of(campaign, "ana"), **ADMINS))
    letters = dict(reminders(campaign, firm.now.date()))
    assert "q4-1.eml" not in letters
    assert letters["q4-5.eml"]["To"] == "eve@corp.example"
    assert "is due on" in letters["q4-5.eml"].get_content()
    late = dict(reminders(campaign, campaign.opened.due + timedelta(days=1)))
    assert "was due on" in late["q4-5.eml"].get_content()


def test_a_title_with_a_line_break_ends_no_header(firm: Firm) -> None:
    firm.later(days=1)
    firm.audit()
    title = "Q4\r\nBcc: everybody@corp.example"
    campaign = workflow.open_review(firm.config(), now=firm.now, by="kim", title=title, name="odd")
    for _, letter in reminders(campaign, firm.now.date()):
        assert letter["Bcc"] is None


def test_doubts_name_who_approved_everything_and_who_said_nothing(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    firm.options += 'closed = true\nprivileged = ["admins"]\n'
    firm.audit()
    other = firm.open("closed")
    firm.take(other, fill(of(other, "ana")))
    warnings = line(other).warnings
    assert "Ana Ames certified all 2, 2 of them against the recommendation" in warnings
    assert "Eve Eck decided nothing" in warnings


def test_haste_over_many_is_told(firm: Firm, saved: Page) -> None:
    for number in range(60):
        firm.accounts[f"x{number}"] = f"x{number},x{number}@corp.example,true,Sales,staff"
    firm.audit()
    campaign = firm.open()
    packet = of(campaign, "dee")
    rows = [
        {"item_id": item.item_id, "decision": "certify", "decided_at": firm.now.isoformat(), "seconds": 0.4}
        for item in packet.items
    ]
    firm.take(campaign, saved(packet, firm.now, decisions=rows))
    assert any("took 0.4 seconds a decision over" in text for text in line(campaign).warnings)


def test_closing_writes_each_decision_and_who_answers_for_it(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    firm.take(campaign, *(fill(packet, **ADMINS) for packet in packets(campaign)))
    close(firm, campaign)
    rows = evidence(campaign)
    assert len(rows) == 6
    assert {row["independent"] for row in rows} == {"yes"}
    [revoked] = [row for row in rows if row["decision"] == "revoke"]
    assert (revoked["right"], revoked["reviewer"], revoked["rationale"]) == ("admins", "Ana Ames", "she left the team")
    told = (campaign.path / "evidence" / "attestation.txt").read_text("utf-8")
    assert "D. Dorn, Chief: It is complete." in told
    parts = [
        campaign.path / "campaign.json",
        campaign.path / "items.jsonl",
        campaign.path / "decisions" / "00001.jsonl",
    ]
    assert f"sha256 {digest(path.read_bytes() for path in parts)}" in told


def test_what_nobody_decided_has_no_meaning_unless_it_is_given_one(firm: Firm, campaign: Campaign) -> None:
    with pytest.raises(ConfigError, match="6 items are not decided, and nothing says what that means"):
        close(firm, campaign, None)
    assert campaign.closing is None
    assert not (campaign.path / "evidence").exists()


@pytest.mark.parametrize(("lapse", "counts"), [("revoke", 6), ("certify", 0), ("open", 0)])
def test_what_lapsed_counts_as_it_was_said(firm: Firm, campaign: Campaign, lapse: str, counts: int) -> None:
    from scimaudit.review.decisions import revocations

    close(firm, campaign, lapse)
    assert len(revocations(firm.config().store)) == counts
    assert {row["decision"] for row in evidence(campaign)} == {f"lapsed: {lapse}"}
    assert line(campaign).lapsed == 6


def test_nothing_comes_after_the_end(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    path = fill(of(campaign, "ana"))
    close(firm, campaign)
    for late in (
        lambda: firm.take(campaign, path),
        lambda: close(firm, campaign),
        lambda: hand(firm, campaign, "1", "chi@corp.example"),
    ):
        with pytest.raises(ConfigError, match="closed"):
            late()


def test_a_newer_decision_counts_over_an_older_one(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    from scimaudit.review.decisions import revocations

    firm.take(campaign, fill(of(campaign, "ana"), **ADMINS))
    store = firm.config().store
    assert list(revocations(store)["display"]) == ["admins"]
    again = firm.open("again")
    firm.later(hours=1)
    firm.take(again, fill(of(again, "ana")))
    assert revocations(store).empty


def killed(work: Callable[[], object], seconds: float) -> None:
    """Do the work in a process that is killed after so long."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize("seed", range(3))
def test_an_import_that_is_killed_is_whole_or_was_not(firm: Firm, campaign: Campaign, fill: Fill, seed: int) -> None:
    chance = random.Random(seed)
    handed = [intake.read(fill(packet, **ADMINS)) for packet in packets(campaign)]

    def work(into: Campaign = campaign) -> None:
        intake.take(into, handed, now=firm.now, rationale_for=("revoke",), owners={})

    # How long it takes where nobody kills it: of a copy, for the campaign itself takes them once.
    lasted = time.monotonic()
    work(Campaign(Path(shutil.copytree(campaign.path, firm.folder / "measured"))))
    lasted = max(time.monotonic() - lasted, 0.004)
    for _ in range(15):
        killed(work, chance.random() * lasted * 2)
        assert len(Campaign(campaign.path).standing()) in (0, 6)
    work()
    lines = [each.item_id for batch in campaign.imports() for each in batch]
    assert len(lines) == len(set(lines)) == 6


@pytest.mark.parametrize("seed", range(3))
def test_a_closing_that_is_killed_is_gone_through_again(firm: Firm, campaign: Campaign, fill: Fill, seed: int) -> None:
    chance = random.Random(seed)
    firm.take(campaign, *(fill(packet, **ADMINS) for packet in packets(campaign)))
    for _ in range(15):
        killed(lambda: close(firm, Campaign(campaign.path)), chance.random() * 0.02)
        ended = Campaign(campaign.path).closing
        if ended is not None:
            break
    else:
        close(firm, campaign)
    found = Campaign(campaign.path)
    assert found.closing is not None
    assert found.closing.digest == found.record()
    assert len(evidence(campaign)) == 6


def test_two_at_once_do_not_mix(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    path: Path = fill(of(campaign, "ana"))
    with campaign.locked(), pytest.raises(ConfigError, match="somebody else is at work"):
        firm.take(Campaign(campaign.path), path)
