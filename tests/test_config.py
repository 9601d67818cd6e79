from __future__ import annotations

from pathlib import Path

import pytest

from scimaudit import config
from scimaudit.errors import ConfigError
from scimaudit.schema import json_schema
from scimaudit.sources import names

ROSTER = '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n'


def load(tmp_path: Path, text: str) -> config.Config:
    path = tmp_path / "scimaudit.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


def refused(tmp_path: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return caught.value


def test_the_smallest_configuration_is_one_roster(tmp_path: Path) -> None:
    loaded = load(tmp_path, ROSTER)
    assert [roster.name for roster in loaded.rosters] == ["hr"]
    assert loaded.store == tmp_path / "scimaudit-data"


def test_rosters_keep_the_order_of_the_file(tmp_path: Path) -> None:
    loaded = load(tmp_path, ROSTER.replace("hr]", "zeta]") + ROSTER.replace("hr]", "alpha]"))
    assert [roster.name for roster in loaded.rosters] == ["zeta", "alpha"]


def test_an_app_may_have_several_listings(tmp_path: Path) -> None:
    text = ROSTER + '[apps.crm]\n[[apps.crm.listings]]\nsource = "csv"\npath = "a.csv"\n'
    text += '[[apps.crm.listings]]\nsource = "csv"\npath = "b.csv"\njoin_on = "emails"\n'
    assert [listing.join_on for listing in load(tmp_path, text).app("crm").listings] == ["user_name", "emails"]


def test_an_app_without_a_listing_is_kept(tmp_path: Path) -> None:
    assert load(tmp_path, ROSTER + '[apps.fax]\nlistings = []\nreason = "no export"\n').app("fax").reason == "no export"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[audti]\n", "unknown key 'audti'", "apps, audit, drill, evidence, network, review, rosters, rules"),
        (ROSTER + "[audit]\nfail_onn = 1\n", "unknown key audit.fail_onn", "fail_on"),
        (ROSTER + "[audit.gates]\nroster = 1\n", "unknown key audit.gates.roster", "roster_stale_days"),
        (ROSTER + "pth = 1\n", "unknown key rosters.hr.pth", "path"),
        (ROSTER + "[apps.crm]\nowne = 1\n", "unknown key apps.crm.owne", "owner"),
        (ROSTER + "[apps.crm]\nregister = { sso = 1 }\n", "unknown key apps.crm.register.sso", "sign_in"),
        (
            ROSTER + '[[apps.crm.listings]]\nsource = "scmi"\n',
            "there is no source 'scmi'",
            "csv, entra, json, ldap, ldif, scim, sql, xlsx",
        ),
        (ROSTER + "[[apps.crm.listings]]\npath = 1\n", "does not say its source", "known sources: csv"),
        (ROSTER + "[rules.dormnt]\ndays = 1\n", "there is no rule 'dormnt'", "dormant"),
        (ROSTER + "[rules.dormant]\nday = 1\n", "unknown key 'day'", "days"),
        (ROSTER + '[rules.dormant]\ndays = "1"\n', "rules.dormant.days must be int", ""),
        (ROSTER + '[rules.dormant]\nseverity = "huge"\n', "rules.dormant.severity", ""),
        ("", "names no roster", "[rosters.hr]"),
        ("rosters = 1\n", "rosters must be a table", "[rosters]"),
        ("[rosters]\nhr = 1\n", "rosters.hr must be a table", "[rosters.hr]"),
        (ROSTER + "[apps.crm]\nlistings = 1\n", "must be a list of tables", "[[apps.crm.listings]]"),
        (ROSTER + ROSTER, "is not valid TOML", ""),
        ("[rosters.hr]\nsource = 'csv'\n", "rosters.hr.path is missing", ""),
        (ROSTER + '[audit]\ntime_zone = "Mars/Base"\n', "audit.time_zone: 'Mars/Base' is not an IANA time zone", ""),
        (ROSTER + '[audit]\nfail_on = "worst"\n', "audit.fail_on", ""),
        (ROSTER + '[apps."../etc"]\n', "apps.../etc", ""),
        (ROSTER + "[apps.a-b]\n[apps.A_b]\n", "too alike", ""),
        (ROSTER + "[apps.crm.domains]\n'old.example' = ' '\n", "' ' is no mail domain, such as corp.example", ""),
        (ROSTER + "[apps.crm.domains]\n'ana@old.example' = 'new.example'\n", "'ana@old.example' is no mail domain", ""),
        (ROSTER + "[apps.crm.domains]\n'*.old.example' = 'new.example'\n", "'*.old.example' is no mail domain", ""),
        (ROSTER + "[apps.crm.domains]\n'old.example' = 'new.example.'\n", "'new.example.' is no mail domain", ""),
        (ROSTER + "[apps.crm.domains]\n'Old.example' = '@old.example'\n", "old.example moves to itself", ""),
        (
            ROSTER + "[apps.crm.domains]\n'Old.example' = 'a.example'\n'old.example' = 'b.example'\n",
            "old.example stands twice",
            "",
        ),
        (ROSTER + "[apps.'rosters.hr']\n", "'rosters.hr' is called as a source is", "before the dot"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_known(tmp_path: Path, text: str, message: str, hint: str) -> None:
    error = refused(tmp_path, text)
    assert message in error.message
    assert hint in error.hint


def test_a_mail_domain_is_kept_as_keys_are(tmp_path: Path) -> None:
    text = ROSTER + "[apps.crm.domains]\n' @Old.Example' = 'NEW.example'\n"
    assert load(tmp_path, text).app("crm").domains == {"old.example": "new.example"}


def test_a_missing_file_tells_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / "scimaudit.toml")
    assert "scimaudit init" in caught.value.hint


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scimaudit.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "scimaudit.toml")


