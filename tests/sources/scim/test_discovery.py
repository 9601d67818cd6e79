import pytest

from scimaudit.errors import Unavailable
from scimaudit.sources.scim.discovery import discover

CORE = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"


def test_nothing_is_known_of_a_server_without_discovery(app):
    found = discover(app, ("2.0",))
    assert (found.version, found.cursor_only, found.max_results, found.other_types) == ("unknown", False, None, ())


def test_what_the_server_says(app, reply):
    config = {
        "schemas": [CORE],
        "filter": {"supported": True, "maxResults": 200},
        "sort": {"supported": False},
        "pagination": {"cursor": True, "index": False},
    }
    app.answers["/ServiceProviderConfig?"] = reply(config)
    app.answers["/ResourceTypes"] = reply({"Resources": [{"name": "User"}, {"id": "Agent"}, "junk"]})
    app.answers["/Schemas"] = reply([{"id": "a"}, {"id": "b"}])
    found = discover(app, ("2.0",))
    assert (found.version, found.cursor_only, found.max_results, found.other_types) == ("2.0", True, 200, ("Agent",))
    assert found.facts == {"SCIM version": "2.0", "filter": "yes", "sort": "no", "schemas": "2"}


def test_version_1_by_its_endpoint_or_its_schemas(app, reply):
    old = {"schemas": ["urn:scim:schemas:core:1.0"], "filter": {"maxResults": "many"}}
    app.answers["/ServiceProviderConfigs?"] = reply({"Resources": [old]})
    assert discover(app, ("2.0", "1.1")).version == "1.1"
    assert discover(app, ("1.1",)).version == "1.1"
    app.answers["/ServiceProviderConfig?"] = reply(old)
    found = discover(app, ("2.0",))
    assert (found.version, found.max_results, found.facts["filter"]) == ("1.1", None, "not said")


@pytest.mark.parametrize("answer", [Unavailable("down"), b"<html>", b'"text"', b"{}"])
def test_it_is_never_fatal(app, reply, answer):
    for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"):
        app.answers[path] = answer if isinstance(answer, Unavailable) else type(reply({}))(200, {}, answer)
    assert discover(app, ("2.0",)).version == "unknown"
