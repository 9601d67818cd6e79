from __future__ import annotations

import socket
import threading

import pytest

from scimaudit.errors import AuthenticationFailed, ConfigError, Incomplete, SourceError, Unavailable
from scimaudit.sources import ldap
from tests.servers import openldap
from tests.servers.openldap import BASE, GROUPS, PEOPLE

pytestmark = pytest.mark.needs("openldap")
MANY = 430


def by(rows, key="user_name"):
    return {row[key]: row for row in rows}


@pytest.fixture
def accounts(asks, sink):
    listing = asks(seats=MANY).collect(sink)
    return listing, by(sink.row_list("accounts"))


def test_every_entry_is_listed_and_proven(accounts):
    listing, found = accounts
    assert len(found) == listing.parsed == MANY
    assert (listing.walk.state, listing.witnesses[0].outcome) == ("complete", "passed")
    assert "pages of 200 and 100" in listing.walk.reason
    assert listing.scope.state == "all"


def test_pages_step_down_to_what_the_server_allows(accounts):
    assert accounts[0].facts["paging"] == "pages of 200"


def test_an_entry_becomes_an_account(accounts):
    found = accounts[1]["u00001"]
    assert found["account_id"] == str(found["account_id"]).lower()
    assert len(found["account_id"]) == 36
    assert (found["given_name"], found["family_name"], found["employee_number"]) == ("Zoë", "Ames", "E00001")
    assert accounts[1]["u00003"]["emails"] == ["u00003@corp.example", "alias3@corp.example"]


def test_a_manager_is_named_by_the_id_of_the_account(accounts):
    found = accounts[1]
    assert found["u00005"]["manager"] == found["u00000"]["account_id"]
    assert found["u00000"]["manager"] == "cn=board,dc=elsewhere"


def test_what_disabled_means(accounts):
    found = accounts[1]
    assert {name: found[name]["active"] for name in ("u00001", "u00007", "u00008", "u00043", "u00044")} == {
        "u00001": True, "u00007": False, "u00008": True, "u00043": False, "u00044": True,
    }  # fmt: skip


def test_groups_become_grants_with_their_way(accounts, sink):
    ids = {row["account_id"]: name for name, row in accounts[1].items()}
    grants = {(ids[row["account_id"]], row["display"]): (row["type"], row["via"]) for row in sink.row_list("grants")}
    assert grants["u00001", "app-1"] == ("direct", None)
    assert grants["u00001", "outer"] == ("indirect", "app-1")
    assert grants["u00000", "outer"] == ("direct", None)
    assert grants["u00001", "loop-a"] == ("indirect", "loop-b")
    assert grants["u00002", "posix"] == ("direct", None)
    assert sum(group == "all" for _, group in grants) == MANY


def test_a_member_that_does_not_exist_is_told_and_harms_nothing(accounts):
    listing = accounts[0]
    assert listing.entitlements.state == "complete"
    assert f"1 member of groups does not exist, such as uid=ghost,{PEOPLE}" in listing.notes


def test_members_outside_base_make_the_scope_partial(asks, sink):
    listing = asks(filter="(uid=u0000*)").collect(sink)
    assert listing.parsed == 10
    assert (listing.scope.state, listing.entitlements.state) == ("partial", "unprovable")
    assert "members of groups stand outside base" in listing.scope.reason


def test_people_come_from_a_directory(asks, roster_sink):
    listing = asks().collect(roster_sink)
    people = by(roster_sink.row_list("people"))
    assert (listing.walk.state, len(people)) == ("complete", MANY)
    assert (people["u00001"]["status"], people["u00007"]["status"]) == ("active", "terminated")
    assert people["u00005"]["manager_id"] == people["u00000"]["person_id"]


def test_a_person_may_go_by_another_attribute(asks, roster_sink):
    asks(columns={"person_id": "employeeNumber"}, status={"active": ["enabled"], "leave": ["disabled"]}).collect(
        roster_sink
    )
    people = by(roster_sink.row_list("people"))
    assert people["u00005"]["person_id"] == "E00005"
    assert people["u00005"]["manager_id"] == "E00000"
    assert people["u00007"]["status"] == "leave"


def test_a_limit_in_all_never_passes(asks, sink):
    """L: the server ends with a size limit while pages succeed."""
    with pytest.raises(Incomplete, match=r"stopped at its (size|administrative) limit"):
        asks(bind=f"cn=capped,{BASE}").collect(sink)
    assert sink.row_list("accounts") == []


def test_ldaps(asks, directory, sink):
    listing = asks(url=directory.secure_url, groups=False, filter="(uid=u00001)").collect(sink)
    assert (listing.parsed, listing.facts["TLS"][:31]) == (1, "TLSv1.3, certificate valid unti")


def test_no_entry_proves_nothing(asks, sink):
    assert asks(filter="(uid=nobody)").collect(sink).walk.state == "unprovable"


def test_quick_proves_nothing(asks, sink):
    sink.quick = True
    listing = asks().collect(sink)
    assert (listing.walk.state, listing.entitlements.state) == ("unprovable", "unprovable")


def test_groups_can_be_left_out(asks, sink):
    listing = asks(groups=False).collect(sink)
    assert (listing.entitlements.state, sink.row_list("grants")) == ("unprovable", [])


