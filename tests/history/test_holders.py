"""Who bore an identifier, over several snapshots."""

from __future__ import annotations

from pathlib import Path

from scimaudit.history import holders
from scimaudit.snapshot.store import snapshots
from tests.history.conftest import Year
from tests.test_audit import Company


def test_an_address_that_was_given_to_somebody_else_has_two_holders(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.app("crm")
    company.pull()
    company.people[1] = company.people[1].replace("bo@corp", "brun@corp")
    company.pull()
    company.people[2] = company.people[2].replace("chi@corp", "bo@corp")
    company.pull()
    rows = holders.holders(snapshots(company.config().store))
    mine = rows[rows["identifier_key"] == "bo@corp.example"]
    assert list(zip(mine["person_id"], mine["borne_as"], strict=True)) == [("2", "emails"), ("3", "emails")]
    assert mine.iloc[0]["last_seen"] < mine.iloc[1]["first_seen"]


def test_an_account_by_an_address_that_two_snapshots_ago_was_anothers_is_not_accepted(tmp_path: Path) -> None:
    """The snapshot before the last counts too: an address may rest a while before it is given away."""
    company = Company(tmp_path)
    company.app("crm", "b.brun,bo@corp.example,true,Finance,staff")
    company.pull()
    company.people[1] = company.people[1].replace("bo@corp", "brun@corp")
    company.pull()
    company.people[2] = company.people[2].replace("chi@corp", "bo@corp")
    audit = company.audit()
    assert "unmatched" in set(audit.leading["kind"].astype("str"))


def test_who_bears_a_name_again_did_not_bear_it_in_between(year: Year) -> None:
    for when, number in (("2026-03-20", 1), ("2026-04-20", 2), ("2026-05-20", 1)):
        record = year.look(when, people=f"{number},u{number},bo@corp.example,active,Sales,Agent,2020-01-01,")
    told = holders.holders(snapshots(record.config.store))
    mine = told[told["identifier_key"] == "bo@corp.example"]
    assert [(who, f"{first:%m}", f"{last:%m}") for who, first, last in
            zip(mine["person_id"], mine["first_seen"], mine["last_seen"], strict=True)] == [
        ("1", "03", "03"), ("2", "04", "04"), ("1", "05", "05"),
    ]  # fmt: skip
