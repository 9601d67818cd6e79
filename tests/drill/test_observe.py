"""What is watched on real servers: in time, late, partial, never, and what cannot be told."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from scimaudit import workflow
from scimaudit.drill import plan as plans
from scimaudit.drill import record as records
from scimaudit.drill import watch
from scimaudit.errors import ConfigError
from scimaudit.snapshot.store import snapshots
from tests.drill.conftest import START, Firm, Tenant, killed_after
from tests.silence import Silence

Run = Callable[..., "CompletedProcess[str]"]
OBSERVATIONS = "scimaudit-data/drills/d/observations"
LEAVER = """
kind = "leaver"
person = "7"
start = 2026-11-20T08:30:00Z
[apps.crm]
within = "1 h"
account = "inactive"
groups = { none = true }
"""


def holding(app: Tenant) -> tuple[str, str]:
    account = app.account("ana")
    return account, app.group("staff", account)


def test_a_leaver_who_is_out_in_time(firm: Firm) -> None:
    account, group = holding(firm.crm)
    firm.at(lambda: (firm.crm.disable(account), firm.crm.empty(group)), minutes=45)
    firm.crm.group("others", firm.crm.colleague())
    found = firm.observe(firm.plan(LEAVER))
    assert {cell.verdict for cell in found.values()} == {"in time"}
    cell = found["crm", "account"]
    assert (cell.hours_from, cell.hours_to) == (0.0, pytest.approx(0.5, abs=0.01))


def test_watching_ends_when_everything_is_reached(firm: Firm) -> None:
    account, group = holding(firm.crm)
    firm.crm.group("others", firm.crm.colleague())
    firm.at(lambda: (firm.crm.disable(account), firm.crm.empty(group)), minutes=45)
    firm.observe(firm.plan(LEAVER))
    assert len(firm.record().observations()) == 2


def test_a_leaver_who_is_out_too_late(firm: Firm) -> None:
    account, _ = holding(firm.crm)
    firm.at(lambda: firm.crm.disable(account), hours=3.5)
    cell = firm.observe(firm.plan(LEAVER.replace("groups", "# groups")), hours=4)["crm", "account"]
    assert cell.verdict == "late"
    assert cell.hours_from is not None
    assert cell.hours_to is not None
    assert cell.hours_from <= 3.0 <= cell.hours_to


def test_between_two_listings_nothing_is_guessed(firm: Firm) -> None:
    account, _ = holding(firm.crm)
    firm.at(lambda: firm.crm.disable(account), hours=2)
    cell = firm.observe(firm.plan(LEAVER.replace("groups", "# groups")), every=5 * 3600.0, hours=6)["crm", "account"]
    assert (cell.verdict, cell.reason) == ("unclear", "ana: the limit lies between two listings")


def test_an_account_that_stays_is_never(firm: Firm) -> None:
    holding(firm.crm)
    found = firm.observe(firm.plan(LEAVER))
    assert {cell.verdict for cell in found.values()} == {"never"}


def test_a_disabled_account_with_its_groups_is_partial(firm: Firm, scimaudit: Run) -> None:
    account, _ = holding(firm.crm)
    firm.at(lambda: firm.crm.disable(account), minutes=45)
    found = firm.observe(firm.plan(LEAVER))
    assert {what: cell.verdict for (_, what), cell in found.items()} == {"account": "in time", "groups": "never"}
    shown = scimaudit("drill", "status", "d", "--config", firm.folder / "scimaudit.toml").stdout
    assert shown.splitlines()[1].split()[:2] == ["crm", "partial"]


def test_one_of_two_groups_is_partial(firm: Firm) -> None:
    account, group = holding(firm.crm)
    firm.crm.group("admins", account)
    firm.at(lambda: firm.crm.empty(group), minutes=45)
    cell = firm.observe(firm.plan(LEAVER))["crm", "groups"]
    assert (cell.verdict, "admins" in cell.reason, "staff" in cell.reason) == ("partial", True, False)


def test_before_the_limit_one_waits(firm: Firm) -> None:
    holding(firm.crm)
    found = firm.observe(firm.plan(LEAVER), hours=0)
    assert {cell.verdict for cell in found.values()} == {"waiting"}


def test_an_account_that_comes_back_is_never(firm: Firm) -> None:
    account, _ = holding(firm.crm)
    back = {"op": "replace", "path": "active", "value": True}
    firm.at(lambda: firm.crm.disable(account), minutes=45)
    firm.at(lambda: firm.crm.patch(f"Users/{account}", back), hours=1.5)
    cell = firm.observe(firm.plan(LEAVER))["crm", "account"]
    assert (cell.verdict, cell.reason) == ("never", "ana: it was so, and is not any more")


def test_a_listing_that_is_cut_short_proves_nobody_gone(firm: Firm, tmp_path: Path) -> None:
    """The export loses the leaver, and three others: nothing follows from who is not in it."""
    rows = ["ana,ana@corp.example,true", *(f"p{n},p{n}@corp.example,true" for n in range(10, 15))]
    path = tmp_path / "crm.csv"

    def write(lines: list[str], total: int = 6) -> None:
        path.write_text("user_name,email,active\n" + "".join(f"{line}\n" for line in lines), "utf-8")
        loaded = firm.config().path
        text = loaded.read_text("utf-8").split("[apps.crm]")[0]
        loaded.write_text(
            f'{text}[apps.crm]\n[[apps.crm.listings]]\nsource = "csv"\npath = "crm.csv"\nexported_by = "j"\n'
            f'exported_at = "{firm.now:%Y-%m-%dT%H:%M:%SZ}"\nshows_all = true\ndeclared_total = {total}\n',
            "utf-8",
        )

    from scimaudit import config

    plan = firm.plan(LEAVER.replace("inactive", "absent").replace("groups", "# groups"))
    for lines in (rows, rows[3:]):
        write(lines)
        loaded = config.load(firm.folder / "scimaudit.toml")
        record = records.begin(loaded.store, "d", plan.read_text("utf-8"), now=firm.now)
        pace = watch.Pace(firm.clock, firm.sleep)
        [cell] = watch.watch(record, loaded, plans.load(plan, loaded), pace=pace, watcher=Silence(), show=print)
        firm.now += timedelta(hours=4)
    assert cell.verdict == "not evaluable"
    assert "the walk is not proven complete" in cell.reason


def test_an_attribute_that_nobody_supplies_is_not_evaluable(firm: Firm) -> None:
    firm.crm.account("ana")
    plan = 'kind = "mover"\nperson = "7"\nstart = 2026-11-20T08:30:00Z\n[apps.crm]\nwithin = "1 h"\nattributes = { title = "Lead" }\n'
    cell = firm.observe(firm.plan(plan))["crm", "title"]
    assert (cell.verdict, cell.reason) == ("not evaluable", "the listing does not supply title")


def test_a_mover_whose_title_follows_and_whose_old_group_stays(firm: Firm) -> None:
    account = firm.crm.account("ana", title="Analyst")
    firm.crm.group("finance", account)
    sales = firm.crm.group("sales", firm.crm.colleague())
    lead = {"op": "replace", "path": "title", "value": "Lead"}
    firm.at(lambda: firm.crm.patch(f"Users/{account}", lead), minutes=45)
    joins = {"op": "add", "path": "members", "value": [{"value": account, "type": "User"}]}
    firm.at(lambda: firm.crm.patch(f"Groups/{sales}", joins), minutes=45)
    plan = (
        'kind = "mover"\nperson = "7"\nstart = 2026-11-20T08:30:00Z\n[apps.crm]\nwithin = "1 h"\n'
        'attributes = { title = "lead" }\ngroups = { has = ["sales"], lacks = ["finance"] }\n'
    )
    found = firm.observe(firm.plan(plan))
    assert (found["crm", "title"].verdict, found["crm", "groups"].verdict) == ("in time", "partial")


def test_a_mover_of_whom_one_account_keeps_the_old_title_has_not_moved(firm: Firm) -> None:
    firm.crm.account("ana", title="Planner")
    firm.crm.account("ana-adm", title="Analyst", emails=[{"value": "ana@corp.example", "primary": True}])
    plan = LEAVER.replace("leaver", "mover").replace('account = "inactive"', 'attributes = { title = "Planner" }')
    plan = plan.replace("groups = { none = true }\n", "")
    assert firm.observe(firm.plan(plan))["crm", "title"].verdict == "never"


def test_an_account_that_became_theirs_late_was_not_theirs_in_time(firm: Firm) -> None:
    spare = firm.crm.account("spare")
    for hours in (1, 4):
        firm.now = START + timedelta(hours=hours)
        workflow.pull(firm.config(), now=firm.clock, watcher=Silence())
        if hours == 1:
            firm.crm.patch(f"Users/{spare}", {"op": "replace", "path": "userName", "value": "ana"})
    plan = LEAVER.replace("leaver", "joiner").replace("inactive", "active").replace("groups = { none = true }\n", "")
    loaded, path = firm.config(), firm.plan(plan)
    planned = plans.load(path, loaded)
    record = records.begin(loaded.store, "d", plan, now=firm.clock())
    watch.take(record, loaded, planned, snapshots(loaded.store))
    [cell] = record.cells(planned)
    assert (cell.verdict, cell.hours_to) == ("unclear", 3.5)


def test_a_group_that_nobody_knows_is_not_evaluable(firm: Firm) -> None:
    holding(firm.crm)
    plan = LEAVER.replace("none = true", 'lacks = ["stuff"]')
    cell = firm.observe(firm.plan(plan))["crm", "groups"]
    assert (cell.verdict, cell.reason) == ("not evaluable", "stuff: nobody is shown to hold a right called stuff")


def test_a_joiner_whom_a_whole_listing_does_not_show_is_never(firm: Firm) -> None:
    plan = (
        'kind = "joiner"\nperson = "7"\nstart = 2026-11-20T08:30:00Z\n[apps.crm]\naccount = "active"\nwithin = "1 h"\n'
    )
    assert firm.observe(firm.plan(plan))["crm", "account"].verdict == "never"


def test_a_joiner_who_has_it_in_time(firm: Firm) -> None:
    firm.at(lambda: firm.crm.account("ana"), minutes=50)
    plan = (
        'kind = "joiner"\nperson = "7"\nstart = 2026-11-20T08:30:00Z\n[apps.crm]\naccount = "active"\nwithin = "1 h"\n'
    )
    assert firm.observe(firm.plan(plan))["crm", "account"].verdict == "in time"


def test_a_leaver_of_whom_no_account_is_known_did_not_pass(firm: Firm) -> None:
    cell = firm.observe(firm.plan(LEAVER))["crm", "account"]
    assert (cell.verdict, cell.reason) == ("not evaluable", "no account of theirs was ever seen there")


def test_observing_writes_nothing_anywhere(firm: Firm) -> None:
    holding(firm.crm)
    before = firm.crm.writes()
    firm.observe(firm.plan(LEAVER))
    assert firm.crm.writes() == before


def test_asking_too_often_is_refused(firm: Firm) -> None:
    with pytest.raises(ConfigError, match="asks too much"):
        firm.observe(firm.plan(LEAVER), every=5.0)


def test_a_changed_plan_is_another_drill(firm: Firm) -> None:
    holding(firm.crm)
    firm.observe(firm.plan(LEAVER), hours=0)
    with pytest.raises(ConfigError, match="begun by another plan"):
        firm.observe(firm.plan(LEAVER.replace("1 h", "9 h")), hours=0)


def test_the_store_of_the_audits_is_left_alone(firm: Firm) -> None:
    holding(firm.crm)
    firm.observe(firm.plan(LEAVER), hours=1)
    assert snapshots(firm.config().store) == []


@pytest.mark.parametrize("lost", ["records", "snapshot"])
def test_what_an_interruption_left_is_taken_up_once(firm: Firm, lost: str) -> None:
    """Killed after the snapshot and before its observation, or while a snapshot was filled."""
    holding(firm.crm)
    firm.observe(firm.plan(LEAVER), hours=2)
    folder = firm.record().path
    seen = sorted(path.name for path in (folder / "observations").iterdir())
    if lost == "records":
        (folder / "observations" / seen[-1]).unlink()
        (folder / "observations" / (seen[-1] + ".draft")).write_text("{", "utf-8")
    else:
        (folder / "snapshots" / "2026-11-20T110000.000Z.partial").mkdir()
    firm.observe(firm.plan(LEAVER), hours=0)
    names = sorted(path.name for path in (folder / "observations").glob("*.json"))
    assert names[: len(seen)] == seen
    assert len(names) == len(seen) + 1
    assert not list((folder / "snapshots").glob("*.partial"))


def test_the_verdicts_come_as_csv_and_json(firm: Firm, scimaudit: Run) -> None:
    holding(firm.crm)
    firm.observe(firm.plan(LEAVER), hours=0)
    config = firm.folder / "scimaudit.toml"
    told = json.loads(scimaudit("drill", "status", "d", "-f", "json", "--config", config).stdout)
    assert [line["verdict"] for line in told] == ["waiting", "waiting"]
    table = scimaudit("drill", "status", "d", "-f", "csv", "--config", config).stdout
    assert '"crm","account","inactive"' in table
    [line] = json.loads(scimaudit("drill", "list", "-f", "json", "--config", config).stdout)
    assert (line["id"], line["verdict"], line["canary"]) == ("d", "waiting", "")


def test_killed_at_any_moment_no_observation_is_lost_and_none_is_double(firm: Firm, scimaudit: Run) -> None:
    holding(firm.crm)
    firm.drill = "[drill]\nevery_seconds = 1\n"
    plan, config = firm.plan(LEAVER), firm.config().path
    observe = ["drill", "observe", str(plan), "--config", str(config), "--quiet"]
    command = [sys.executable, "-c", "from scimaudit.cli import main; main()", *observe, "--every", "1s"]
    kept: dict[str, bytes] = {}
    dice = random.Random(7)
    for _ in range(3):
        killed_after(command, firm, dice.randrange(200, 2500))
        now = {path.name: path.read_bytes() for path in (firm.folder / OBSERVATIONS).glob("*.json")}
        assert kept.items() <= now.items()
        kept = now
    scimaudit(*observe, "--once")
    seen = {each.snapshot for each in firm.record().observations()}
    assert seen == {each.id for each in snapshots(firm.record().path)}
    assert len(seen) > len(kept)
