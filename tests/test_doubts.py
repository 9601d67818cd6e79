"""What stands in the way of believing a listing or a roster keeps an app from being called proven, in every report."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scimaudit import answers, renderers, workflow
from scimaudit.doubts import later
from scimaudit.evidence.pack.proof import proofs
from scimaudit.renderers import _words
from scimaudit.renderers._oscal import controls as oscal
from scimaudit.result import Audit
from scimaudit.snapshot.store import snapshots
from tests.test_audit import ANA, BO, PROVEN, Company, line

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """One app that is proven clean."""
    made = Company(tmp_path)
    made.app("crm", ANA)
    return made


def doubted(audit: Audit, why: str, app: str = "crm") -> None:
    """The app is not proven for this reason, and no control is satisfied."""
    told = line(audit, app)
    assert (told.verdict, _words.verdict(told), why in told.verdict_reason) == ("not proven", "not proven", True), told
    assert not _words.proven(told)
    said = [oscal.say(each, [app], oscal.doubts(audit)) for each in oscal.controls(audit, checks(audit))]
    assert {each.state for each in said} == {"not-satisfied"}


def checks(audit: Audit) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = audit.checks.to_dict("records")
    return rows


@pytest.mark.parametrize("rows", [(ANA,), (ANA, BO)], ids=["nothing found", "a finding"])
@pytest.mark.parametrize(
    ("roster", "why"),
    [
        ("declared_total = 3\n", "rosters.hr is stale"),
        ('as_of = "2026-11-01"\ndeclared_total = 3\n', "rosters.hr is stale"),
        (
            'as_of = "2026-11-20"\ndeclared_total = 3\nexported_by = "j"\nhides = "who left"\n',
            "does not show everybody",
        ),
        ('as_of = "2026-11-20"\ndeclared_total = 4\n', "rosters.hr is not proven complete"),
    ],
    ids=["no date", "old", "hides people", "cut short"],
)
def test_a_finding_proves_nothing(company: Company, rows: tuple[str, ...], roster: str, why: str) -> None:
    company.app("crm", *rows)
    company.roster_options = roster
    audit = company.audit()
    assert ("leaver-active" in audit.findings["kind"].tolist()) == (BO in rows)
    doubted(audit, why)


def test_a_roster_that_hides_people_is_a_doubt_of_every_row_of_the_pack(company: Company) -> None:
    company.roster_options += 'exported_by = "j"\nhides = "who left"\n'
    loaded = company.pull()
    audit = workflow.audit(loaded).audit
    told = proofs(audit, snapshots(loaded.store)[-1], loaded)
    assert [str(each) for each in told.rosters] == ["rosters.hr scope partial (the export does not show: who left)"]


@pytest.mark.parametrize("day", [date(2026, 11, 19), date(2026, 6, 1)])
def test_what_was_listed_after_the_day_judged_does_not_prove_that_day(company: Company, day: date) -> None:
    doubted(company.audit(as_of=day), "apps.crm.listings[0] is of a later day than the one judged")
    assert "rosters.hr is of a later day" in line(company.audit(as_of=day)).verdict_reason


def test_the_pack_proves_no_more_than_the_verdict(company: Company) -> None:
    company.roster_options += "[rules.leaver-active]\nenabled = false\n"
    loaded = company.pull()
    audit = workflow.audit(loaded).audit
    (told,) = proofs(audit, snapshots(loaded.store)[-1], loaded).apps["crm"]
    assert str(told) == "verdict (not proven: leaver-active is switched off)"


def test_what_was_listed_on_the_day_judged_proves_it(company: Company) -> None:
    assert line(company.audit(as_of=date(2026, 11, 20))).verdict == "clean"


def test_the_pack_tells_of_a_later_day(company: Company) -> None:
    loaded = company.pull()
    audit = workflow.audit(loaded, as_of=date(2026, 11, 19)).audit
    told = proofs(audit, snapshots(loaded.store)[-1], loaded)
    assert [str(each) for each in told.rosters] == ["rosters.hr is of a later day than the one judged"]
    assert [str(each) for each in told.apps["crm"]] == ["apps.crm.listings[0] is of a later day than the one judged"]


ZONES = {"west": "America/Los_Angeles", "east": "Pacific/Auckland", "middle": "UTC"}


@pytest.mark.parametrize("name", ZONES)
def test_a_day_alone_is_that_day_in_every_zone(name: str) -> None:
    zone = ZoneInfo(ZONES[name])
    file = datetime(2026, 11, 20, tzinfo=UTC)
    for day, late in ((19, True), (20, False), (21, False)):
        judged = datetime(2026, 11, day, 23, 59, 59, tzinfo=zone)
        assert bool(later([("crm", file)], judged, NOW, zone)) == late


@pytest.mark.parametrize(("name", "late"), [("west", False), ("middle", False), ("east", True)])
def test_a_moment_is_of_the_day_that_it_has_in_the_zone(name: str, late: bool) -> None:
    zone = ZoneInfo(ZONES[name])
    judged = datetime(2026, 11, 20, 23, 59, 59, tzinfo=zone)
    asked = datetime(2026, 11, 20, 22, tzinfo=UTC)
    assert bool(later([("crm", asked)], judged, NOW, zone)) == late


def test_where_nobody_asked_for_a_day_none_is_later_than_it() -> None:
    tomorrow = datetime(2026, 11, 21, tzinfo=UTC)
    assert later([("crm", tomorrow)], NOW, NOW, ZoneInfo("UTC")) == []
    assert later([("crm", None)], datetime(2026, 6, 1, tzinfo=UTC), NOW, ZoneInfo("UTC")) == []


def test_the_last_day_of_the_calendar_can_be_asked_for(company: Company) -> None:
    assert "is stale" in line(company.audit(as_of=date(9999, 12, 31))).verdict_reason


def test_a_listing_that_is_configured_no_longer_is_a_doubt(company: Company) -> None:
    both = company.apps["crm"]
    (company.folder / "more.csv").write_text(f"user_name,email,active,department,groups\n{BO}\n", "utf-8")
    company.apps["crm"] += f'[[apps.crm.listings]]\nsource = "csv"\npath = "more.csv"\n{PROVEN}declared_total = 1\n'
    company.pull()
    company.apps["crm"] = both
    doubted(workflow.audit(company.config()).audit, "apps.crm.listings[1] is no longer configured")


def test_a_kind_that_is_switched_off_is_told_and_satisfies_no_control(company: Company) -> None:
    company.roster_options += "[rules.dormant]\nenabled = false\n"
    audit = company.audit()
    assert audit.meta.switched_off.keys() == {"dormant"}
    assert line(audit).verdict == "clean"
    assert "dormant (switched off)" in line(audit).verdict_reason
    relevant = audit.meta.switched_off["dormant"]
    assert relevant
    judged = {each.name: each for each in oscal.controls(audit, checks(audit))}
    for name in relevant:
        assert any("dormant" in why for why in oscal.say(judged[name], ["crm"], []).why)
    lines = {each.control: each.why for each in answers.control_lines(audit)}
    assert all("dormant: switched off" in lines[name] for name in relevant)


def test_a_basic_kind_that_is_switched_off_is_a_doubt(company: Company) -> None:
    company.roster_options += "[rules.leaver-active]\nenabled = false\n"
    doubted(company.audit(), "leaver-active is switched off")


def test_an_app_without_a_listing_has_no_proven_scope(company: Company) -> None:
    company.apps["vault"] = '[apps.vault]\nreason = "no export"\n'
    audit = company.audit(require_scope=True, fail_on="critical")
    assert (audit.meta.exit_code, audit.meta.exit_reasons) == (3, ("the scope of vault is not proven: unknown",))


def test_an_accepted_gate_stands_in_every_report(company: Company, tmp_path: Path) -> None:
    company.app("crm", *(f"a{n},a{n}@corp.example,true,Sales," for n in range(10)))
    company.audit()
    company.app("crm", ANA)
    audit = company.audit(accept={"crm": "j.doe: trial accounts were purged"})
    assert [gate.subject for gate in audit.meta.accepted] == ["crm"]
    told = "crm went from 10 to 1 (limit 20 %), accepted for this run by j.doe: trial accounts were purged"
    assert told in line(audit).verdict_reason
    assert any("accepted" in each for each in oscal.doubts(audit))
    for form in ("csv", "oscal"):
        written = renderers.write(audit, tmp_path / form, [form])
        assert any(told in path.read_text("utf-8") for path in written)


def test_json_tells_which_kinds_are_off(company: Company, tmp_path: Path) -> None:
    company.roster_options += "[rules.dormant]\nenabled = false\n"
    (path,) = renderers.write(company.audit(), tmp_path / "json", ["json"])
    assert list(json.loads(path.read_text("utf-8"))["meta"]["switched_off"]) == ["dormant"]


def test_where_nothing_was_judged_yet_a_source_is_measured_by_the_most_it_had(company: Company) -> None:
    many = [f"a{n},a{n}@corp.example,true,Sales," for n in range(10)]
    for rows in (many, many[:2], (), many[:2]):
        company.app("crm", *rows)
        if not rows:
            (company.folder / "crm.csv").unlink()  # a listing that fails shows nobody
        company.pull()
    audit = workflow.audit(company.config()).audit
    assert [(gate.subject, gate.before, gate.now) for gate in audit.gates] == [("crm", 10, 2)]


def test_a_roster_without_a_day_trips_a_gate(company: Company) -> None:
    company.roster_options = "declared_total = 3\n"
    audit = company.audit()
    assert [(gate.name, gate.subject) for gate in audit.gates] == [("roster-undated", "rosters.hr")]
    assert audit.meta.exit_code == 4
