"""Every kind of source is played: what was signed in to, what was taken over, and files that lie anywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import pytest

from scimaudit import config, workflow
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence.replay import Replayed, replay
from tests.evidence.conftest import Evidence
from tests.evidence.test_replay import remade
from tests.review.conftest import Firm
from tests.servers import graph, openldap
from tests.servers.openldap import PEOPLE, group, person
from tests.silence import Silence
from tests.sources.test_entra import user


def toml(settings: dict[str, object]) -> str:
    """Settings as lines of TOML."""
    lines = []
    for name, value in settings.items():
        inner = (
            "{ " + ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) + " }"
            if isinstance(value, dict)
            else ""
        )
        lines.append(f"{name} = {inner or json.dumps(value)}\n")
    return "".join(lines)


def configured(firm: Firm, apps: str, rosters: str = "") -> config.Config:
    """The firm's configuration with other apps, and with more rosters."""
    firm.config()
    path = firm.folder / "scimaudit.toml"
    path.write_text(path.read_text().split("[apps.crm]")[0] + rosters + apps)
    return config.load(path)


def pulled(firm: Firm, loaded: config.Config, only: tuple[str, ...] = ()) -> None:
    workflow.pull(loaded, now=lambda: firm.now, watcher=Silence(), only=only)


def sealed(firm: Firm, loaded: config.Config) -> Path:
    workflow.audit(loaded)
    return workflow.seal(loaded, now=firm.now)


def whole(made: Replayed) -> None:
    assert made.problems == ()
    assert made.kept == {}
    assert made.rebuilt


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    folder = tmp_path / "firm"
    folder.mkdir()
    return Firm(folder)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a directory as a roster and as an app; the directory is gone."""
    folder = tmp_path_factory.mktemp("directory")
    firm = Firm(folder)
    with pytest.MonkeyPatch.context() as patch, openldap.serving() as server:
        patch.setenv("LDAP_PASSWORD", openldap.PASSWORD)
        server.add(
            person(f"u{n:03d}", mail=f"u{n}@corp.example", employeeNumber=str(n))
            for n in range(230)
        )  # fmt: skip
        server.add([group("staff", *(f"uid=u{n:03d},{PEOPLE}" for n in range(230))),
                    group("ghosts", f"uid=ghost,{PEOPLE}")])  # fmt: skip
        told = toml(server.settings())
        refused = toml(server.settings(bind=f"cn=nobody,{PEOPLE}"))
        loaded = configured(
            firm, f'[[apps.dir.listings]]\nsource = "ldap"\n{told}[[apps.shut.listings]]\nsource = "ldap"\n{refused}',
            f'[rosters.dir]\nsource = "ldap"\n{told}',
        )  # fmt: skip
        pulled(firm, loaded)
    assert workflow.audit(loaded).audit.apps
    return workflow.seal(loaded, now=firm.now)


@pytest.mark.needs("openldap")
def test_a_directory_is_played_without_being_there(directory: Path) -> None:
    made = replay(directory)
    whole(made)
    assert {"rosters.dir", "apps.dir.listings[0]", "apps.shut.listings[0]"} <= set(made.rebuilt)
    told = json.loads((directory / "snapshot/manifest.json").read_bytes())
    assert {app["app"]: app["walk"] for app in told["apps"]} == {"dir": "complete", "shut": "failed"}


@pytest.mark.needs("openldap")
def test_a_directory_that_an_earlier_version_pulled_is_told(directory: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(directory, tmp_path / "old"))
    remade(bundle / "snapshot/manifest.json", lambda told: [line.update(settings="") for line in told["sources"]])
    kept = replay(bundle).kept
    assert "off the record by an earlier version" in kept["apps.dir.listings[0]"]
    assert "is merged with rosters.dir" in kept["rosters.hr"]


@pytest.mark.parametrize("trouble", ["", "token-runs-out", "no consent", "no token"])
def test_a_tenant_is_played_without_being_there(
    firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setenv("GRAPH_SECRET", "wrong" if trouble == "no token" else graph.SECRET)
    with graph.serving(tmp_path) as tenant:
        tenant.users = [user(number) for number in range(120)]
        tenant.groups = {"g1": ("Sales", [{"@odata.type": "#microsoft.graph.user", "id": "id-0001"}])}
        tenant.quirks |= {trouble} & {"token-runs-out"}
        tenant.consent -= {"AuditLog.Read.All"} if trouble == "no consent" else set()
        loaded = configured(firm, f'[[apps.entra.listings]]\nsource = "entra"\n{toml(tenant.settings())}')
        pulled(firm, loaded)
    monkeypatch.delenv("GRAPH_SECRET")
    shutil.rmtree(tmp_path / "graph-tls")
    audit = workflow.audit(loaded).audit
    assert audit.apps[0].walk == ("failed" if trouble == "no token" else "complete")
    whole(replay(workflow.seal(loaded, now=firm.now)))


class Asked(BaseHTTPRequestHandler):
    """A SCIM service that finds accounts by their names and ids, and notes whom it was asked for."""

    users: ClassVar[int] = 7
    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        asked = dict(parse_qsl(query))
        rows = [{"id": f"u{n}", "userName": f"user{n}", "active": True} for n in range(1, self.users + 1)]
        if path.startswith("/Users/"):
            self.heard.append(path)
            found = [row for row in rows if row["id"] == path.removeprefix("/Users/")]
            self._send(200, found[0]) if found else self._send(404, {"status": "404"})
        elif path == "/Users":
            if "filter" in asked:
                self.heard.append(asked["filter"])
                rows = [row for row in rows if f'"{row["userName"]}"' in asked["filter"]]
            start = max(int(asked.get("startIndex", "1")), 1)
            page = rows[start - 1 : start - 1 + int(asked.get("count", "3"))]
            schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
            told = {"totalResults": len(rows), "startIndex": start, "itemsPerPage": len(page), "Resources": page}
            self._send(200, {"schemas": schemas, **told})
        else:
            self._send(403, {"status": "403"})

    def _send(self, status: int, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not a word."""


