"""Ways in which an audit could call clean what is not, and odd estates that must not stop it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scimaudit import config, findings, inquiry, workflow
from scimaudit.result import AppLine, Audit
from tests.silence import Silence

HEAD = "employee_number,user_name,email,given_name,family_name,status,department,title\n"
PEOPLE = (
    "1,ana,ana@corp.example,Ana,Ames,active,Finance,Analyst",
    "2,bo,bo@corp.example,Bo,Brun,terminated,Sales,Agent",
)
ANA = "a1,ana,ana@corp.example,true,Finance,staff"
BO = "b1,bo,bo@corp.example,true,Sales,staff"


class Estate:
    """Files of a roster and of apps; :meth:`pull` and :meth:`audit` take them as they stand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.hour, self.rules, self.rosters = folder, 0, "", ""
        self.people: tuple[str, ...] = PEOPLE
        self.apps: dict[str, list[str]] = {}

    def listing(self, app: str, *rows: str, total: int | None = None, extra: str = "") -> None:
        listings = self.apps.setdefault(app, [])
        path = f"{app}-{len(listings)}.csv"
        text = "account_id,user_name,email,active,department,groups\n" + "".join(f"{row}\n" for row in rows)
        (self.folder / path).write_text(text, "utf-8")
        listings.append(
            f'[[apps.{app}.listings]]\nsource = "csv"\npath = "{path}"\nexported_by = "j.doe"\nshows_all = true\n'
            f'exported_at = "2026-11-20"\ndeclared_total = {len(rows) if total is None else total}\n{extra}'
        )

    def config(self) -> config.Config:
        (self.folder / "hr.csv").write_text(HEAD + "".join(f"{row}\n" for row in self.people), "utf-8")
        text = '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\nas_of = "2026-11-20"\n' + self.rosters
        text += "".join(f"[apps.{app}]\n{''.join(listings)}" for app, listings in self.apps.items()) + self.rules
        (self.folder / "scimaudit.toml").write_text(text, "utf-8")
        return config.load(self.folder / "scimaudit.toml")

    def pull(self) -> None:
        self.hour += 1
        workflow.pull(self.config(), now=lambda: datetime(2026, 11, 20, self.hour, tzinfo=UTC), watcher=Silence())

    def audit(self, **options: Any) -> Audit:
        return workflow.audit(self.config(), **options).audit


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def line(audit: Audit, app: str = "crm") -> AppLine:
    return next(line for line in audit.apps if line.app == app)


@pytest.mark.parametrize("kind", ["leaver-active", "unmatched", "ambiguous", "nhi-unowned"])
def test_nothing_is_clean_while_a_basic_rule_is_switched_off(estate: Estate, kind: str) -> None:
    estate.listing("crm", ANA)
    estate.rules = f"[rules.{kind}]\nenabled = false\n"
    estate.pull()
    judged = line(estate.audit())
    assert (judged.verdict, f"{kind} is switched off" in judged.verdict_reason) == ("not proven", True)


def test_a_listing_added_since_the_pull_is_not_clean(estate: Estate) -> None:
    estate.listing("crm", ANA)
    estate.pull()
    estate.listing("crm", ANA, BO)
    judged = line(estate.audit())
    assert judged.verdict == "not proven"
    assert "apps.crm.listings[1] is not in the snapshot" in judged.verdict_reason


def test_a_roster_added_since_the_pull_is_not_clean(estate: Estate) -> None:
    estate.listing("crm", ANA)
    estate.pull()
    estate.rosters = '[rosters.agency]\nsource = "csv"\npath = "agency.csv"\n'
    judged = line(estate.audit())
    assert judged.verdict == "not proven"
    assert "rosters.agency is not in the snapshot" in judged.verdict_reason


def test_an_app_added_since_the_pull_ends_with_3(estate: Estate) -> None:
    estate.listing("crm", ANA)
    estate.pull()
    estate.listing("new", ANA)
    assert estate.audit(fail_on="critical").meta.exit_code == 3


