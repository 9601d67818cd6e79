"""One year, played once: joiners, movers, leavers, a rehire, four reviews, and three apps that do not do as told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from scimaudit import workflow
from scimaudit.result import Audit
from scimaudit.review import closing, export
from scimaudit.review.campaign import campaigns
from scimaudit.review.packets import Packet, packets
from tests.year.conftest import APPS, Year, fill, serving

pytestmark = pytest.mark.needs("chromium")
STAFF = [f"p{number}" for number in range(16)]
REVIEWS = {"q1": "2026-03-30", "q2": "2026-06-29", "q3": "2026-09-28", "q4": "2026-12-14"}
REVOKED = {
    "q1": {("deaf", "lea", "payroll"), ("hollow", "lea", "payroll")},
    "q2": {("honest", "mo", "payroll")},
}
RULES = "".join(
    f'[[rules]]\nname = "{app}-{group}"\nwho = \'department = "{department}"\'\nwhy = "work"\nbirthright = {birthright}\n'
    f'what = {{ app = "{app}", attribute = "groups", values = ["{group}"] }}\n'
    for app in ("honest", "deaf")
    for group, department, birthright in (("deals", "Sales", "false"), ("treasury", "Treasury", "true"))
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@dataclass
class Played:
    """The year once it is over."""

    year: Year
    audits: dict[str, Audit] = field(default_factory=dict)


def company(year: Year) -> None:
    year.rules = RULES
    people = ("dee", "eve", *STAFF, "lea", "mia", "mo", "ray", "una")
    for name in people:
        year.hire(name)
    for name in ("mia", "mo"):
        year.set(name, department="Sales")
    for app in APPS:
        year.give(app, *people)
        year.apps[app].group("payroll", *(year.ids[app, name] for name in ("dee", "lea", "mo")))
    for app in ("honest", "deaf"):
        year.ids[app, "deals"] = year.apps[app].group("deals", year.ids[app, "mia"])
        year.ids[app, "treasury"] = year.apps[app].group("treasury")
    year.apps["hollow"].group("stock", year.ids["hollow", "una"])


def events(year: Year) -> None:
    """What happens, and when it truly took effect."""
    apps, ids = year.apps, year.ids
    year.on("2026-02-10T00:00", lambda: year.hire("jo", start="2026-02-10"))
    year.on("2026-02-10T09:30", lambda: year.give("honest", "jo"), ("joiner", "honest", "jo"))
    year.on("2026-02-18T15:00", lambda: year.give("undead", "jo"), ("joiner", "undead", "jo"))
    year.on("2026-02-11T08:00", lambda: year.give("deaf", "jo"), ("joiner", "deaf", "jo"))
    year.on("2026-03-02T08:00", lambda: year.give("hollow", "jo"), ("joiner", "hollow", "jo"))
    year.on("2026-03-14T00:00", lambda: year.set("lea", status="terminated", end_date="2026-03-13"))
    year.on(
        "2026-03-14T08:00",
        lambda: apps["honest"].active(ids["honest", "lea"], value=False),
        ("leaver", "honest", "lea"),
    )
    year.on("2026-03-14T08:05", lambda: apps["deaf"].active(ids["deaf", "lea"], value=False))
    year.on("2026-04-08T10:00", lambda: apps["hollow"].delete(ids["hollow", "lea"]), ("leaver", "hollow", "lea"))
    year.on("2026-05-01T00:00", lambda: year.set("ray", status="terminated", end_date="2026-04-30"))
    for app in ("honest", "hollow", "undead"):
        year.on(
            "2026-05-01T07:00", lambda app=app: apps[app].active(ids[app, "ray"], value=False), ("leaver", app, "ray")
        )
    year.on("2026-05-11T00:00", lambda: year.set("mo", department="Finance"))
    year.on("2026-05-11T00:00", lambda: year.set("mia", department="Treasury"))
    for app in ("honest", "deaf"):
        # The old right goes a week before the new one comes: she has arrived when both are true.
        truly = [("mover", app, "mia")] if app == "honest" else []
        mia, deals, treasury = (ids[app, name] for name in ("mia", "deals", "treasury"))
        year.on("2026-05-13T09:00", lambda app=app, old=deals, who=mia: apps[app].leave(old, who))
        year.on("2026-05-20T10:00", lambda app=app, new=treasury, who=mia: apps[app].enter(new, who), *truly)
    year.on("2026-07-01T00:00", lambda: year.set("una", status="terminated", end_date="2026-06-30"))
    for app in ("honest", "hollow"):
        year.on(
            "2026-07-04T12:00", lambda app=app: apps[app].active(ids[app, "una"], value=False), ("leaver", app, "una")
        )
    year.on("2026-07-01T12:00", lambda: apps["undead"].active(ids["undead", "una"], value=False))
    year.on("2026-07-09T12:00", lambda: apps["undead"].active(ids["undead", "una"], value=True))
    year.on("2026-09-01T00:00", lambda: year.set("ray", status="active", start_date="2026-09-01", end_date=""))
    year.on("2026-09-01T08:00", lambda: apps["honest"].active(ids["honest", "ray"], value=True))


def decisions(year: Year, name: str, packet: Packet) -> dict[str, str]:
    """What the reviewer of a packet decides, by item id: what was revoked once and is still there is revoked again."""
    said = [each for quarter in REVIEWS if quarter <= name for each in REVOKED.get(quarter, ())]
    wanted = {(app, year.ids[app, who], right) for app, who, right in said}
    told = {item.item_id: (item.app, item.account_id, item.display) for item in packet.items}
    return {item: "revoke" if what in wanted else "certify" for item, what in told.items()}


def in_browser(packet: Packet, path: Path, year: Year, name: str) -> Path:
    """The reviewer's page, filled in and saved by Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        tab = browser.new_page()
        tab.clock.set_fixed_time(year.now)
        tab.goto(path.as_uri())
        for item, shown in zip(packet.items, tab.locator(".item").all(), strict=True):
            told = decisions(year, name, packet)[item.item_id]
            shown.get_by_label(told).check()
            if told == "revoke":
                shown.get_by_label("Why").fill("moved")
        with tab.expect_download() as waiting:
            tab.get_by_role("button", name="Save decisions").click()
        saved = path.with_name(waiting.value.suggested_filename)
        waiting.value.save_as(saved)
        browser.close()
    return saved


