"""A leaver's account that no list shows, over real sockets: whatever gives it away, it is judged with all it holds.

What such an audit rests on can be shown and made again: the raw answer that its row points at, and the sealed bundle.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from scimaudit import config, workflow
from scimaudit.evidence.replay import replay
from scimaudit.result import Audit
from scimaudit.snapshot.record import bodies
from scimaudit.snapshot.store import Snapshot, open_snapshot
from scimaudit.transport import Client
from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, compose
from tests.faults.play import TOKEN, TOKEN_AT
from tests.faults.server import FaultServer
from tests.faults.well_behaved import CAP
from tests.faults.world import ENTERPRISE, World, make, refer_back, user
from tests.silence import Silence

LEAVER: Final = "id-0092"
HELD: Final = {("groups", "group-01"), ("groups", "group-05")}
NOW: Final = datetime(2026, 11, 20, 8, tzinfo=UTC)


def world() -> World:
    """Twelve accounts that stay, and one of somebody who has left: it is in a group, and in a group around that one."""
    made = make(12)
    made.users.insert(0, user(92))
    made.groups[0]["members"].append({"value": LEAVER, "type": "User"})
    made.groups[4]["members"].append({"value": "group-01", "type": "Group"})
    refer_back(made)
    return made


@dataclass
class Company:
    """An app, its roster, and one configuration for both."""

    folder: Path
    world: World
    behaviours: tuple[Behaviour, ...] = (CAP,)
    known_as: str = "n92"
    at: datetime = NOW

    def look(self) -> Audit:
        """Pull and audit once; the clock is a day further on afterwards."""
        with FaultServer(compose(self.world, self.behaviours)) as server:
            self.written(server.url)
            workflow.pull(self.config, now=lambda: self.at, watcher=Silence())
        self.at += timedelta(1)
        return workflow.audit(self.config).audit

    def written(self, url: str) -> None:
        """The roster and the configuration; who has left is known to it by number and by a name the app never heard."""
        stay = [f"{n:05d},user{n:04d}@corp.example,active" for n in range(1, 13)]
        rows = ["employee_number,user_name,status", *stay, f"00092,{self.known_as},terminated", ""]
        (self.folder / "hr.csv").write_text("\n".join(rows), "utf-8")
        (self.folder / "scimaudit.toml").write_text(
            '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\nas_of = "2026-11-20"\ndeclared_total = 13\n'
            f'[apps.crm]\n[[apps.crm.listings]]\nsource = "scim"\nbase_url = "{url}"\ntoken = {{ env = "{TOKEN_AT}" }}\n',
            "utf-8",
        )

    @property
    def config(self) -> config.Config:
        return config.load(self.folder / "scimaudit.toml")

    @property
    def snapshot(self) -> Snapshot:
        return open_snapshot(self.config.store)

    def witnesses(self) -> set[str]:
        """The witnesses of the app's listing that failed."""
        [line] = [line for line in self.snapshot.manifest.sources if line.app]
        assert line.listing is not None
        return {witness.name for witness in line.listing.witnesses if witness.outcome == "failed"}

    def account(self) -> dict[str, Any]:
        """The leaver's account, of which there must be one."""
        [found] = [row for row in self.snapshot.accounts("crm").to_pylist() if row["account_id"] == LEAVER]
        return found  # type: ignore[no-any-return]

    def raw(self) -> Any:
        """What the answer holds that the account's row points at."""
        [line] = [line for line in self.snapshot.manifest.sources if line.app]
        row = self.account()
        return next(
            json.loads(body) for entry, body in bodies(self.snapshot.path / "raw" / line.raw)
            if entry.number == row["raw_body"]
        )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _hurry() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN_AT, TOKEN)
        patch.setitem(Client.__init__.__kwdefaults__, "sleep", lambda _seconds: None)
        yield


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path, world())


def named_by_a_group(company: Company) -> Audit:
    company.world.unlisted.add(LEAVER)
    return company.look()


def named_as_a_manager(company: Company) -> Audit:
    """No group shows its members, so nothing but somebody's manager gives the account away."""
    company.world.unlisted.add(LEAVER)
    company.world.users[4][ENTERPRISE]["manager"] = {"value": LEAVER}
    for group in company.world.groups:
        group["members"] = []
    return company.look()


def remembered(company: Company) -> Audit:
    """Groups name everybody by user name, for which GET by id finds nothing."""
    names = {user["id"]: user["userName"] for user in company.world.users}
    for group in company.world.groups:
        for member in group["members"]:
            member["value"] = names.get(member["value"], member["value"])
    company.look()
    company.world.unlisted.add(LEAVER)
    return company.look()


def lost_between_two_passes(company: Company) -> Audit:
    company.behaviours = (CAP, paging.moving({2: lambda world: world.unlisted.add(LEAVER)}))
    return company.look()


def found_by_a_filter(company: Company) -> Audit:
    company.known_as = "user0092@corp.example"
    company.behaviours = (CAP, shapes.without("/Users/", status=403))
    return named_by_a_group(company)


