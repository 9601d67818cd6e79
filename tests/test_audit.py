"""From files to verdicts: what may be said of an app, what may not, and how a run ends."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scimaudit import archive, config, verdicts, workflow
from scimaudit.errors import IntegrityError, PolicyError
from scimaudit.result import AppLine, Audit
from tests.silence import Silence

PEOPLE = {
    "ana": "1,ana,ana@corp.example,Ana,Ames,active,Finance,Analyst",
    "bo": "2,bo,bo@corp.example,Bo,Brun,terminated,Finance,Analyst",
    "chi": "3,chi,chi@corp.example,Chi,Cole,active,Sales,Agent",
}
HEAD = "employee_number,user_name,email,given_name,family_name,status,department,title\n"
PROVEN = 'exported_by = "j.doe"\nexported_at = "2026-11-20"\nshows_all = true\n'


class Company:
    """A company of files; each call of :meth:`audit` pulls and judges it as it stands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hour = 0
        self.head = HEAD
        self.audit_options = 'organisation = "Corp"\n'
        self.roster_options = 'as_of = "2026-11-20"\ndeclared_total = 3\n'
        self.people = list(PEOPLE.values())
        self.apps: dict[str, str] = {}

    def app(self, name: str, *rows: str, options: str = "", listing: str = PROVEN, total: int | None = None) -> None:
        text = "user_name,email,active,department,groups\n" + "".join(f"{row}\n" for row in rows)
        (self.folder / f"{name}.csv").write_text(text, "utf-8")
        declared = f"declared_total = {len(rows) if total is None else total}\n" if listing == PROVEN else ""
        source = f'source = "csv"\npath = "{name}.csv"\n{listing}{declared}'
        self.apps[name] = f"[apps.{name}]\n{options}[[apps.{name}.listings]]\n{source}"

    def config(self) -> config.Config:
        (self.folder / "hr.csv").write_text(self.head + "".join(f"{row}\n" for row in self.people), "utf-8")
        roster = f'[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n{self.roster_options}'
        text = f"[audit]\n{self.audit_options}{roster}{''.join(self.apps.values())}"
        (self.folder / "scimaudit.toml").write_text(text, "utf-8")
        return config.load(self.folder / "scimaudit.toml")

    def pull(self) -> config.Config:
        """A snapshot of what is there now, which nobody judges yet."""
        loaded = self.config()
        self.hour += 1
        workflow.pull(loaded, now=lambda: datetime(2026, 11, 20, self.hour, tzinfo=UTC), watcher=Silence())
        return loaded

    def audit(self, **options: Any) -> Audit:
        return workflow.audit(self.pull(), **options).audit


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


ANA = "ana,ana@corp.example,true,Finance,staff"
BO = "bo,bo@corp.example,true,Finance,staff"
BO_OFF = "bo,bo@corp.example,false,Finance,"


def line(audit: Audit, app: str = "crm") -> AppLine:
    return next(line for line in audit.apps if line.app == app)


def kinds(audit: Audit, app: str = "crm") -> list[str]:
    rows = audit.leading
    return sorted(rows[rows["app"].astype("str") == app]["kind"].astype("str"))


def test_a_proven_app_without_a_fault_is_clean(company: Company) -> None:
    company.app("crm", ANA)
    audit = company.audit()
    assert (line(audit).verdict, audit.meta.exit_code) == ("clean", 0)
    assert audit.meta.exit_reasons == ()


def test_a_leavers_active_account_is_found(company: Company) -> None:
    company.app("crm", ANA, BO)
    audit = company.audit()
    assert kinds(audit) == ["leaver-active"]
    assert line(audit).verdict == "findings"
    assert audit.meta.exit_code == 1


