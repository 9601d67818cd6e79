"""A made-up estate of any size: people, apps, accounts and grants, the same for the same seed.

About 5 % of accounts belong to nobody, 2 % to people who left, 10 % show another department than the roster. Every
account holds ``grants`` of its app's 40 groups; half of the departments may hold each group.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from scimaudit import tables
from scimaudit.snapshot import manifest as manifests
from scimaudit.snapshot.manifest import AppCollected, Collected, Manifest
from scimaudit.snapshot.store import write_bytes, write_table
from scimaudit.sources import Listing, Scope, Walk

DEPARTMENTS = [f"Department {number:02d}" for number in range(40)]
GROUPS = 40
MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Estate:
    """How large."""

    people: int = 100_000
    apps: int = 50
    accounts: int = 1_000_000
    grants: int = 8

    def app(self, number: int) -> str:
        """Name of an app."""
        return f"app{number:02d}"

    def owners(self, number: int) -> np.ndarray:
        """Person number of each account of an app; -1 for an account that is nobody's."""
        size = self.accounts // self.apps
        random = np.random.default_rng(number)
        owners = random.choice(self.people, size, replace=size > self.people)
        owners[random.random(size) < 0.05] = -1
        return owners

    def people_table(self) -> pa.Table:
        """The roster; one person in fifty has left."""
        numbers = np.arange(self.people)
        number = pa.array([f"{each:06d}" for each in numbers])
        login = pa.array([f"user{each:06d}" for each in numbers])
        mails = pa.array([[f"user{each:06d}@corp.example"] for each in numbers])
        status = pa.array(np.where(numbers % 50 == 0, "terminated", "active"))
        return tables.build(
            tables.PEOPLE,
            {
                "person_id": number, "employee_number": number, "employee_number_key": number, "user_name": login,
                "user_name_key": login, "emails": mails, "email_keys": mails, "status": status, "status_raw": status,
                "display_name": pa.array([f"Given{each % 997} Family{each}" for each in numbers]),
                "given_name": pa.array([f"Given{each % 997}" for each in numbers]),
                "family_name": pa.array([f"Family{each}" for each in numbers]),
                "department": pa.array([DEPARTMENTS[each % 40] for each in numbers]),
                "title": pa.array([f"Title {each % 90}" for each in numbers]),
                "roster": ["hr"] * self.people, "raw_row": numbers,
            },
        )  # fmt: skip

    def accounts_table(self, number: int) -> pa.Table:
        """The accounts of an app: a third match by number, a third by mail, a third by user name."""
        owners = self.owners(number)
        size = len(owners)
        place = np.arange(size)
        named = [f"user{owner:06d}" if owner >= 0 else f"ghost{row:06d}" for row, owner in enumerate(owners)]
        by = place % 3
        employee = pa.array(
            [f"{owner:06d}" if owner >= 0 and way == 0 else None for owner, way in zip(owners, by, strict=True)]
        )
        mails = pa.array(
            [[f"{name}@corp.example"] if way == 1 else [] for name, way in zip(named, by, strict=True)], tables.TEXTS
        )
        login = pa.array([name if way == 2 else f"{name}.{number}" for name, way in zip(named, by, strict=True)])
        drifted = place % 10 == 0
        return tables.build(
            tables.ACCOUNTS,
            {
                "app": [self.app(number)] * size, "account_id": [f"a{number:02d}-{row:07d}" for row in place],
                "user_name": login, "user_name_key": login, "emails": mails, "email_keys": mails,
                "employee_number": employee, "employee_number_key": employee, "active": place % 20 != 0,
                "display_name": pa.array([f"Given{owner % 997} Family{owner}" for owner in owners]),
                "department": pa.array([DEPARTMENTS[(owner + moved) % 40] for owner, moved in zip(owners, drifted, strict=True)]),
                "title": pa.array([f"Title {owner % 90}" for owner in owners]),
                "account_kind": ["unknown"] * size, "listings": [[f"apps.{self.app(number)}.listings[0]"]] * size,
                "raw_file": ["bench"] * size, "raw_body": [0] * size, "raw_row": place,
            },
        )  # fmt: skip

    def grants_table(self, number: int) -> pa.Table:
        """The grants of an app."""
        size = self.accounts // self.apps
        group = (np.arange(size)[:, None] * 7 + np.arange(self.grants)[None, :] * 5) % GROUPS
        names = pa.array([f"group{each:02d}" for each in range(GROUPS)])
        value = pa.DictionaryArray.from_arrays(pa.array(group.ravel(), pa.int32()), names)
        rows = size * self.grants
        return tables.build(
            tables.GRANTS,
            {
                "app": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([self.app(number)])),
                "account_id": pa.array([f"a{number:02d}-{row:07d}" for row in range(size)]).take(pa.array(np.repeat(np.arange(size), self.grants))),
                "attribute": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["groups"])),
                "value": value, "display": value,
                "type": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["direct"])),
            },
        )  # fmt: skip

    def users(self, number: int) -> Iterator[bytes]:
        """The accounts of an app as SCIM users of about 1.3 KB."""
        filler = "x" * 700
        for row in self.accounts_table(number).to_pylist():
            user = {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
                "id": row["account_id"], "externalId": row["employee_number"], "userName": row["user_name"],
                "name": {"givenName": "Given", "familyName": "Family", "formatted": row["display_name"]},
                "displayName": row["display_name"], "active": row["active"], "title": row["title"],
                "emails": [{"value": mail, "type": "work", "primary": True} for mail in row["emails"]],
                ENTERPRISE: {"employeeNumber": row["employee_number"], "department": row["department"], "organization": filler},
                "meta": {"resourceType": "User", "created": "2024-01-01T00:00:00Z", "lastModified": "2026-01-01T00:00:00Z"},
            }  # fmt: skip
            yield json.dumps({key: value for key, value in user.items() if value not in (None, [])}).encode()


ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def write_configuration(estate: Estate, folder: Path, listing: str) -> Path:
    """A configuration of the estate: all groups of an app are open to all but one, which is open to half of the departments.

    :param listing: TOML of a listing, with ``{app}`` where the app's name belongs.
    """
    (folder / "policy").mkdir(parents=True, exist_ok=True)
    parts = ['[audit]\nas_of = 2026-11-20\n[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n']
    parts += [
        f'[apps.{estate.app(number)}]\nclosed = true\nexternal_id_is = "employee_number"\n'
        f"[[apps.{estate.app(number)}.listings]]\n{listing.format(app=estate.app(number))}\n"
        for number in range(estate.apps)
    ]
    (folder / "scimaudit.toml").write_text("".join(parts), "utf-8")
    rules = []
    for number in range(estate.apps):
        app = estate.app(number)
        some = " or ".join(f'department = "{name}"' for name in DEPARTMENTS[:20])
        for name, who, groups in (("all", 'status != ""', range(GROUPS - 1)), ("some", some, [GROUPS - 1])):
            values = json.dumps([f"group{group:02d}" for group in groups])
            rules.append(
                f'[[rules]]\nname = "{app}-{name}"\nwho = \'{who}\'\nwhy = "made up"\n'
                f'what = {{ app = "{app}", attribute = "groups", values = {values} }}\n'
            )
    (folder / "policy" / "entitlements.toml").write_text("\n".join(rules), "utf-8")
    return folder / "scimaudit.toml"


