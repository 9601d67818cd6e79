"""Provider profiles are data: each must load, say where its facts come from, and never claim a walk."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from scimaudit.errors import ConfigError
from scimaudit.sources import _presets
from scimaudit.sources.scim import profile

ADVICE = {"id", "name", "second_inventory", "preset", "sources", "verified_on", "confidence"}
PLAIN = """
name = "test"
verified_on = 2026-11-23
confidence = "low"
[[sources]]
url = "https://x.example"
date = 2026-11-23
basis = "observed"
facts = ["mode"]
"""


@pytest.fixture(params=profile.names())
def told(request: pytest.FixtureRequest) -> profile.Profile:
    return profile.load(request.param)


def test_there_are_many_and_one_for_the_unknown() -> None:
    assert len(profile.names()) >= 40
    assert {"unknown", "slack", "github-org", "entra-scim", "sap-ias", "scim2-server"} <= set(profile.names())


def test_each_is_named_and_dated(told: profile.Profile) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", told.id)
    assert told.name
    assert all(source.date <= told.verified_on for source in told.sources)


def test_each_fact_has_a_source(told: profile.Profile) -> None:
    cited = {fact for source in told.sources for fact in source.facts}
    said = told.model_fields_set - ADVICE
    if told.id == "unknown":
        said = {"mode"}
    assert said <= cited
    assert cited <= told.model_fields_set


def test_none_claims_a_walk(told: profile.Profile) -> None:
    assert not any("walk" in name or "complete" in name for name in profile.Profile.model_fields)
    assert "complete" not in (profile.FOLDER / f"{told.id}.toml").read_text("utf-8")


def test_scope_is_stated_with_what_is_hidden(told: profile.Profile) -> None:
    scope = told.scope
    assert scope.reason
    assert scope.state == {"all": "all", "unknown": "unknown"}.get(told.population, "partial")
    if scope.state == "partial":
        assert scope.reason == told.hidden


def test_scope_all_rests_on_more_than_hearsay(told: profile.Profile) -> None:
    if told.scope.state == "all":
        bases = {source.basis for source in told.sources if "population" in source.facts}
        assert bases & {"documented", "source", "observed"}
        assert told.confidence != "low"


def test_only_figma_writes_when_it_lists() -> None:
    assert [name for name in profile.names() if profile.load(name).list_side_effect] == ["figma"]


def test_the_unknown_provider_is_probed_and_its_scope_is_unknown() -> None:
    unknown = profile.load("unknown")
    assert (unknown.mode, unknown.scope.state) == ("probe", "unknown")
    assert unknown.active_when_absent is None


def test_a_name_nobody_knows_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no provider 'slak'") as raised:
        profile.load("slak")
    assert "slack" in raised.value.hint
    with pytest.raises(ConfigError):
        profile.load("../../../pyproject")


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("colour = 1\n", "colour: Extra inputs are not permitted"),
        ('population = "scim_linked"\n', "contradict"),
        ('hidden = "guests"\n', "contradict"),
        ('population = "all"\nhidden = "guests"\n', "contradict"),
        ('mode = "aligned"\n', "needs page.align"),
        ("total = { cap = 50 }\n", "a cap belongs to"),
        ('total = { kind = "capped" }\n', "a cap belongs to"),
        ("page = { max = 0 }\n", "page.max"),
        ("mode = \n", "not valid TOML"),
    ],
)
def test_a_wrong_profile_is_refused(extra: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        profile.parse(extra + PLAIN, "test")


def test_an_unknown_key_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError) as raised:
        profile.parse("colour = 1\n" + PLAIN, "test")
    assert "list_side_effect" in raised.value.hint


@pytest.mark.parametrize("fact", ["walk", "name", "nothing"])
def test_a_source_speaks_of_fields_only(fact: str) -> None:
    with pytest.raises(ConfigError, match="no fields of a profile"):
        profile.parse(PLAIN.replace('"mode"', f'"{fact}"'), "test")


def test_no_source_is_no_profile() -> None:
    text = PLAIN.partition("[[sources]]")[0]
    with pytest.raises(ConfigError, match="sources"):
        profile.parse(text, "test")


@pytest.mark.parametrize(("word", "means"), [("true", True), ("false", False), ("unknown", None)])
def test_what_absent_active_means(word: str, means: bool | None) -> None:
    assert profile.parse(f'{PLAIN}[active]\nabsent_means = "{word}"', "test").active_when_absent is means


def test_a_profile_is_frozen() -> None:
    told: Any = profile.load("slack")
    with pytest.raises(ValidationError):
        told.mode = "dump"


def test_the_preset_of_a_profile_is_one() -> None:
    named = {name: profile.load(name).preset for name in profile.names() if profile.load(name).preset}
    assert set(named) >= {"slack", "zoom", "salesforce"}
    assert set(named.values()) <= set(_presets.names())