@pytest.mark.parametrize("pattern", ["?o", "*o*", "bo*"])
def test_a_register_line_that_hides_a_leaver_does_not_make_an_app_clean(company: Company, pattern: str) -> None:
    company.app("crm", ANA, BO)
    (company.folder / "policy").mkdir()
    text = f"app,account,kind,owner,review_date\ncrm,{pattern},service,ana@corp.example,2027-03-01\n"
    (company.folder / "policy/nhi.csv").write_text(text, "utf-8")
    audit = company.audit()
    assert line(audit).verdict == "findings"
    assert kinds(audit) == ["policy-defect"]
    assert audit.meta.exit_code == 1


def test_what_the_lead_covers_is_kept_and_not_counted(company: Company) -> None:
    company.app("crm", ANA, BO)
    audit = company.audit()
    covered = audit.findings[~audit.findings["lead"].astype(bool)]
    leader = audit.leading["finding_id"].tolist()
    assert covered["kind"].tolist() == ["status-drift"]
    assert covered["covered_by"].tolist() == leader
    assert line(audit).findings == {"high": 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"total": 2}, "walk incomplete"),
        ({"listing": 'exported_by = "j.doe"\n'}, "walk unprovable"),
        ({"listing": 'exported_by = "j.doe"\nexported_at = "2026-11-20"\ndeclared_total = 1\n'}, "scope unknown"),
        (
            {"listing": 'exported_by = "j.doe"\nexported_at = "2026-11-20"\ndeclared_total = 1\nhides = "guests"\n'},
            "scope partial",
        ),
        ({"listing": PROVEN + 'columns = { active = "no such" }\n'}, "no such"),
    ],
)
def test_nothing_unproven_is_called_clean(company: Company, change: dict[str, Any], words: str) -> None:
    company.app("crm", ANA, **change)
    audit = company.audit()
    assert line(audit).verdict in ("not proven", "findings", "failed")
    assert words in line(audit).verdict_reason
    assert line(audit).verdict == "failed" or "not proven" in line(audit).verdict_reason


def test_an_unproven_walk_ends_with_3(company: Company) -> None:
    company.app("crm", ANA, total=2)
    assert company.audit().meta.exit_code == 3


def test_an_unproven_scope_ends_with_3_only_on_request(company: Company) -> None:
    company.app("crm", ANA, listing=PROVEN.replace("shows_all = true\n", "declared_total = 1\n"))
    assert company.audit(fail_on="critical").meta.exit_code == 0
    assert company.audit(fail_on="critical", require_scope=True).meta.exit_code == 3


def test_an_accepted_scope_is_shown_and_still_not_clean(company: Company) -> None:
    accepted = 'scope_accepted = { reason = "no console", by = "ciso", until = 2027-01-01 }\n'
    company.app("crm", ANA, options=accepted, listing=PROVEN.replace("shows_all = true\n", "declared_total = 1\n"))
    reason = line(company.audit()).verdict_reason
    assert "scope accepted by ciso until 2027-01-01: no console" in reason
    assert "not proven" in reason


def test_an_acceptance_that_ended_is_no_acceptance(company: Company) -> None:
    ended = 'scope_accepted = { reason = "no console", by = "ciso", until = 2026-01-01 }\n'
    company.app("crm", ANA, options=ended, listing=PROVEN.replace("shows_all = true\n", "declared_total = 1\n"))
    reason = line(company.audit()).verdict_reason
    assert "nobody answers for the scope: what ciso accepted ended on 2026-01-01" in reason
    assert "scope accepted" not in reason


def test_an_unknown_activity_is_not_clean(company: Company) -> None:
    company.app("crm", "bo,bo@corp.example,maybe,Finance,staff")
    audit = company.audit()
    assert line(audit).verdict != "clean"
    assert "leaver-active not evaluable" in line(audit).verdict_reason


def test_a_rejected_row_is_not_clean_until_acknowledged(company: Company) -> None:
    company.app("crm", ANA, "ragged,row")
    audit = company.audit()
    assert line(audit).verdict != "clean"
    assert "1 rejected row" in line(audit).verdict_reason
    assert audit.meta.exit_code == 3


