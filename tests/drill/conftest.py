"""Two apps of a real SCIM server, a roster, and a clock that moves when the drill sleeps."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from scimaudit import config
from scimaudit.config import Config
from scimaudit.drill import plan as plans
from scimaudit.drill import record as records
from scimaudit.drill import watch
from scimaudit.drill.record import Record
from scimaudit.drill.verdict import Cell
from scimaudit.drill.watch import Pace
from tests.cli.conftest import _run
from tests.silence import Silence

TOKEN = "tok-7d2"
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_WRITES = re.compile(r'"(POST|PUT|PATCH|DELETE) (\S+)')


@dataclass
class Tenant:
    """One app of the server, as its administrator sees it."""

    url: str
    log: Path
    client: httpx.Client

    def create(self, kind: str, body: dict[str, Any]) -> str:
        reply = self.client.post(f"{self.url}/{kind}", json=body)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def account(self, name: str, **more: Any) -> str:
        return self.create("Users", {"schemas": [USER], "userName": name, "active": True, **more})

    def group(self, name: str, *members: str) -> str:
        told = [{"value": each, "type": "User"} for each in members]
        return self.create("Groups", {"schemas": [GROUP], "displayName": name, "members": told})

    def patch(self, path: str, *operations: dict[str, Any]) -> None:
        reply = self.client.patch(f"{self.url}/{path}", json={"schemas": [PATCH], "Operations": list(operations)})
        assert reply.status_code in (200, 204), reply.text

    def disable(self, account: str) -> None:
        self.patch(f"Users/{account}", {"op": "replace", "path": "active", "value": False})

    def empty(self, group: str) -> None:
        self.patch(f"Groups/{group}", {"op": "remove", "path": "members"})

    def users(self) -> dict[str, dict[str, Any]]:
        rows = self.client.get(f"{self.url}/Users").json().get("Resources", [])
        return {row["id"]: row for row in rows}

    def colleague(self) -> str:
        """The id of somebody else."""
        return next(account for account, row in self.users().items() if row["userName"] != "ana")

    def writes(self) -> list[tuple[str, str]]:
        """Every request of the log that was no GET, here: method and path."""
        # A request is logged after it is answered; once this one is, so are those before it.
        last = uuid.uuid4().hex
        self.client.get(f"{self.url}/Users", params={"count": 0, "last": last})
        while last not in self.log.read_text("utf-8"):
            time.sleep(0.01)
        path = httpx.URL(self.url).path
        found = _WRITES.findall(self.log.read_text("utf-8"))
        return [(method, where) for method, where in found if where.startswith(path)]


@pytest.fixture
def scimaudit() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line as a pipe would see it."""
    return _run


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "access.log"
    program = str(Path(sys.executable).with_name("scim2-server"))
    command = [program, "--hostname", "127.0.0.1", "--port", str(port), "--bearer-token", TOKEN, "--dynamic-tenants"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    origin = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                httpx.get(origin, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                break
        yield origin, log
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def tenant(server: tuple[str, Path]) -> Iterator[Callable[[], Tenant]]:
    origin, log = server
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
    with httpx.Client(headers=headers, trust_env=False) as client:
        yield lambda: Tenant(f"{origin}/t{uuid.uuid4().hex}/v2", log, client)


@dataclass
class Firm:
    """A company whose clock is told, with one person and two apps."""

    folder: Path
    crm: Tenant
    chat: Tenant
    now: datetime = START
    due: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)
    drill: str = ""

    def config(self) -> Config:
        rows = ["7,ana,ana@corp.example,Ana,Ames,active,Finance,Analyst"]
        rows += [f"{n},p{n},p{n}@corp.example,P,N{n},active,Finance,Analyst" for n in range(10, 15)]
        head = "employee_number,user_name,email,given_name,family_name,status,department,title\n"
        (self.folder / "hr.csv").write_text(head + "".join(f"{row}\n" for row in rows), "utf-8")
        (self.folder / "token").write_text(TOKEN, "utf-8")
        (self.folder / "token").chmod(0o600)
        (self.folder / "policy").mkdir(exist_ok=True)
        text = (
            f"{self.drill}"
            f'[rosters.hr]\nsource = "csv"\npath = "hr.csv"\nas_of = "{self.now:%Y-%m-%dT%H:%M:%SZ}"\n'
            f"declared_total = {len(rows)}\n"
        )
        for name, app in (("crm", self.crm), ("chat", self.chat)):
            text += (
                f'[apps.{name}]\n[[apps.{name}.listings]]\nsource = "scim"\nprovider = "scim2-server"\n'
                f'base_url = "{app.url}"\ntoken = {{ file = "token" }}\n'
            )
        (self.folder / "scimaudit.toml").write_text(text, "utf-8")
        return config.load(self.folder / "scimaudit.toml")

    def consents(self) -> None:
        self.drill = '[drill]\nevery_seconds = 1\nwrite_to = ["crm"]\ntokens = { crm = { file = "token" } }\n'

    def at(self, event: Callable[[], object], **after: float) -> None:
        """Let something happen in an app so long after the start."""
        self.due.append((START + timedelta(**after), event))

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=2)
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        for moment, event in list(self.due):
            if moment <= self.now:
                self.due.remove((moment, event))
                event()

    def pace(self, every: float = 3600, hours: float = 2) -> Pace:
        return Pace(self.clock, self.sleep, timedelta(seconds=every), timedelta(hours=hours))

    def plan(self, text: str, name: str = "d") -> Path:
        path = self.folder / "drills" / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def observe(self, path: Path, **pace: float) -> dict[tuple[str, str], Cell]:
        loaded = self.config()
        planned = plans.load(path, loaded)
        record = records.begin(loaded.store, path.stem, path.read_text("utf-8"), now=self.clock())
        cells = watch.watch(record, loaded, planned, pace=self.pace(**pace), watcher=Silence(), show=lambda cells: None)
        return {(cell.app, cell.what): cell for cell in cells}

    def record(self, name: str = "d") -> Record:
        return records.find(self.config().store, name)


@pytest.fixture
def firm(tmp_path: Path, tenant: Callable[[], Tenant]) -> Firm:
    made = Firm(tmp_path, tenant(), tenant())
    for app in (made.crm, made.chat):
        for number in range(10, 15):
            app.account(f"p{number}")
    return made


def killed_after(command: list[str], firm: Firm, size: int) -> None:
    """Run a command, and kill it once the server's log has grown by so many bytes."""
    before = firm.crm.log.stat().st_size
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 6
    while firm.crm.log.stat().st_size < before + size and time.monotonic() < until and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.wait()
