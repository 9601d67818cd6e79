"""Secrets appear nowhere but in the request to their own origin, and nobody else is asked anything (see forms.py)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import figures
from tests.canaries import echo, rude
from tests.canaries.company import PROOFS, WAYS, Company, founded, proven, signed_in
from tests.canaries.forms import ENCODINGS, MARK, canary
from tests.canaries.play import Played, play
from tests.canaries.scan import Scan
from tests.servers import tls

ROW = "Canary secrets: commands and servers that echo"
FORMATS = [each for name in ("html", "csv", "xlsx", "json", "oscal") for each in ("--format", name)]
PLAN = """kind = "leaver"
person = "3"
start = 2026-09-01T00:00:00
[apps.environment-well-x]
account = "inactive"
within = "4 h"
"""
ACCEPTED = ("--accept", "environment-well-x", "--accept", "rosters", "--reason", "a test")
COMMANDS: dict[tuple[str, ...], int] = {
    ("check", "--json", "--config", "well.toml"): 0,
    ("pull",): 3,
    ("audit",): 4,  # nobody says of what day the roster is
    ("report", *FORMATS, "--output", "reports"): 0,
    ("findings", "--format", "json"): 0,
    ("ledger", "--json"): 0,
    ("explain", "environment-well-x/left", "--json"): 0,
    ("timeline", "left@corp.example"): 0,
    ("who", "left@corp.example", "--json"): 0,
    ("remediation", "--output", "to-do"): 0,
    ("seal",): 0,
    ("verify", "evidence", "--chain"): 0,
    ("review", "open", "Canaries", "--app", "environment-well-x", *ACCEPTED): 0,
    ("review", "export", "--output", "packets"): 0,
    ("drill", "plan", "drill.toml"): 0,
    ("drill", "run", "canary.toml", "--dry-run"): 0,
    # The server keeps no canary, so nothing is proven; what was sent to it is what counts here.
    ("drill", "run", "canary.toml", "--write", "--every", "1s", "--for", "1s"): 3,
    ("drill", "cleanup"): 3,
}
"""Command lines, and the exit code of each."""
BROKEN = [
    ("scimaudit.transport.secret:Secret.resolve", ["pull", "--app", "environment-well-x"]),
    ("scimaudit.transport:Client._once", ["pull", "--app", "basic-well-x"]),
    ("scimaudit.transport.origin:OriginAuth.auth_flow", ["pull", "--app", "header-well-x"]),
    ("scimaudit.transport.oauth2:Tokens._fetch", ["pull", "--app", "oauth2-token-well-x"]),
    ("scimaudit.sources.scim.parse:page", ["pull", "--app", "file-well-x"]),
    ("scimaudit.snapshot.record:Record._append", ["pull", "--app", "keyring-well-x"]),
    ("scimaudit.snapshot.collect:_finish", ["pull", "--app", "proxy-well-x"]),
    ("scimaudit.sources.ldap:connected", ["pull", "--app", "directory-plain-refused"]),
    ("scimaudit.sources.sql:Source._answer", ["pull", "--app", "database-plain"]),
    ("scimaudit.sources.entra.token:token", ["pull", "--app", "entra-plain"]),
    ("scimaudit.workflow:judge", ["audit"]),
    ("scimaudit.renderers:_write_one", ["report"]),
    ("scimaudit.workflow:seal", ["seal"]),
]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[echo.Servers]:
    with echo.serving(tls.made_in(tmp_path / "tls")) as found:
        yield found


PARTS = [*WAYS, "endpoints", "directories"] if figures.NIGHTLY else ["some of each"]


@pytest.fixture(params=PARTS)
def company(request: pytest.FixtureRequest, tmp_path: Path, servers: echo.Servers) -> Iterator[Company]:
    """Every way of giving a secret, at servers that give it back wherever they can; nightly one way after the other."""
    made = founded(tmp_path, servers)
    encodings, part = list(ENCODINGS), request.param
    for way in WAYS:
        signed_in(made, way, "well", "x")
    turns = range(len(echo.PLACES) + len(echo.BROKEN))
    if part in WAYS:
        for encoding in encodings:
            for place in (*echo.PLACES, *echo.BROKEN):
                signed_in(made, part, encoding, place)
    elif part == "some of each":
        for turn, place in zip(turns, (*echo.PLACES, *echo.BROKEN), strict=True):
            signed_in(made, list(WAYS)[turn % len(WAYS)], encodings[(turn + turn // 6) % 6], place)
    for turn, proof in enumerate(PROOFS):
        for encoding in encodings if part == "endpoints" else encodings[turn : turn + 1]:
            for place in ("said", "line") if part == "endpoints" else ("said",):
                proven(made, proof, encoding, place)
    with ExitStack() as stack:
        directories(made, stack, tmp_path / "tls", encodings if part == "directories" else encodings[:2])
        others(made, tmp_path)
        yield made


def directories(made: Company, stack: ExitStack, certificates: Path, encodings: list[str]) -> None:
    """Directories, databases and tenants that quote what they were told."""
    servers, ca = made.servers, certificates / "ca.pem"
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificates / "srv.pem", certificates / "srv.key")
    for turn, encoding in enumerate(encodings):
        for place in rude.DIRECTORY if len(encodings) == len(ENCODINGS) or turn == 0 else ("refused",):
            url = stack.enter_context(rude.directory(secure, encoding, place, servers))
            name = f"directory-{encoding}-{place}"
            made.app(
                name, 'source = "ldap"', f'url = "{url}"', f'ca = "{ca}"', 'vendor = "openldap"', 'base = "dc=x"',
                'bind = "cn=svc,dc=x"', f"password = {made.env(name)}",
            )  # fmt: skip
        name = f"database-{encoding}"
        url = stack.enter_context(rude.database(encoding, servers))
        query = 'query = "SELECT id, login FROM users"'
        made.app(name, 'source = "sql"', f'url = "{url}"', f"password = {made.env(name)}", query)
        name = f"entra-{encoding}"
        made.app(
            name, 'source = "entra"', f'tenant = "{encoding}"', 'client_id = "scimaudit"',
            f"secret = {made.env(name)}", f'authority = "{servers.secure}"', f'graph = "{servers.secure}"',
            f'ca = "{ca}"',
        )  # fmt: skip


def others(made: Company, folder: Path) -> None:
    """Servers that nobody trusts, that dawdle, and that a drill may write to."""
    servers = made.servers
    made.scim("untrusted", f"{servers.secure}/well/x", f"token = {made.env('untrusted')}")
    # The keys of this one have no reason to be read twice.
    made.scim("slow", f"{servers.url}/plain/slow", f"token = {made.env('slow')}", "max_requests = 1")
    made.scim("drilled", f"{servers.url}/well/x", f"token = {made.env('drilled')}")
    made.text += ["[drill]", 'write_to = ["drilled"]', f"tokens.drilled = {made.env('drill-token')}"]
    made.write()
    (made.folder / "drill.toml").write_text(PLAN)
    (made.folder / "canary.toml").write_text(
        'kind = "joiner"\n[canary]\nto = "drilled"\ndomain = "corp.example"\n'
        '[apps.drilled]\naccount = "active"\nwithin = "1 h"\n'
    )


def scanned(company: Company, *played: Played) -> Scan:
    """Everything that was written or shown, and every command line."""
    found = Scan()
    further = {*company.secrets, *company.servers.told}
    secrets = [secret for secret in further if not secret.startswith(MARK)]
    found.folder(company.folder, secrets)
    for each in played:
        found.folder(each.said, secrets)
        found.look("a command line", b"\n".join(each.lines), secrets)
    return found


def noted(name: str, company: Company, found: Scan, *played: Played) -> None:
    stranger = company.servers.stranger
    figures.record(
        name,
        counts={
            "canaries": len(company.secrets), "secrets that servers echoed": len(company.servers.told),
            "encodings": 0, "command lines": sum(len(each.codes) for each in played),
            "files and parts": found.files, "bytes": found.bytes,
            "samples of /proc": sum(each.samples for each in played), "hits": len(found.found),
            "connections to strangers": stranger.connections, "bytes to strangers": len(stranger.received),
        },
        most={"encodings": len(ENCODINGS)},
    )  # fmt: skip


@pytest.mark.reliability
def test_no_secret_is_told_anywhere_and_nobody_else_is_asked(company: Company) -> None:
    played = play(company, [{"argv": argv} for argv in COMMANDS], "all")
    wrecks = BROKEN if figures.NIGHTLY else BROKEN[::4]
    crashed = play(company, [{"argv": argv, "broken": place} for place, argv in wrecks], "crashed")
    found = scanned(company, played, crashed)
    noted(ROW, company, found, played, crashed)
    assert found.found == []
    assert company.servers.stranger.connections == 0
    assert not (company.folder / "session-keys").exists()
    assert crashed.codes == [70] * len(wrecks)
    assert played.codes == list(COMMANDS.values())
    # Each secret reached the server it is for, and was echoed there; but the one whose server nobody trusts.
    marked = {secret for secret in company.secrets if secret.startswith(MARK)}
    assert marked - company.servers.told == {canary("untrusted")}
