"""The form of each request: RFC 7644 section 3.5.2, or what the provider's profile says instead."""

from __future__ import annotations

import pytest

from scimaudit.remediation import Request
from scimaudit.remediation.channel import PATCH_OP, Channel
from scimaudit.sources.scim import profile as profiles


def channel(rights: str = "", **changes: str) -> Channel:
    plain = profiles.load("unknown")
    told = plain.model_copy(update={"changes": profiles.Changes.model_validate(changes)})
    return Channel("crm", "https://crm.example/v2/", "apps.crm.listings[0]", told, rights)


def operation(request: Request | str) -> dict[str, object]:
    assert isinstance(request, Request)
    assert request.body["schemas"] == [PATCH_OP]
    [told] = request.body["Operations"]
    return told  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("unknown", {"op": "replace", "path": "active", "value": False}),
        ("path", {"op": "replace", "path": "active", "value": False}),
        ("value", {"op": "replace", "value": {"active": False}}),
    ],
)
def test_an_account_is_switched_off_as_the_profile_says(form: str, told: dict[str, object]) -> None:
    request = channel(disable=form).disable("7")
    assert operation(request) == told
    assert isinstance(request, Request)
    assert request.url == "https://crm.example/v2/Users/7"
    assert request.rfc == (form == "unknown")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("unknown", {"op": "remove", "path": 'members[value eq "7"]'}),
        ("filter", {"op": "remove", "path": 'members[value eq "7"]'}),
        ("value", {"op": "remove", "path": "members", "value": [{"value": "7"}]}),
    ],
)
def test_a_member_is_taken_out_as_the_profile_says(form: str, told: dict[str, object]) -> None:
    request = channel(remove_member=form).leave("g", "7", "Staff")
    assert operation(request) == told
    assert isinstance(request, Request)
    assert request.url == "https://crm.example/v2/Groups/g"


def test_what_a_provider_does_not_take_has_no_request() -> None:
    told = channel(disable="none", remove_member="none")
    assert "does not take" in str(told.disable("7"))
    assert "does not take" in str(told.leave("g", "7", "Staff"))


def test_rights_of_several_listings_have_no_request() -> None:
    told = channel(rights="the app's rights come from several listings")
    assert told.leave("g", "7", "Staff") == told.drop("7", "roles", "x", "X") == told.rights
    assert isinstance(told.disable("7"), Request)


def test_an_id_stays_an_id() -> None:
    request = channel().leave("../Users/8?x=1#", 'a" or value ne "', "Staff")
    assert isinstance(request, Request)
    assert request.url == "https://crm.example/v2/Groups/..%2FUsers%2F8%3Fx%3D1%23"
    assert operation(request)["path"] == 'members[value eq "a\\" or value ne \\""]'


def test_a_role_goes_by_its_value_and_a_licence_not_at_all() -> None:
    assert operation(channel().drop("7", "roles", "ADMIN", "Admin")) == {
        "op": "remove", "path": 'roles[value eq "ADMIN"]',
    }  # fmt: skip
    assert "no attribute of SCIM" in str(channel().drop("7", "licenses", "pro", "Pro"))


def test_members_are_named_as_the_server_names_them() -> None:
    plain = channel()
    by_name = profiles.Groups(member_value="user_name")
    named = Channel("crm", "https://crm.example", "x", plain.profile.model_copy(update={"groups": by_name}))
    assert (plain.member("7", "ann"), named.member("7", "ann"), named.member("7", "")) == ("7", "ann", "7")


def test_groups_that_are_none_of_scim_have_no_request() -> None:
    told = Channel("crm", "https://crm.example", "x", profiles.load("sap-ias"))
    assert "groups of SCIM" in str(told.leave("g", "7", "Staff"))