def test_what_the_bind_account_does_not_see_can_be_said(asks, sink):
    assert asks(hides="executives", groups=False).collect(sink).scope.state == "partial"


def test_a_seat_count_that_differs_shows_a_hole(asks, sink):
    listing = asks(seats=MANY + 1, groups=False).collect(sink)
    assert (listing.scope.state, listing.scope.reason) == (
        "partial",
        f"somebody counted {MANY + 1} accounts by hand, and {MANY} came",
    )


@pytest.mark.parametrize("more", [{"filter": "(uid=*"}, {"base": "dc=nowhere"}, {"base": "nonsense"}])
def test_a_search_that_is_refused_says_so(asks, sink, more):
    with pytest.raises(SourceError) as raised:
        asks(**more).collect(sink)
    assert raised.value.hint


def test_a_wrong_password(asks, sink, monkeypatch):
    monkeypatch.setenv("LDAP_PASSWORD", "wrong-secret")
    with pytest.raises(AuthenticationFailed, match="refused the bind") as raised:
        asks().collect(sink)
    assert "wrong-secret" not in str(raised.value)


def test_an_authority_nobody_knows(asks, sink):
    with pytest.raises(Unavailable, match=r"certificate .* is not trusted"):
        asks(ca=None).collect(sink)


@pytest.mark.parametrize(
    ("host", "days"), [("other.example", 2), ("localhost", -1)], ids=["of another host", "expired"]
)
def test_a_certificate_that_does_not_fit_ends_it_before_the_bind(asks, sink, host, days):
    with openldap.serving(host, days) as server, pytest.raises(Unavailable, match=r"certificate .* is not trusted"):
        asks(url=server.url, ca=str(server.ca)).collect(sink)


@pytest.mark.parametrize("url", ["https://ldap.example", "ldap://", "ldaps://host/dc=x", "host"])
def test_an_address_that_is_none(asks, sink, url):
    with pytest.raises(ConfigError, match="is no LDAP address"):
        asks(url=url).collect(sink)


def test_a_server_that_is_not_there(asks, sink):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="cannot be reached"):
            asks(url=f"ldap://127.0.0.1:{taken.getsockname()[1]}").collect(sink)


def test_a_server_without_starttls_is_sent_no_password(asks, sink):
    """It answers StartTLS with protocolError; whatever comes after that answer would be in clear."""
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def answer() -> None:
            connection, _ = listener.accept()
            connection.settimeout(10)
            with connection:
                heard.extend(connection.recv(4096))
                told = bytes([2, heard[3], *heard[4 : 4 + heard[3]]]) + bytes.fromhex("78070a010204000400")
                connection.sendall(bytes([0x30, len(told)]) + told)
                heard.extend(connection.recv(4096))

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(Unavailable, match="StartTLS"):
            asks(url=f"ldap://127.0.0.1:{listener.getsockname()[1]}").collect(sink)
        thread.join()
    assert openldap.PASSWORD.encode() not in heard


def test_a_referral_is_not_followed(asks, directory, sink):
    """No byte goes to the stranger, and the walk is not called complete."""
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0.2)
        elsewhere = f"ldap://127.0.0.1:{stranger.getsockname()[1]}/dc=elsewhere"
        dn = f"cn=far,ou=referring,{BASE}"
        directory.add([
            (f"ou=referring,{BASE}", {"objectClass": "organizationalUnit", "ou": "referring"}),
            (f"uid=near,ou=referring,{BASE}", {"objectClass": "inetOrgPerson", "uid": "near", "cn": "n", "sn": "n"}),
        ])  # fmt: skip
        directory.add([(dn, {"objectClass": ["referral", "extensibleObject"], "cn": "far", "ref": elsewhere})])
        listing = asks(base=f"ou=referring,{BASE}", groups=False).collect(sink)
        assert (listing.parsed, listing.walk.state) == (1, "unprovable")
        assert "refers to 1 other place, which is" in listing.walk.reason
        with pytest.raises(TimeoutError):
            stranger.accept()


def test_an_entry_that_comes_between_the_passes_is_seen(asks, directory, sink, monkeypatch):
    search, calls = ldap.search, []

    def meanwhile(*arguments, **more):
        calls.append(1)
        if len(calls) == 2:
            directory.add([openldap.person("newcomer")])
        return search(*arguments, **more)

    monkeypatch.setattr(ldap, "search", meanwhile)
    try:
        listing = asks(groups=False).collect(sink)
    finally:
        directory.modify(f"dn: uid=newcomer,{PEOPLE}\nchangetype: delete\n")
    assert (listing.walk.state, listing.walk.reason) == ("incomplete", "two passes differ: 0 entries went, 1 came")


def test_a_bind_account_that_sees_no_members_proves_no_entitlement(asks, sink):
    listing = asks(group_base=PEOPLE).collect(sink)
    assert (listing.entitlements.state, GROUPS in listing.entitlements.reason) == ("unprovable", False)


def test_the_vendor_must_be_known():
    with pytest.raises(ConfigError, match="known vendors: 389ds, active-directory, generic, openldap"):
        raise_known()


def raise_known():
    try:
        ldap.Source.model_validate(
            {"url": "ldap://x", "bind": "x", "password": {"env": "X"}, "base": "x", "vendor": "novell"}
        )
    except ConfigError as error:
        raise ConfigError(f"{error.message}; {error.hint}") from error
