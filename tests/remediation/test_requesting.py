"""Which account and which rights the requests of a task are about, and when there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from scimaudit import tables
from scimaudit.remediation import Task
from scimaudit.remediation.channel import Channel, _below
from scimaudit.remediation.passed_on import passed_on
from scimaudit.remediation.requesting import Held, requested
from scimaudit.remediation.tasks import _careful, _grouped, _merged, _of_finding, _title
from scimaudit.result import RevocationLine
from scimaudit.sources.scim import profile as profiles
from tests.remediation.test_writing import task

MAIN = "apps.crm.listings[0]"
WAY = Channel("crm", "https://crm.example/v2", MAIN, profiles.load("unknown"))


def held(*grants: tuple[str, str, str, str, str], way: Channel | str = WAY, **row: object) -> Held:
    """An app that shows the account 7.

    :param grants: attribute, value, display, type, via.
    """
    account = {"user_name": "ann", "active": True, "raw_file": MAIN, **row}
    columns = ["account_id", "attribute", "value", "display", "type", "via"]
    frame = pd.DataFrame([("7", *each) for each in grants], columns=columns, dtype="str").replace("", None)
    return Held(way, {"7": account}, frame)


def plain(**told: object) -> Task:
    return replace(task(requests=()), **told)  # type: ignore[arg-type]


def paths(told: Task) -> list[str]:
    return [each.url.removeprefix("https://crm.example/v2/") for each in told.requests]


def test_what_is_held_through_another_group_too_is_not_gone_with_the_direct_right() -> None:
    known = held(("groups", "g1", "Staff", "direct", ""), ("groups", "g1", "Staff", "indirect", "Everybody"))
    told = requested(plain(what="remove", attribute="groups", value="g1"), known, "")
    assert paths(told) == ["Groups/g1"]
    assert "Staff comes through Everybody" in told.silent


def test_a_role_of_the_name_of_a_group_does_not_end_what_comes_through_the_group() -> None:
    known = held(("roles", "Staff", "Staff", "direct", ""), ("groups", "g2", "Vault", "indirect", "Staff"))
    assert "Vault comes through Staff" in requested(plain(), known, "").silent


def test_what_comes_through_a_group_that_is_left_ends_with_it() -> None:
    known = held(("groups", "g1", "Staff", "direct", ""), ("groups", "g2", "Vault", "indirect", "Staff"))
    told = requested(plain(), known, "")
    assert (paths(told), told.silent) == (["Users/7", "Groups/g1"], "")


@pytest.mark.parametrize(("active", "sent"), [(False, []), (True, ["Users/7"]), (pd.NA, ["Users/7"])])
def test_what_is_inactive_is_not_disabled_again(active: object, sent: list[str]) -> None:
    assert paths(requested(plain(), held(active=active), "")) == sent


def test_an_account_of_another_listing_has_no_request() -> None:
    told = requested(plain(), held(raw_file="apps.crm.listings[1]"), "")
    assert (told.requests, "another listing" in told.silent) == ((), True)


def test_a_doubt_stops_every_request() -> None:
    told = requested(plain(), held(), "a newer snapshot has not been audited yet")
    assert (told.requests, told.silent) == ((), "a newer snapshot has not been audited yet")


def test_rights_that_a_listing_gives_without_a_value_have_no_request() -> None:
    way = replace(WAY, nameless=frozenset(["roles", "groups"]))
    known = held(("roles", "Admin", "Admin", "direct", ""), ("groups", "Staff", "Staff", "direct", ""), way=way)
    told = requested(plain(), known, "")
    assert paths(told) == ["Users/7"]
    assert "without a value" in told.silent
    assert "the id of the group Staff is not known" in told.silent


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("https://crm.example/v2/Users?startIndex=1", True),
        ("https://crm.example/v2/ServiceProviderConfig", True),
        ("https://crm.example/v2/tenant-b/Users?startIndex=1", False),
        ("https://crm.example/v2b/Users", False),
        ("", False),
    ],
)
def test_a_listing_of_a_tenant_below_the_address_came_from_another_address(address: str, same: bool) -> None:
    assert _below(address, "https://crm.example/v2/") == same


def test_what_is_left_of_an_account_is_taken_once() -> None:
    strip = plain(id="s", what="strip", findings=("s",))
    remove = plain(id="r", what="remove", attribute="roles", value="x", severity="critical", findings=("r",))
    [group] = _grouped([remove, strip])
    told = _merged(group, {}, {})
    assert (told.what, told.severity, set(told.findings)) == ("strip", "critical", {"r", "s"})


def revocation(**told: object) -> RevocationLine:
    line = RevocationLine(
        campaign="q3", item_id="i", app="crm", account_id="7", account="ann", person_id="1", person="Ann",
        attribute="", value="", display="", decision="revoke", reviewer="Dee",
        decided_at=datetime(2026, 1, 5, tzinfo=UTC), state="not-done", reason="it is still there", proven_by="",
        proven_at=None, still_there=None,
    )  # fmt: skip
    return replace(line, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "person", "then", "moved"),
    [
        ("ann", "1", {}, False),
        ("ann.new", "1", {}, False),
        ("ANN", None, {}, False),
        ("ann", "2", {}, True),
        ("bo", "2", {}, True),
        ("bo", None, {}, True),
        ("bo", "2", {"person_id": ""}, True),
        ("ann", "2", {"person_id": ""}, False),
    ],
)
def test_an_account_whose_id_was_given_out_anew_is_not_the_one_that_was_reviewed(
    name: str, person: str | None, then: dict[str, str], moved: bool
) -> None:
    links = tables.build(
        tables.LINKS,
        {
            "app": ["crm"], "account_id": ["7"], "person_id": [person], "situation": ["matched"], "keys": [[]],
            "runners_up": [[]],
        },
    )  # fmt: skip
    told = passed_on([revocation(**then)], {"crm": held(user_name=name)}, links)
    assert bool(told) == moved


@pytest.mark.parametrize(
    ("status", "decide"), [("terminated", False), ("active", True), ("leave", True), ("unknown", True), (None, True)]
)
def test_what_an_inactive_account_holds_is_taken_for_certain_from_leavers_alone(
    status: str | None, decide: bool
) -> None:
    told = _careful(plain(what="strip"), {} if status is None else {"1": status}, ())
    assert (told.decide, len(told.reasons) > 1) == (decide, decide)
    assert _careful(plain(what="disable"), {}, ()) == plain(what="disable")


def test_a_task_that_is_about_no_account_names_its_person() -> None:
    nobody = plain(what="other", title="Rosters disagree", app="", account="", account_id="", person="Ann")
    assert _title(nobody, "") == "Rosters disagree: Ann"


def test_a_finding_of_a_kind_that_there_is_no_more_is_a_task_for_a_person() -> None:
    names = (
        "finding_id", "severity", "app", "owner", "account_id", "user_name", "person_id", "person_name", "attribute",
        "value", "expected", "actual", "action",
    )  # fmt: skip
    told = _of_finding({**dict.fromkeys(names, "x"), "kind": "zombie"}, pd.Timestamp("2026-01-05", tz="UTC"))
    assert (told.what, told.title) == ("other", "zombie")


def test_nobody_is_disabled_for_certain_about_whom_rosters_are_at_odds() -> None:
    told = _careful(plain(what="disable"), {"1": "terminated"}, {"1"})
    assert (told.decide, "rosters contradict each other about Ann" in told.reasons[-1]) == (True, True)
    assert not _careful(plain(what="disable", of_review=True), {"1": "terminated"}, {"1"}).decide
