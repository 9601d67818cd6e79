"""What becomes of findings from audit to audit; above all, when one may be called resolved."""

from __future__ import annotations

from pathlib import Path

import pytest

from scimaudit import archive, tables
from scimaudit.snapshot.store import snapshots
from tests.test_audit import ANA, BO, BO_OFF, Company

STAFF = tuple(f"p{number},p{number}@corp.example,false,Sales," for number in range(9))
UNPROVEN = 'exported_by = "j.doe"\nexported_at = "2026-11-20"\ndeclared_total = 9\n'


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def state(company: Company, kind: str = "leaver-active") -> tuple[str, str]:
    trail = archive.latest(company.config().store).trail()
    [row] = trail[trail["kind"] == kind].to_dict("records")
    return row["state"], row["reason"] if isinstance(row["reason"], str) else ""


def audits(company: Company, *days: tuple[str, ...]) -> list[tuple[str, str]]:
    found = []
    for rows in days:
        company.app("crm", *rows)
        company.audit()
        found.append(state(company))
    return found


def test_an_account_that_was_disabled_resolves_its_finding(company: Company) -> None:
    assert audits(company, (ANA, BO), (ANA, BO_OFF)) == [
        ("standing", ""),
        ("resolved", "judged again: as it should be"),
    ]


def test_an_account_that_is_gone_resolves_its_finding(company: Company) -> None:
    assert audits(company, (*STAFF, BO), STAFF)[1] == ("resolved", "the account is gone")


def test_a_listing_cut_short_resolves_nothing(company: Company) -> None:
    audits(company, (*STAFF, BO))
    company.app("crm", *STAFF, total=12)
    company.audit()
    told, why = state(company)
    assert told == "unproven"
    assert "walk" in why


def test_a_listing_of_unproven_scope_resolves_nothing(company: Company) -> None:
    audits(company, (*STAFF, BO))
    company.app("crm", *STAFF, listing=UNPROVEN)
    company.audit()
    told, why = state(company)
    assert (told, "scope" in why) == ("unproven", True)


def test_unknown_activity_resolves_nothing(company: Company) -> None:
    audits(company, (ANA, BO))
    company.app("crm", ANA, BO.replace("true", ""))
    company.audit()
    assert state(company) == ("unproven", "what it was about could not be judged")


def test_an_account_missing_from_a_roster_that_is_cut_short_resolves_nothing(company: Company) -> None:
    audits(company, (ANA, BO))
    del company.people[1]
    company.audit()
    told, _ = state(company)
    assert told == "unproven"


def test_a_rule_that_is_switched_off_resolves_nothing(company: Company) -> None:
    audits(company, (ANA, BO))
    company.apps["crm"] += "[rules.leaver-active]\nenabled = false\n"
    company.audit()
    assert state(company) == ("unproven", "its rule is switched off")


def test_an_app_that_left_the_configuration_resolves_nothing(company: Company) -> None:
    audits(company, (ANA, BO))
    del company.apps["crm"]
    company.app("other", ANA)
    company.audit()
    assert state(company) == ("unproven", "its app is not audited any more")


def test_a_tripped_gate_resolves_nothing(company: Company) -> None:
    audits(company, (*STAFF, BO))
    company.app("crm", *STAFF[:2], BO_OFF)
    assert company.audit().gates
    told, why = state(company)
    assert (told, "gate" in why) == ("unproven", True)


def test_what_was_resolved_and_is_back_is_reopened_with_its_first_day(company: Company) -> None:
    company.app("crm", ANA, BO)
    first = company.audit().leading.iloc[0]
    company.app("crm", ANA, BO_OFF)
    assert company.audit().findings["kind"].astype("str").tolist() == []
    company.app("crm", ANA, BO)
    again = company.audit()
    row = again.leading.iloc[0]
    assert (row["finding_id"], row["disposition"], row["first_seen"]) == (
        first["finding_id"], "reopened", first["first_seen"],
    )  # fmt: skip
    trail = archive.latest(company.config().store).trail().set_index("finding_id")
    assert trail.loc[row["finding_id"], "reopened"] == 1
    assert again.meta.exit_code == 1
    assert company.audit().leading.iloc[0]["disposition"] == "reopened"


def test_what_could_not_be_told_and_is_shown_again_was_never_away(company: Company) -> None:
    audits(company, (ANA, BO), (ANA, BO.replace("true", "")), (ANA, BO))
    assert company.audit().leading.iloc[0]["disposition"] == "open"


def test_a_snapshot_judged_again_goes_on_from_the_one_before_it(company: Company) -> None:
    from scimaudit import workflow

    company.app("crm", ANA, BO)
    first = company.audit().leading.iloc[0]["first_seen"]
    company.app("crm", ANA, BO_OFF)
    company.audit()
    loaded = company.config()
    older, newer = snapshots(loaded.store)
    again = workflow.audit(loaded, snapshot=older.id)
    assert again.audit.leading.iloc[0]["first_seen"] == first
    assert again.audit.over_time.before == ""
    assert workflow.audit(loaded, snapshot=newer.id).audit.over_time.before == again.path.name


def test_the_trail_has_every_finding_of_its_audit(company: Company) -> None:
    company.app("crm", ANA, BO, "ghost,g@else.example,true,,admins")
    audit = company.audit()
    trail = archive.latest(company.config().store).trail()
    assert set(audit.findings["finding_id"]) == set(trail["finding_id"])
    tables.conform(trail, tables.TRAIL)


def test_changes_are_counted_since_the_audit_before(company: Company) -> None:
    company.app("crm", ANA, BO)
    company.audit()
    company.app("crm", "ana,ana@corp.example,true,Sales,staff;admins", BO_OFF, "chi,chi@corp.example,true,Sales,")
    told = {(line.what, line.app): line for line in company.audit().over_time.changes}
    accounts, grants, found = (told[what, "crm"] for what in ("accounts", "grants", "findings"))
    assert (accounts.came, accounts.gone, accounts.changed, accounts.stayed) == (1, 0, 2, 0)
    assert (grants.came, grants.gone, grants.stayed) == (1, 1, 1)
    assert (found.gone, told["people", ""].stayed) == (2, 3)


def test_what_a_cut_listing_does_not_show_is_not_gone(company: Company) -> None:
    company.app("crm", *STAFF, BO)
    company.audit()
    company.app("crm", *STAFF, total=12)
    told = {(line.what, line.app): line for line in company.audit().over_time.changes}
    assert (told["accounts", "crm"].gone, told["accounts", "crm"].unproven) == (0, 1)
    assert (told["grants", "crm"].gone, told["grants", "crm"].unproven) == (0, 1)
