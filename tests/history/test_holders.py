"""Who bore an identifier, over several snapshots."""

from __future__ import annotations

from pathlib import Path

from scimaudit.history import holders
from scimaudit.snapshot.store import snapshots
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
