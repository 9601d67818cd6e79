"""What is frozen, who decides, and what a campaign is not opened on."""

from __future__ import annotations

import pytest

from scimaudit.errors import ConfigError
from scimaudit.review.campaign import Campaign
from scimaudit.review.progress import line
from tests.review.conftest import Firm


def reviewers(campaign: Campaign) -> dict[tuple[str, str], tuple[str, str]]:
    return {(item.account, item.value): (item.reviewer_mail.split("@")[0], item.basis) for item in campaign.items()}


def test_every_right_and_every_empty_account_that_may_be_used_is_an_item(campaign: Campaign) -> None:
    assert set(reviewers(campaign)) == {
        ("ana", "staff"), ("bo", "staff"), ("bo", "admins"), ("chi", "staff"), ("dee", "staff"), ("eve", ""),
    }  # fmt: skip
    assert campaign.opened.left_out == ("1 inactive accounts that hold nothing",)


def test_the_manager_decides_and_nobody_on_their_own(campaign: Campaign) -> None:
    assert reviewers(campaign)["bo", "staff"] == ("ana", "manager")
    # Dee has no manager, and owns the app herself.
    assert reviewers(campaign)["dee", "staff"] == ("eve", "fallback")
    assert reviewers(campaign)["eve", ""] == ("dee", "manager")


def test_a_manager_on_leave_does_not_decide(firm: Firm) -> None:
    firm.people["ana"] = firm.people["ana"].replace(",active,", ",leave,")
    firm.audit()
    assert reviewers(firm.open())["bo", "staff"] == ("dee", "app-owner")


def test_a_manager_who_left_does_not_decide(firm: Firm) -> None:
    firm.people["ana"] = firm.people["ana"].replace(",active,", ",terminated,")
    firm.audit()
    assert reviewers(firm.open())["bo", "staff"] == ("dee", "app-owner")


def test_who_approved_a_right_does_not_review_it(firm: Firm) -> None:
    head = "app,account,value,approved_by,approved_on,until,reason\n"
    firm.policy("approvals.csv", head + "crm,bo,admins,ana@corp.example,2026-11-01,,work\n")
    firm.audit()
    found = reviewers(firm.open())
    assert found["bo", "admins"] == ("dee", "app-owner")
    assert found["bo", "staff"] == ("ana", "manager")


def test_who_may_own_an_ambiguous_account_does_not_decide_on_it(firm: Firm) -> None:
    firm.accounts["two"] = "dee,chi@corp.example,true,Sales,staff"
    del firm.accounts["dee"]
    firm.audit()
    campaign = firm.open()
    [item] = [item for item in campaign.items() if item.account == "dee"]
    assert set(item.subjects) == {"3", "4"}
    assert item.reviewer_mail == "eve@corp.example"


def test_where_nobody_may_decide_it_is_not_opened_and_says_on_what(firm: Firm) -> None:
    firm.review = ""
    with pytest.raises(ConfigError, match="nobody may decide on crm dee staff"):
        firm.open()
    assert not list(firm.config().store.glob("campaigns/*"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"missing": 1}, "crm: walk incomplete"),
        ({"proof": ""}, "crm: scope unknown"),
    ],
)
def test_what_is_not_proven_is_refused(firm: Firm, change: dict[str, object], words: str) -> None:
    vars(firm).update(change)
    firm.audit()
    with pytest.raises(ConfigError, match=words):
        firm.open()


def test_a_doubt_is_accepted_by_name_and_stays_on_record(firm: Firm) -> None:
    firm.proof = ""
    firm.audit()
    campaign = firm.open(accept={"crm": "the export is all we get"})
    [accepted] = campaign.opened.accepted
    assert (accepted.subject, accepted.by, accepted.reason) == ("crm", "kim@corp.example", "the export is all we get")
    assert "scope unknown" in line(campaign).accepted[0]


def test_what_is_in_no_doubt_cannot_be_accepted(firm: Firm) -> None:
    with pytest.raises(ConfigError, match="nothing is in doubt about crm"):
        firm.open(accept={"crm": "to be sure"})


def test_an_old_snapshot_is_stale(firm: Firm) -> None:
    firm.later(days=8)
    with pytest.raises(ConfigError, match="the snapshot is 8 days old"):
        firm.open()


def test_a_roster_that_is_not_proven_is_refused(firm: Firm) -> None:
    firm.later(days=1)
    firm.people["fay"] = "6,fay,fay@corp.example"
    firm.audit()
    with pytest.raises(ConfigError, match="rosters: "):
        firm.open()


def test_an_app_that_shrank_is_refused(firm: Firm) -> None:
    for name in ("ana", "bo", "off"):
        del firm.accounts[name]
    firm.audit()
    with pytest.raises(ConfigError, match="it shrank"):
        firm.open()


def test_the_same_id_is_not_opened_twice(firm: Firm, campaign: Campaign) -> None:
    with pytest.raises(ConfigError, match="there is a campaign q4 already"):
        firm.open()


def test_what_changes_afterwards_changes_nothing_in_the_campaign(firm: Firm, campaign: Campaign) -> None:
    before = campaign.items()
    del firm.accounts["bo"]
    firm.audit()
    assert Campaign(campaign.path).items() == before


def test_a_recommendation_follows_findings_and_policy(firm: Firm) -> None:
    firm.policy(
        "entitlements.toml",
        '[[rules]]\nname = "all"\nwho = "everyone"\nwhat = { app = "crm", attribute = "groups", values = ["staff"] }\n'
        'why = "work"\n',
    )
    firm.options += "closed = true\n"
    firm.audit()
    found = {(item.account, item.value): item for item in firm.open().items()}
    assert found["bo", "staff"].recommended == "certify"
    assert found["bo", "staff"].why == "all allows it: work"
    assert found["bo", "admins"].recommended == "revoke"
    assert "no policy allows" in found["bo", "admins"].unusual
    assert found["eve", ""].recommended == ""


def test_an_account_of_unknown_activity_is_never_recommended_to_be_kept(firm: Firm) -> None:
    firm.accounts["chi"] = firm.accounts["chi"].replace(",true,", ",,")
    firm.policy(
        "entitlements.toml",
        '[[rules]]\nname = "all"\nwho = "everyone"\nwhat = { app = "crm", attribute = "groups", values = ["staff"] }\n'
        'why = "work"\n',
    )
    firm.audit()
    found = {item.account: item for item in firm.open().items() if item.value == "staff"}
    assert (found["chi"].recommended, found["chi"].active) == ("", None)
    assert "nobody tells whether the account is active" in found["chi"].unusual


def test_two_do_not_open_the_same_campaign(firm: Firm) -> None:
    folder = firm.config().store / "campaigns" / "q4"
    folder.mkdir(parents=True)
    with Campaign(folder).locked(), pytest.raises(ConfigError, match="somebody else is at work on the campaign q4"):
        firm.open("q4")
    assert firm.open("q4").frozen
