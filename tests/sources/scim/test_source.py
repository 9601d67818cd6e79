"""The configured source against scim2-server, an independent SCIM 2.0 server, over loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from scimaudit.errors import AuthenticationFailed, ConfigError, Malformed, SourceError
from scimaudit.sources import scim
from scimaudit.sources.scim import Source

TOKEN = "tok-5e1"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
SEEDED = 230
CURSORS = {
    "cursor": True,
    "index": True,
    "defaultPaginationMethod": "cursor",
    "defaultPageSize": 25,
    "maxPageSize": 100,
    "cursorTimeout": 3600,
}


def started(*options: str) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("scim2-server")), "--hostname", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--bearer-token", TOKEN, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/v2"
    for _ in range(150):
        try:
            httpx.get(url + "/ServiceProviderConfig", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return process, url
    process.kill()
    raise AssertionError("scim2-server did not start")


def seed(url: str) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as client:
        ids = [create(client, "/Users", account(number)) for number in range(SEEDED)]
        inner = create(client, "/Groups", group("inner", [{"value": name, "type": "User"} for name in ids[:40]]))
        nested = [{"value": inner, "type": "Group"}, {"value": ids[50], "type": "User"}]
        create(client, "/Groups", group("outer", nested))
        create(client, "/Groups", group("empty", []))


def create(client: httpx.Client, path: str, body: dict[str, object]) -> str:
    reply = client.post(path, content=json.dumps(body), headers={"Content-Type": "application/scim+json"})
    assert reply.status_code == 201, reply.text
    return reply.json()["id"]


def account(number: int) -> dict[str, object]:
    name = f"u{number:05d}@corp.example"
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": name,
        "externalId": f"E{number}",
        "active": number % 10 != 7,
        "emails": [{"value": name, "type": "work", "primary": True}],
        ENTERPRISE: {"employeeNumber": f"{number:05d}"},
    }


def group(name: str, members: list[dict[str, str]]) -> dict[str, object]:
    return {"schemas": [GROUP], "displayName": name, "members": members}


@pytest.fixture(scope="module")
def by_index():
    process, url = started()
    seed(url)
    yield url
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def by_cursor(by_index, tmp_path_factory):
    config = httpx.get(
        by_index + "/ServiceProviderConfig", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
    ).json()
    config.pop("meta")
    config["filter"]["maxResults"] = 100
    config["pagination"] = CURSORS
    path = tmp_path_factory.mktemp("spc") / "spc.json"
    path.write_text(json.dumps(config))
    process, url = started("--service-provider-config", str(path))
    seed(url)
    yield url
    process.terminate()
    process.wait()


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setenv("SCIM_TEST_TOKEN", TOKEN)

    def make(url: str, **settings) -> Source:
        return Source.model_validate({"base_url": url, "token": {"env": "SCIM_TEST_TOKEN"}, **settings})

    return make


def names(sink) -> set[str]:
    return {row["user_name"] for row in sink.table("accounts")}


EVERYBODY = {f"u{number:05d}@corp.example" for number in range(SEEDED)}


def test_index_paging_is_proven(by_index, source, sink, witness):
    found = source(by_index).collect(sink)
    assert names(sink) == EVERYBODY
    assert (found.walk.state, found.facts["paging"]) == ("complete", "index")
    assert [witness(found, f"W{number}").outcome for number in (1, 2, 3, 4, 9)] == ["passed"] * 5
    assert found.cost.requests == len(sink.bodies)


def test_accounts_carry_what_was_seeded(by_index, source, sink):
    source(by_index).collect(sink)
    row = next(row for row in sink.table("accounts") if row["user_name"] == "u00007@corp.example")
    assert (row["active"], row["employee_number"], row["external_id"]) == (False, "00007", "E7")
    assert row["email_keys"] == ["u00007@corp.example"]


def test_memberships_direct_and_nested(by_index, source, sink):
    found = source(by_index).collect(sink)
    assert found.entitlements.state == "complete"
    held = [(row["display"], row["type"]) for row in sink.table("grants")]
    assert {kind: held.count(kind) for kind in set(held)} == {
        ("inner", "direct"): 40,
        ("outer", "direct"): 1,
        ("outer", "indirect"): 40,
    }


def test_a_hidden_leaver_would_be_found(by_index, source, sink, witness, people):
    sink.people = people(("nobody@corp.example", "terminated"), ("u00001@corp.example", "active"))
    assert witness(source(by_index).collect(sink), "W5").outcome == "passed"


def test_cursor_server_by_index(by_cursor, source, sink):
    found = source(by_cursor).collect(sink)
    assert (names(sink), found.walk.state) == (EVERYBODY, "complete")


def test_cursor_server_by_cursor(by_cursor, source, sink, profile, monkeypatch):
    described = profile(mode="cursor", cursor={"param": "cursor"}, page={"max": 60})
    monkeypatch.setattr(scim.profiles, "load", lambda _name: described)
    found = source(by_cursor).collect(sink)
    assert (names(sink), found.walk.state, found.facts["paging"]) == (EVERYBODY, "complete", "cursor")
    assert sum("cursor=" in url for url in sink.bodies) >= 3


def test_the_wrong_token_is_refused(by_index, source, sink, monkeypatch):
    made = source(by_index)
    monkeypatch.setenv("SCIM_TEST_TOKEN", "wrong")
    with pytest.raises(AuthenticationFailed):
        made.collect(sink)


def test_the_wrong_address_is_no_empty_app(by_index, source, sink):
    with pytest.raises(Malformed):
        source(by_index + "/elsewhere").collect(sink)


def test_facts_tell_what_the_server_is(by_index, source, sink):
    facts = source(by_index).collect(sink).facts
    assert (facts["SCIM version"], facts["paging"]) == ("2.0", "index")
    assert (facts["TLS"], facts["rate limit"]) == ("no, plain text to this machine", "not told")


def test_budgets_stop_a_listing(by_index, source, sink):
    found = source(by_index, max_requests=6, page_size=20).collect(sink)
    assert found.walk.state == "incomplete"
    assert "budget of 6 requests" in found.walk.reason


def test_credentials_by_basic_and_headers(sink, monkeypatch, tmp_path):
    monkeypatch.setenv("PASSWORD", "pw")
    made = Source.model_validate(
        {
            "base_url": "https://app.example",
            "basic": {"user": "svc", "password": {"env": "PASSWORD"}},
            "headers": {"X-Api-Key": {"env": "PASSWORD"}},
        }
    )
    assert made._credentials(tmp_path) == {"X-Api-Key": "pw", "Authorization": "Basic c3ZjOnB3"}
    assert "pw" not in repr(made)


def test_a_secret_beyond_ascii_is_refused(sink, monkeypatch, source):
    made = source("https://app.example")
    monkeypatch.setenv("SCIM_TEST_TOKEN", "tök")
    with pytest.raises(ConfigError, match="ASCII"):
        made.collect(sink)


def test_an_unknown_provider_lists_the_known_ones(source):
    with pytest.raises(ConfigError) as caught:
        source("https://app.example", provider="nobody")
    assert "unknown" in caught.value.hint


@pytest.mark.parametrize(
    "wrong", [{"page_size": 1}, {"strange": 1}, {"basic": {"user": "a", "password": {"env": "X"}}}]
)
def test_wrong_settings_are_refused(source, wrong):
    with pytest.raises(ValidationError):
        source("https://app.example", **wrong)


def test_a_listing_with_side_effects_needs_consent(source, sink, profile, monkeypatch, by_index):
    described = profile(list_side_effect="binds accounts")
    monkeypatch.setattr(scim.profiles, "load", lambda _name: described)
    with pytest.raises(SourceError, match="binds accounts") as caught:
        source(by_index).collect(sink)
    assert "consent_to_side_effects" in caught.value.hint
    assert sink.bodies == []
    assert source(by_index, consent_to_side_effects=True).collect(sink).parsed == SEEDED


def test_a_header_name_that_is_none_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("KEY", "k")
    made = Source.model_validate({"base_url": "https://app.example", "headers": {"X Key": {"env": "KEY"}}})
    with pytest.raises(ConfigError, match="X Key"):
        made._credentials(tmp_path)
