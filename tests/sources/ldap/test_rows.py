"""Shapes of directories that cannot run here, as their documentation and recorded answers show them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimaudit.sources.ldap import rows, vendor
from scimaudit.sources.ldap.membership import members
from scimaudit.sources.ldap.rows import active, dn_key, parted_key
from scimaudit.sources.ldap.search import Entry

NOW = datetime(2026, 11, 24, tzinfo=UTC)
AD = vendor.load("active-directory")
FREEIPA = vendor.load("389ds")
GENERIC = vendor.load("generic")
GUID = bytes.fromhex("33221100554477668899aabbccddeeff")


def entry(dn="cn=a,dc=corp", **attributes) -> Entry:
    return Entry(
        dn, {name.lower(): value if isinstance(value, list) else [value] for name, value in attributes.items()}, 0, 0
    )


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"userAccountControl": "512"}, True),
        ({"userAccountControl": "514"}, False),
        ({"userAccountControl": "66050"}, False),
        ({"userAccountControl": "512", "accountExpires": "0"}, True),
        ({"userAccountControl": "512", "accountExpires": "9223372036854775807"}, True),
        ({"userAccountControl": "512", "accountExpires": "133000000000000000"}, False),
        ({"userAccountControl": "512", "accountExpires": "139000000000000000"}, True),
        ({"userAccountControl": "not a number"}, None),
        ({}, None),
    ],
)
def test_active_directory(attributes, expected):
    assert active(entry(**attributes), AD, NOW) is expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"nsUniqueId": "x"}, True),
        ({"nsUniqueId": "x", "nsAccountLock": "TRUE"}, False),
        ({"nsUniqueId": "x", "nsAccountLock": "false"}, True),
        ({"nsUniqueId": "x", "krbPrincipalExpiration": "20250101000000Z"}, False),
        ({}, None),
    ],
)
def test_389_and_freeipa(attributes, expected):
    assert active(entry(**attributes), FREEIPA, NOW) is expected


def test_a_directory_of_unknown_kind_says_nothing_of_activity():
    assert active(entry(entryUUID="x"), GENERIC, NOW) is None


def test_a_guid_is_written_as_windows_writes_it():
    found = rows.grid([entry(objectGUID=GUID)], AD, {}, "accounts", NOW)
    assert found.columns[found.header.index("account_id")] == ["00112233-4455-6677-8899-aabbccddeeff"]


def test_times_of_active_directory():
    found = rows.grid(
        [entry(lastLogonTimestamp="134000000000000000", whenCreated="20200102030405.0Z", objectGUID=GUID)],
        AD, {"last_login": "lastLogonTimestamp", "created": "whenCreated"}, "accounts", NOW,
    )  # fmt: skip
    cells = {name: column[0] for name, column in zip(found.header, found.columns, strict=True)}
    assert cells["last_login"] == datetime(2025, 8, 18, 14, 13, 20, tzinfo=UTC)
    assert cells["created"] == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0", "9223372036854775807"])
def test_never_is_no_time(text):
    assert vendor.moment(text, "filetime") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261124101112Z", datetime(2026, 11, 24, 10, 11, 12, tzinfo=UTC)),
        ("20261124101112+0200", datetime(2026, 11, 24, 8, 11, 12, tzinfo=UTC)),
        ("202611241011Z", datetime(2026, 11, 24, 10, 11, tzinfo=UTC)),
        ("20261124101112,5Z", datetime(2026, 11, 24, 10, 11, 12, 500_000, tzinfo=UTC)),
        ("16010101000000Z", None),
        ("99991231235959Z", None),
    ],
)
def test_generalized_time(text, expected):
    assert vendor.moment(text, "generalized") == expected


@pytest.mark.parametrize("text", ["", "Z", "2026", "20261324101112Z", "20261124101112.xZ"])
def test_what_is_no_generalized_time(text):
    with pytest.raises(ValueError, match=r"generalized|invalid|data|does not match"):
        vendor.moment(text, "generalized")


def test_the_last_day_is_the_one_before_the_moment_of_expiry():
    found = rows.grid(
        [entry(accountExpires="134084160000000000", objectGUID=GUID)], AD, {"end_date": "accountExpires"}, "people", NOW
    )
    assert found.columns[found.header.index("end_date")] == ["2025-11-23"]


def test_proxy_addresses_lose_their_kind():
    found = rows.grid(
        [entry(proxyAddresses=["SMTP:a@x", "smtp:b@x"], objectGUID=GUID)],
        AD,
        {"aliases": "proxyAddresses"},
        "people",
        NOW,
    )
    assert found.columns[found.header.index("aliases")] == [["a@x", "b@x"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"CN=Ames\, Ana,OU=P,DC=corp", r"cn=ames\2C ana, ou=p, dc=corp"),
        ("CN=Zoë,DC=corp", r"cn=zo\C3\AB,dc=CORP"),
        (r"CN=a\+b,DC=corp", r"CN=a\2Bb,DC=corp"),
    ],
)
def test_a_dn_has_many_spellings(one, other):
    assert dn_key(one) == dn_key(other)


def test_different_entries_have_different_keys():
    assert dn_key("cn=a+sn=b,dc=c") != dn_key("cn=a,sn=b,dc=c")
    assert dn_key(r"cn=a\,sn=b,dc=c") != dn_key("cn=a,sn=b,dc=c")


PARTS = st.tuples(
    st.sampled_from(["cn", "OU", "dc", "x-1", "2.5.4.3", ""]), st.text('aZß0É_.@-+,;=\\"#<>\n\t I', max_size=5)
)


@given(st.lists(PARTS, min_size=1, max_size=3))
def test_a_plain_dn_has_the_key_that_taking_it_apart_gives(parts):
    dn = ",".join(f"{name}={value}" for name, value in parts)
    assert dn_key(dn) == parted_key(dn)


@given(st.text())
def test_any_text_has_a_key(text):
    assert isinstance(dn_key(text), str)


def test_the_primary_group_of_active_directory_is_a_membership():
    sid = bytes.fromhex("010500000000000515000000aaaaaaaabbbbbbbbcccccccc") + (513).to_bytes(4, "little")
    groups = [entry("CN=Domain Users,DC=corp", cn="Domain Users", objectSid=sid)]
    people = [entry("CN=Ana,DC=corp", primaryGroupID="513"), entry("CN=Bo,DC=corp", primaryGroupID="999")]
    held = members(groups, {dn_key("CN=Ana,DC=corp"): "ana", dn_key("CN=Bo,DC=corp"): "bo"}, people, AD)
    assert held.direct == {"CN=Domain Users,DC=corp": {"ana": None}}


@pytest.mark.parametrize("name", vendor.names())
def test_a_vendor_file_is_honest(name):
    found = vendor.load(name)
    assert found.title
    assert found.source
    assert found.columns["user_name"]
    assert {"created", "last_modified"} <= found.columns.keys()
