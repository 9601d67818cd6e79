"""The demonstration's service keeps the protocol, and lies only where it is told to."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from scimaudit.demo import server
from scimaudit.errors import ConfigError

ERROR = ["urn:ietf:params:scim:api:messages:2.0:Error"]
LIST = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]

Start = Callable[..., Callable[..., httpx.Response]]


def ids(reply: httpx.Response) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [row["id"] for row in reply.json()["Resources"]]


def refusal(reply: httpx.Response) -> tuple[int, str]:
    body = reply.json()
    assert body["schemas"] == ERROR
    assert body["status"] == str(reply.status_code)
    assert body["detail"]
    return reply.status_code, body.get("scimType", "")


def test_a_page_is_a_list_response(app: Start) -> None:
    body = app(25, page_max=10)("Users", startIndex=11, count=4).json()
    assert {key: body[key] for key in ("schemas", "totalResults", "startIndex", "itemsPerPage")} == {
        "schemas": LIST, "totalResults": 25, "startIndex": 11, "itemsPerPage": 4,
    }  # fmt: skip
    assert [row["id"] for row in body["Resources"]] == ["id-11", "id-12", "id-13", "id-14"]


def test_pages_meet_without_gap_or_repeat(app: Start) -> None:
    get = app(25, page_max=10)
    pages = [ids(get("Users", startIndex=start, count=10)) for start in (1, 11, 21, 31)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [row for page in pages for row in page] == [f"id-{number}" for number in range(1, 26)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (1, 10)),
        ({"count": 1000}, (1, 10)),
        ({"count": 0}, (1, 0)),
        ({"count": -3}, (1, 0)),
        ({"startIndex": 0, "count": 2}, (1, 2)),
        ({"startIndex": -5, "count": 2}, (1, 2)),
        ({"startIndex": 99}, (99, 0)),
    ],
)
def test_odd_page_requests_mean_what_rfc_7644_says(
    app: Start, query: dict[str, int], expected: tuple[int, int]
) -> None:
    body = app(25, page_max=10)("Users", **query).json()
    assert (body["startIndex"], len(body["Resources"])) == expected
    assert body["totalResults"] == 25


def test_cursor_pages_meet_and_end_by_omission(app: Start) -> None:
    get = app(25, behaviour="cursor", page_max=10)
    first = get("Users", cursor="", count=10).json()
    second = get("Users", cursor=first["nextCursor"], count=10).json()
    third = get("Users", cursor=second["nextCursor"], count=10).json()
    rows = [row["id"] for page in (first, second, third) for row in page["Resources"]]
    assert rows == [f"id-{number}" for number in range(1, 26)]
    assert "nextCursor" not in third
    assert "startIndex" not in first
    assert first["totalResults"] == 25


def test_a_full_last_cursor_page_has_no_next(app: Start) -> None:
    get = app(20, behaviour="cursor", page_max=10)
    cursor = get("Users", cursor="", count=10).json()["nextCursor"]
    assert "nextCursor" not in get("Users", cursor=cursor, count=10).json()


@pytest.mark.parametrize(
    ("behaviour", "query", "expected"),
    [
        ("cursor", {"cursor": "bogus"}, (400, "invalidCursor")),
        ("cursor", {"cursor": "ÿ"}, (400, "invalidCursor")),
        ("cursor", {"cursor": "cm93IHg"}, (400, "invalidCursor")),
        ("cursor", {"count": 0}, (400, "invalidCount")),
        ("cursor", {"count": 11}, (400, "invalidCount")),
        ("cursor", {"startIndex": 1}, (400, "invalidValue")),
        ("index", {"cursor": ""}, (501, "")),
        ("index", {"count": "abc"}, (400, "invalidValue")),
        ("index", {"filter": 'userName sw "a"'}, (400, "invalidFilter")),
        ("index", {"filter": 'nickName eq "a"'}, (400, "invalidFilter")),
        ("index", {"filter": ""}, (400, "invalidFilter")),
        ("index", {"filter": 'userName eq "a\\q"'}, (400, "invalidFilter")),
        ("index", {"sortBy": "nickName"}, (400, "invalidPath")),
    ],
)
def test_what_is_not_supported_is_refused(
    app: Start, behaviour: str, query: dict[str, str], expected: tuple[int, str]
) -> None:
    assert refusal(app(25, behaviour=behaviour, page_max=10)("Users", **query)) == expected


@pytest.mark.parametrize(
    ("kind", "expression", "expected"),
    [
        ("Users", 'userName eq "user7"', ["id-7"]),
        ("Users", 'USERNAME EQ "USER7"', ["id-7"]),
        ("Users", 'externalId eq "X7"', ["id-7"]),
        ("Users", 'externalId eq "x7"', []),
        ("Users", 'id eq "id-7"', ["id-7"]),
        ("Users", 'emails.value eq "User7@Corp.example"', ["id-7"]),
        ("Users", 'emails eq "user7@corp.example"', ["id-7"]),
        ("Users", 'userName eq "nobody"', []),
        ("Users", 'userName eq "a\\"b"', []),
        ("Groups", 'displayName eq "all"', ["g1"]),
        ("Groups", 'userName eq "all"', []),
    ],
)
def test_filters_by_equality(app: Start, kind: str, expression: str, expected: list[str]) -> None:
    reply = app(25)(kind, filter=expression)
    assert ids(reply) == expected
    assert reply.json()["totalResults"] == len(expected)


def test_sorts(app: Start) -> None:
    get = app(12)
    assert ids(get("Users", sortBy="userName", count=3)) == ["id-1", "id-10", "id-11"]
    assert ids(get("Users", sortBy="id", sortOrder="descending", count=1)) == ["id-9"]


def test_attributes_are_chosen_and_left_out(app: Start) -> None:
    get = app(3)
    only = get("Users/id-1", attributes="userName").json()
    without = get("Groups", excludedAttributes="members").json()["Resources"][0]
    assert set(only) == {"schemas", "id", "meta", "userName"}
    assert "displayName" in without
    assert "members" not in without


def test_one_resource_is_the_row_of_the_list(app: Start) -> None:
    get = app(3)
    row = get("Users").json()["Resources"][1]
    assert get("Users/id-2").json() == row
    assert row["meta"] == {"resourceType": "User", "location": row["meta"]["location"]}
    assert urlsplit(row["meta"]["location"]).path == "/one/scim/v2/Users/id-2"


@pytest.mark.parametrize(
    "path", ["Users/nobody", "Groups/nobody", "Users/id-1/x", "Nothing", "Schemas/none", "Schemas/a/b",
             "ServiceProviderConfig/x", ""]
)  # fmt: skip
def test_what_is_not_there_is_404(app: Start, path: str) -> None:
    assert refusal(app(3)(path)) == (404, "")


def test_capped_total_never_counts_beyond_the_cap_and_gives_every_row(app: Start) -> None:
    get = app(25, behaviour="capped-total", cap=20)
    assert get("Users").json()["totalResults"] == 20
    assert len(ids(get("Users"))) == 25


def test_cut_short_counts_and_lists_up_to_the_cap_and_still_finds_the_rest(app: Start) -> None:
    get = app(25, behaviour="cut-short", cap=20)
    assert get("Users").json()["totalResults"] == 20
    assert ids(get("Users", startIndex=20)) == ["id-20"]
    assert ids(get("Users", startIndex=21)) == []
    assert ids(get("Users", filter='userName eq "user25"')) == ["id-25"]
    assert get("Users/id-25").status_code == 200
    assert len(get("Groups").json()["Resources"][0]["members"]) == 25


def test_dropped_row_is_counted_and_missing(app: Start) -> None:
    get = app(25, behaviour="dropped-row", cap=7)
    body = get("Users", count=10).json()
    assert body["totalResults"] == 25
    assert [row["id"] for row in body["Resources"]] == [f"id-{n}" for n in (1, 2, 3, 4, 5, 6, 8, 9, 10)]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic dTpw", "Bearer"])
def test_no_answer_without_the_token(running: server.Running, header: str | None) -> None:
    for path in ("/crm/scim/v2/Users", "/crm/scim/v2/ServiceProviderConfig", "/nothing"):
        headers = {} if header is None else {"Authorization": header}
        reply = httpx.get(running.origin + path, headers=headers, trust_env=False)
        assert refusal(reply) == (401, "")
        assert reply.headers["www-authenticate"].startswith("Bearer")


def test_an_unknown_app_is_404(running: server.Running) -> None:
    headers = {"Authorization": f"Bearer {running.token}"}
    for path in ("/nothing/scim/v2/Users", "/crm/scim/v1/Users", "/crm/scim/v2", "/"):
        assert refusal(httpx.get(running.origin + path, headers=headers, trust_env=False)) == (404, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(running: server.Running, method: str) -> None:
    headers = {"Authorization": f"Bearer {running.token}"}
    url = running.base_urls["crm"] + "/Users"
    assert refusal(httpx.request(method, url, headers=headers, content=b"{}", trust_env=False)) == (501, "")


def test_a_connection_is_kept(running: server.Running) -> None:
    connection = HTTPConnection("127.0.0.1", urlsplit(running.origin).port or 0)
    try:
        for _ in range(3):
            connection.request("GET", "/crm/scim/v2/Groups", headers={"Authorization": f"Bearer {running.token}"})
            reply = connection.getresponse()
            assert reply.status == 200
            assert reply.getheader("Content-Type", "").startswith("application/scim+json")
            reply.read()
            socket = connection.sock
        assert connection.sock is socket is not None
    finally:
        connection.close()


def test_the_service_is_gone_when_the_block_ends(sample: Path, running: server.Running) -> None:
    with server.serve(sample) as other:
        assert other.origin != running.origin
        assert other.token != running.token
    with pytest.raises(httpx.ConnectError):
        httpx.get(other.origin, trust_env=False)


def test_discovery_says_how_it_pages(app: Start) -> None:
    config = app(3, behaviour="cursor", page_max=20)("ServiceProviderConfig").json()
    assert config["pagination"]["cursor"] is True
    assert config["pagination"]["index"] is False
    assert config["pagination"]["maxPageSize"] == 20


def test_schemas_name_every_attribute_that_is_served(running: server.Running) -> None:
    headers = {"Authorization": f"Bearer {running.token}"}
    common = {"schemas", "id", "externalId", "meta"}
    for base in running.base_urls.values():
        schemas = httpx.get(f"{base}/Schemas", headers=headers, trust_env=False).json()["Resources"]
        told = {schema["id"]: {attribute["name"] for attribute in schema["attributes"]} for schema in schemas}
        for kind, urn in (("Users", "User"), ("Groups", "Group")):
            rows = httpx.get(f"{base}/{kind}", headers=headers, trust_env=False).json()["Resources"]
            core = told[f"urn:ietf:params:scim:schemas:core:2.0:{urn}"]
            for row in rows:
                assert set(row) - common - core <= set(told) & set(row["schemas"])
                for extension in set(row) & set(told):
                    assert set(row[extension]) <= told[extension]


@pytest.mark.parametrize("wrong", ['"behaviour": "wild"', '"nonsense": 1'])
def test_an_app_that_says_something_unknown_is_refused(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "one.json").write_text(f'{{{wrong}, "users": [], "groups": []}}', "utf-8")
    with pytest.raises(ConfigError, match=r"one\.json says something unknown"), server.serve(tmp_path):
        pass
