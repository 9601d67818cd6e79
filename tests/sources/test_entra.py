from __future__ import annotations

from datetime import UTC, date, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from scimaudit.errors import AuthenticationFailed, ConfigError, Incomplete, Malformed, SourceError, Unavailable
from scimaudit.sources import entra
from scimaudit.sources.entra import token
from tests.servers import graph as tenants
from tests.servers import oauth2, tls

MANY = 250


def user(number: int, **more: object) -> dict[str, object]:
    return {
        "id": f"id-{number:04d}", "userPrincipalName": f"u{number}@corp.example", "mail": f"u{number}@corp.example",
        "givenName": "Ana", "surname": "Ames", "displayName": f"Ana Ames {number}", "accountEnabled": True,
        "employeeId": f"E{number:04d}", "userType": "Member", "department": "Sales", "jobTitle": "Clerk",
        "createdDateTime": "2024-01-02T03:04:05Z", "manager": {"id": "id-0000"} if number else None,
        "signInActivity": {"lastSuccessfulSignInDateTime": "2026-11-01T10:00:00Z"}, "assignedLicenses": [],
        "proxyAddresses": [f"SMTP:u{number}@corp.example", f"smtp:old{number}@corp.example"], **more,
    }  # fmt: skip


def owned(path, text: str) -> None:
    """A file that its owner alone may read."""
    path.write_text(text)
    path.chmod(0o600)


