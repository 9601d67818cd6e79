"""A company's year on real SCIM servers over loopback, with apps that mislead; each pull a week after the last."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
from openpyxl import load_workbook
from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from scimaudit import config, workflow
from scimaudit.config import Config
from scimaudit.result import Audit
from scimaudit.review import workbook
from scimaudit.review.packets import Packet
from tests.servers import tally
from tests.silence import Silence

TOKEN = "tok-7d2"
ADMIN = "x-admin"
APPS = ("honest", "deaf", "hollow", "undead")
"""``deaf`` answers a PATCH with 200 and does nothing; ``hollow`` keeps whom it deletes or disables in its groups; ``undead``
brings back what was disabled."""
HEAD = "employee_number,user_name,email,given_name,family_name,status,start_date,end_date,department,title\n"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in http.server
        """Say nothing: requests are kept by the app that answers them."""


@dataclass
class Server:
    """One app: a real SCIM server, what it was asked by whom, and its administrator."""

    name: str
    origin: str = ""
    log: list[tuple[str, str, str]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Method and path of every request but the administrator's."""
        return [(method, path) for agent, method, path in self.log if agent != ADMIN]

    @property
    def url(self) -> str:
        return f"{self.origin}/v2"

    def wraps(self, app: Any) -> Callable[..., Iterable[bytes]]:
        def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            self.log.append((environ.get("HTTP_USER_AGENT", ""), environ["REQUEST_METHOD"], environ["PATH_INFO"]))
            if self.name == "deaf" and environ["REQUEST_METHOD"] == "PATCH":
                environ = {**environ, "REQUEST_METHOD": "GET", "CONTENT_LENGTH": "0", "wsgi.input": io.BytesIO()}
            return app(environ, start)  # type: ignore[no-any-return]

        return answer

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json", "User-Agent": ADMIN}
        with httpx.Client(headers=headers, trust_env=False) as client:
            reply = client.request(method, f"{self.url}/{path}", json=body)
        assert reply.status_code in (200, 201, 204), reply.text
        self.answered.append(reply.status_code)
        return reply.json() if reply.content else {}  # type: ignore[no-any-return]

    def join(self, name: str) -> str:
        return str(self.call("POST", "Users", {"schemas": [USER], "userName": name, "active": True})["id"])

    def group(self, name: str, *members: str) -> str:
        told = [{"value": each, "type": "User"} for each in members]
        return str(self.call("POST", "Groups", {"schemas": [GROUP], "displayName": name, "members": told})["id"])

    def enter(self, group: str, account: str) -> None:
        told = {"op": "add", "path": "members", "value": [{"value": account, "type": "User"}]}
        self.call("PATCH", f"Groups/{group}", {"schemas": [PATCH], "Operations": [told]})

    def leave(self, group: str, account: str) -> None:
        told = {"op": "remove", "path": f'members[value eq "{account}"]'}
        self.call("PATCH", f"Groups/{group}", {"schemas": [PATCH], "Operations": [told]})

    def active(self, account: str, value: bool) -> None:
        told = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": value}]}
        self.call("PATCH", f"Users/{account}", told)

    def delete(self, account: str) -> None:
        self.call("DELETE", f"Users/{account}")


@contextmanager
def serving(name: str) -> Iterator[Server]:
    made = load_default_service_provider_config()
    made.authentication_schemes = [*(made.authentication_schemes or []), BEARER_TOKEN_SCHEME]
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=made
    )
    service = ScimService(provider, secret="year")
    app = BearerTokenApplication(InMemoryStorage(), provider, service=service, bearer_tokens=[TOKEN])
    found = Server(name)
    with make_server("127.0.0.1", 0, found.wraps(app), server_class=ThreadingWSGIServer, handler_class=Quiet) as server:
        found.origin = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
            mine = ((method, path) for agent, method, path in found.log if agent.startswith("scimaudit"))
            tally.add(f"scim2-server {name}", mine)


@dataclass
class Year:
    """The company: its roster by hand, its apps, its clock, and what truly happened."""

    folder: Path
    apps: dict[str, Server]
    now: datetime = datetime(2026, 1, 5, 6, tzinfo=UTC)
    people: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    due: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)
    truth: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    rules: str = ""

    def hire(self, name: str, start: str = "2024-01-01", department: str = "Finance") -> None:
        number = str(len(self.people) + 1)
        mail = f"{name}@corp.example"
        self.people[name] = [number, name, mail, name.title(), "Corp", "active", start, "", department, "Analyst"]

    def set(self, name: str, **facts: str) -> None:
        for fact, value in facts.items():
            self.people[name][HEAD.strip().split(",").index(fact)] = value

    def give(self, app: str, *names: str) -> None:
        for name in names:
            self.ids[app, name] = self.apps[app].join(name)

    def on(self, when: str, event: Callable[[], object], *truly: tuple[str, str, str]) -> None:
        """Let something happen at a time (UTC); ``truly``: event, app and account that it truly ends or begins."""
        moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
        self.due.append((moment, event))
        for each in truly:
            self.truth[each] = moment

    def until(self, when: datetime) -> None:
        for moment, event in sorted(self.due, key=lambda each: each[0]):
            if moment <= when:
                event()
        self.due = [each for each in self.due if each[0] > when]
        self.now = when

    def config(self) -> Config:
        (self.folder / "hr.csv").write_text(HEAD + "".join(",".join(row) + "\n" for row in self.people.values()))
        (self.folder / "token").write_text(TOKEN)
        (self.folder / "token").chmod(0o600)
        (self.folder / "policy").mkdir(exist_ok=True)
        (self.folder / "policy" / "entitlements.toml").write_text(self.rules)
        text = (
            '[audit]\norganisation = "Corp"\nhistory_days = 400\n'
            '[review]\norder = ["app-owner"]\nfallback = "eve@corp.example"\n'
            f'[rosters.hr]\nsource = "csv"\npath = "hr.csv"\nas_of = "{self.now:%Y-%m-%dT%H:%M:%SZ}"\n'
            f"declared_total = {len(self.people)}\n"
        )
        for name, app in self.apps.items():
            text += (
                f'[apps.{name}]\nowner = "dee@corp.example"\n[[apps.{name}.listings]]\nsource = "scim"\n'
                f'provider = "scim2-server"\nbase_url = "{app.url}"\ntoken = {{ file = "token" }}\n'
            )
        (self.folder / "scimaudit.toml").write_text(text)
        return config.load(self.folder / "scimaudit.toml")

    def pull(self) -> None:
        def tick() -> datetime:
            self.now += timedelta(milliseconds=1)
            return self.now

        workflow.pull(self.config(), now=tick, watcher=Silence())

    def audit(self) -> Audit:
        return workflow.audit(self.config()).audit


def fill(packet: Packet, folder: Path, decisions: Mapping[str, str]) -> Path:
    """A reviewer's workbook, filled in cell by cell.

    :param decisions: item id to the decision.
    """
    stream = io.BytesIO()
    workbook.write(packet, stream)
    book = load_workbook(stream)
    for row in book[workbook.SHEET].iter_rows(min_row=6):
        decision = decisions[str(row[0].value)]
        row[11].value, row[12].value = decision, "left" if decision == "revoke" else None
    path = folder / f"{packet.name}.xlsx"
    book.save(path)
    return path
