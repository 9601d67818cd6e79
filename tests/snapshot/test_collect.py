"""Pulling: real files, and the demonstration's real SCIM service where a server is wanted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from scimaudit import config as configs
from scimaudit.errors import (
    AuthenticationFailed,
    ConfigError,
    IntegrityError,
    Malformed,
    SourceError,
    Unavailable,
)
from scimaudit.snapshot import store
from scimaudit.snapshot.collect import collect
from scimaudit.snapshot.store import PARTIAL, Snapshot, open_snapshot, snapshots
from tests.silence import Silence

HR = "employee_number,user_name,email,status\n1,ana,ana@corp.example,active\n2,bo,bo@corp.example,terminated\n"
CRM = "user_name,email,active\nana,ana@corp.example,true\nbo,bo@corp.example,true\n"
CONFIG = """
[rosters.hr]
source = "csv"
path = "hr.csv"
[apps.crm]
[[apps.crm.listings]]
source = "csv"
path = "crm.csv"
[apps.wiki]
[[apps.wiki.listings]]
source = "csv"
path = "wiki.csv"
[apps.fax]
"""


class Clock:
    """Each look is a second later."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


@pytest.fixture
def estate(tmp_path: Path) -> configs.Config:
    for name, text in (("hr.csv", HR), ("crm.csv", CRM), ("wiki.csv", CRM), ("scimaudit.toml", CONFIG)):
        (tmp_path / name).write_text(text, "utf-8")
    return configs.load(tmp_path / "scimaudit.toml")


@pytest.fixture
def pull(estate: configs.Config) -> Callable[..., Snapshot]:
    clock = Clock()

    def run(**options: object) -> Snapshot:
        return collect(estate, now=clock, watcher=Silence(), **options)  # type: ignore[arg-type]

    return run


def test_a_snapshot_holds_people_and_the_accounts_of_each_app(pull: Callable[..., Snapshot]) -> None:
    snapshot = pull()
    assert snapshot.people()["user_name"].to_pylist() == ["ana", "bo"]
    assert {line.app: line.accounts for line in snapshot.manifest.apps} == {"crm": 2, "wiki": 2}
    assert snapshot.accounts("crm")["user_name"].to_pylist() == ["ana", "bo"]


def test_the_manifest_names_every_file_by_its_hash(pull: Callable[..., Snapshot]) -> None:
    snapshot = pull()
    snapshot.verify()
    assert "raw/roster.hr.bodies" in snapshot.manifest.files


@pytest.mark.parametrize("name", ["raw/app.crm.0.bodies", "tables/people.parquet"])
def test_a_changed_file_fails_verification(pull: Callable[..., Snapshot], name: str) -> None:
    snapshot = pull()
    path = snapshot.path / name
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match="missing or changed"):
        snapshot.verify()


def test_a_file_that_nobody_collected_fails_verification(pull: Callable[..., Snapshot]) -> None:
    snapshot = pull()
    (snapshot.path / "raw" / "stranger").write_text("x")
    with pytest.raises(IntegrityError, match="does not name"):
        snapshot.verify()


def test_a_table_with_other_rows_than_the_manifest_says_is_refused(pull: Callable[..., Snapshot]) -> None:
    snapshot = pull()
    table = snapshot.path / "tables/accounts/crm.parquet"
    pq.write_table(pq.read_table(table).slice(1), table)
    with pytest.raises(IntegrityError, match="1 rows where its manifest says 2"):
        snapshot.accounts("crm")


def test_columns_come_as_they_are_asked_for_and_one_that_is_not_there_is_refused(
    pull: Callable[..., Snapshot],
) -> None:
    snapshot = pull()
    assert snapshot.accounts("crm", ["user_name", "account_id"]).column_names == ["user_name", "account_id"]
    with pytest.raises(IntegrityError, match="cannot be read"):
        snapshot.accounts("crm", ["user_name", "no_such_column"])


@pytest.mark.parametrize("coded", [[], ["account_id"]])
@pytest.mark.parametrize("columns", [None, ["listings", "account_id"]])
def test_a_small_table_is_read_as_a_large_one_is(
    pull: Callable[..., Snapshot], columns: list[str] | None, coded: list[str]
) -> None:
    path = pull().path / "tables/accounts/crm.parquet"
    small = store._read_small(path, columns=columns, read_dictionary=coded)
    large = pq.read_table(path, columns=columns, read_dictionary=coded)
    assert small.schema.equals(large.schema, check_metadata=True)
    assert small.equals(large)


def test_a_failing_app_is_a_line_and_the_others_go_on(estate: configs.Config, pull: Callable[..., Snapshot]) -> None:
    (estate.base / "wiki.csv").unlink()
    lines = {line.app: line for line in pull().manifest.apps}
    assert (lines["wiki"].walk, lines["wiki"].accounts) == ("failed", 0)
    assert "wiki.csv" in lines["wiki"].walk_reason
    assert lines["crm"].accounts == 2