def review(year: Year, name: str) -> None:
    """A campaign from its opening to its end within one day; the second quarter's is answered in a browser."""
    loaded = year.config()
    campaign = workflow.open_review(loaded, now=year.now, by="kim@corp.example", title=name, name=name)
    year.now += timedelta(hours=4)
    folder = year.folder / "packets" / name
    out = {path.stem: path for path in export.write(campaign, folder) if path.suffix == ".html"}
    year.now += timedelta(minutes=1)
    back = [
        in_browser(packet, out[packet.name], year, name)
        if name == "q2" and packet.reviewer_mail.startswith("eve")
        else fill(packet, folder, decisions(year, name, packet))
        for packet in packets(campaign)
    ]
    year.now += timedelta(hours=1)
    workflow.import_review(loaded, campaign, back, now=year.now, partial=False, replace=False)
    closing.close(campaign, now=year.now, by="kim", lapse="open", attested_by="Dee Corp", statement="reviewed")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with ExitStack() as stack:
        apps = {name: stack.enter_context(serving(name)) for name in APPS}
        year = Year(tmp_path_factory.mktemp("year"), apps)
        company(year)
        events(year)
        found = Played(year)
        day = datetime(2026, 1, 5, 6, tzinfo=UTC)
        while day.year == 2026:
            year.until(day)
            year.pull()
            for name, when in REVIEWS.items():
                if f"{day:%Y-%m-%d}" == when:
                    found.audits[name] = year.audit()
                    review(year, name)
            day += timedelta(days=7)
        found.audits["end"] = year.audit()
        yield found


