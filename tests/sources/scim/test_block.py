"""The block of every provider loads as it is, and so does its second listing once it is no comment any more."""

from __future__ import annotations

import tomllib

import pytest

from scimaudit import config
from scimaudit.sources.scim import profile
from scimaudit.sources.scim.block import block

ROSTER = '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n'


@pytest.fixture(params=profile.names())
def told(request) -> profile.Profile:
    return profile.load(request.param)


def loaded(text: str, tmp_path) -> config.App:
    path = tmp_path / "scimaudit.toml"
    path.write_text(ROSTER + text, "utf-8")
    return config.load(path).apps[0]


def test_a_block_loads(told, tmp_path):
    app = loaded(block(told), tmp_path)
    assert (app.name, app.listings[0].settings.provider) == (told.id, told.id)
    assert all(len(line) <= 120 for line in block(told).splitlines() if line.startswith("# "))


def test_its_second_listing_loads(told, tmp_path):
    first, second = block(told).split("\n# A second listing, from the console, closes what SCIM leaves open.\n")
    app = loaded(first + "\n" + second.replace("# ", ""), tmp_path)
    assert [listing.source for listing in app.listings] == ["scim", "csv"]


def test_what_is_hidden_and_what_listing_changes_are_told(told):
    words = " ".join(line.removeprefix("# ") for line in block(told).splitlines())
    assert " ".join(told.hidden.split()) in words
    assert ("consent_to_side_effects" in words) == bool(told.list_side_effect)


@pytest.mark.parametrize(
    ("second_token", "said"),
    [
        ("replaces", "WARNING: a new SCIM token replaces"),
        ("separate", "leaves the identity"),
        ("unknown", "ask before"),
    ],
)
def test_a_new_token_and_that_of_the_identity_provider(second_token, said):
    slack = profile.load("slack")
    auth = slack.auth.model_copy(update={"second_token": second_token})
    assert said in " ".join(block(slack.model_copy(update={"auth": auth})).replace("\n# ", " ").split())


@pytest.mark.parametrize("kind", ["bearer", "oauth2", "basic", "header", "api_key"])
def test_each_way_to_sign_in_is_written(kind, tmp_path):
    slack = profile.load("slack")
    text = block(slack.model_copy(update={"auth": slack.auth.model_copy(update={"kinds": (kind,)})}))
    assert "SLACK_SCIM_TOKEN" in str(tomllib.loads(text)["apps"]["slack"]["listings"][0])
    assert loaded(text, tmp_path).listings[0].source == "scim"
