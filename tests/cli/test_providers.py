"""``providers`` and ``probe`` as a user types them."""

from __future__ import annotations

import json
import tomllib

from tests.servers import django_scim


def test_every_provider_is_listed(scimaudit):
    lines = scimaudit("providers").stdout.splitlines()
    assert len(lines) > 40
    assert lines[0].split()[0] == "provider"
    assert any(line.startswith("slack ") and "index" in line for line in lines)


def test_what_is_not_known_is_said(scimaudit):
    lines = scimaudit("providers", "slack").stdout.splitlines()
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert told["page.max"].startswith("1000 [documented, 20")
    assert told["population"] == "unknown"
    assert told["auth.scopes"].startswith("admin")
    assert any(line.startswith("source ") and "https://" in line for line in lines)


def test_providers_as_json(scimaudit):
    assert len(json.loads(scimaudit("providers", "--json").stdout)) > 40
    assert json.loads(scimaudit("providers", "slack", "--json").stdout)["name"] == "Slack"


def test_a_provider_nobody_knows(scimaudit):
    done = scimaudit("providers", "slak")
    assert done.returncode == 2
    assert "known providers: " in done.stderr


def test_probe_drafts_a_profile(scimaudit, monkeypatch):
    monkeypatch.setenv("APP_PASSWORD", django_scim.PASSWORD)
    with django_scim.serving() as url:
        done = scimaudit("probe", url, "--user", django_scim.USER, "--password-env", "APP_PASSWORD", "--name", "site")
        as_json = scimaudit("probe", url, "--user", django_scim.USER, "--password-env", "APP_PASSWORD", "--json")
    assert done.returncode == 0
    found = tomllib.loads(done.stdout)
    assert (found["name"], found["page"]["default"], found["confidence"]) == ("site", 50, "low")
    assert "# startIndex=0: status 400" in done.stderr
    assert json.loads(as_json.stdout)["profile"]["page"]["default"] == 50


def test_probe_wants_to_know_how_to_sign_in(scimaudit):
    done = scimaudit("probe", "https://app.example/scim/v2")
    assert done.returncode == 2
    assert "--token-env NAME" in done.stderr


def test_a_block_to_fill_in(scimaudit):
    text = scimaudit("providers", "gitlab-group", "--block").stdout
    assert "[[apps.gitlab-group.listings]]" in text
    assert "WARNING: a new SCIM token replaces" in text


def test_a_block_needs_a_name(scimaudit):
    assert scimaudit("providers", "--block").returncode == 2
