"""Each preset on the export it was written for."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from scimaudit.errors import ConfigError, Malformed
from scimaudit.sources import _presets, csv
from scimaudit.sources._headings import COMMON

# Header and rows as the console writes them, and what the first row must become.
EXPORTS = {
    "slack-members": (
        "username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname,expiration-timestamp\n"
        'ana,ana@corp.example,Admin,1,1,0,U01,"Ana Ames",ana,\n'
        "bo,bo@corp.example,Deactivated,0,0,0,U02,Bo Berg,,\n",
        {"account_id": "U01", "user_name": "ana", "display_name": "Ana Ames", "active": True},
    ),
    "google-workspace-users": (
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
        "Org Unit Path [Required],Status [READ ONLY],Last Sign In [READ ONLY],Recovery Email,Employee ID,Department\n"
        "Ana,Ames,ana@corp.example,****,/,Active,2026/11/04 00:24:13,,E1,Sales\n"
        "Bo,Berg,bo@corp.example,****,/,Suspended,Never logged in,,,\n",
        {
            "user_name": "ana@corp.example",
            "employee_number": "E1",
            "active": True,
            "last_login": datetime(2026, 11, 4, 0, 24, 13, tzinfo=UTC),
        },
    ),
    "zoom-users": (
        "Email,First Name,Last Name,Department,Manager,User Group,Job Title,Location\n"
        "ana@corp.example,Ana,Ames,Sales,eve@corp.example,Staff,Clerk,Oslo\nbo@corp.example,Bo,Berg,,,,,\n",
        {"user_name": "ana@corp.example", "title": "Clerk", "active": None},
    ),
    "atlassian-users": (
        "User id,User name,email,User status,Added to org,Org role,Last seen in Jira - corp\n"
        "712020:97,Ana Ames,ana@corp.example,Active,3 Jan 2024,Organization admin,28 Apr 2026\n"
        "712020:98,Bo Berg,bo@corp.example,Suspended,3 Jan 2024,,Never accessed\n",
        {
            "account_id": "712020:97",
            "display_name": "Ana Ames",
            "active": True,
            "created": datetime(2024, 1, 3, tzinfo=UTC),
        },
    ),
    "salesforce-users": (
        "Id,Username,Email,FirstName,LastName,IsActive,FederationIdentifier,EmployeeNumber,Profile.Name,LastLoginDate\n"
        "005A,ana@corp.example.prod,ana@corp.example,Ana,Ames,true,ana,E1,System Administrator,2026-11-04T05:06:07.000+0000\n"
        "005B,bo@corp.example.prod,bo@corp.example,Bo,Berg,false,,,Standard User,\n",
        {
            "account_id": "005A",
            "external_id": "ana",
            "active": True,
            "last_login": datetime(2026, 11, 4, 5, 6, 7, tzinfo=UTC),
        },
    ),
    "aws-credential-report": (
        "user,arn,user_creation_time,password_enabled,password_last_used,mfa_active,access_key_1_active\n"
        "<root_account>,arn:aws:iam::1:root,2020-01-01T00:00:00+00:00,not_supported,no_information,true,false\n"
        "ana,arn:aws:iam::1:user/ana,2024-01-01T00:00:00+00:00,false,N/A,false,true\n",
        {"account_id": "arn:aws:iam::1:root", "active": True, "last_login": None},
    ),
    "okta-password-health": (
        "User,Login,Status,Activation date,Authentication Source,Last Login,Last Password Change\n"
        "Ana Ames,ana@corp.example,ACTIVE,2024-01-01T00:00:00Z,Okta,2026-11-04T05:06:07Z,\n"
        "Bo Berg,bo@corp.example,DEPROVISIONED,,Okta,,\nCy Coe,cy@corp.example,STAGED,,Okta,,\n",
        {
            "user_name": "ana@corp.example",
            "display_name": "Ana Ames",
            "active": True,
            "last_login": datetime(2026, 11, 4, 5, 6, 7, tzinfo=UTC),
        },
    ),
    "entra-users": (
        "userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,accountEnabled,createdDateTime\n"
        "ana@corp.example,Ana Ames,Ames,ana@corp.example,Ana,7cc0,Member,Clerk,Sales,True,8/19/2021 1:25:31 PM\n"
        "bo@corp.example,Bo Berg,Berg,,Bo,7cc1,Guest,,,False,8/19/2021 1:25:31 PM\n",
        {"account_id": "7cc0", "active": True, "created": None},
    ),
    "github-enterprise-licences": (
        "github_com_login,github_com_name,enterprise_server_user_ids,github_com_user,license_type,github_com_profile,"
        "github_com_member_roles,github_com_verified_domain_emails,github_com_saml_name_id\n"
        'ana,Ana Ames,,true,Enterprise,https://github.com/ana,"corp:Owner, lab:Member",ana@corp.example,ana@corp.example\n'
        "bo,,,true,Enterprise,https://github.com/bo,corp:Member,,\n",
        {"account_id": "ana", "external_id": "ana@corp.example", "emails": ["ana@corp.example"], "active": True},
    ),
}


@pytest.fixture
def read(sink):
    def run(name: str, text: str | None = None, **settings):
        (sink.base / "export.csv").write_text(EXPORTS[name][0] if text is None else text, "utf-8")
        return csv.Source.model_validate({"path": "export.csv", "preset": name, **settings}).collect(sink)

    return run


def test_each_preset_has_an_export_here():
    assert set(_presets.names()) == set(EXPORTS)


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_needs_no_mapping(read, sink, name):
    text, expected = EXPORTS[name]
    listing = read(name)
    assert (listing.received, listing.rejected) == (len(text.splitlines()) - 1, ())
    first = sink.row_list("accounts")[0]
    assert {column: first[column] for column in expected} == expected
    assert listing.scope.state == ("partial" if _presets.load(name).hides else "unknown")


@pytest.mark.parametrize("name", [name for name in EXPORTS if "active" in _presets.load(name).columns])
def test_whoever_is_not_known_to_be_gone_is_never_inactive(read, sink, name):
    text, _ = EXPORTS[name]
    column = _presets.load(name).columns["active"]
    header, first, *_ = text.splitlines()
    place = header.split(",").index(column)
    cells = first.split(",")
    cells[place] = "a word of tomorrow"
    read(name, "\n".join([header, ",".join(cells), ""]))
    assert [row["active"] for row in sink.row_list("accounts")] == [None]


@pytest.mark.parametrize("name", EXPORTS)
def test_a_preset_is_honest(name):
    preset = _presets.load(name)
    assert set(preset.columns) | set(preset.also) <= set(COMMON["accounts"])
    assert not set(preset.columns) & set(preset.also)
    assert all(each.date <= date(2026, 12, 31) and each.says for each in preset.sources)
    assert preset.title
    assert preset.how
    assert preset.note


def test_a_heading_that_is_gone_is_named(read):
    text = EXPORTS["slack-members"][0].replace("userid", "member id").replace("fullname", "real name")
    with pytest.raises(Malformed, match=r"no headings 'userid' \(account_id\), 'fullname' \(display_name\)") as raised:
        read("slack-members", text)
    assert "preset slack-members of 2026-11-24" in raised.value.hint


def test_one_heading_that_is_gone_is_named_too(read):
    with pytest.raises(Malformed, match=r"no headings 'userid' \(account_id\)"):
        read("slack-members", EXPORTS["slack-members"][0].replace("userid", "member id"))


def test_what_the_configuration_says_comes_first(read, sink):
    text = EXPORTS["slack-members"][0].replace("userid", "member id").replace("Deactivated", "Off")
    listing = read("slack-members", text, columns={"account_id": "member id"}, active={"false": ["off"]})
    assert [row["active"] for row in sink.row_list("accounts")] == [None, False]
    assert listing.parsed == 2


def test_what_a_file_hides_stands_until_somebody_says_otherwise(read):
    with pytest.raises(ValidationError, match="shows_all and hides contradict"):
        read("zoom-users", exported_by="j.doe", shows_all=True)
    proven = {"exported_by": "j.doe", "exported_at": "2026-11-20", "declared_total": 2, "shows_all": True, "hides": ""}
    assert read("zoom-users", **proven).scope.state == "all"


def test_roles_in_one_cell_are_several(read, sink):
    read("github-enterprise-licences")
    held = [(row["account_id"], row["value"]) for row in sink.row_list("grants") if row["attribute"] == "roles"]
    assert held == [("ana", "corp:Owner"), ("ana", "lab:Member"), ("bo", "corp:Member")]


def test_an_unknown_preset_lists_the_known_ones(read):
    with pytest.raises(ConfigError, match="no preset 'slakc'") as raised:
        csv.Source.model_validate({"path": "x.csv", "preset": "slakc"})
    assert "slack-members" in raised.value.hint


def test_a_roster_has_no_preset(roster_sink):
    (roster_sink.base / "export.csv").write_text(EXPORTS["slack-members"][0])
    with pytest.raises(ConfigError, match=r"rosters\.hr\.preset is for apps"):
        csv.Source.model_validate({"path": "export.csv", "preset": "slack-members"}).collect(roster_sink)