def test_a_failing_roster_stops_the_pull_and_leaves_no_snapshot(
    estate: configs.Config, pull: Callable[..., Snapshot]
) -> None:
    (estate.base / "hr.csv").unlink()
    with pytest.raises(SourceError, match=r"rosters\.hr"):
        pull()
    assert snapshots(estate.store) == []


def test_an_unfinished_snapshot_is_never_taken_for_a_finished_one(
    estate: configs.Config, pull: Callable[..., Snapshot]
) -> None:
    finished = pull()
    unfinished = finished.path.with_name("2027-01-01T000000.000Z" + PARTIAL)
    finished.path.rename(unfinished)
    assert snapshots(estate.store) == []
    with pytest.raises(IntegrityError, match="there is no snapshot"):
        open_snapshot(estate.store)


def test_a_folder_without_a_manifest_is_no_snapshot(estate: configs.Config, pull: Callable[..., Snapshot]) -> None:
    snapshot = pull()
    (snapshot.path / "manifest.json").unlink()
    assert snapshots(estate.store) == []
    with pytest.raises(IntegrityError, match="not a finished snapshot"):
        open_snapshot(estate.store, snapshot.id)


def test_a_pull_after_an_interrupted_one_goes_on_under_its_name(
    estate: configs.Config, pull: Callable[..., Snapshot]
) -> None:
    hr = estate.base / "hr.csv"
    hr.rename(estate.base / "away.csv")
    with pytest.raises(SourceError):
        pull()
    [begun] = (estate.store / "snapshots").glob("*" + PARTIAL)
    (estate.base / "away.csv").rename(hr)
    assert pull().id == begun.name.removesuffix(PARTIAL)


def test_a_pull_killed_just_before_its_name_was_final_goes_on_under_it(
    estate: configs.Config, pull: Callable[..., Snapshot]
) -> None:
    finished = pull()
    begun = finished.path.rename(finished.path.with_name(finished.id + PARTIAL))
    (begun / "tables" / "overlaps.parquet").write_bytes(b"of the try before")
    (begun / "manifest.json.draft").write_bytes(b"{")
    with pytest.raises(IntegrityError, match="there is no snapshot"):
        open_snapshot(estate.store, begun.name)
    again = pull()
    assert again.id == finished.id
    again.verify()
    assert {name for name in again.manifest.files if "overlaps" in name or "draft" in name} == set()


def test_an_interrupted_pull_of_another_configuration_is_thrown_away(
    estate: configs.Config, pull: Callable[..., Snapshot]
) -> None:
    (estate.base / "hr.csv").rename(estate.base / "away.csv")
    with pytest.raises(SourceError):
        pull()
    [begun] = (estate.store / "snapshots").glob("*" + PARTIAL)
    (estate.base / "away.csv").rename(estate.base / "hr.csv")
    assert pull(quick=True).id != begun.name.removesuffix(PARTIAL)
    assert not begun.exists()


def test_an_old_interrupted_pull_is_thrown_away(estate: configs.Config) -> None:
    (estate.base / "hr.csv").rename(estate.base / "away.csv")
    clock = Clock()
    with pytest.raises(SourceError):
        collect(estate, now=clock, watcher=Silence())
    [begun] = (estate.store / "snapshots").glob("*" + PARTIAL)
    (estate.base / "away.csv").rename(estate.base / "hr.csv")
    clock.time += timedelta(hours=13)
    assert collect(estate, now=clock, watcher=Silence()).id != begun.name.removesuffix(PARTIAL)


def test_an_unreadable_note_of_an_interrupted_pull_is_thrown_away(
    estate: configs.Config, pull: Callable[..., Snapshot]
) -> None:
    broken = estate.store / "snapshots" / ("2026-01-01T000000.000Z" + PARTIAL)
    broken.mkdir(parents=True)
    (broken / "pull.json").write_text("{")
    pull()
    assert not broken.exists()


def test_pulling_one_app_takes_the_others_over_with_their_date(
    estate: configs.Config, pull: Callable[..., Snapshot]
) -> None:
    first = pull()
    (estate.base / "crm.csv").write_text(CRM + "ghost,g@corp.example,true\n")
    (estate.base / "wiki.csv").write_text(CRM + "ghost,g@corp.example,true\n")
    second = pull(only=["crm"])
    assert {line.app: line.accounts for line in second.manifest.apps} == {"crm": 3, "wiki": 2}
    reused = {source.app: source.reused_from for source in second.manifest.sources if source.app}
    assert reused == {"crm": "", "wiki": first.id}
    second.verify()


def test_an_app_taken_over_twice_still_names_where_it_was_pulled(pull: Callable[..., Snapshot]) -> None:
    first = pull()
    pull(only=["crm"])
    third = pull(only=["crm"])
    assert {source.reused_from for source in third.manifest.sources if source.app == "wiki"} == {first.id}


def test_there_must_be_a_snapshot_to_take_the_others_from(pull: Callable[..., Snapshot]) -> None:
    with pytest.raises(ConfigError, match="no snapshot to take the other apps from"):
        pull(only=["crm"])