def test_a_literal_secret_is_refused(tmp_path: Path) -> None:
    text = ROSTER + '[[apps.crm.listings]]\nsource = "scim"\nbase_url = "https://crm.example"\ntoken = "s3cret"\n'
    assert "s3cret" not in str(refused(tmp_path, text).message)


def test_an_unknown_app_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, ROSTER + "[apps.crm]\n").app("crn")
    assert "crm" in caught.value.hint


def test_the_schema_accepts_every_key_of_every_source() -> None:
    schema = json_schema()
    sources = schema["properties"]["rosters"]["additionalProperties"]["anyOf"]
    assert {kind["properties"]["source"]["const"] for kind in sources} == set(names())
    assert "days" in schema["properties"]["rules"]["properties"]["dormant"]["properties"]
    assert "register" in schema["properties"]["apps"]["additionalProperties"]["properties"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('authoritative_for = ["end_date"]', "is not decided between rosters"),
        ('join_on = "title"', "join_on"),
        ('time_zone = "Mars"', "is not an IANA time zone"),
        (
            'authoritative_for = ["title"]\n[rosters.b]\nsource = "csv"\npath = "b.csv"\nauthoritative_for = ["title"]',
            "are both authoritative for title",
        ),
    ],
)
def test_how_rosters_combine_is_checked(tmp_path, more, said):
    (tmp_path / "scimaudit.toml").write_text(f"{ROSTER}{more}\n", "utf-8")
    with pytest.raises(ConfigError, match=said):
        config.load(tmp_path / "scimaudit.toml")


SCIM = ROSTER + '[apps.crm]\n[[apps.crm.listings]]\nsource = "scim"\nbase_url = "https://crm.example"\n'
ENTRA = ROSTER + '[apps.m]\n[[apps.m.listings]]\nsource = "entra"\ntenant = "t"\nclient_id = "c"\n'


@pytest.mark.parametrize(
    "text",
    [
        SCIM + 'token = "tok-hush"\n',
        SCIM + "token = { env = 7, file = 8, command = [], keyring = \"tok-hush\" }\n",
        SCIM + 'token = { keyring = "tok-hush" }\n',
        SCIM + 'basic = { user = "a:tok-hush", password = { env = "X" } }\n',
        SCIM + 'basic = { user = "a", password = "tok-hush" }\n',
        SCIM + 'headers = { X-Api-Key = "tok-hush" }\n',
        SCIM + 'headers = "tok-hush"\n',
        SCIM + 'oauth2 = { token_url = "https://x", client_id = "c", secret = "tok-hush" }\n',
        SCIM + 'oauth2 = "tok-hush"\n',
        SCIM + 'proxy = "http://svc:tok-hush@proxy:3128"\n',
        SCIM + 'proxy_password = "tok-hush"\n',
        SCIM + '[drill]\ntokens.crm = "tok-hush"\n',
        ROSTER + '[network]\nproxy = "http://svc:tok-hush@proxy:3128"\n',
        ROSTER + '[network]\nproxy_password = "tok-hush"\n',
        ENTRA + 'secret = "tok-hush"\n',
        ENTRA + 'certificate = ["tok-hush"]\n',
        ROSTER.replace('"csv"', '"sql"') + 'url = "postgresql://ro:tok-hush@db/hr"\nquery = "SELECT 1"\n',
        ROSTER.replace('"csv"', '"ldap"') + 'password = "tok-hush"\nurl = "ldaps://x"\nbind = "cn=x"\nbase = "dc=x"\n',
    ],
)  # fmt: skip
def test_a_secret_that_somebody_wrote_here_by_mistake_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert "hush" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("variable", ["${HOME}", "$HOME", "{env}", "%HOME%", "~"])
def test_nothing_is_put_in_the_place_of_a_variable(tmp_path: Path, variable: str) -> None:
    """The environment speaks where ``env`` says so, and nowhere else."""
    text = f'[audit]\norganisation = "{variable}"\n' + SCIM.replace(
        "https://crm.example", f"https://crm.example/{variable}"
    )
    found = load(tmp_path, text)
    assert found.audit.organisation == variable
    assert found.apps[0].listings[0].settings.base_url == f"https://crm.example/{variable}"


@pytest.mark.parametrize("name", ["con", "NUL", "aux.prod", "Lpt1", "com9.x", "crm."])
def test_an_app_is_called_what_a_file_can_be_called(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a file"):
        load(tmp_path, f'{ROSTER}[apps."{name}"]\nreason = "x"\n')


@pytest.mark.parametrize(("one", "other"), [("HR", "hr"), ("a.b", "a-b"), ("a_b", "A-B")])
def test_no_two_apps_share_a_file(tmp_path: Path, one: str, other: str) -> None:
    with pytest.raises(ConfigError, match="too alike"):
        load(tmp_path, f'{ROSTER}[apps."{one}"]\nreason = "x"\n[apps."{other}"]\nreason = "x"\n')


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\\\b", ".hidden", "", "a\\u0000", "ä", "x" * 64])
def test_no_name_leaves_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, f'{ROSTER}[apps."{name}"]\nreason = "x"\n')
