"""A made-up estate of any size: people, apps, accounts and grants, the same for the same seed.

About 5 % of accounts belong to nobody, 2 % to people who left, 2 % to people on leave, 10 % show another department than
the roster; some people moved, were hired again, or have not started, and some share a mail address. Every account holds
``grants`` of its app's 40 groups, one in a hundred is an administrator instead of a member of its first group, one in a
hundred holds what nobody else in the same post does. Whatever a rule asks, it finds something.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from scimaudit import tables
from scimaudit.snapshot import manifest as manifests
from scimaudit.snapshot.manifest import AppCollected, Collected, Manifest
from scimaudit.snapshot.store import file_digest, write_bytes, write_table
from scimaudit.sources import Listing, Scope, Walk

DEPARTMENTS = [f"Department {number:02d}" for number in range(40)]
GROUPS = 40
ADMIN, RARE = "admin", "rare"
BIRTHRIGHTS = 5
OPEN = range(30, 39)
"""Groups that the policy does not name in every other app."""
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
        owners[2::500] = owners[1::500]
        return owners

    def approvers(self, number: int) -> list[tuple[int, int]]:
        """The administrators of an app whom somebody approved: place of the account, number of whoever signed."""
        owners = self.owners(number)
        places = range(5, len(owners), 200)
        return [(place, int(owners[place]) if place % 800 == 5 and owners[place] >= 0 else 10) for place in places]

    def people_table(self) -> pa.Table:
        """The roster; one person in fifty has left."""
        numbers = np.arange(self.people)
        number = pa.array([f"{each:06d}" for each in numbers])
        login = pa.array([f"user{each:06d}" for each in numbers])
        mails = pa.array([[f"user{each:06d}@corp.example"] for each in numbers])
        shared = pa.array([_addresses(each) for each in numbers.tolist()])
        status = pa.array(
            np.select(
                [numbers % 50 == 0, numbers % 50 == 1, numbers % 200 == 2], ["terminated", "leave", "prehire"], "active"
            )
        )
        department = [DEPARTMENTS[each % 40] for each in numbers]
        return tables.build(
            tables.PEOPLE,
            {
                "person_id": number, "employee_number": number, "employee_number_key": number, "user_name": login,
                "user_name_key": login, "emails": mails, "email_keys": shared, "status": status, "status_raw": status,
                "worker_type": np.where(numbers % 10 == 3, "contractor", "employee"),
                "start_date": _days(numbers, {date(2026, 12, 15): numbers % 200 == 2, date(2025, 1, 1): numbers % 40 == 6}, date(2020, 1, 1)),
                "end_date": _days(numbers, {date(2026, 9, 30): numbers % 100 == 3}, None),
                "previous_end_date": _days(numbers, {date(2023, 6, 30): numbers % 40 == 6}, None),
                "previous_department": pa.array([DEPARTMENTS[(each + 1) % 40] if each % 25 == 4 else None for each in numbers]),
                "moved_on": _days(numbers, {date(2026, 10, 1): numbers % 25 == 4}, None),
                "display_name": pa.array([f"Given{each % 997} Family{each}" for each in numbers]),
                "given_name": pa.array([f"Given{each % 997}" for each in numbers]),
                "family_name": pa.array([f"Family{each}" for each in numbers]),
                "department": pa.array(department),
                "title": pa.array([f"Title {each % 90}" for each in numbers]),
                "roster": ["hr"] * self.people, "raw_row": numbers,
            },
        )  # fmt: skip

    def accounts_table(self, number: int) -> pa.Table:
        """The accounts of an app: a third match by number, a third by mail, a third by user name."""
        owners = self.owners(number)
        size = len(owners)
        place = np.arange(size)
        named = [
            f"user{owner:06d}" if owner >= 0 else f"{_kind_of_nobody(row)}{row:06d}" for row, owner in enumerate(owners)
        ]
        kinds = ["unknown" if owner >= 0 else KINDS[_kind_of_nobody(row)] for row, owner in enumerate(owners)]
        external = pa.array(
            [None if row % 20 == 7 else f"{owner:06d}" if owner >= 0 else f"x{row}" for row, owner in enumerate(owners)]
        )
        ago = np.select([place % 37 == 5, place % 41 == 6], [200, -1], 5)
        login_at = pa.array([None if days < 0 else MOMENT - timedelta(days=int(days)) for days in ago], tables.TIME)
        made = pa.array([CREATED[int(row % 17 == 3) + 2 * int(row % 13 == 4)] for row in place], tables.TIME)
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
                "external_id": external, "external_id_key": external, "created": made, "last_login": login_at,
                "user_name": login, "user_name_key": login, "emails": mails, "email_keys": mails,
                "employee_number": employee, "employee_number_key": employee, "active": place % 20 != 0,
                "display_name": pa.array([f"Given{owner % 997} Family{owner}" for owner in owners]),
                "department": pa.array([DEPARTMENTS[(owner + moved) % 40] for owner, moved in zip(owners, drifted, strict=True)]),
                "title": pa.array([f"Title {owner % 90}" for owner in owners]),
                "account_kind": kinds, "listings": [[f"apps.{self.app(number)}.listings[0]"]] * size,
                "raw_file": [f"apps.{self.app(number)}.listings[0]"] * size, "raw_body": [0] * size, "raw_row": place,
            },
        )  # fmt: skip

    def grants_table(self, number: int) -> pa.Table:
        """The grants of an app."""
        size = self.accounts // self.apps
        place = np.arange(size)
        group = (place[:, None] * 7 + np.arange(self.grants)[None, :] * 5) % GROUPS
        group[place % 100 == 5, 0] = GROUPS
        group[place % 100 == 1, 0] = GROUPS + 1
        names = pa.array([*(f"group{each:02d}" for each in range(GROUPS)), ADMIN, RARE])
        granted = np.zeros(group.shape, dtype=bool)
        granted[place % 300 == 5, 0] = True
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
                "granted_at": pa.array(np.full(rows, np.datetime64("2026-06-01", "us")), mask=~granted.ravel()),
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


KINDS = {"ghost": "unknown", "robot": "service", "desk": "shared"}
CREATED = (
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2022, 1, 1, tzinfo=UTC),
    MOMENT - timedelta(days=30),
    MOMENT - timedelta(days=30),
)


def _kind_of_nobody(row: int) -> str:
    return "robot" if row % 10 == 0 else "desk" if row % 10 == 1 else "ghost"


def _addresses(number: int) -> list[str]:
    """A mail address; a few people also have that of the next one."""
    own = f"user{number:06d}@corp.example"
    return [own, f"user{number + 1:06d}@corp.example"] if number % 5000 == 7 else [own]


def _days(numbers: np.ndarray, special: Mapping[date, np.ndarray], usual: date | None) -> pa.Array:
    days = np.full(len(numbers), usual, dtype=object)
    for day, rows in special.items():
        days[rows] = day
    return pa.array(days, pa.date32())


ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def write_configuration(estate: Estate, folder: Path, listing: str) -> Path:
    """A configuration of the estate, with a policy that gives every rule something to find.

    :param listing: TOML of a listing, with ``{app}`` where the app's name belongs.
    """
    (folder / "policy").mkdir(parents=True, exist_ok=True)
    parts = [
        "[audit]\nas_of = 2026-11-20\n",
        '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n',
        '[rules.peer-outlier]\npercent = 2.0\ncolumns = "department"\n',
        "[rules.policy-defect]\nenabled = false\n",  # a question about policy files, not about accounts
    ]
    parts += [
        f"[apps.{estate.app(number)}]\nclosed = {json.dumps(number % 2 == 0)}\n"
        f'external_id_is = "employee_number"\nprivileged = ["{ADMIN}"]\n'
        f"[[apps.{estate.app(number)}.listings]]\n{listing.format(app=estate.app(number))}\n"
        for number in range(estate.apps)
    ]
    (folder / "scimaudit.toml").write_text("".join(parts), "utf-8")
    for name, text in policy(estate).items():
        (folder / "policy" / name).write_text(text, "utf-8")
    return folder / "scimaudit.toml"


def policy(estate: Estate) -> Mapping[str, str]:
    """The policy files: name to text.

    Most groups are open to all, one to half of the departments, administration to ten of them, for a while and when
    approved; in every other app the policy is silent on some groups.
    """
    rules, pairs = [], []
    nhi = ["app,account,kind,owner,purpose,review_date,expires"]
    approvals = ["app,account,value,approved_by,approved_on,until,reason"]
    for number in range(estate.apps):
        app = estate.app(number)
        common = [group for group in range(GROUPS - 1) if number % 2 == 0 or group not in OPEN]
        given: list[tuple[str, str, list[str], str]] = [
            ("all", 'status != ""', [f"group{group:02d}" for group in common], ""),
            ("some", _departments(20), [f"group{GROUPS - 1}"], ""),
            ("admin", _departments(10), [ADMIN], "days = 90\nrequires_approval = true\n"),
        ]
        if number < BIRTHRIGHTS:
            given.append(("birthright", _departments(1), ["group10"], "birthright = true\n"))
        rules += [
            f'[[rules]]\nname = "{app}-{name}"\nwho = \'{who}\'\nwhy = "made up"\n{more}'
            f'what = {{ app = "{app}", attribute = "groups", values = {json.dumps(values)} }}\n'
            for name, who, values, more in given
        ]
        owner = ("user000010", "user000050", "", "user000010")[number % 4]
        review = "2026-06-30" if number < 10 else "2027-06-30"
        nhi.append(f"{app},robot*,service,{owner},made up,{review},{'2026-01-01' if number % 4 == 3 else ''}")
        if number % 2 == 0:
            nhi.append(f"{app},desk*,shared,user000010,made up,2027-06-30,")
        for place, signer in estate.approvers(number):
            until = "2026-10-31" if place % 400 == 5 else ""
            approvals.append(f"{app},a{number:02d}-{place:07d},{ADMIN},user{signer:06d},2026-08-03,{until},made up")
        if number < 10:
            pairs.append(_pair(f"within-{number}", (app, ADMIN), (app, "group05")))
        elif number < 30 and number % 2 == 0:
            pairs.append(_pair(f"across-{number}", (app, "group39"), (estate.app(number + 1), "group38")))
    return {
        "entitlements.toml": "\n".join(rules), "sod.toml": "\n".join(pairs), "nhi.csv": "\n".join(nhi) + "\n",
        "approvals.csv": "\n".join(approvals) + "\n",
    }  # fmt: skip


def _departments(most: int) -> str:
    return " or ".join(f'department = "{name}"' for name in DEPARTMENTS[:most])


def _pair(name: str, left: tuple[str, str], right: tuple[str, str]) -> str:
    sides = [f'{{ app = "{app}", attribute = "groups", values = ["{value}"] }}' for app, value in (left, right)]
    return f'[[pairs]]\nname = "{name}"\nleft = {sides[0]}\nright = {sides[1]}\nrisk = "made up"\n'


def write_snapshot(estate: Estate, store: Path) -> Path:
    """The estate as a finished snapshot, as a pull with proof would leave it."""
    folder = store / "snapshots" / "2026-11-20T120000.000Z"
    write_table(estate.people_table(), folder / "tables" / "people.parquet")
    attributes = dict.fromkeys(
        (
            "user_name", "emails", "employee_number", "external_id", "active", "display_name", "department", "title",
            "created", "last_login",
        ),
        1,
    )  # fmt: skip
    history = dict.fromkeys(("department", "title", "previous_department", "previous_end_date", "moved_on"), 1)
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
            Listing(estate.people, estate.people, proof, Scope("all"), proof, as_of=MOMENT, attributes=history),
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
    (folder / "raw").mkdir()
    for source in sources:
        for ending in (".jsonl", ".bodies"):
            (folder / "raw" / (source.raw + ending)).touch()
    files = {path.relative_to(folder).as_posix(): file_digest(path) for path in folder.rglob("*") if path.is_file()}
    manifest = Manifest(
        folder.name, "bench", MOMENT, MOMENT, "", False, estate.people, tuple(sources), tuple(lines), files
    )
    write_bytes(manifests.dump(manifest), folder / "manifest.json")
    return folder