CRM = '[[apps.crm.listings]]\nsource = "csv"\npath = "crm.csv"\n'
SAAS = '[[apps.saas.listings]]\nsource = "scim"\nbase_url = "{}"\ntoken = {{ env = "TOKEN" }}\npage_size = 3\n'


def test_what_was_taken_over_is_played_though_its_snapshot_is_deleted(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roster has other people by then; by those of that day the service was asked, and by what it gave before."""
    monkeypatch.setenv("TOKEN", "a-token-of-the-test")
    with HTTPServer(("127.0.0.1", 0), Asked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        apps = CRM + SAAS.format(f"http://127.0.0.1:{server.server_port}")
        for users in (7, 6):
            monkeypatch.setattr(Asked, "users", users)
            monkeypatch.setattr(Asked, "heard", [])
            pulled(firm, configured(firm, apps))
            firm.later(days=1)
        server.shutdown()
    assert "/Users/u7" in Asked.heard
    assert 'userName eq "chi"' in Asked.heard
    for name in ("chi", "bo"):
        del firm.people[name]
        pulled(firm, configured(firm, apps), ("crm",))
        store = firm.config().store / "snapshots"
        shutil.rmtree(min(store.iterdir()))
        firm.later(days=1)
    firm.later(days=-1)
    bundle = sealed(firm, configured(firm, apps))
    told = json.loads((bundle / "snapshot/manifest.json").read_bytes())
    [source] = [line for line in told["sources"] if line["app"] == "saas"]
    assert source["reused_from"] not in {path.name for path in store.iterdir()} | {told["snapshot_id"]}
    whole(replay(bundle))
    before, home = sorted((bundle / "snapshot/taken-over").iterdir())
    assert home.name == source["reused_from"]
    shutil.rmtree(before)
    assert "asked for what it gave in a snapshot before" in replay(bundle).kept["apps.saas.listings[0]"]


def test_files_that_lie_anywhere_are_played_and_never_touched(firm: Firm, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    firm.config()
    head, *rows = (firm.folder / "crm.csv").read_text().splitlines(keepends=True)
    for place, part in enumerate((rows[:3], rows[3:])):
        (away / f"crm-{place}.csv").write_text(head + "".join(part))
    (away / "gh[1].csv").write_text(head + rows[0])
    listing = '[[apps.{}.listings]]\nsource = "csv"\npath = {}\n'
    places = {"crm": str(away / "crm-?.csv"), "wiki": "../away/**/crm-*.csv", "gh": str(away / "gh[1].csv"),
              "two": ["../away/crm-1.csv", str(away / "crm-0.csv")]}  # fmt: skip
    loaded = configured(firm, "".join(listing.format(app, json.dumps(path)) for app, path in places.items()))
    pulled(firm, loaded)
    bundle = sealed(firm, loaded)
    for path in away.iterdir():
        path.write_text("of another day\n")
    (away / "crm-3.csv").write_text(head)
    whole(replay(bundle))
    assert {path.read_text() for path in away.glob("crm-[01].csv")} == {"of another day\n"}


@pytest.mark.parametrize("name", ["../../taken.csv", "{folder}/taken.csv"])
def test_a_record_cannot_have_a_file_written(evidence: Evidence, tmp_path: Path, name: str) -> None:
    target = name.format(folder=tmp_path)
    for path, old in (("config/scimaudit.toml", '"crm.csv"'), ("snapshot/raw/app.crm.0.jsonl", '"crm.csv"')):
        text = (evidence.last / path).read_text()
        assert old in text
        (evidence.last / path).unlink()
        (evidence.last / path).write_text(text.replace(old, json.dumps(target)))
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    made = replay(evidence.last)
    assert any("app.crm.0.jsonl" in problem for problem in made.problems)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_file_that_the_configuration_names_must_be_on_record(evidence: Evidence) -> None:
    path = evidence.last / "config/scimaudit.toml"
    text = path.read_text().replace('"hr.csv"', '"hr-*.csv"')
    path.unlink()
    path.write_text(text)
    remade(
        evidence.last / "snapshot/manifest.json", lambda told: [line.update(settings="") for line in told["sources"]]
    )
    assert any(
        "rosters.hr cannot be read again: no file is called hr-*.csv" in each for each in replay(evidence.last).problems
    )


def test_settings_that_changed_since_the_pull_are_told_and_end_with_3(firm: Firm) -> None:
    """No insider's work, and no replay either: what was not made again must not look like success."""
    pulled(firm, firm.config())
    firm.proof = ""
    bundle = sealed(firm, firm.config())
    made = replay(bundle)
    assert made.problems == ()
    assert made.kept == {"apps.crm.listings[0]": "its settings changed since it was collected"}
    done = subprocess.run(
        [sys.executable, "-c", "from scimaudit.cli import main; main()", "replay", bundle],
        env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("NOT ALL MADE AGAIN: 1 of 2 sources made again from raw bodies")
    assert "the same:" not in done.stdout


def test_an_audit_that_goes_on_from_one_older_than_history_is_played(firm: Firm) -> None:
    firm.audit()
    firm.later(days=500)
    pulled(firm, firm.config())
    firm.later(days=1)
    firm.audit()
    whole(replay(workflow.seal(firm.config(), now=firm.now)))


def test_an_earlier_snapshot_that_changed_after_the_audit_is_not_sealed_beside_it(firm: Firm) -> None:
    """Its own hashes agree; only what the audit was made of knows better."""
    firm.audit()
    first = min((firm.config().store / "snapshots").iterdir())
    firm.later(days=1)
    firm.audit()
    remade(first / "manifest.json", lambda told: told["sources"][0]["listing"].update(notes=["x"]))
    with pytest.raises(ConfigError, match="an earlier snapshot or the audit before changed since the audit"):
        workflow.seal(firm.config(), now=firm.now)


def test_the_audit_before_that_changed_is_not_sealed_either(firm: Firm) -> None:
    firm.audit()
    first = min(path for path in (firm.config().store / "audits").iterdir() if path.is_dir())
    firm.later(days=1)
    firm.audit()
    remade(first / "audit.json", lambda told: told["meta"].update(organisation="Another"))
    with pytest.raises(ConfigError, match="or the audit before changed"):
        workflow.seal(firm.config(), now=firm.now)


def test_a_snapshot_that_was_looked_back_at_is_missed(evidence: Evidence) -> None:
    [earlier] = (evidence.last / "earlier").iterdir()
    shutil.rmtree(earlier)
    with pytest.raises(IntegrityError, match=f"lacks the snapshot {earlier.name}"):
        replay(evidence.last)
