"""What became of what was revoked: told by later listings, and by nothing else."""

from __future__ import annotations

import re

import pytest

from scimaudit import config
from scimaudit.result import Audit, RevocationLine
from scimaudit.review.campaign import Campaign
from scimaudit.review.packets import packets
from tests.review.conftest import Fill, Firm


@pytest.fixture
def revoked(firm: Firm, campaign: Campaign, fill: Fill) -> Firm:
    """``admins`` of Bo is revoked, all else is certified; the next look is two weeks later."""
    for number in range(12):
        firm.accounts[f"x{number}"] = f"x{number},x{number}@corp.example,true,Sales,staff;admins"
    firm.audit()
    firm.later(hours=1)
    firm.take(campaign, *(fill(packet, admins=("revoke", "she left the team")) for packet in packets(campaign)))
    firm.later(days=14)
    return firm


def without(firm: Firm) -> None:
    firm.accounts["bo"] = firm.accounts["bo"].replace(";admins", "")


def told(audit: Audit) -> RevocationLine:
    [line] = audit.over_time.revocations
    return line


def kinds(audit: Audit) -> set[str]:
    return {kind for kind in audit.findings["kind"].astype("str") if kind.startswith("revoke")}


def passed(audit: Audit, kind: str) -> int:
    return int(audit.checks.loc[audit.checks["kind"] == kind, "passed"].sum())


def test_a_right_that_is_gone_from_a_whole_listing_is_closed(revoked: Firm) -> None:
    without(revoked)
    audit = revoked.audit()
    line = told(audit)
    assert (line.state, line.proven_by) == ("verified-closed", audit.meta.snapshot_id)
    assert line.still_there is None
    assert kinds(audit) == set()
    assert passed(audit, "revoke-not-done") == 1


def test_a_right_that_is_still_there_is_a_finding(revoked: Firm) -> None:
    audit = revoked.audit()
    assert told(audit).state == "not-done"
    assert kinds(audit) == {"revoke-not-done"}


def test_it_has_a_week(revoked: Firm) -> None:
    revoked.later(days=-10)
    audit = revoked.audit()
    assert told(audit).state == "open"
    assert kinds(audit) == set()
    assert passed(audit, "revoke-not-done") == 0


@pytest.mark.parametrize("change", [{"missing": 1}, {"proof": ""}])
def test_a_listing_that_proves_nothing_closes_nothing(revoked: Firm, change: dict[str, object]) -> None:
    del revoked.accounts["bo"]
    vars(revoked).update(change)
    audit = revoked.audit()
    assert told(audit).state == "unproven"
    assert passed(audit, "revoke-not-done") == passed(audit, "revoke-regressed") == 0


def test_a_listing_of_half_the_accounts_closes_nothing(revoked: Firm) -> None:
    for name in ("bo", "x1", "x2", "x3", "x4"):
        del revoked.accounts[name]
    assert told(revoked.audit()).state == "unproven"


def test_an_export_older_than_the_decision_closes_nothing(revoked: Firm) -> None:
    without(revoked)
    then = revoked.now
    revoked.later(days=-20)
    revoked.config()
    old = (revoked.folder / "scimaudit.toml").read_text("utf-8").split('exported_at = "')[1].split('"')[0]
    revoked.now = then
    kept = revoked.config
    revoked.config = lambda **_: _older(kept(fresh=True), revoked, old)  # type: ignore[method-assign]
    audit = revoked.audit()
    assert told(audit).state == "unproven"
    assert told(audit).reason == "no listing since"


def _older(loaded: object, firm: Firm, old: str) -> object:
    path = firm.folder / "scimaudit.toml"
    text = path.read_text("utf-8")
    now = text.split('exported_at = "')[1].split('"')[0]
    path.write_text(text.replace(f'exported_at = "{now}"', f'exported_at = "{old}"'), "utf-8")
    return config.load(path)


def test_a_right_that_comes_back_is_a_finding_again(revoked: Firm) -> None:
    kept = revoked.accounts["bo"]
    without(revoked)
    revoked.audit()
    revoked.later(days=7)
    revoked.accounts["bo"] = kept
    audit = revoked.audit()
    assert told(audit).state == "regressed"
    assert kinds(audit) == {"revoke-regressed"}


def test_what_was_closed_stays_closed_while_a_listing_cannot_tell_and_does_not_pass(revoked: Firm) -> None:
    without(revoked)
    revoked.audit()
    revoked.later(days=7)
    del revoked.accounts["bo"]
    revoked.missing = 1
    audit = revoked.audit()
    assert told(audit).state == "verified-closed"
    assert passed(audit, "revoke-regressed") == 0


def test_a_new_account_of_the_same_person_holds_it_again(revoked: Firm) -> None:
    del revoked.accounts["bo"]
    revoked.accounts["bo2"] = "bo.brun,bo@corp.example,true,Finance,staff;admins"
    line = told(revoked.audit())
    assert (line.state, line.reason) == ("regressed", "the same person holds it by the account bo.brun")


