# ruff: noqa: F811 - fixtures of the other file are asked for by their names
"""What ``scimaudit probe`` finds out, of two independent servers and of our own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scimaudit.errors import AuthenticationFailed, ConfigError, SourceError
from scimaudit.sources import Reply
from scimaudit.sources.scim import profile as profiles
from scimaudit.sources.scim import reader
from scimaudit.sources.scim.survey import draft, survey
from scimaudit.transport import ServerError
from tests.servers import django_scim
from tests.sources.scim import test_source as scim2
from tests.sources.scim.conftest import json_reply
from tests.sources.scim.test_source import by_cursor, by_index  # noqa: F401 - fixtures


def now() -> datetime:
    return datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def surveyed(monkeypatch):
    monkeypatch.setenv("PROBE_SECRET", "")

    def run(url: str, secret: str, user: str = ""):
        monkeypatch.setenv("PROBE_SECRET", secret)
        named = {"token_env": "", "user": user, "password_env": "PROBE_SECRET"} if user else {
            "token_env": "PROBE_SECRET", "user": "", "password_env": ""}  # fmt: skip
        with reader(url, ca=None, now=now, **named) as client:
            return survey(client)

    return run


def test_scim2_server(surveyed, by_index):
    found = surveyed(by_index, scim2.TOKEN).profile
    assert found["versions"] == ["2.0"]
    assert found["page"] == {"zero_ok": True, "start_zero": "same"}
    assert (found["mode"], found["past_end"], found["items_per_page"]) == ("index", "empty", "rows")
    assert (found["filters"], found["filter_miss"]) == ({"userName": ["eq"]}, "empty")
    assert found["groups"] == {
        "endpoint": True, "members": "inline", "member_value": "id", "exclude_members": True,
    }  # fmt: skip


def test_scim2_server_by_cursor(surveyed, by_cursor):
    found = surveyed(by_cursor, scim2.TOKEN).profile
    assert found["mode"] == "cursor"
    assert found["page"]["max"] == 100


def test_django_scim2(surveyed):
    with django_scim.serving() as url:
        found = surveyed(url, django_scim.PASSWORD, django_scim.USER)
    assert found.profile["page"]["default"] == 50
    assert found.profile["page"]["start_zero"] == "error"
    assert found.profile["filters"] == {"userName": ["eq"]}
    assert found.profile["groups"]["members"] == "inline"
    assert found.profile["groups"]["exclude_members"] is False
    assert ("count=10000", "all 121 rows: no limit was met") in found.seen


def test_a_draft_is_a_profile(surveyed):
    with django_scim.serving() as url:
        found = surveyed(url, django_scim.PASSWORD, django_scim.USER)
    text = draft(found, "my-app", "https://app.example/scim/v2", "2026-11-24")
    made = profiles.parse(text, "my-app")
    assert (made.name, made.page.default, made.scope.state) == ("my-app", 50, "unknown")
    assert made.sources[0].basis == "observed"


def test_a_wrong_password(surveyed):
    with django_scim.serving() as url, pytest.raises(AuthenticationFailed):
        surveyed(url, "wrong", django_scim.USER)


def test_a_server_that_is_none(surveyed, by_index):
    with pytest.raises(SourceError):
        surveyed(by_index + "/nowhere", scim2.TOKEN)


@pytest.mark.parametrize("named", [{"token_env": "", "user": ""}, {"token_env": "A", "user": "b"}])
def test_how_to_sign_in_must_be_said(named):
    with pytest.raises(ConfigError, match="how to sign in"):
        reader("https://app.example", password_env="", ca=None, now=now, **named)


def page(rows, total, **more):
    return json_reply({"schemas": [], "totalResults": total, "Resources": rows, **more})


ROWS = [{"id": f"u{n}", "userName": f"user{n}", "active": "true" if n else None} for n in range(4)]


@pytest.mark.parametrize(
    ("answers", "settled"),
    [
        ({"/Users?startIndex=1&count=1": page(ROWS, 4)}, {"mode": "dump"}),
        ({"/Users?startIndex=1&count=0": json_reply({}, 400)}, {"page.zero_ok": False}),
        ({"/Users?startIndex=1&count=10000": json_reply({}, 400)}, {"page.over_max": "error"}),
        ({"/Users?startIndex=1&count=10000": ServerError("500", status=500)}, {"page.over_max": "error"}),
        ({"/Users?startIndex=1&count=10000": page(ROWS[:2], 4, itemsPerPage=2)}, {"page.max": 2, "items_per_page": "rows"}),
        ({"/Users?startIndex=1&count=10000": page(ROWS, 4, itemsPerPage=10_000)}, {"items_per_page": "requested"}),
        ({"/Users?startIndex=1&count=10000": page(ROWS, 4, itemsPerPage=7)}, {"items_per_page": "junk"}),
        ({"/Users?startIndex=0": json_reply({}, 400)}, {"page.start_zero": "error"}),
        ({"/Users?startIndex=2&count=3": page(ROWS[:3], 4)}, {"mode": None}),
        ({"/Users?startIndex=1004": json_reply({}, 404)}, {"past_end": "404"}),
        ({"/Users?startIndex=1004": page(ROWS[:3], 4)}, {"past_end": "repeat"}),
        ({"/Users?startIndex=1004": page(ROWS[3:], 4)}, {"past_end": "clamp"}),
        ({"/Users?startIndex=1&count=5&filter=userName eq \"nobody": json_reply({}, 404)}, {"filter_miss": "404"}),
        ({"/Users?startIndex=1&count=5&filter": page(ROWS, 4)}, {"filter_miss": "unreliable", "filters": None}),
        ({"/Users?startIndex=1&count=5&filter": json_reply({}, 501)}, {"filter_miss": None, "filters": None}),
        ({"/Groups": json_reply({}, 404)}, {"groups.endpoint": False}),
        ({"/Groups": json_reply({}, 403)}, {"groups.endpoint": True}),
        ({"/Groups": page([{"id": "g"}], 1)}, {"groups.members": None}),
        ({"/Groups": page([{"id": "g", "members": [{"value": "user1"}]}], 1)}, {"groups.member_value": "user_name", "groups.exclude_members": False}),
        ({"/Groups": page([{"id": "g", "members": [{"value": "x"}]}], 1)}, {"groups.member_value": "unknown"}),
        ({"/Users?": page(ROWS, None)}, {"past_end": None}),
        ({"/Users?": page([], 0)}, {"filters": None}),
    ],
)  # fmt: skip
def test_what_servers_do_differently(app, answers, settled):
    app.users = {row["id"]: row for row in ROWS}
    app.answers = answers
    found = survey(app).profile
    for name, expected in settled.items():
        here = found
        for part in name.split("."):
            here = (here or {}).get(part)
        assert here == expected, name


@pytest.mark.parametrize("answer", [json_reply({}), json_reply({}, 404), Reply(200, {}, b"<html>"), json_reply([])])
def test_what_is_no_list_is_no_scim(app, answer):
    app.answers = {"/Users?": answer}
    with pytest.raises(SourceError):
        survey(app)
