"""The fault server itself: a harness that lies about what it sends proves nothing."""

import gzip
import json

import httpx
import pytest

from tests.faults import paging, shapes, wire
from tests.faults.compose import Behaviour, after, compose, first, instead, only, sent
from tests.faults.directory import error
from tests.faults.server import MOST_REQUESTS, Answer, FaultServer, Request
from tests.faults.world import World, make


class Asker:
    """A plain client of one server."""

    def __init__(self, *behaviours: Behaviour, world: World | None = None) -> None:
        self.world = world or make()
        self.server = FaultServer(compose(self.world, behaviours))

    def __enter__(self) -> "Asker":
        self.server.__enter__()
        self.client = httpx.Client(trust_env=False, timeout=5)
        return self

    def __exit__(self, *trouble: object) -> None:
        self.client.close()
        self.server.__exit__(*trouble)

    def get(self, path: str = "/Users", **query: object) -> httpx.Response:
        return self.client.get(self.server.url + path, params=query)

    def ids(self, **query: object) -> list[str]:
        return [row["id"] for row in self.get("/Users", **query).json()["Resources"]]


def test_well_behaved_paging_gives_every_row_once():
    with Asker() as ask:
        found = [one for start in range(1, 24, 5) for one in ask.ids(startIndex=start, count=5)]
        assert found == [one["id"] for one in ask.world.users]
        assert ask.get(count=0).json()["totalResults"] == 23
        assert ask.ids(startIndex=24, count=5) == []


def test_filters_sorts_and_projects():
    with Asker() as ask:
        name = ask.world.users[3]["userName"].upper()
        assert ask.ids(filter=f'userName eq "{name}"') == [ask.world.users[3]["id"]]
        assert ask.ids(sortBy="id") == sorted(ask.world.ids)
        assert len(ask.ids(filter='id gt "id-0020"')) == 3
        assert len(ask.ids(filter='emails.value eq "user0004@corp.example"')) == 1
        assert ask.get(filter="userName like x").json()["scimType"] == "invalidFilter"
        assert "members" not in ask.get("/Groups", excludedAttributes="members").json()["Resources"][0]


def test_single_resources_and_what_is_not_there():
    with Asker() as ask:
        assert ask.get("/Users/id-0004").json()["userName"] == "user0004@corp.example"
        assert ask.get("/Users/none").status_code == 404
        assert ask.get("/nothing").status_code == 404
        assert ask.client.post(ask.server.url + "/Users", json={}).status_code == 405


def test_an_unlisted_account_is_found_by_id_and_by_filter_alone():
    world = make()
    world.unlisted.add("id-0004")
    with Asker(world=world) as ask:
        assert "id-0004" not in ask.ids()
        assert ask.get().json()["totalResults"] == 22
        assert ask.get("/Users/id-0004").status_code == 200
        assert ask.ids(filter='userName eq "user0004@corp.example"') == ["id-0004"]


def test_page_floor_advances_at_multiples_alone():
    with Asker(paging.page_floor(20), world=make(45)) as ask:
        assert ask.ids(startIndex=21) == ask.ids(startIndex=1)
        assert ask.ids(startIndex=40) != ask.ids(startIndex=1)
        assert len(ask.ids(startIndex=60)) == 5


def test_stores_lose_one_row_and_count_it():
    with Asker(paging.stores(11)) as ask:
        found = {one for start in range(1, 24, 7) for one in ask.ids(startIndex=start, count=7)}
        assert len(found) == 22
        assert ask.get(count=1).json()["totalResults"] == 23


def test_cursor_pages_meet_and_end():
    with Asker(paging.cursor(7)) as ask:
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = ask.get(cursor=cursor).json()
            found += [row["id"] for row in page["Resources"]]
            cursor = page.get("nextCursor")
        assert found == [one["id"] for one in ask.world.users]
        assert ask.get(cursor="junk").json()["scimType"] == "invalidCursor"