def test_a_stale_roster_makes_nothing_clean(company: Company) -> None:
    company.roster_options = 'as_of = "2026-11-01"\n'
    company.app("crm", ANA)
    audit = company.audit()
    assert "rosters.hr is stale" in line(audit).verdict_reason
    assert line(audit).verdict != "clean"


def test_a_roster_of_unknown_age_makes_nothing_clean(company: Company) -> None:
    company.roster_options = ""
    company.app("crm", ANA)
    assert line(company.audit()).verdict != "clean"


def test_a_roster_that_lacks_rows_ends_with_3(company: Company) -> None:
    company.roster_options = 'as_of = "2026-11-20"\ndeclared_total = 4\n'
    company.app("crm", ANA)
    audit = company.audit()
    assert audit.meta.exit_code == 3
    assert "rosters.hr is not proven complete" in line(audit).verdict_reason


def test_an_app_without_a_listing_is_not_audited(company: Company) -> None:
    company.app("crm", ANA)
    company.apps["fax"] = '[apps.fax]\nreason = "no export"\n'
    audit = company.audit()
    assert (line(audit, "fax").verdict, line(audit, "fax").verdict_reason) == ("not audited", "no export")
    assert kinds(audit, "fax") == ["not-audited"]


def test_an_app_that_the_snapshot_does_not_have_is_not_audited(company: Company) -> None:
    company.app("crm", ANA)
    company.pull()
    company.app("new", ANA)
    judged = workflow.audit(company.config()).audit
    assert line(judged, "new").verdict == "not audited"


def test_a_failed_app_says_why(company: Company) -> None:
    company.app("crm", ANA)
    (company.folder / "crm.csv").unlink()
    audit = company.audit()
    assert line(audit).verdict == "failed"
    assert "crm.csv" in line(audit).verdict_reason
    assert audit.meta.exit_code == 3


def test_a_gate_trips_when_the_roster_shrinks(company: Company) -> None:
    company.people = [f"{n},u{n},u{n}@corp.example,U,N{n},active,Sales,Agent" for n in range(100)]
    company.roster_options = 'as_of = "2026-11-20"\n'
    company.app("crm", "u1,u1@corp.example,true,Sales,staff")
    company.pull()
    company.people = company.people[:50]
    audit = company.audit()
    assert [(gate.name, gate.before, gate.now) for gate in audit.gates] == [("roster-shrunk", 100, 50)]
    assert audit.meta.exit_code == 4
    assert audit.findings["gated"].all()


def numbered(company: Company, people: int, accounts: int) -> Audit:
    """An audit of a company in which nothing is wrong but how many there are."""
    company.people = [f"{n},u{n},u{n}@corp.example,U,N{n},active,Sales,Agent" for n in range(people)]
    company.roster_options = f'as_of = "2026-11-20"\ndeclared_total = {people}\n[rules.app-shrunk]\nenabled = false\n'
    company.app("crm", *(f"u{n},u{n}@corp.example,true,Sales," for n in range(accounts)))
    return company.audit()


@pytest.mark.parametrize(
    ("people", "accounts", "reason"),
    [(100, 7, "it went from 10 to 7 accounts"), (60, 10, "rosters.hr went from 100 to 60")],
)
def test_nothing_is_clean_behind_a_gate_even_where_the_rule_is_off(
    company: Company, people: int, accounts: int, reason: str
) -> None:
    assert line(numbered(company, 100, 10)).verdict == "clean"
    audit = numbered(company, people, accounts)
    assert audit.meta.exit_code == 4
    assert line(audit).verdict == "not proven"
    assert reason in line(audit).verdict_reason


def test_an_app_that_shrank_is_not_proven_whatever_is_found(company: Company) -> None:
    company.app("crm", ANA, BO, "zoe,zoe@corp.example,true,Sales,")
    company.pull()
    company.app("crm", BO)
    audit = company.audit()
    assert "leaver-active" in kinds(audit)
    assert line(audit).verdict == "not proven"


