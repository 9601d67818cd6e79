"""A directory and a tenant on loopback, to list with scimaudit and with the plainest other client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import graph, openldap

ROSTER = '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n'
PEOPLE = "employee_number,user_name,status\n1,nobody,active\n"


@contextmanager
def directory(entries: int, folder: Path) -> Iterator[list[str]]:
    """OpenLDAP with so many people; gives what ``ldapsearch`` needs. The configuration stands in ``folder``."""
    with openldap.serving() as server:
        server.add(
            openldap.person(
                f"u{n:06d}", mail=f"u{n:06d}@corp.example", givenName="Ana", employeeNumber=str(n), title="Clerk"
            )
            for n in range(entries)
        )
        (folder / "password").write_text(openldap.PASSWORD)
        (folder / "password").chmod(0o600)
        (folder / "hr.csv").write_text(PEOPLE)
        (folder / "scimaudit.toml").write_text(
            f'{ROSTER}[apps.directory]\n[[apps.directory.listings]]\nsource = "ldap"\nvendor = "openldap"\n'
            f'url = "{server.url}"\nca = "{server.ca}"\nbind = "cn=svc,{openldap.BASE}"\n'
            f'password = {{ file = "password" }}\nbase = "{openldap.PEOPLE}"\ngroups = false\n'
        )
        yield [server.url, f"cn=svc,{openldap.BASE}", str(folder / "password"), openldap.PEOPLE]


@contextmanager
def tenant(users: int, folder: Path) -> Iterator[list[str]]:
    """A Graph with so many users; gives what a plain loop over its pages needs."""
    with graph.serving(folder) as server:
        server.page = 999
        server.users = [
            {
                "id": f"id-{n:06d}", "userPrincipalName": f"u{n}@corp.example", "mail": f"u{n}@corp.example",
                "givenName": "Ana", "surname": f"Ames{n}", "displayName": f"Ana Ames{n}", "accountEnabled": True,
                "employeeId": f"{n:06d}", "userType": "Member", "department": "Sales", "jobTitle": "Clerk",
                "createdDateTime": "2024-01-02T03:04:05Z", "assignedLicenses": [],
                "signInActivity": {"lastSuccessfulSignInDateTime": "2026-11-01T10:00:00Z"},
                "proxyAddresses": [f"SMTP:u{n}@corp.example"],
            }
            for n in range(users)
        ]  # fmt: skip
        (folder / "secret").write_text(graph.SECRET)
        (folder / "secret").chmod(0o600)
        (folder / "hr.csv").write_text(PEOPLE)
        (folder / "scimaudit.toml").write_text(
            f'{ROSTER}[apps.entra]\n[[apps.entra.listings]]\nsource = "entra"\ntenant = "{graph.TENANT}"\n'
            f'client_id = "bench"\nsecret = {{ file = "secret" }}\nauthority = "{server.url}"\n'
            f'graph = "{server.url}"\nca = "{server.ca}"\ngroups = false\n'
        )
        yield [server.url, graph.TENANT, str(server.ca), graph.SECRET]
