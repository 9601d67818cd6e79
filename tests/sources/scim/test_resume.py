"""A pull by cursor that is killed before any of its requests, also in its second pass, and goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from scimaudit.snapshot.record import Record
from scimaudit.sources import scim
from tests.sources.conftest import MemorySink
from tests.sources.resuming import Killed, Played, Recording

MANY = 23
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class Cursors(BaseHTTPRequestHandler):
    """RFC 9865: a cursor is an offset and the time it was made in; where they expire, one of before is refused."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != "/Users":
            return self._send(404, {"schemas": [ERROR], "status": "404"})
        offset, _, made = asked.get("cursor", f"0-{self.server.made}").partition("-")
        if int(made) != self.server.made and self.server.expires:
            return self._send(400, {"schemas": [ERROR], "status": "400", "scimType": "expiredCursor"})
        start, end = int(offset), min(int(offset) + min(int(asked.get("count", "5")), 5), len(self.server.users))
        users = self.server.users[start:end]
        rows = [{"id": name, "userName": name, "active": True} for name in users]
        told = {"schemas": [LIST], "totalResults": len(self.server.users), "Resources": rows}
        more = {"nextCursor": f"{end}-{self.server.made}"} if end < len(self.server.users) else {}
        return self._send(200, {**told, **more})

    def _send(self, status: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Cursors) as found:
        found.made, found.expires, found.users = 0, False, [f"u{number:02d}" for number in range(MANY)]
        Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def pulled(server, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "a-token-of-this-app")
    url = f"http://127.0.0.1:{server.server_port}"
    source = scim.Source.model_validate({"base_url": url, "token": {"env": "TOKEN"}, "seats": MANY})

    def run(name: str, dies_before: int = 1_000):
        with Record(tmp_path / name, MemorySink(tmp_path).clock) as record:
            sink = Recording(tmp_path, record=record, dies_before=dies_before)
            listing = source.collect(sink)
            record.close()
        played = Played(tmp_path, stem=tmp_path / name)
        again = source.collect(played)
        assert (again.walk, played.row_list("accounts")) == (listing.walk, sink.row_list("accounts"))
        return listing, sink

    return run


@pytest.mark.parametrize("expires", [False, True])
def test_a_walk_that_is_gone_on_with_gives_the_same(server, pulled, expires):
    server.expires = expires
    whole, calm = pulled("calm")
    assert (whole.walk.state, whole.parsed, whole.facts["paging"]) == ("complete", MANY, "cursor")
    for at in range(1, len(calm.sent)):
        with pytest.raises(Killed):
            pulled(f"killed-{at}", at)
        server.made += 1
        listing, sink = pulled(f"killed-{at}")
        assert (listing.walk, listing.parsed) == (whole.walk, MANY), at
        assert [row["account_id"] for row in sink.row_list("accounts")] == server.users


def test_what_moved_between_the_passes_is_not_whole(server, pulled):
    """Killed anywhere in the walk, and an account is made and another one deleted before it goes on."""
    _, calm = pulled("calm")
    walked = [place for place, url in enumerate(calm.sent) if "cursor=" in url]
    for at in range(walked[0], walked[-1] + 1):
        before = list(server.users)
        with pytest.raises(Killed):
            pulled(f"killed-{at}", at)
        server.users = [*before[1:], f"new-{at}"]
        listing, _ = pulled(f"killed-{at}")
        assert listing.walk.state == "incomplete", (at, listing.walk)
        server.users = before