def vendor(company: Company, *rows: str, options: str = "") -> None:
    """A second roster beside HR."""
    (company.folder / "vendor.csv").write_text(
        "id,email,status,start_date,end_date\n" + "\n".join(rows) + "\n", "utf-8"
    )
    company.roster_options += f'[rosters.vendor]\nsource = "csv"\npath = "vendor.csv"\nas_of = "2026-11-20"\n{options}'


def test_a_leaver_by_hr_who_is_here_by_the_vendor_is_disputed_and_still_a_leaver(company: Company) -> None:
    company.app("crm", BO)
    vendor(company, "V2,bo@corp.example,active,2024-01-01,", options='join_on = "emails"\n')
    audit = company.audit()
    assert audit.meta.people == 3
    assert set(audit.findings["kind"].astype("str")) >= {"leaver-active", "roster-conflict"}
    balance = next(each for each in audit.equations if each.subject == "rosters")
    assert (balance.left, balance.right, balance.holds) == (4, {"people": 3, "joined": 1}, True)
    notes = [note for source in audit.sources if source.name == "rosters.vendor" for note in source.notes]
    assert "1 person: 0 only here, 1 also in earlier rosters" in notes


def test_a_gate_trips_when_the_small_roster_is_gone(company: Company) -> None:
    company.app("crm", ANA)
    hr = company.roster_options
    vendor(company, *(f"V{n},v{n}@corp.example,active,," for n in range(9)))
    company.pull()
    company.roster_options = hr
    assert [(gate.subject, gate.before, gate.now) for gate in company.audit().gates] == [("rosters.vendor", 9, 0)]


@pytest.mark.parametrize(("zone", "kinds"), [("Pacific/Kiritimati", {"leaver-active"}), ("UTC", set())])
def test_an_end_date_ends_in_the_zone_of_its_roster(company: Company, zone: str, kinds: set[str]) -> None:
    company.app("crm", "v,v@corp.example,true,,")
    vendor(company, "V1,v@corp.example,active,,2026-11-20", options=f'time_zone = "{zone}"\n')
    company.hour = 11
    found = company.audit().findings
    assert set(found["kind"].astype("str")) & {"leaver-active"} == kinds


def test_a_gate_trips_when_an_app_shrinks(company: Company) -> None:
    company.app("crm", ANA, "chi,chi@corp.example,true,Sales,staff")
    company.pull()
    company.app("crm", ANA)
    audit = company.audit()
    assert [gate.subject for gate in audit.gates] == ["crm"]
    assert audit.meta.exit_code == 4


def test_a_finding_keeps_the_time_it_was_first_seen(company: Company) -> None:
    company.app("crm", BO)
    first = company.audit().leading.iloc[0]
    again = company.audit().leading.iloc[0]
    assert again["finding_id"] == first["finding_id"]
    assert again["first_seen"] == first["first_seen"]


def test_the_same_snapshot_judged_twice_gives_the_same_bytes(company: Company) -> None:
    company.app("crm", ANA, BO, "ghost,g@else.example,true,,admins")
    company.pull()
    loaded = company.config()
    stored = workflow.audit(loaded)
    first = (stored.path / "audit.json").read_bytes(), (stored.path / "findings.parquet").read_bytes()
    again = workflow.audit(loaded)
    assert ((again.path / "audit.json").read_bytes(), (again.path / "findings.parquet").read_bytes()) == first