def test_an_app_without_an_account_is_never_clean(estate: Estate) -> None:
    estate.listing("crm")
    estate.pull()
    judged = line(estate.audit())
    assert judged.verdict != "clean"
    assert "not proven" in judged.verdict_reason
    assert "it lists no account" in judged.verdict_reason


def _rows(*given: dict[str, Any]) -> pd.DataFrame:
    blank = dict.fromkeys(("person_id", "attribute", "value"))
    rows = [{"app": "crm", "account_id": "1", **blank, **each} for each in given]
    frame = pd.DataFrame(rows)
    return frame.astype(dict.fromkeys(frame.columns, "str")).assign(
        finding_id=[f"f{n}" for n in range(len(frame))], disposition="open"
    )


def test_what_a_milder_lead_covers_still_counts_as_severe() -> None:
    led = findings.led(
        _rows(
            {"kind": "excess", "severity": "critical"},
            {"kind": "ambiguous", "severity": "medium"},
            {"kind": "dormant", "severity": "medium"},
        )
    )
    assert led["kind"][findings.reaching(led, "high")].tolist() == ["excess"]
    assert led["kind"][findings.reaching(led, "medium")].tolist() == ["ambiguous"]


def test_a_severe_finding_under_a_milder_lead_ends_with_1_and_is_listed(estate: Estate) -> None:
    estate.listing("crm", BO)
    estate.rules = '[rules.leaver-active]\nseverity = "low"\n'
    estate.pull()
    audit = estate.audit()
    assert audit.leading["severity"].tolist() == ["low"]
    assert audit.meta.exit_code == 1
    assert inquiry.chosen(audit, severity="high")["kind"].tolist() == ["status-drift"]


def test_of_two_rows_of_one_problem_the_worse_stays() -> None:
    rows = _rows({"kind": "excess", "severity": "low"}, {"kind": "excess", "severity": "high"})
    kept = findings._distinct(rows.assign(finding_id="f"))
    assert kept["severity"].tolist() == ["high"]


def test_a_separator_in_a_name_does_not_take_another_findings_identity() -> None:
    ids = findings._identities(
        _rows(
            {"kind": "excess", "account_id": "1", "attribute": "groups", "value": "x"},
            {"kind": "excess", "account_id": "1\x1f\x1fgroups", "attribute": "x"},
            {"kind": "excess", "account_id": "1\x1e-\x1e-groups", "attribute": "x"},
        ).assign(person_id=pd.Series([None] * 3, dtype="str"))
    )
    assert ids.nunique() == 3


def test_an_estate_without_apps_is_audited(estate: Estate) -> None:
    estate.pull()
    audit = estate.audit()
    assert audit.apps == ()
    assert inquiry.queue(workflow.case(estate.config())).empty


def test_an_app_no_longer_configured_is_still_judged(estate: Estate) -> None:
    estate.listing("crm", ANA)
    estate.listing("old", BO)
    estate.pull()
    del estate.apps["old"]
    found = estate.audit().findings
    assert "leaver-active" in found[found["app"].astype("str") == "old"]["kind"].tolist()


def test_a_rejected_row_may_be_the_account_of_the_person_asked_for(estate: Estate) -> None:
    estate.listing("crm", ANA, "ragged")
    estate.pull()
    estate.audit()
    case = workflow.case(estate.config())
    person = inquiry.find_person(case.snapshot.people(), "bo").iloc[0]
    assert [app for app, _ in inquiry.whereabouts(case, person).silent] == ["crm"]


def test_an_account_id_twice_in_one_listing_does_not_stop_the_audit(estate: Estate) -> None:
    estate.listing("crm", ANA, ANA)
    estate.pull()
    assert line(estate.audit()).verdict != "clean"


def test_a_roster_without_a_person_makes_nothing_clean(estate: Estate) -> None:
    estate.people = ()
    estate.listing("crm", ANA)
    estate.pull()
    assert line(estate.audit()).verdict != "clean"
