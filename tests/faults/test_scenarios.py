"""Every scenario, played with the lister.

What must hold for all of them: a walk that is called complete holds exactly the true accounts; nothing is invented;
nobody but the configured origin hears anything; the lister only reads, stays within bounds and never tells the token.
"""

from __future__ import annotations

import pytest

from scimaudit.sources import load
from tests import figures
from tests.faults.play import TOKEN, TOKEN_AT, Played, staged
from tests.faults.scenario import Scenario
from tests.faults.scenarios import ALL, BY_NAME, NOT_PLAYED


def named(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.reliability
@pytest.mark.parametrize("scenario", ALL, ids=named)
def test_scenario(scenario: Scenario, play):
    played = play(scenario)
    stranger = played.stage.stranger
    figures.record(
        "Named scenarios of servers (real sockets)",
        counts={
            "plays": 1,
            "connections at the stranger's": stranger.connections,
            "bytes at the stranger's": stranger.received,
            "called complete": played.listing is not None and played.listing.walk.state == "complete",
            "refused with an error": played.listing is None,
        },
    )
    assert_only_the_origin_was_asked(played)
    assert_read_only_and_bounded(played)
    assert_token_is_not_told(played)
    if played.error is not None:
        assert scenario.error is not None, f"raised {played.error!r}"
        assert isinstance(played.error, scenario.error)
        assert not isinstance(played.error, AssertionError)
    else:
        assert_nothing_is_claimed_that_is_not_true(played)
        assert_nothing_is_invented(played)
        assert_verdicts(played)
    for words in scenario.mentions:
        assert any(word.casefold() in played.words for word in words.split("|")), f"{words!r} not in {played.words!r}"


def assert_only_the_origin_was_asked(played: Played) -> None:
    stranger = played.stage.stranger
    assert (stranger.connections, stranger.received, stranger.requests) == (0, 0, [])
    for request in played.stage.server.requests:
        assert request.path.startswith("/")
        assert not request.target.startswith("http")
        assert request.headers["host"] == played.stage.server.origin.removeprefix("http://")


def assert_read_only_and_bounded(played: Played) -> None:
    requests = played.stage.server.requests
    assert {request.method for request in requests} <= {"GET"}
    assert all("cookie" not in request.headers for request in requests)
    assert len(requests) <= played.stage.scenario.requests
    if played.listing is not None:
        assert played.listing.cost.requests == len(requests)


def assert_token_is_not_told(played: Played) -> None:
    assert TOKEN not in played.words
    assert TOKEN not in repr(played.listing)
    assert all(TOKEN not in request.target for request in played.stage.server.requests)
    assert all(TOKEN not in url for _, url, _ in played.sink.replies)


def assert_nothing_is_claimed_that_is_not_true(played: Played) -> None:
    """The one unforgivable fault: a listing called complete that is not."""
    listing, world = played.listing, played.stage.world
    assert listing is not None
    listed = [row["account_id"] for row in played.accounts]
    assert len(listed) == len(set(listed)) == listing.parsed
    assert listing.received == listing.parsed + len(listing.rejected)
    if listing.walk.state == "complete":
        assert set(listed) == world.ids
        assert not listing.rejected
    if listing.walk.state != "complete":
        assert listing.walk.reason
    if world.beyond:
        assert listing.scope.state != "all"
    assert {row["account_id"] for row in played.sink.table("grants")} <= set(listed)
    if listing.entitlements.state == "complete":
        assert memberships(played) == {pair for pair in world.grants if pair[0] in set(listed)}


def assert_nothing_is_invented(played: Played) -> None:
    """Unknown stays unknown: a value is either the truth or absent, and no grant is made up."""
    world, scenario = played.stage.world, played.stage.scenario
    for row in played.accounts:
        name = row["account_id"]
        if name not in world.ids:
            continue
        assert row["active"] in (world.active[name], None), name
        assert set(row["emails"] or ()) <= world.emails[name], name
        if "active" in scenario.exact:
            assert row["active"] is world.active[name], name
        if "emails" in scenario.exact:
            assert set(row["emails"] or ()) == world.emails[name], name
    assert memberships(played) <= world.grants


def memberships(played: Played) -> set[tuple[str, str]]:
    """Direct memberships handed over: account id and group id."""
    return {
        (row["account_id"], row["value"])
        for row in played.sink.table("grants")
        if row["attribute"] == "groups" and row["type"] == "direct"
    }


def assert_verdicts(played: Played) -> None:
    scenario, listing = played.stage.scenario, played.listing
    assert listing is not None
    said = f"{listing.walk} {listing.witnesses} {listing.notes}"
    assert listing.walk.state in scenario.walk, said
    assert listing.scope.state in scenario.scope, listing.scope
    if scenario.entitlements is not None:
        assert listing.entitlements.state in scenario.entitlements, listing.entitlements
    outcomes = {witness.name: witness.outcome for witness in listing.witnesses}
    for name, right in scenario.witnesses.items():
        assert outcomes.get(name, "not-available") in right, (name, said)
    if scenario.listed is not None:
        assert listing.parsed >= scenario.listed(played.stage.world), said


def test_names_are_unique_and_there_are_enough():
    assert len({scenario.name for scenario in ALL}) == len(ALL) >= 350


def test_the_whole_catalogue_is_played_or_excused():
    listed = {entry for scenario in ALL for entry in scenario.catalogue.split()}
    due = {f"M{number}" for number in range(1, 49)} | {f"L{number}" for number in range(1, 27)}
    assert due - listed == set(NOT_PLAYED)
    assert listed <= due


def test_every_scenario_expects_something():
    for scenario in ALL:
        assert scenario.walk or scenario.error, scenario.name


def test_well_behaved_servers_are_called_complete():
    """A lister that never says complete would pass everything else."""
    well = [scenario for scenario in ALL if scenario.family == "well-behaved"]
    assert len(well) >= 20
    assert all(scenario.walk == {"complete"} for scenario in well)


def test_every_exchange_is_recorded_and_progress_is_told(sink, monkeypatch):
    monkeypatch.setenv(TOKEN_AT, TOKEN)
    with staged(BY_NAME["pages"]) as stage:
        load("scim").model_validate({"base_url": stage.server.url, "token": {"env": TOKEN_AT}}).collect(sink)
        assert [url for _, url, _ in sink.replies] == [
            stage.server.origin + one.target for one in stage.server.requests
        ]
    assert sink.seen[-1] == (23, 23)
    assert {row["raw_body"] for row in sink.table("accounts")} <= set(range(len(sink.replies)))
