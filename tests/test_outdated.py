"""What was collected by other settings than those that are configured now does not speak of what is configured now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scimaudit import config, workflow
from scimaudit.errors import ConfigError
from scimaudit.evidence.replay import replay
from scimaudit.snapshot.settings import meanings
from scimaudit.snapshot.store import snapshots
from tests.silence import Silence
from tests.test_audit import ANA, BO, Company, line

CHANGED = "the settings of apps.crm.listings[0] changed since it was collected"
CRM = "apps.crm.listings[0]"
ROSTER = '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n'
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
        lambda text: text + 'join_on = "emails"\n',
    ],
    ids=["another file", "another total", "it hides somebody", "other columns", "another key"],
)
def test_a_newest_snapshot_speaks_of_what_it_was_collected_by(company: Company, changed: Any) -> None:
    assert line(company.audit()).verdict == "clean"
    before = company.apps["crm"]
    company.apps["crm"] = changed(before)
    assert company.apps["crm"] != before
    stored = workflow.audit(company.config())
    told = line(stored.audit)
    assert (told.verdict, told.verdict_reason) == ("not proven", f"not proven: {CHANGED}")
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
    company.apps["crm"] = company.apps["crm"].replace("declared_total = 1", "declared_total = 1\njoin_on = 'emails'")
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
        why = "not proven: the settings of rosters.hr changed since it was collected"
        assert (line(audit, app).verdict, line(audit, app).verdict_reason) == ("not proven", why)


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
    ],
)
def test_a_setting_that_says_what_a_source_is_counts(before: str, after: str, app: str, tmp_path: Path) -> None:
    assert meant(listing(before), tmp_path)[CRM] != meant(listing(after, app), tmp_path)[CRM]


@pytest.mark.parametrize(
    "more",
    [
        "page_size = 50\n", "probe_budget = 0\n", "max_requests = 5\n", "max_bytes = 5\n", "max_seconds = 5\n",
        "consent_to_side_effects = true\n", 'token = { env = "T" }\n', 'headers = { X-Key = { env = "T" } }\n',
        'ca = "ca.pem"\n', 'proxy = "http://proxy.example"\n', 'provider = "unknown"\n', 'join_on = "user_name"\n',
        'acknowledged_rows = ["00"]\n',
    ],
)  # fmt: skip
def test_how_a_source_is_asked_does_not_count(more: str, tmp_path: Path) -> None:
    assert meant(listing(SCIM), tmp_path)[CRM] == meant(listing(SCIM + more), tmp_path)[CRM]


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


def test_a_replay_knows_which_snapshot_was_the_newest(company: Company) -> None:
    company.app("crm", ANA, BO)
    company.pull()
    company.pull()
    first, _ = snapshots(company.config().store)
    company.apps["crm"] += 'join_on = "emails"\n'
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
        (lambda made: made.apps.update(crm=made.apps["crm"] + 'join_on = "emails"\n'), f"crm: {CHANGED}"),
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
    assert "crm: walk" in caught.value.message or "1 rejected row in" in caught.value.message
