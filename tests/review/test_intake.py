"""Packets that come back: each row that is wrong is named, and then nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimaudit.errors import ConfigError
from scimaudit.review.campaign import Campaign
from scimaudit.review.packets import packets
from tests.review.conftest import Fill, Firm, Page, of

ADMINS = {"admins": ("revoke", "she left the team")}


def decided(campaign: Campaign) -> dict[tuple[str, str], str]:
    items = {item.item_id: (item.account, item.value) for item in campaign.items()}
    return {items[each.item_id]: each.decision for each in campaign.standing().values()}


def test_a_workbook_comes_back(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    taken = firm.take(campaign, fill(of(campaign, "ana"), **ADMINS))
    assert (taken.decided, taken.undecided) == (2, 0)
    assert decided(campaign) == {("bo", "staff"): "certify", ("bo", "admins"): "revoke"}
    [each] = [each for each in campaign.standing().values() if each.decision == "revoke"]
    assert (each.reviewer, each.basis, each.rationale) == ("1", "manager", "she left the team")
    assert each.decided_at == each.received_at == firm.now


def test_a_decisions_file_comes_back(firm: Firm, campaign: Campaign, saved: Page) -> None:
    at = firm.now
    firm.later(hours=2)
    firm.take(campaign, saved(of(campaign, "ana"), at))
    each = next(iter(campaign.standing().values()))
    assert (each.decided_at, each.received_at, each.seconds, each.batch) == (at, firm.now, 9.5, 2)


def test_many_packets_come_back_at_once(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    paths = [fill(packet, **ADMINS) for packet in packets(campaign)]
    assert firm.take(campaign, *paths).decided == 6
    assert len(list((campaign.path / "decisions").iterdir())) == 1


def test_the_same_file_again_changes_nothing(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    path = fill(of(campaign, "ana"), **ADMINS)
    firm.take(campaign, path)
    assert firm.take(campaign, path).unchanged == 2
    assert len(campaign.imports()) == 1


def test_other_answers_need_to_be_asked_for(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    firm.take(campaign, fill(of(campaign, "ana"), **ADMINS))
    path = fill(of(campaign, "ana"))
    with pytest.raises(ConfigError, match=r"row 6 \(crm bo admins\): it was decided already: revoke"):
        firm.take(campaign, path)
    assert firm.take(campaign, path, replace=True).decided == 1
    assert decided(campaign)["bo", "admins"] == "certify"


def test_what_is_not_decided_is_named_unless_more_is_to_come(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    path = fill(of(campaign, "ana"), admins=("", ""))
    with pytest.raises(ConfigError, match=r"row 6 \(crm bo admins\): it is not decided"):
        firm.take(campaign, path)
    taken = firm.take(campaign, path, partial=True)
    assert (taken.decided, taken.undecided) == (1, 1)


def deleted(sheet: Any) -> None:
    sheet.delete_rows(7)


def foreign(sheet: Any) -> None:
    sheet["A7"] = "0123456789abcdef"


def doubled(sheet: Any) -> None:
    sheet["A7"] = sheet["A6"].value


def other_fact(sheet: Any) -> None:
    sheet["E6"] = "harmless (groups)"


def other_person(sheet: Any) -> None:
    sheet["D7"] = "Somebody Else"


def other_heading(sheet: Any) -> None:
    sheet["L5"] = "Comment"


def other_word(sheet: Any) -> None:
    sheet["L6"] = "approve"


def no_reason(sheet: Any) -> None:
    sheet["L7"], sheet["M7"] = "revoke", None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (deleted, r"\(crm bo staff\): its row is missing"),
        (foreign, "row 7: 0123456789abcdef is no item of this packet"),
        (doubled, r"row 7 \(crm bo admins\): it stands there twice, first in row 6"),
        (other_fact, r"row 6 \(crm bo admins\): what it shows was changed: Right"),
        (other_person, r"row 7 \(crm bo staff\): what it shows was changed: Person"),
        (other_heading, "its headings were changed: Comment stands where Decision should"),
        (other_word, r"row 6 \(crm bo admins\): 'approve' is no decision"),
        (no_reason, r"row 7 \(crm bo staff\): revoke needs a reason"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_changed_workbook_is_refused_and_its_row_named(
    firm: Firm, campaign: Campaign, fill: Fill, change: Callable[[Any], None], words: str
) -> None:
    good = fill(of(campaign, "chi"))
    bad = fill(of(campaign, "ana"), change)
    with pytest.raises(ConfigError, match=words):
        firm.take(campaign, good, bad)
    assert campaign.imports() == []


def test_rows_may_be_sorted(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    def swap(sheet: Any) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=6, max_row=7)]
        for place, values in zip((6, 7), reversed(rows), strict=True):
            for column, value in enumerate(values, start=1):
                sheet.cell(place, column).value = value

    assert firm.take(campaign, fill(of(campaign, "ana"), swap, **ADMINS)).decided == 2
    assert decided(campaign) == {("bo", "staff"): "certify", ("bo", "admins"): "revoke"}


def test_a_packet_of_another_campaign_is_refused(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    other = firm.open("other")
    with pytest.raises(ConfigError, match="it is of the campaign q4, not other"):
        firm.take(other, fill(of(campaign, "ana")))


def test_a_packet_of_somebody_who_reviews_nothing_is_refused(firm: Firm, campaign: Campaign, saved: Page) -> None:
    with pytest.raises(ConfigError, match="9 reviews nothing in this campaign"):
        firm.take(campaign, saved(of(campaign, "ana"), firm.now, reviewer="9"))


def test_a_decision_under_another_reviewers_name_is_refused(firm: Firm, campaign: Campaign, saved: Page) -> None:
    with pytest.raises(ConfigError, match="it is not the packet that 3 has now"):
        firm.take(campaign, saved(of(campaign, "ana"), firm.now, reviewer="3"))


def test_two_packets_of_one_reviewer_at_once_are_refused(
    firm: Firm, campaign: Campaign, fill: Fill, saved: Page
) -> None:
    packet = of(campaign, "ana")
    with pytest.raises(ConfigError, match="2 packets of the reviewer 1 at once"):
        firm.take(campaign, fill(packet), saved(packet, firm.now))


def test_a_review_of_ones_own_access_is_refused(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    item = next(item for item in campaign.items() if item.account == "bo")
    head = "app,account_id,person_id,relation,decided_by,decided_on,until,reason\n"
    firm.policy("links.csv", head + f"crm,{item.account_id},1,is,dee@corp.example,2026-11-20,,it is Ana's\n")
    firm.audit()
    with pytest.raises(ConfigError, match=r"row 6 \(crm bo admins\): Ana Ames would decide on their own access"):
        firm.take(campaign, fill(of(campaign, "ana"), **ADMINS))


@pytest.mark.parametrize("days", [-30, 30])
def test_a_decision_from_before_the_opening_or_from_the_future_is_refused(
    firm: Firm, campaign: Campaign, saved: Page, days: int
) -> None:
    at = firm.now
    firm.later(days=days)
    path = saved(of(campaign, "ana"), firm.now)
    firm.now = at
    with pytest.raises(ConfigError, match="which cannot be"):
        firm.take(campaign, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 2}',
        json.dumps({"format": 1, "campaign": "q4", "reviewer": "1", "packet": "x", "saved_at": "now", "decisions": []}),
        "PK not a zip",
    ],
)
def test_what_is_no_packet_is_refused(firm: Firm, campaign: Campaign, tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"wrong\.json is no"):
        firm.take(campaign, path)


def test_a_file_that_is_not_there_is_named(firm: Firm, campaign: Campaign) -> None:
    with pytest.raises(ConfigError, match=r"gone\.xlsx cannot be read"):
        firm.take(campaign, Path("gone.xlsx"))


def test_items_that_were_changed_on_disk_are_not_believed(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    path = fill(of(campaign, "ana"))
    frozen = campaign.path / "items.jsonl"
    frozen.write_bytes(frozen.read_bytes().replace(b"admins", b"guests"))
    with pytest.raises(Exception, match="were changed since it was opened"):
        firm.take(Campaign(campaign.path), path)
