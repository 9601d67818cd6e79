"""What counts as the same settings of a source."""

from __future__ import annotations

from pathlib import PureWindowsPath
from typing import Any

import pytest

from scimaudit import sources
from scimaudit.snapshot.settings import digest
from tests.servers import openldap

LDAP = {"url": "ldaps://x", "bind": "cn=a", "password": {"env": "A"}, "base": openldap.BASE}
SCIM = {"base_url": "https://x.example", "token": {"env": "A"}}
CSV = {"path": ["a/b.csv", "c.csv"], "as_of": "2026-11-20"}


def of(kind: str, settings: dict[str, Any]) -> str:
    return digest(sources.load(kind).model_validate(settings))


@pytest.mark.parametrize(
    ("kind", "settings", "other"),
    [
        ("ldap", LDAP, {"bind": "cn=b", "password": {"file": "p"}, "timeout": 5, "ca": "ca.pem"}),
        ("scim", SCIM, {"token": {"env": "B"}, "ca": "ca.pem", "proxy": "http://p.example"}),
    ],
)
def test_another_way_in_is_no_other_setting(kind: str, settings: dict[str, Any], other: dict[str, Any]) -> None:
    assert of(kind, settings) == of(kind, {**settings, **other})


@pytest.mark.parametrize(
    ("kind", "settings", "other"),
    [
        ("ldap", LDAP, {"filter": "(uid=a)"}),
        ("ldap", LDAP, {"seats": 3}),
        ("scim", SCIM, {"page_size": 3}),
        ("csv", CSV, {"path": ["c.csv", "a/b.csv"]}),
        ("csv", CSV, {"columns": {"active": "on"}}),
        ("csv", CSV, {"as_of": "2026-11-21"}),
        ("csv", CSV, {"status": {"active": ["here"]}}),
    ],
)
def test_what_changes_the_rows_is(kind: str, settings: dict[str, Any], other: dict[str, Any]) -> None:
    assert of(kind, settings) != of(kind, {**settings, **other})


def test_a_path_is_the_same_on_every_system() -> None:
    source = sources.load("csv").model_validate(CSV)
    windows = source.model_copy(update={"path": tuple(PureWindowsPath(str(path)) for path in source.path)})
    assert "\\" in str(windows.path[0])
    assert digest(windows) == digest(source)