def write_snapshot(estate: Estate, store: Path) -> Path:
    """The estate as a finished snapshot, as a pull with proof would leave it."""
    folder = store / "snapshots" / "2026-11-20T120000.000Z"
    write_table(estate.people_table(), folder / "tables" / "people.parquet")
    attributes = dict.fromkeys(
        ("user_name", "emails", "employee_number", "active", "display_name", "department", "title"), 1
    )
    proof = Walk("complete")
    sources = [
        Collected(
            "rosters.hr",
            "people",
            None,
            "csv",
            "roster.hr",
            MOMENT,
            MOMENT,
            Listing(estate.people, estate.people, proof, Scope("all"), proof, as_of=MOMENT),
        )
    ]
    lines = []
    for number in range(estate.apps):
        app = estate.app(number)
        accounts, grants = estate.accounts_table(number), estate.grants_table(number)
        write_table(accounts, folder / "tables" / "accounts" / f"{app}.parquet")
        write_table(grants, folder / "tables" / "grants" / f"{app}.parquet")
        listing = Listing(
            accounts.num_rows, accounts.num_rows, proof, Scope("all"), proof, as_of=MOMENT, attributes=attributes
        )
        sources.append(
            Collected(f"apps.{app}.listings[0]", "accounts", app, "scim", f"app.{app}.0", MOMENT, MOMENT, listing)
        )
        lines.append(AppCollected(app, accounts.num_rows, grants.num_rows, "complete", "", "all", "", "complete", ""))
    manifest = Manifest(
        folder.name, "bench", MOMENT, MOMENT, "", False, estate.people, tuple(sources), tuple(lines), {}
    )
    write_bytes(manifests.dump(manifest), folder / "manifest.json")
    return folder