def test_a_conflict_across_apps_leaves_neither_clean(company: Company) -> None:
    company.app("crm", "ana,ana@corp.example,true,Finance,vendors")
    company.app("erp", "ana,ana@corp.example,true,Finance,payments")
    company.app("wiki", ANA)
    (company.folder / "policy").mkdir()
    sides = [f'{{ app = "{app}", attribute = "groups", values = ["{value}"] }}' for app, value in
             (("crm", "vendors"), ("erp", "payments"))]  # fmt: skip
    pair = f'[[pairs]]\nname = "pay"\nrisk = "pays itself"\nleft = {sides[0]}\nright = {sides[1]}\n'
    (company.folder / "policy" / "sod.toml").write_text(pair)
    audit = company.audit()
    assert audit.leading["kind"].tolist() == ["sod"]
    assert [line(audit, app).verdict for app in ("crm", "erp", "wiki")] == ["findings", "findings", "clean"]
    assert "conflicting pair pay" in line(audit, "erp").verdict_reason


def test_a_conflict_across_apps_that_somebody_accepted_leaves_neither_clean(company: Company) -> None:
    for app in ("crm", "erp"):
        company.app(app, f"ana,ana@corp.example,true,Finance,{app}-pay", options='owner = "bo@corp.example"\n')
    (company.folder / "policy").mkdir()
    left, right = (f'{{ app = "{app}", values = ["{app}-pay"] }}' for app in ("crm", "erp"))
    pair = f'[[pairs]]\nname = "pay"\nrisk = "x"\nleft = {left}\nright = {right}\nowner = "chi@corp.example"\n'
    (company.folder / "policy" / "sod.toml").write_text(pair)
    waiver = (
        '[[exceptions]]\nid = "E1"\nkind = "sod"\nperson = "ana@corp.example"\nvalue = "pay"\nreason = "x"\n'
        'requested_by = "ana@corp.example"\napprover = "chi@corp.example"\napproved = 2026-11-01\nexpires = 2026-12-31\n'
    )
    (company.folder / "policy" / "exceptions.toml").write_text(waiver)
    audit = company.audit()
    assert audit.findings.loc[audit.findings["kind"] == "sod", "disposition"].tolist() == ["excepted"]
    assert {line(audit, app).verdict for app in ("crm", "erp")} == {"findings"}
    assert "the conflicting pair pay across apps (excepted)" in line(audit, "crm").verdict_reason


def test_a_roster_without_people_is_judged_all_the_same(company: Company) -> None:
    company.people, company.roster_options = [], 'as_of = "2026-11-20"\ndeclared_total = 0\n'
    company.app("crm", "ana,ana@corp.example,true,Finance,admins", options='privileged = ["admin*"]\n')
    audit = company.audit()
    assert "unmatched" in kinds(audit)
    assert line(audit).verdict != "clean"


def test_another_policy_makes_another_audit(company: Company) -> None:
    company.app("crm", ANA)
    first = company.audit().meta.audit_id
    loaded = company.config()
    assert workflow.audit(loaded).audit.meta.audit_id == first
    assert workflow.audit(loaded, fail_on="low").audit.meta.audit_id != first
    (company.folder / "policy").mkdir()
    (company.folder / "policy" / "sod.toml").write_text("")
    assert workflow.audit(loaded).audit.meta.audit_id != first


def test_a_regulated_app_raises_the_severity_and_says_so(company: Company) -> None:
    company.app("crm", BO, options='regulated = ["sox"]\n')
    found = company.audit().leading.iloc[0]
    assert (found["severity"], found["severity_why"]) == ("critical", "base high, one step up: regulated app")


def test_power_raises_the_severity_and_says_so(company: Company) -> None:
    company.app("crm", "bo,bo@corp.example,true,Finance,crm admins", options='privileged = ["*admin*"]\n')
    found = company.audit().leading.iloc[0]
    assert (found["severity"], found["severity_why"]) == ("critical", "base high, one step up: privileged")


def test_a_severity_may_be_configured(company: Company) -> None:
    company.app("crm", BO)
    company.apps["rules"] = '[rules.leaver-active]\nseverity = "low"\n'
    assert company.audit().leading["severity"].tolist() == ["low"]


def test_a_rule_may_be_switched_off_and_is_then_not_in_the_catalogue(company: Company) -> None:
    company.app("crm", BO)
    company.apps["rules"] = "[rules.leaver-active]\nenabled = false\n"
    audit = company.audit()
    assert "leaver-active" not in {kind.kind for kind in audit.kinds}