def test_turns_are_counted():
    broken = instead(lambda _r: error(503, "busy"), "Users", first(2))
    with Asker(broken) as ask:
        assert [ask.get().status_code for _ in range(3)] == [503, 503, 200]
    with Asker(instead(lambda _r: error(500, "busy"), "Users", after(1)), only("Groups", paging.cap(1))) as ask:
        assert [ask.get().status_code for _ in range(2)] == [200, 500]
        assert len(ask.get("/Groups").json()["Resources"]) == 1


@pytest.mark.parametrize(
    "how",
    [
        {"cut": 100, "end": "reset"},
        {"length": 99_999, "end": "close"},
        {"chunked": True, "unfinished": True, "end": "close"},
        {"bare": True, "body": b"", "end": "close"},
        {"bare": True, "body": b"", "end": "reset"},
        {"bare": True, "body": b"SSH-2.0\r\n", "end": "close"},
    ],
)
def test_broken_answers_break_a_real_client(how):
    with Asker(sent(None, **how)) as ask, pytest.raises(httpx.TransportError):
        ask.get()


def test_slow_answers_time_out_a_real_client():
    with Asker(sent(None, delay=2)) as ask, pytest.raises(httpx.ReadTimeout):
        ask.client.get(ask.server.url + "/Users", timeout=0.1)


@pytest.mark.parametrize(
    "how",
    [
        {"chunked": True},
        {"version": "1.0", "end": "close"},
        {"end": "close"},
        {"body": wire.zipped, "headers": wire.GZIP},
    ],
)
def test_unusual_but_right_answers_are_read_by_a_real_client(how):
    with Asker(sent(None, **how)) as ask:
        assert len(ask.ids()) == 23
        assert len(ask.ids()) == 23


def test_one_connection_serves_many_requests():
    with Asker() as ask:
        for _ in range(5):
            ask.get()
        assert ask.server.connections == 1
        assert [request.number for request in ask.server.requests] == [1, 2, 3, 4, 5]


def test_the_bomb_is_small_and_unpacks_to_a_list():
    packed = wire.bomb(3)
    assert len(packed) < 10_000
    plain = gzip.decompress(packed)
    assert len(plain) > 3_000_000
    assert json.loads(plain) == {"totalResults": 0, "Resources": []}


def test_redirects_point_at_the_stranger_who_counts_what_reaches_it():
    with FaultServer(wire.listing_of_strangers) as stranger:
        ask = Asker(instead(wire.redirect(wire.to_stranger)))
        ask.server.stranger = stranger.origin
        with ask:
            reply = ask.get()
            assert reply.headers["location"].startswith(stranger.origin)
            assert (stranger.connections, stranger.received) == (0, 0)
            ask.client.get(reply.headers["location"])
        assert stranger.connections == 1
        assert stranger.received > 0


def test_a_client_in_a_circle_is_stopped():
    with Asker() as ask:
        ask.server.requests += [Request("GET", "/", "/", {}, {}, b"", 0, "", "")] * MOST_REQUESTS
        assert ask.get().status_code == 508


def test_a_broken_handler_is_not_silent():
    def broken(_request: Request) -> Answer:
        raise KeyError("bug")

    server = FaultServer(broken)
    with pytest.raises(KeyError), server, pytest.raises(httpx.TransportError) as caught:
        httpx.get(server.url + "/Users", trust_env=False)
    assert isinstance(caught.value, httpx.TransportError)


def test_row_shapes_reach_lists_and_single_answers_alike():
    with Asker(shapes.setting("active", int)) as ask:
        assert {row["active"] for row in ask.get().json()["Resources"]} == {0, 1}
        assert ask.get("/Users/id-0007").json()["active"] == 0
    with Asker(shapes.members_by_user_name) as ask:
        assert "@" in ask.get("/Groups/group-01").json()["members"][0]["value"]