def test_the_same_person_by_an_account_that_was_reviewed_too_is_another_matter(firm: Firm, fill: Fill) -> None:
    firm.accounts["bo2"] = "adm-bo,bo@corp.example,true,Finance,admins"
    for number in range(12):
        firm.accounts[f"x{number}"] = f"x{number},x{number}@corp.example,true,Sales,staff"
    firm.options += 'admin_accounts = ["adm-*"]\n'
    firm.audit()
    campaign = firm.open("both")
    firm.later(hours=1)
    paths = [fill(packet, **{"bo:admins": ("revoke", "by the other account")}) for packet in packets(campaign)]
    firm.take(campaign, *paths)
    found = {line.account: line for line in firm.audit().over_time.revocations}
    assert set(found) >= {"bo"}
    firm.later(days=14)
    firm.accounts["bo"] = firm.accounts["bo"].replace(";admins", "")
    found = {line.account: line.state for line in firm.audit().over_time.revocations}
    assert found["bo"] == "verified-closed"


def test_a_revoked_account_is_closed_when_it_is_inactive(firm: Firm, campaign: Campaign, fill: Fill) -> None:
    firm.take(campaign, *(fill(packet, account=("revoke", "nobody needs it")) for packet in packets(campaign)))
    firm.later(days=14)
    assert told(firm.audit()).state == "not-done"
    firm.later(days=1)
    firm.accounts["eve"] = firm.accounts["eve"].replace(",true,", ",,")
    assert told(firm.audit()).state == "not-done"
    firm.later(days=1)
    firm.accounts["eve"] = firm.accounts["eve"].replace(",,Board", ",false,Board")
    assert told(firm.audit()).state == "verified-closed"


def test_a_campaign_past_its_day_is_overdue(firm: Firm, campaign: Campaign) -> None:
    firm.later(days=30)
    rows = firm.audit().findings
    assert set(rows.loc[rows["kind"] == "review-overdue", "value"]) == {"q4"}


def test_a_judgement_of_an_earlier_day_does_not_know_later_decisions(revoked: Firm) -> None:
    from scimaudit import workflow

    audit = revoked.audit()
    assert audit.over_time.campaigns
    first = workflow.snapshots(revoked.config().store)[0]
    assert workflow.audit(revoked.config(), snapshot=first.id).audit.over_time.revocations == ()


def test_a_listing_of_unknown_time_that_shows_it_keeps_it_from_being_closed(revoked: Firm) -> None:
    kept = revoked.accounts["bo"]
    without(revoked)
    revoked.audit()
    revoked.later(days=7)
    revoked.accounts["bo"] = kept
    told_nothing = revoked.config
    revoked.config = lambda **_: _undated(told_nothing(fresh=True), revoked)  # type: ignore[method-assign]
    assert told(revoked.audit()).state == "unproven"


def _undated(loaded: object, firm: Firm) -> object:
    path = firm.folder / "scimaudit.toml"
    head, app, tail = path.read_text("utf-8").partition("[apps.crm]")
    path.write_text(head + app + re.sub(r"(exported_\w+|declared_total|shows_all) = .*\n", "", tail), "utf-8")
    return config.load(path)


def test_an_export_of_the_day_on_which_a_listing_still_showed_it_does_not_close_it(revoked: Firm) -> None:
    revoked.audit()
    day = f"{revoked.now:%Y-%m-%d}"
    revoked.later(days=2)
    without(revoked)
    kept = revoked.config
    revoked.config = lambda **_: _older(kept(fresh=True), revoked, day)  # type: ignore[method-assign]
    line = told(revoked.audit())
    assert (line.state, line.reason) == ("unproven", "the listings do not tell which of them came first")


@pytest.fixture
def closed(firm: Firm, fill: Fill) -> Firm:
    """The account of Eve is revoked, and gone from the first listing after that."""
    firm.accounts |= {f"x{number}": f"x{number},x{number}@corp.example,true,Sales,staff" for number in range(12)}
    firm.audit()
    campaign = firm.open()
    firm.later(days=1)
    firm.take(campaign, *(fill(packet, account=("revoke", "nobody needs it")) for packet in packets(campaign)))
    firm.later(days=14)
    del firm.accounts["eve"]
    assert told(firm.audit()).state == "verified-closed"
    firm.later(days=1)
    return firm


def test_an_account_that_is_there_again_and_may_be_active_is_not_closed(closed: Firm) -> None:
    closed.accounts["eve"] = "eve,eve@corp.example,,Board,"
    line = told(closed.audit())
    assert (line.state, line.reason) == ("unproven", "nobody tells whether the account is active")


def test_an_account_made_anew_under_another_id_is_not_closed(closed: Firm) -> None:
    closed.accounts["eve"] = "eve.eck,eve@corp.example,true,Board,"
    line = told(closed.audit())
    assert (line.state, line.reason) == ("regressed", "the same person holds it by the account eve.eck")