@pytest.fixture
def tenant(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPH_SECRET", tenants.SECRET)
    with tenants.serving(tmp_path) as found:
        found.users = [user(number) for number in range(MANY)]
        yield found


@pytest.fixture
def asks(tenant):
    def made(**settings) -> entra.Source:
        return entra.Source.model_validate(tenant.settings(**settings))

    return made


def by_name(sink, table="accounts"):
    return {str(row["user_name"]).partition("@")[0]: row for row in sink.row_list(table)}


def test_every_user_is_listed_and_counted(asks, sink):
    listing = asks().collect(sink)
    assert (listing.parsed, listing.walk.state, listing.scope.state) == (MANY, "complete", "all")
    assert (listing.witnesses[0].name, listing.witnesses[0].outcome) == ("$count", "passed")
    found = by_name(sink)["u7"]
    assert (found["account_id"], found["employee_number"], found["active"]) == ("id-0007", "E0007", True)
    assert found["manager"] == "id-0000"
    assert found["last_login"] == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert found["last_login_source"] == "apps.acme.listings[0]:last_login"


def test_facts_tell_protocol_and_end_of_the_certificate(asks, sink):
    facts = asks(groups=False).collect(sink).facts
    assert facts["TLS"].startswith("TLSv1.3, certificate valid until 20")
    assert facts["rate limit"] == "not told"


def test_evidence_names_page_and_row(asks, sink):
    asks(groups=False).collect(sink)
    found = by_name(sink)
    assert [(found[name]["raw_body"], found[name]["raw_row"]) for name in ("u0", "u99", "u100")] == [
        (0, 0),
        (0, 99),
        (1, 0),
    ]


def test_people_come_from_a_tenant(asks, tenant, roster_sink):
    tenant.users[3] |= {
        "accountEnabled": False,
        "employeeLeaveDateTime": "2026-10-31T00:00:00Z",
        "employeeHireDate": "2020-02-01T00:00:00Z",
    }
    listing = asks(columns={"person_id": "employeeId"}).collect(roster_sink)
    people = by_name(roster_sink, "people")
    assert (listing.walk.state, people["u3"]["status"], people["u4"]["status"]) == ("complete", "terminated", "active")
    assert (people["u3"]["start_date"], people["u3"]["end_date"]) == (date(2020, 2, 1), date(2026, 10, 31))
    assert people["u4"]["manager_id"] == "E0000"
    assert people["u4"]["aliases"] == ["u4@corp.example", "old4@corp.example"]


@pytest.mark.parametrize(
    "never", [None, {}, {"lastSuccessfulSignInDateTime": "0001-01-01T00:00:00Z"}, {"lastSuccessfulSignInDateTime": ""}]
)
def test_never_signed_in(asks, tenant, sink, never):
    tenant.users[1]["signInActivity"] = never
    asks(groups=False).collect(sink)
    assert by_name(sink)["u1"]["last_login"] is None


def test_guests_are_told_apart(asks, tenant, sink):
    tenant.users[1]["userType"] = "Guest"
    tenant.users[2]["userPrincipalName"] = "bo_other.example#EXT#@corp.example"
    asks(groups=False).collect(sink)
    kinds = [row["account_kind"] for row in sink.row_list("accounts")[:4]]
    assert kinds == ["unknown", "guest", "guest", "unknown"]


def test_unknown_activity_stays_unknown(asks, tenant, sink):
    tenant.users[1]["accountEnabled"] = None
    asks(groups=False).collect(sink)
    assert by_name(sink)["u1"]["active"] is None


def test_groups_roles_and_licences_become_grants(asks, tenant, sink):
    tenant.groups = {
        "g1": (
            "Sales",
            [
                {"@odata.type": "#microsoft.graph.user", "id": "id-0001"},
                {"@odata.type": "#microsoft.graph.device", "id": "d"},
            ],
        ),
        "g2": ("All", [{"@odata.type": "#microsoft.graph.group", "id": "g1"}]),
    }
    tenant.roles = {"r1": ("Global Administrator", [{"@odata.type": "#microsoft.graph.user", "id": "id-0002"}])}
    tenant.users[3]["assignedLicenses"] = [{"skuId": "sku-1"}]
    tenant.skus = {"sku-1": "ENTERPRISEPACK"}
    listing = asks().collect(sink)
    grants = {
        (row["account_id"], row["attribute"], row["display"]): (row["type"], row["via"])
        for row in sink.row_list("grants")
    }
    assert grants == {
        ("id-0001", "groups", "Sales"): ("direct", None),
        ("id-0001", "groups", "All"): ("indirect", "Sales"),
        ("id-0002", "roles", "Global Administrator"): ("direct", None),
        ("id-0003", "licenses", "ENTERPRISEPACK"): ("direct", None),
    }
    assert listing.entitlements.state == "complete"


def test_a_member_that_was_not_listed_leaves_entitlements_incomplete(asks, tenant, sink):
    tenant.groups = {"g1": ("Sales", [{"@odata.type": "#microsoft.graph.user", "id": "stranger"}])}
    assert asks().collect(sink).entitlements.state == "incomplete"


@pytest.mark.parametrize(
    ("permission", "column"),
    [("AuditLog.Read.All", "signInActivity"), ("User-LifeCycleInfo.Read.All", "employeeLeaveDateTime")],
)
def test_missing_consent_names_what_is_not_evaluable(asks, tenant, roster_sink, sink, permission, column):
    tenant.consent.discard(permission)
    taking = sink if column == "signInActivity" else roster_sink
    listing = asks(groups=False).collect(taking)
    assert any(note.startswith(f"{column} is not evaluable here: it needs {permission}") for note in listing.notes)
    assert {"last_login", "end_date"} & listing.attributes.keys() == set()
    assert listing.walk.state == "complete"


def test_no_consent_at_all_names_the_permission(asks, tenant, sink):
    tenant.consent.clear()
    with pytest.raises(AuthenticationFailed, match="403 Authorization_RequestDenied") as raised:
        asks().collect(sink)
    assert "User.Read.All" in raised.value.hint


@pytest.mark.parametrize(
    ("permission", "what"),
    [
        ("GroupMember.Read.All", "groups"),
        ("RoleManagement.Read.Directory", "directory roles"),
        ("Application.Read.All", "app roles"),
    ],
)
def test_entitlements_without_consent_have_failed(asks, tenant, sink, permission, what):
    tenant.consent.discard(permission)
    listing = asks().collect(sink)
    assert (listing.walk.state, listing.entitlements.state) == ("complete", "failed")
    assert listing.entitlements.reason == f"{what} may not be read: {permission} is missing"


def assignment(kind: str, holder: str, role: str = "role-1") -> dict[str, str]:
    return {"principalType": kind, "principalId": holder, "appRoleId": role}


def test_app_roles_become_grants_of_users_and_of_direct_members(asks, tenant, sink):
    member = {"@odata.type": "#microsoft.graph.user", "id": "id-0002"}
    inner = {"@odata.type": "#microsoft.graph.group", "id": "g2"}
    tenant.groups = {
        "g1": ("Sales", [member, inner]),
        "g2": ("Inner", [{"@odata.type": "#microsoft.graph.user", "id": "id-0003"}]),
    }
    none = "00000000-0000-0000-0000-000000000000"
    lines = [assignment("User", "id-0001"), assignment("Group", "g1"), assignment("User", "id-0001", none)]
    tenant.apps = {"sp1": ("CRM", {"role-1": "Admin"}, [*lines, assignment("ServicePrincipal", "sp9")])}
    listing = asks().collect(sink)
    held = [
        (row["account_id"], row["display"], row["type"], row["via"])
        for row in sink.row_list("grants")
        if row["attribute"] == "entitlements"
    ]
    assert held == [
        ("id-0001", "CRM: Admin", "direct", None),
        ("id-0002", "CRM: Admin", "indirect", "Sales"),
        ("id-0001", "CRM: Default Access", "direct", None),
    ]
    assert listing.entitlements.state == "complete"


@pytest.mark.parametrize("kind", ["User", "Group"])
def test_an_app_role_of_somebody_nobody_listed_leaves_entitlements_incomplete(asks, tenant, sink, kind):
    tenant.apps = {"sp1": ("CRM", {}, [assignment(kind, "stranger")])}
    assert asks().collect(sink).entitlements.state == "incomplete"


def test_a_wrong_secret(asks, sink, monkeypatch):
    monkeypatch.setenv("GRAPH_SECRET", "wrong-secret")
    with pytest.raises(AuthenticationFailed, match="AADSTS7000215") as raised:
        asks().collect(sink)
    assert "wrong-secret" not in str(raised.value)


def test_a_token_that_runs_out_is_renewed_in_mid_listing(asks, tenant, sink):
    tenant.quirks.add("token-runs-out")
    listing = asks(groups=False).collect(sink)
    assert (listing.walk.state, tenant.tokens) == ("complete", 2)
    # Both clients are counted: one page at least was asked for on either side of the renewal.
    assert listing.cost.requests == len(tenant.asked)


def test_throttling_is_waited_for(asks, tenant, sink):
    tenant.quirks.add("throttled-once")
    assert asks(groups=False).collect(sink).walk.state == "complete"


def test_an_empty_page_with_a_link_is_no_end(asks, tenant, sink):
    tenant.quirks.add("empty-page")
    assert asks(groups=False).collect(sink).parsed == MANY


@pytest.mark.parametrize(
    ("quirk", "kind"), [("stranger-link", Malformed), ("circle", Incomplete), ("page-token-expires", SourceError)]
)
def test_a_list_that_does_not_end_well_is_an_error(asks, tenant, sink, quirk, kind):
    tenant.quirks.add(quirk)
    with pytest.raises(kind):
        asks().collect(sink)
    assert sink.row_list("accounts") == []


def test_a_list_cut_short_is_incomplete(asks, tenant, sink):
    tenant.quirks.add("cut-link")
    listing = asks(groups=False).collect(sink)
    assert (listing.parsed, listing.walk.state) == (100, "incomplete")
    assert listing.walk.reason == f"$count says {MANY}, 100 users came"


def test_without_a_count_nothing_is_proven(asks, tenant, sink):
    tenant.quirks.add("no-count")
    assert asks(groups=False).collect(sink).walk.state == "unprovable"


def test_a_filter_makes_the_scope_partial(asks, tenant, sink):
    tenant.users[1]["userType"] = "Guest"
    listing = asks(only="userType eq 'Guest'", groups=False).collect(sink)
    assert (listing.parsed, listing.walk.state, listing.scope.state) == (1, "complete", "partial")


def test_a_tenant_of_guests_alone(asks, tenant, sink):
    for row in tenant.users:
        row["userType"] = "Guest"
    listing = asks(groups=False).collect(sink)
    assert listing.walk.state == "complete"
    assert {row["account_kind"] for row in sink.row_list("accounts")} == {"guest"}


def test_any_property_can_be_a_column(asks, tenant, sink):
    tenant.users[1]["onPremisesSamAccountName"] = "CORP-U1"
    asks(groups=False, columns={"external_id": "onPremisesSamAccountName"}).collect(sink)
    assert by_name(sink)["u1"]["external_id"] == "CORP-U1"


@pytest.mark.parametrize(("seats", "scope"), [(MANY, "all"), (MANY + 1, "partial")])
def test_seats(asks, sink, seats, scope):
    assert asks(seats=seats, groups=False).collect(sink).scope.state == scope


def test_an_authority_that_is_not_trusted(asks, sink):
    with pytest.raises(Unavailable, match="cannot be had"):
        asks(ca=None).collect(sink)


def test_the_environment_does_not_choose_the_authority(asks, sink, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing.pem"))
    assert asks(groups=False).collect(sink).walk.state == "complete"


def test_a_certificate_signs_in(asks, sink, tmp_path):
    found = tls.made_in(tmp_path / "client", key=rsa.generate_private_key(65537, 2048))
    owned(tmp_path / "client.pem", found.key.read_text() + found.certificate.read_text())
    assert asks(secret=None, certificate="client.pem", groups=False).collect(sink).walk.state == "complete"


def test_a_certificate_with_another_kind_of_key(asks, sink, tmp_path):
    found = tls.made_in(tmp_path / "client")
    owned(tmp_path / "client.pem", found.key.read_text() + found.certificate.read_text())
    with pytest.raises(ConfigError, match=r"key of the certificate client\.pem cannot be used"):
        asks(secret=None, certificate="client.pem").collect(sink)


def test_a_certificate_that_is_none(asks, sink, tmp_path):
    owned(tmp_path / "client.pem", "nothing")
    with pytest.raises(ConfigError, match=r"client\.pem cannot be read"):
        asks(secret=None, certificate="client.pem").collect(sink)


def test_a_certificate_whose_key_others_can_read_is_refused(asks, sink, tmp_path):
    found = tls.made_in(tmp_path / "client", key=rsa.generate_private_key(65537, 2048))
    owned(tmp_path / "client.pem", found.key.read_text() + found.certificate.read_text())
    (tmp_path / "client.pem").chmod(0o640)
    with pytest.raises(ConfigError, match=r"client\.pem can be read by others"):
        asks(secret=None, certificate="client.pem").collect(sink)


def test_a_key_said_twice_is_no_answer(asks, tenant, sink):
    tenant.quirks.add("says-twice")
    with pytest.raises(Malformed, match="'accountEnabled' twice"):
        asks(groups=False).collect(sink)


def test_a_tenant_that_quotes_the_secret_is_not_quoted(asks, tenant, sink):
    tenant.quirks.add("quotes")
    with pytest.raises(AuthenticationFailed) as caught:
        asks(groups=False).collect(sink)
    assert tenants.SECRET not in str(caught.value)
    assert "its words are left out" in str(caught.value)


@pytest.mark.parametrize("told", ["tök\u00e9n", "a\r\nX-Evil: 1", "half \ud83d", ["a"], 7, ""])
def test_a_token_that_no_header_carries_is_none(asks, tenant, sink, told):
    tenant.token = told
    with pytest.raises((AuthenticationFailed, Unavailable), match="token"):
        asks(groups=False).collect(sink)


def test_a_federated_token_signs_in(asks, sink, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("header.payload.signature")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    listing = asks(secret=None, federated_token="AZURE_FEDERATED_TOKEN_FILE", groups=False).collect(sink)
    assert listing.walk.state == "complete"


@pytest.mark.parametrize(("identity", "asked"), [("system", "system"), ("6f1c5f0e", "6f1c5f0e")])
def test_the_identity_of_an_azure_machine_signs_in(asks, tenant, sink, monkeypatch, identity, asked):
    with tenants.machine(tenant) as address:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", address)
        listing = asks(secret=None, client_id="", managed_identity=identity, groups=False).collect(sink)
    assert (listing.walk.state, tenant.identities) == ("complete", [asked])


def test_a_machine_without_an_identity(asks, sink, monkeypatch):
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="no token could be had"):
        asks(secret=None, managed_identity="system").collect(sink)


def test_a_human_signs_in_with_a_code(asks, sink):
    listing = asks(secret=None, device_code=True, groups=False).collect(sink)
    assert listing.walk.state == "complete"
    assert sink.told == ["Open https://microsoft.com/devicelogin and enter ABCD-1234"]


def test_a_human_is_asked_once_though_tokens_run_out(asks, tenant, sink):
    tenant.quirks.add("token-runs-out")
    listing = asks(secret=None, device_code=True, groups=False).collect(sink)
    assert (listing.walk.state, tenant.tokens, len(sink.told)) == ("complete", 2, 1)


def test_a_human_who_declines(asks, tenant, sink):
    tenant.quirks.add("declined")
    with pytest.raises(AuthenticationFailed, match="AADSTS70020"):
        asks(secret=None, device_code=True).collect(sink)


def test_a_budget_is_not_begun_anew_with_a_new_token(asks, tenant, sink):
    tenant.quirks.add("token-runs-out")
    with pytest.raises(Incomplete, match="requests ran out"):
        asks(groups=False, max_requests=3).collect(sink)


@pytest.mark.needs("oauth2-mock-server")
@pytest.mark.parametrize("secret", [oauth2.SECRET, "wrong"])
def test_msal_against_an_authority_of_another_make(tmp_path, monkeypatch, secret):
    monkeypatch.setenv("ENTRA_SECRET", secret)
    credentials = token.Credentials(tenant=tenants.TENANT, client_id="scimaudit", secret={"env": "ENTRA_SECRET"})
    with oauth2.serving(tmp_path) as authority:
        way = token.way_in(
            credentials, tmp_path, authority=authority.url, ca=authority.ca, proxy=None, tell=lambda words: None
        )
        if secret == "wrong":
            with pytest.raises(AuthenticationFailed, match="the client is not known"):
                token.token(way, "https://graph.microsoft.com", "apps.entra.listings[0]")
            return
        first = token.token(way, "https://graph.microsoft.com", "apps.entra.listings[0]")
        again = token.token(way, "https://graph.microsoft.com", "apps.entra.listings[0]")
    # The second one is MSAL's own copy.
    assert first == again
    claims = jwt.decode(first, options={"verify_signature": False})
    assert claims["scope"] == "https://graph.microsoft.com/.default"


@pytest.mark.parametrize(
    "more",
    [{"secret": None}, {"federated_token": "X"}, {"tenant": "a/b"}, {"device_code": True}, {"client_id": ""}],
)
def test_settings_that_contradict_are_refused(asks, more):
    with pytest.raises(ValueError, match=r"exactly one|pattern|client_id is missing"):
        asks(**more)


def test_a_cloud_must_be_known(asks):
    with pytest.raises(ConfigError, match="no cloud 'moon'"):
        asks(cloud="moon")