def test_every_interval_contains_the_true_time(played: Played) -> None:
    found = {}
    names = {account: (app, who) for (app, who), account in played.year.ids.items()}
    for line in played.audits["end"].over_time.spans:
        if line.account_id in names:
            app, who = names[line.account_id]
            found[line.event, app, who] = line
    told = {key: line for key, line in found.items() if key in played.year.truth and line.by is not None}
    # Who was hired again is no leaver any more.
    missing = {key for key in played.year.truth if key not in told and key[2] != "ray"}
    assert missing == set()
    for key, line in told.items():
        true = played.year.truth[key]
        assert line.after is None or line.after <= true, key
        assert line.by is not None
        assert true <= line.by, key


def test_no_interval_is_negative(played: Played) -> None:
    lines = [line for audit in played.audits.values() for line in audit.over_time.spans]
    assert lines
    for line in lines:
        low, high = line.hours_from, line.hours_to
        assert low is None or low >= 0
        assert high is None or low is None or high >= low


def test_the_app_that_answers_200_and_does_nothing_is_caught_by_its_listing(played: Played) -> None:
    deaf = played.year.apps["deaf"]
    assert set(deaf.answered) <= {200, 201}
    for name in ("q2", "end"):
        [line] = [line for line in played.audits[name].over_time.revocations if line.app == "deaf"]
        assert (line.account, line.state) == ("lea", "not-done")
        kinds = played.audits[name].findings
        assert "revoke-not-done" in set(kinds[kinds["app"] == "deaf"]["kind"].astype("str"))
        [span] = [each for each in played.audits[name].over_time.spans if (each.app, each.account) == ("deaf", "lea")]
        assert span.verdict == "open"


def test_a_revocation_ends_with_the_account_and_not_with_its_being_disabled(played: Played) -> None:
    """The app keeps both in their groups: the deleted one is in no listing any more, the disabled one holds them."""
    audit = played.audits["end"]
    [line] = [line for line in audit.over_time.revocations if line.app == "hollow"]
    assert (line.state, line.proven_by[:10]) == ("verified-closed", "2026-04-13")
    mine = audit.findings[(audit.findings["app"] == "hollow") & (audit.findings["user_name"] == "una")]
    assert "disabled-residual" in set(mine["kind"].astype("str"))


def test_an_account_that_came_back_a_week_later_is_open_again(played: Played) -> None:
    audit = played.audits["end"]
    [span] = [each for each in audit.over_time.spans if (each.app, each.account) == ("undead", "una")]
    assert (span.verdict, span.by) == ("open", None)
    mine = audit.findings[(audit.findings["app"] == "undead") & (audit.findings["user_name"] == "una")]
    assert "leaver-active" in set(mine["kind"].astype("str"))


def test_a_mover_whose_app_only_says_that_the_old_right_is_gone_has_not_arrived(played: Played) -> None:
    audit = played.audits["end"]
    spans = {line.app: line for line in audit.over_time.spans if (line.event, line.account) == ("mover", "mia")}
    assert (spans["deaf"].verdict, spans["deaf"].by) == ("open", None)
    assert spans["honest"].by is not None
    mine = audit.findings[(audit.findings["app"] == "deaf") & (audit.findings["user_name"] == "mia")]
    assert {"mover-residual", "birthright-missing"} <= set(mine["kind"].astype("str"))


def test_four_campaigns_were_decided_and_closed(played: Played) -> None:
    lines = {line.id: line for line in played.audits["end"].over_time.campaigns}
    assert set(lines) == set(REVIEWS)
    for name, line in lines.items():
        assert line.closed_at is not None
        assert (line.undecided, line.lapsed) == (0, 0), name
        assert line.revoked >= 1, name
    assert len(campaigns(played.year.config().store)) == 4


def test_a_right_that_was_revoked_and_not_taken_away_is_not_called_done(played: Played) -> None:
    [line] = [line for line in played.audits["end"].over_time.revocations if line.app == "honest"]
    assert (line.account, line.state) == ("mo", "not-done")


def test_nothing_was_ever_written_by_scimaudit(played: Played) -> None:
    asked = [method for app in played.year.apps.values() for method, path in app.asked if not path.endswith(".search")]
    assert len(asked) > 400
    assert set(asked) == {"GET"}