LEADS: Final = {
    "W4 by a group": (named_by_a_group, {"W4"}, HELD),
    "W4 by a manager": (named_as_a_manager, {"W4"}, {("groups", "group-01")}),
    "W5": (found_by_a_filter, {"W5"}, HELD),
    "W6": (remembered, {"W6"}, HELD),
    "two passes": (lost_between_two_passes, set(), HELD),
}


@dataclass
class Seen:
    """A company after it was looked at, the witnesses that must have failed, and what the leaver holds."""

    company: Company
    audit: Audit
    failed: set[str]
    held: set[tuple[str, str]]


@pytest.fixture(scope="module", params=LEADS)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    look, failed, held = LEADS[request.param]
    company = Company(tmp_path_factory.mktemp("company"), world())
    return Seen(company, look(company), failed, held)


def test_the_leaver_is_found(seen: Seen) -> None:
    findings = seen.audit.findings
    leavers = findings[findings["kind"].astype("str") == "leaver-active"]
    assert leavers["account_id"].tolist() == [LEAVER]
    [line] = seen.audit.apps
    assert line.accounts == 13


def test_what_memory_alone_shows_is_not_forgotten_the_day_after(company: Company) -> None:
    for audit in (remembered(company), company.look(), company.look()):
        assert "leaver-active" in set(audit.findings["kind"].astype("str"))
        assert company.witnesses() == {"W6"}
        assert audit.meta.exit_code == 3


def test_a_night_of_no_answer_makes_nobody_forget(company: Company) -> None:
    remembered(company)
    answers, company.behaviours = company.behaviours, (shapes.without("/", status=503),)
    assert company.look().apps[0].verdict == "failed"
    company.behaviours = answers
    audit = company.look()
    assert company.witnesses() == {"W6"}
    assert "leaver-active" in set(audit.findings["kind"].astype("str"))
    made = replay(workflow.seal(company.config, now=company.at))
    assert (made.problems, made.kept) == ((), {})


def test_the_walk_stays_incomplete_and_says_how_many_came_to_light(seen: Seen) -> None:
    [line] = seen.audit.apps
    assert (line.walk, line.verdict) == ("incomplete", "not proven")
    assert "1 accounts came to light that the walk had not brought" in line.walk_reason
    assert seen.failed <= seen.company.witnesses()


def test_what_the_leaver_holds_is_known(seen: Seen) -> None:
    grants = seen.company.snapshot.grants("crm").select(["account_id", "attribute", "value"]).to_pylist()
    mine = [(row["attribute"], row["value"]) for row in grants if row["account_id"] == LEAVER]
    assert sorted(mine) == sorted(seen.held)


def test_its_row_can_be_shown_as_it_was_received(seen: Seen) -> None:
    answer, row = seen.company.raw(), seen.company.account()["raw_row"]
    shown = answer["Resources"][row] if "Resources" in answer else answer
    assert (shown["id"], shown["userName"]) == (LEAVER, "user0092@corp.example")
    assert "Resources" in answer or row == 0


def test_the_bundle_is_made_again_byte_for_byte(seen: Seen) -> None:
    made = replay(workflow.seal(seen.company.config, now=seen.company.at))
    assert (made.problems, made.kept) == ((), {})
    assert {"rosters.hr", "apps.crm.listings[0]"} <= set(made.rebuilt)


def test_an_account_that_was_deleted_meanwhile_is_not_brought_back(company: Company) -> None:
    """Its group names it to the end."""

    def delete(world: World) -> None:
        world.gone.append(world.users.pop(0))

    company.behaviours = (CAP, paging.moving({2: delete}))
    audit = company.look()
    [line] = audit.apps
    assert (line.walk, line.accounts) == ("complete", 12)
    assert LEAVER not in company.snapshot.accounts("crm")["account_id"].to_pylist()
    assert LEAVER not in company.snapshot.grants("crm")["account_id"].to_pylist()


def test_a_roster_takes_in_the_manager_that_nobody_listed(company: Company) -> None:
    """Of a person that only a report names all is known, as of a listed one; that others may be missing is said."""
    company.world.unlisted.add(LEAVER)
    company.world.users[4][ENTERPRISE]["manager"] = {"value": LEAVER}
    with FaultServer(compose(company.world, company.behaviours)) as server:
        company.written(server.url)
        text = (company.folder / "scimaudit.toml").read_text("utf-8")
        listing = text.partition("[[apps.crm.listings]]\n")[2]
        (company.folder / "scimaudit.toml").write_text(f"[rosters.hr]\n{listing}[apps.crm]\nlistings = []\n", "utf-8")
        workflow.pull(company.config, now=lambda: NOW, watcher=Silence())
    [line] = company.snapshot.manifest.sources
    assert line.listing is not None
    assert (line.listing.walk.state, line.listing.parsed) == ("incomplete", 13)
    assert "1 accounts came to light" in line.listing.walk.reason
    people = {row["user_name"]: row for row in company.snapshot.people().to_pylist()}
    assert people["user0092@corp.example"]["employee_number"] == "00092"
    assert len(people) == 13
