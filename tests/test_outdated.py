"""What was collected by other settings than those that are configured now does not speak of what is configured now."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scimaudit import config, workflow
from scimaudit.errors import ConfigError
from scimaudit.evidence.pseudonyms.export import export
from scimaudit.evidence.pseudonyms.tokens import Tokens
from scimaudit.evidence.replay import replay
from scimaudit.snapshot.settings import meanings
from scimaudit.snapshot.store import snapshots
from tests.silence import Silence
from tests.test_audit import ANA, BO, Company, line

CHANGED = "the settings of apps.crm.listings[0] changed since it was collected"
CRM = "apps.crm.listings[0]"
ROSTER = '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n'
TOKEN = 'token = { env = "CRM" }\n'
BASIC = 'basic = { user = "reader", password = { env = "P" } }\n'
LDAP = 'source = "ldap"\nurl = "ldaps://directory.example"\nbind = "cn=reader"\npassword = { env = "P" }\nbase = "o=corp"\n'
SQL = 'source = "sql"\nurl = "postgresql+psycopg://ro@db.example/app"\nquery = "select id from u"\n'
SMALL = "[rules.app-shrunk]\npercent = 60\n"  # half of two accounts is no loss to speak of
CSV = 'source = "csv"\npath = "crm.csv"\n'
SCIM = 'source = "scim"\nbase_url = "https://crm.example/scim"\n'


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """Two apps that are proven clean."""
    made = Company(tmp_path)
    made.app("crm", ANA)
    made.app("wiki", ANA)
    return made


def pulled_alone(company: Company, app: str) -> config.Config:
    """A snapshot of one app; the other is taken over."""
    loaded = company.config()
    company.hour += 1
    now = datetime(2026, 11, 20, company.hour, tzinfo=UTC)
    workflow.pull(loaded, now=lambda: now, watcher=Silence(), only=[app])
    return loaded


def meant(text: str, tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "scimaudit.toml"
    path.write_text(text, "utf-8")
    return meanings(config.load(path))


def listing(settings: str, app: str = "") -> str:
    return f"{ROSTER}[apps.crm]\n{app}[[apps.crm.listings]]\n{settings}"


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace("crm.csv", "wiki.csv"),
        lambda text: text.replace("declared_total = 1", "declared_total = 2"),
        lambda text: text.replace("shows_all = true", 'hides = "contractors"'),
        lambda text: text + 'columns = { user_name = "email" }\n',
        lambda text: text + 'list_separator = "|"\n',
    ],
    ids=["another file", "another total", "it hides somebody", "other columns", "other cells"],
)
def test_a_newest_snapshot_speaks_of_what_it_was_collected_by(company: Company, changed: Any) -> None:
    assert line(company.audit()).verdict == "clean"
    before = company.apps["crm"]
    company.apps["crm"] = changed(before)
    assert company.apps["crm"] != before
    stored = workflow.audit(company.config())
    told = line(stored.audit)
    assert (told.verdict, told.verdict_reason) == ("not proven", f"not proven: {CHANGED}")
    assert (stored.audit.meta.exit_code, stored.audit.meta.exit_reasons) == (3, (CHANGED,))
    assert line(stored.audit, "wiki").verdict == "clean"
    assert line(company.audit()).verdict_reason != told.verdict_reason


def test_a_taken_over_app_speaks_of_what_it_was_collected_by(company: Company) -> None:
    company.audit()
    company.apps["crm"] = company.apps["crm"].replace("crm.csv", "wiki.csv")
    audit = workflow.audit(pulled_alone(company, "wiki")).audit
    assert CHANGED in line(audit).verdict_reason
    assert line(audit).verdict == "not proven"
    assert line(audit, "wiki").verdict == "clean"


def test_an_older_snapshot_is_judged_as_it_was_collected(company: Company) -> None:
    company.pull()
    company.apps["crm"] = company.apps["crm"] + 'list_separator = "|"\n'
    company.pull()
    first, last = snapshots(company.config().store)
    assert line(workflow.audit(company.config(), snapshot=first.id).audit).verdict == "clean"
    assert line(workflow.audit(company.config(), snapshot=last.id).audit).verdict == "clean"


def test_what_was_taken_over_outdated_stays_so_in_an_older_snapshot(company: Company) -> None:
    company.audit()
    company.apps["crm"] = company.apps["crm"].replace("crm.csv", "wiki.csv")
    pulled_alone(company, "wiki")
    company.pull()
    _, middle, _ = snapshots(company.config().store)
    assert CHANGED in line(workflow.audit(company.config(), snapshot=middle.id).audit).verdict_reason


def test_an_app_that_is_pulled_with_its_new_settings_is_itself_again(company: Company) -> None:
    company.audit()
    company.apps["crm"] = company.apps["crm"].replace("crm.csv", "wiki.csv")
    pulled_alone(company, "wiki")
    assert line(workflow.audit(pulled_alone(company, "crm")).audit).verdict == "clean"


@pytest.mark.parametrize(
    "options",
    [
        'as_of = "2026-11-20"\ndeclared_total = 3\njoin_on = "emails"\n',
        'as_of = "2026-11-20"\ndeclared_total = 3\nauthoritative_for = ["status"]\n',
        'as_of = "2026-11-20"\ndeclared_total = 3\nstatus = { terminated = ["gone"] }\n',
        'as_of = "2026-11-19"\ndeclared_total = 3\n',
    ],
)
def test_a_roster_by_other_settings_is_a_doubt_of_every_app(company: Company, options: str) -> None:
    company.pull()
    company.roster_options = options
    audit = workflow.audit(company.config()).audit
    for app in ("crm", "wiki"):
        assert line(audit, app).verdict == "not proven"
        assert line(audit, app).verdict_reason.endswith("; the settings of rosters.hr changed since it was collected")


def test_rosters_in_another_order_are_others(tmp_path: Path) -> None:
    second = '[rosters.more]\nsource = "csv"\npath = "more.csv"\n'
    one, other = meant(ROSTER + second, tmp_path), meant(second + ROSTER, tmp_path)
    assert one.keys() == other.keys()
    assert one["rosters.hr"] != other["rosters.hr"]
    assert one["rosters.more"] != other["rosters.more"]


@pytest.mark.parametrize(
    ("before", "after", "app"),
    [
        (SCIM, SCIM.replace("crm.example", "crm-test.example"), ""),
        (SCIM, SCIM + 'provider = "slack"\n', ""),
        (SCIM, SCIM, "seats = 3\n"),
        (SCIM, SCIM, 'canaries = [{ user_name = "canary" }]\n'),
        (SCIM, SCIM.replace("scim", "csv", 1).replace("base_url", "path"), ""),
        (SCIM + TOKEN, SCIM + TOKEN.replace("CRM", "CRM_TEST"), ""),
        (SCIM + 'headers = { X-Tenant = { env = "A" } }\n', SCIM + 'headers = { X-Tenant = { env = "B" } }\n', ""),
        (SCIM + BASIC, SCIM + BASIC.replace("reader", "admin"), ""),
        (LDAP, LDAP.replace("cn=reader", "cn=admin"), ""),
        (LDAP, LDAP + 'filter = "(mail=*)"\n', ""),
        (SQL, SQL.replace("from u", "from u where true"), ""),
        (SQL, SQL + 'password = { env = "P" }\n', ""),
    ],
)
def test_a_setting_that_says_what_a_source_is_counts(before: str, after: str, app: str, tmp_path: Path) -> None:
    assert meant(listing(before), tmp_path)[CRM] != meant(listing(after, app), tmp_path)[CRM]


@pytest.mark.parametrize(
    "more",
    [
        "page_size = 50\n", "probe_budget = 0\n", "max_requests = 5\n", "max_bytes = 5\n", "max_seconds = 5\n",
        "consent_to_side_effects = true\n",
        'ca = "ca.pem"\n', 'proxy = "http://proxy.example"\n', 'provider = "unknown"\n', 'join_on = "user_name"\n',
        'acknowledged_rows = ["00"]\n',
    ],
)  # fmt: skip
def test_how_a_source_is_asked_does_not_count(more: str, tmp_path: Path) -> None:
    assert meant(listing(SCIM), tmp_path)[CRM] == meant(listing(SCIM + more), tmp_path)[CRM]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SCIM, SCIM.replace('/scim"', '/scim/"')),
        (SQL, SQL + "timeout = 5\n"),
        (CSV, CSV.replace('"crm.csv"', '["crm.csv"]')),
        (CSV + "as_of = 2026-11-20\n", CSV + 'as_of = "2026-11-20"\n'),
        (CSV + 'hides = ""\n', CSV),
    ],
    ids=["a slash", "more patience", "a list of one file", "a date as text", "a default"],
)
def test_the_same_in_other_words_is_the_same(one: str, other: str, tmp_path: Path) -> None:
    assert meant(listing(one), tmp_path)[CRM] == meant(listing(other), tmp_path)[CRM]


def test_the_order_of_columns_that_a_roster_decides_is_none(tmp_path: Path) -> None:
    columns = ['["status", "title"]', '["title", "status"]', '["title"]']
    one, other, less = (meant(f"{ROSTER}authoritative_for = {each}\n", tmp_path)["rosters.hr"] for each in columns)
    assert one == other != less


def test_how_a_second_listing_is_joined_counts(tmp_path: Path) -> None:
    two = "[[apps.crm.listings]]\n" + CSV
    one, other = meant(listing(SCIM) + two, tmp_path), meant(listing(SCIM) + two + 'join_on = "emails"\n', tmp_path)
    second = "apps.crm.listings[1]"
    assert (one[CRM] == other[CRM], one[second] == other[second]) == (True, False)


def rejected(company: Company) -> str:
    """The digest of a row of crm that cannot be read."""
    company.app("crm", ANA, "ragged,row")
    (source,) = [each for each in snapshots(company.pull().store)[-1].manifest.sources if each.name == CRM]
    assert source.listing is not None
    return source.listing.rejected[0].digest


def test_a_row_counts_as_acknowledged_while_somebody_acknowledges_it(company: Company) -> None:
    digest, without = rejected(company), company.apps["crm"]
    company.apps["crm"] += f'acknowledged_rows = ["{digest}"]\n'
    for acknowledged, verdict in ((company.apps["crm"], "clean"), (without, "not proven")):
        company.apps["crm"] = acknowledged
        audit = workflow.audit(company.config()).audit
        assert line(audit).verdict == verdict, line(audit)
        (source,) = [each for each in audit.sources if each.name == CRM]
        assert source.acknowledged == (verdict == "clean")
        assert audit.meta.exit_code == (0 if verdict == "clean" else 3)


def test_a_row_of_a_roster_counts_as_acknowledged_while_somebody_acknowledges_it(company: Company) -> None:
    company.people.append("ragged,row")
    company.roster_options = company.roster_options.replace("3", "4")
    (source,) = [each for each in snapshots(company.pull().store)[-1].manifest.sources if each.fills == "people"]
    assert source.listing is not None
    assert "rosters.hr has rejected rows" in line(workflow.audit(company.config()).audit).verdict_reason
    company.roster_options += f'acknowledged_rows = ["{source.listing.rejected[0].digest}"]\n'
    assert line(workflow.audit(company.config()).audit).verdict == "clean"


def test_an_acknowledgement_that_is_taken_back_proves_nobody_gone_and_can_be_replayed(company: Company) -> None:
    company.roster_options += SMALL
    company.app("crm", ANA, BO)
    company.audit()
    digest, without = rejected(company), company.apps["crm"]
    company.apps["crm"] += f'acknowledged_rows = ["{digest}"]\n'
    company.pull()
    for listed, state in ((without, "unproven"), (company.apps["crm"], "resolved")):
        company.apps["crm"] = listed
        loaded = company.config()
        stored = workflow.audit(loaded)
        trail = stored.trail()
        assert trail.loc[trail["kind"] == "leaver-active", "state"].tolist() == [state]
        now = datetime(2026, 11, 21, state == "resolved", tzinfo=UTC)
        assert replay(workflow.seal(loaded, stored.audit.meta.audit_id, now=now)).problems == ()


def test_what_is_outdated_proves_nobody_gone(company: Company) -> None:
    company.roster_options += SMALL
    company.app("crm", ANA, BO)
    company.audit()
    company.app("crm", ANA)
    company.pull()
    company.apps["crm"] += 'list_separator = "|"\n'
    trail = workflow.audit(company.config()).trail()
    (row,) = trail[trail["kind"] == "leaver-active"].to_dict("records")
    assert (row["state"], row["reason"]) == ("unproven", CHANGED)


def test_an_outdated_roster_proves_nobody_back_and_passes_nothing(company: Company) -> None:
    company.app("crm", ANA, BO)
    company.audit()
    company.people = [row.replace("terminated", "active") for row in company.people]
    company.pull()
    company.roster_options += 'list_separator = "|"\n'
    stored = workflow.audit(company.config())
    trail = stored.trail()
    assert trail.loc[trail["kind"] == "leaver-active", "state"].tolist() == ["unproven"]
    checks = stored.audit.checks
    leavers = checks[(checks["kind"] == "leaver-active").to_numpy()]
    assert (leavers["passed"].sum(), leavers["not_evaluable"].sum()) == (0, 3)


def test_settings_that_are_what_they_were_again_are_no_others(company: Company) -> None:
    company.audit()
    before = company.apps["crm"]
    company.apps["crm"] = before + 'list_separator = "|"\n'
    pulled_alone(company, "wiki")
    company.apps["crm"] = before
    assert line(workflow.audit(company.config()).audit).verdict == "clean"
    assert line(workflow.audit(pulled_alone(company, "wiki")).audit).verdict == "clean"


def test_an_audit_by_other_settings_is_another(company: Company) -> None:
    company.pull()
    (first,) = snapshots(company.config().store)
    company.apps["crm"] += 'list_separator = "|"\n'
    in_doubt = workflow.audit(company.config()).audit
    company.pull()
    as_collected = workflow.audit(company.config(), snapshot=first.id).audit
    assert (in_doubt.meta.outdated, as_collected.meta.outdated) == ((CRM,), ())
    assert in_doubt.meta.audit_id != as_collected.meta.audit_id


@pytest.mark.parametrize("subject", ["crm", "rosters"])
def test_the_pack_tells_which_settings_changed(company: Company, subject: str) -> None:
    company.pull()
    if subject == "crm":
        company.apps["crm"] += 'list_separator = "|"\n'
    else:
        company.roster_options += 'list_separator = "|"\n'
    loaded = company.config()
    stored = workflow.audit(loaded)
    bundle = workflow.seal(loaded, stored.audit.meta.audit_id, now=datetime(2026, 11, 21, tzinfo=UTC))
    name = CRM if subject == "crm" else "rosters.hr"
    journal = [json.loads(each) for each in (bundle / "pack/run.jsonl").read_text("utf-8").splitlines()]
    assert [each["subject"] for each in journal if each["event"] == "settings-changed"] == [name]
    proven = {each["subject"]: each["proof"] for each in rows(bundle / "pack/tieout.csv")}
    assert f"{name} settings changed" in proven[name]
    if subject == "crm":
        assert [f"{name} settings changed" in str(each) for each in rows(bundle / "pack/scope.csv")] == [True, False]
        assert (proven["apps.wiki.listings[0]"], proven["rosters"]) == ("proven", "proven")
    else:
        assert all(f"{name} settings changed" in each["proof"] for each in rows(bundle / "pack/roster.csv"))


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def test_the_journal_tells_what_changed_since_an_older_snapshot(company: Company) -> None:
    company.pull()
    company.apps["crm"] += 'list_separator = "|"\n'
    loaded = company.pull()
    first, _ = snapshots(loaded.store)
    stored = workflow.audit(loaded, snapshot=first.id)
    bundle = workflow.seal(loaded, stored.audit.meta.audit_id, now=datetime(2026, 11, 21, tzinfo=UTC))
    journal = (bundle / "pack/run.jsonl").read_text("utf-8")
    assert "an older snapshot, judged as it was collected" in journal


def test_an_export_without_names_tells_it_too(company: Company, tmp_path: Path) -> None:
    company.pull()
    company.apps["crm"] += 'list_separator = "|"\n'
    loaded = company.config()
    stored = workflow.audit(loaded)
    bundle = workflow.seal(loaded, stored.audit.meta.audit_id, now=datetime(2026, 11, 21, tzinfo=UTC))
    export(bundle, tmp_path / "export", Tokens(b"k" * 32))
    told = json.loads((tmp_path / "export/reports/report.json").read_text("utf-8"))
    assert told["meta"]["outdated"] == [CRM]


def test_a_replay_names_sources_that_are_not_outdated(company: Company) -> None:
    loaded = company.pull()
    stored = workflow.audit(loaded)
    bundle = workflow.seal(loaded, stored.audit.meta.audit_id, now=datetime(2026, 11, 21, tzinfo=UTC))
    path = bundle / "record/audit.json"
    told = json.loads(path.read_text("utf-8"))
    told["meta"]["outdated"] = [CRM]
    path.write_text(json.dumps(told), "utf-8")
    assert any("settings of other sources changed" in each for each in replay(bundle).problems)


def test_a_replay_knows_which_snapshot_was_the_newest(company: Company) -> None:
    company.app("crm", ANA, BO)
    company.pull()
    company.pull()
    first, _ = snapshots(company.config().store)
    company.apps["crm"] += 'list_separator = "|"\n'
    loaded = company.config()
    for chosen, verdict in ((first.id, "findings"), (None, "not proven")):
        stored = workflow.audit(loaded, snapshot=chosen)
        assert line(stored.audit).verdict == verdict
        assert stored.audit.meta.outdated == (() if chosen else (CRM,))
        bundle = workflow.seal(
            loaded, stored.audit.meta.audit_id, now=datetime(2026, 11, 21, chosen is None, tzinfo=UTC)
        )
        assert replay(bundle).problems == ()


def opened(company: Company, **asked: Any) -> Any:
    loaded = company.config()
    now = datetime(2026, 11, 20, 23, tzinfo=UTC)
    return workflow.open_review(loaded, now=now, by="kim@corp.example", title="Q4", name="q4", **asked)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (lambda made: made.apps.update(crm=made.apps["crm"] + 'list_separator = "|"\n'), f"crm: {CHANGED}"),
        (
            lambda made: setattr(made, "roster_options", made.roster_options + 'join_on = "emails"\n'),
            "rosters: the settings",
        ),
    ],
)
def test_no_review_opens_on_what_is_configured_no_longer(company: Company, changed: Any, why: str) -> None:
    company.audit()
    changed(company)
    with pytest.raises(ConfigError, match="the population is not proven") as caught:
        opened(company)
    assert why in caught.value.message


def test_no_review_opens_on_a_roster_that_hides_people_or_on_rejected_rows(company: Company) -> None:
    company.roster_options += 'exported_by = "j"\nhides = "who left"\n'
    company.app("crm", ANA, "ragged,row")
    company.audit()
    with pytest.raises(ConfigError, match="the population is not proven") as caught:
        opened(company)
    assert "rosters: rosters.hr does not show everybody" in caught.value.message
    assert "crm: 1 rejected row in" in caught.value.message