def test_as_of_judges_an_earlier_day(company: Company) -> None:
    company.people = ["1,ana,ana@corp.example,Ana,Ames,active,Finance,Analyst,2026-11-10"]
    company.roster_options = 'as_of = "2026-11-20"\n'
    company.app("crm", ANA)
    company.head = HEAD.replace("title\n", "title,end_date\n")
    assert kinds(company.audit()) == ["leaver-active"]
    assert "leaver-active" not in kinds(workflow.audit(company.config(), as_of=date(2026, 11, 10)).audit)


def test_every_equation_balances(company: Company) -> None:
    company.app("crm", ANA, BO, "ghost,g@else.example,true,,admins", "x,ana@corp.example,true,,", "ragged")
    company.app("wiki", BO_OFF, total=9)
    audit = company.audit()
    assert audit.equations
    assert all(equation.holds for equation in audit.equations)


def test_a_stored_audit_is_read_back_as_it_was(company: Company) -> None:
    company.app("crm", ANA, BO)
    judged = company.audit()
    read = archive.latest(company.config().store).audit
    assert (read.meta, read.apps, read.sources) == (judged.meta, judged.apps, judged.sources)
    assert read.findings.equals(judged.findings)


def test_a_missing_audit_tells_how_to_make_one(company: Company) -> None:
    with pytest.raises(IntegrityError, match="there is no audit"):
        archive.latest(company.folder)


def test_a_broken_audit_is_named(company: Company) -> None:
    company.app("crm", ANA)
    company.audit()
    store = company.config().store
    (archive.latest(store).path / "audit.json").write_text("{")
    with pytest.raises(IntegrityError, match="cannot be read"):
        _ = archive.latest(store).audit


def test_a_broken_policy_stops_the_audit(company: Company) -> None:
    company.app("crm", ANA)
    (company.folder / "policy").mkdir()
    (company.folder / "policy" / "sod.toml").write_text("[[pair")
    with pytest.raises(PolicyError):
        company.audit()


def test_reports_are_written_beside_the_audit(company: Company, tmp_path: Path) -> None:
    company.app("crm", ANA)
    company.audit()
    stored = archive.latest(company.config().store)
    written = {path.name for path in workflow.report(stored, ["csv", "json"])}
    assert {"findings.csv", "orphans.csv", "drift.csv", "excess.csv", "report.json"} <= written
    assert workflow.report(stored, ["json"], tmp_path / "out") == [tmp_path / "out" / "report.json"]


def test_an_excess_grant_is_found_by_policy(company: Company) -> None:
    company.app("crm", "ana,ana@corp.example,true,Finance,staff;admins", options="closed = true\n")
    (company.folder / "policy").mkdir()
    rule = (
        '[[rules]]\nname = "staff"\nwho = \'department = "Finance"\'\nwhy = "x"\n'
        'what = { app = "crm", attribute = "groups", values = ["staff"] }\n'
    )
    (company.folder / "policy" / "entitlements.toml").write_text(rule)
    found = company.audit().leading
    assert found[found["kind"] == "excess"]["value"].tolist() == ["admins"]


def test_severe_findings_under_a_milder_one_are_told_apart() -> None:
    rows = pd.DataFrame(
        {
            "finding_id": ["a", "b", "c"], "severity": ["medium", "high", "high"], "disposition": "open",
            "lead": [True, False, True], "covered_by": [None, "a", None],
        }
    )  # fmt: skip
    code, [said] = verdicts.exit_code(rows, (), (), (), fail_on="high", require_scope=False)
    assert (code, said) == (1, "2 findings at or above high (1 of them under a milder finding)")
    _, [said] = verdicts.exit_code(rows[2:], (), (), (), fail_on="high", require_scope=False)
    assert said == "1 finding at or above high"
