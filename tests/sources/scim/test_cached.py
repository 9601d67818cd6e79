"""Answers that had lain in a cache on the way (RFC 9111): nothing that they show, or do not show, is proven."""

from __future__ import annotations

import orjson
import pytest

from scimaudit.sources import Reply

HEAD = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 30}
OLD = "answers had lain in a cache for more than 300 seconds"


def aged(body: object, status: int = 200, age: str = "301") -> Reply:
    return Reply(status, {"age": age}, orjson.dumps(body))


@pytest.mark.parametrize(("age", "state"), [("300", "complete"), ("301", "incomplete")])
def test_an_end_without_resources(app, pulled, age, state):
    app.answers["/Users?startIndex=31&"] = aged(HEAD, age=age)
    found = pulled(app)
    assert found.walk.state == state
    assert (OLD in found.walk.reason) == (state == "incomplete")


@pytest.mark.parametrize(("age", "state"), [("300", "complete"), ("301", "incomplete")])
def test_groups_that_are_read_one_by_one(app, pulled, age, state):
    app.group("g", "u1", "u2")
    app.answers["/Groups/g?"] = aged(app.groups["g"], age=age)
    whole = app.get

    def lean(target, params=None):
        reply, number = whole(target, params)
        if target != "/Groups":
            return reply, number
        body = orjson.loads(reply.body)
        body["Resources"] = [{"schemas": [], "id": row["id"]} for row in body["Resources"]]
        return Reply(200, reply.headers, orjson.dumps(body)), number

    app.get = lean
    found = pulled(app)
    assert (found.walk.state, found.entitlements.state) == ("complete", state)


@pytest.mark.parametrize(("age", "outcome"), [("300", "passed"), ("301", "failed")])
def test_a_filter_that_finds_nobody(app, pulled, people, witness, age, outcome):
    whole = app.get

    def asked(target, params=None):
        if "ghost" not in (params or {}).get("filter", ""):
            return whole(target, params)
        return aged({}, 404, age), whole(target, params)[1]

    app.get = asked
    found = pulled(app, facts={"filter_miss": "404"}, people=people(("ghost@corp.example", "terminated")))
    assert (OLD in found.walk.reason) == (outcome == "failed")
    assert (found.walk.state == "complete") == (outcome == "passed")


@pytest.mark.parametrize("age", ["300", "301"])
def test_rows_that_are_compared_with_their_detail(app, pulled, age):
    app.answers["/Users/u0?"] = aged(app.users["u0"], age=age)
    assert (OLD in pulled(app).walk.reason) == (age == "301")
