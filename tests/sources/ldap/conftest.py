"""A directory to ask, and a source that asks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scimaudit.sources import ldap
from tests.servers import openldap
from tests.servers.openldap import GROUPS, PEOPLE, group, person

MANY = 430


def _filled(server: openldap.OpenLDAP) -> None:
    server.add(
        person(
            f"u{i:05d}", cn=f"Ana Ames {i}", sn="Ames", givenName="Zoë" if i == 1 else "Ana",
            employeeNumber=f"E{i:05d}", mail=[f"u{i:05d}@corp.example", f"alias{i}@corp.example"][: 1 + (i == 3)],
            manager=f"UID=u00000, {PEOPLE}" if i else "cn=board,dc=elsewhere",
            **({"shadowExpire": "1"} if i == 7 else {}), **({"shadowExpire": "90000"} if i == 8 else {}),
        )
        for i in range(MANY)
    )  # fmt: skip
    everyone = [f"uid=u{i:05d},{PEOPLE}" for i in range(MANY)]
    server.add([
        group("all", *everyone),
        group("app-1", *everyone[1::2]),
        group("outer", f"cn=app-1,{GROUPS}", everyone[0]),
        group("loop-a", f"cn=loop-b,{GROUPS}"),
        group("loop-b", f"cn=loop-a,{GROUPS}", everyone[1]),
        group("dangling", f"uid=ghost,{PEOPLE}"),
        (f"cn=posix,{GROUPS}", {"objectClass": "posixGroup", "cn": "posix", "gidNumber": "7", "memberUid": "u00002"}),
    ])  # fmt: skip
    server.modify(f"dn: uid=u00043,{PEOPLE}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n\n"
                  f"dn: uid=u00044,{PEOPLE}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 20261123080000Z\n")  # fmt: skip


@pytest.fixture(scope="session")
def directory() -> Iterator[openldap.OpenLDAP]:
    with openldap.serving() as server:
        _filled(server)
        yield server


@pytest.fixture
def asks(directory, monkeypatch):
    """Makes a source of this directory; settings replace the usual ones."""
    monkeypatch.setenv("LDAP_PASSWORD", openldap.PASSWORD)

    def made(**settings) -> ldap.Source:
        return ldap.Source.model_validate(directory.settings(**settings))

    return made