def test_an_app_that_was_never_pulled_cannot_be_taken_over(
    estate: configs.Config, pull: Callable[..., Snapshot]
) -> None:
    pull()
    text = CONFIG + '[apps.chat]\n[[apps.chat.listings]]\nsource = "csv"\npath = "crm.csv"\n'
    (estate.base / "scimaudit.toml").write_text(text)
    wider = configs.load(estate.base / "scimaudit.toml")
    later = Clock()
    later.time += timedelta(days=1)
    with pytest.raises(ConfigError, match="does not have the app chat"):
        collect(wider, now=later, watcher=Silence(), only=["crm"])


def test_only_an_app_that_is_known_can_be_pulled(pull: Callable[..., Snapshot]) -> None:
    with pytest.raises(ConfigError, match="no app 'crn'"):
        pull(only=["crn"])


def test_a_second_pull_on_the_same_store_is_refused(estate: configs.Config, pull: Callable[..., Snapshot]) -> None:
    estate.store.mkdir()
    with FileLock(estate.store / "pull.lock"), pytest.raises(ConfigError, match="another pull is at work"):
        pull()


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_store_that_others_can_write_is_refused(
    estate: configs.Config, pull: Callable[..., Snapshot], mode: int
) -> None:
    pull()
    estate.store.chmod(mode)
    with pytest.raises(ConfigError, match="can be written by others"):
        collect(estate, now=Clock(), watcher=Silence())
    estate.store.chmod(0o755)


def test_acknowledged_rows_are_counted(estate: configs.Config, pull: Callable[..., Snapshot]) -> None:
    (estate.base / "crm.csv").write_text(CRM + "ragged,row\n")
    [source] = [source for source in pull().manifest.sources if source.app == "crm"]
    assert source.listing is not None
    [row] = source.listing.rejected
    text = CONFIG.replace('path = "crm.csv"', f'path = "crm.csv"\nacknowledged_rows = ["{row.digest}"]')
    (estate.base / "scimaudit.toml").write_text(text)
    later = Clock()
    later.time += timedelta(days=1)
    again = collect(configs.load(estate.base / "scimaudit.toml"), now=later, watcher=Silence())
    assert {source.app: source.acknowledged for source in again.manifest.sources if source.app} == {"crm": 1, "wiki": 0}


def test_a_clock_that_was_set_back_is_refused(estate: configs.Config, pull: Callable[..., Snapshot]) -> None:
    pull()
    with pytest.raises(ConfigError, match="the newest snapshot is"):
        collect(estate, now=Clock(), watcher=Silence())


def _pull_until_killed(path: Path) -> None:
    class Slow(Silence):
        def started(self, name: str) -> None:
            if name.startswith("apps."):
                time.sleep(60)

    collect(configs.load(path), now=Clock(), watcher=Slow())


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
def test_a_killed_pull_is_resumed_and_leaves_no_lock(estate: configs.Config, pull: Callable[..., Snapshot]) -> None:
    victim = multiprocessing.get_context("spawn").Process(target=_pull_until_killed, args=(estate.path,))
    victim.start()
    deadline = time.monotonic() + 30
    while (
        not list((estate.store / "snapshots").glob(f"*{PARTIAL}/tables/people.parquet")) and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    [begun] = (estate.store / "snapshots").glob("*" + PARTIAL)
    resumed = pull()
    resumed.verify()
    assert resumed.id == begun.name.removesuffix(PARTIAL)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationFailed), (404, Malformed), (500, Unavailable), (200, Malformed)]
)
def test_a_roster_that_a_server_refuses_is_named_with_what_it_said_and_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, kind: type[SourceError]
) -> None:
    asked = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    monkeypatch.setenv("TOKEN", "a-token-of-the-roster")
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        text = f'[rosters.hr]\nsource = "scim"\nbase_url = "http://127.0.0.1:{server.server_port}"\n'
        (tmp_path / "scimaudit.toml").write_text(text + 'token = { env = "TOKEN" }\n')
        config, clock = configs.load(tmp_path / "scimaudit.toml"), Clock()
        with pytest.raises(kind, match=r"^rosters\.hr: .*/Users") as caught:
            collect(config, now=clock, watcher=Silence())
        first = list(asked)
        with pytest.raises(kind):
            collect(config, now=clock, watcher=Silence())
        server.shutdown()
    assert len(list((config.store / "snapshots").iterdir())) == 1
    assert first[-1] in asked[len(first) :]
    assert (caught.value.message, caught.value.source) == (str(caught.value), "rosters.hr")


def test_what_an_interrupted_pull_received_is_as_old_as_it_is(estate: configs.Config) -> None:
    clock = Clock()
    finished = collect(estate, now=clock, watcher=Silence())
    first = {source.name: source for source in finished.manifest.sources}
    begun = finished.path.rename(finished.path.with_name(finished.id + PARTIAL))
    (begun / "manifest.json").unlink()
    clock.time += timedelta(hours=5)
    for source in collect(estate, now=clock, watcher=Silence()).manifest.sources:
        told = first[source.name]
        assert told.started <= source.started <= told.ended
        assert source.ended - told.ended > timedelta(hours=4)
