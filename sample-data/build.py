"""Writes apps/*.json and exports/*.csv: every account that should exist, from the two rosters, then the stories.

Run ``python sample-data/build.py`` after changing a roster or a story; a test says when the files and this script part.
What each story is for stands in README.md.
"""  # noqa: INP001 - a script beside its data, not a package

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DOMAIN, OLD_DOMAIN = "tindvik.example", "tindvik-spedition.example"
CORE = "urn:ietf:params:scim:schemas:core:2.0"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True)
class Person:
    """A row of either roster."""

    number: str
    login: str
    given: str
    family: str
    mail: str
    state: str
    kind: str
    joined: str
    department: str
    title: str
    boss: str

    @property
    def name(self) -> str:
        """The name to show."""
        return f"{self.given} {self.family}"

    @property
    def works(self) -> bool:
        """Whether the person is at work, as the roster has it."""
        return self.state in {"aktiv", "active"}


def people() -> dict[str, Person]:
    """Everyone in the two rosters, by number."""
    found = [
        Person(
            row["Personalnummer"], row["Anmeldename"], row["Vorname"], row["Nachname"], row["E-Mail"], row["Status"],
            "Employee", row["Eintritt"], row["Abteilung"], row["Stelle"], row["Vorgesetzte"],
        )
        for row in _rows("hr.csv")
    ] + [
        Person(
            row["Contract"], row["Mail"].partition("@")[0], row["First name"], row["Last name"], row["Mail"],
            row["State"], row["Kind"].title(), row["Start"], row["Department"], row["Role"], row["Sponsor"],
        )
        for row in _rows("contractors.csv")
        # Who stands in both rosters has the accounts of an employee.
        if row["Mail"] not in {other["E-Mail"] for other in _rows("hr.csv")}
    ]  # fmt: skip
    return {person.number: person for person in found}


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@dataclass
class App:
    """One app while it is being filled.

    :param opened: the day the app was introduced; no account is older unless it says so.
    :param user_name: how the app names a person's account.
    :param linked: whether accounts carry externalId and the enterprise attributes.
    """

    name: str
    opened: str
    user_name: Callable[[Person], str]
    linked: bool = True
    paging: dict[str, Any] = field(default_factory=lambda: {"behaviour": "index", "page_max": 100})
    users: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def give(self, who: Person, *groups: str, roles: Iterable[str] = (), **changes: Any) -> None:
        """An account of a person, as provisioning would make it, with what the story changes."""
        facts = {
            "userName": self.user_name(who), "givenName": who.given, "familyName": who.family, "email": who.mail,
            "title": who.title, "department": who.department, "userType": who.kind, "boss": who.boss,
            "externalId": who.number, "employeeNumber": who.number, "created": max(who.joined, self.opened),
        }  # fmt: skip
        if not self.linked:
            facts |= dict.fromkeys(("externalId", "employeeNumber", "department", "title", "boss"))
        self.make(*groups, roles=roles, **(facts | changes))

    def make(self, *groups: str, roles: Iterable[str] = (), **facts: Any) -> None:
        """An account of nobody in particular, exactly as told."""
        account_id = self.id(facts["userName"])
        given, family = facts.get("givenName"), facts.get("familyName")
        name = {"givenName": given, "familyName": family} if given or family else None
        shown = facts.get("displayName") or " ".join(part for part in (given, family) if part)
        email = facts.get("email")
        extension = {
            "employeeNumber": facts.get("employeeNumber"),
            "department": facts.get("department"),
            "manager": {"value": facts["boss"]} if facts.get("boss") else None,
        }
        extension = {key: value for key, value in extension.items() if value is not None}
        resource = {
            "schemas": [f"{CORE}:User", *([ENTERPRISE] if extension else [])],
            "id": account_id,
            "externalId": facts.get("externalId"),
            "userName": facts["userName"],
            "name": name,
            "displayName": shown or None,
            "title": facts.get("title"),
            "userType": facts.get("userType"),
            "active": facts.get("active", True),
            "emails": [{"value": email, "type": "work", "primary": True}] if email else None,
            "roles": [{"value": role} for role in roles] or None,
            ENTERPRISE: extension or None,
            "meta": _meta(facts.get("created", self.opened), account_id),
        }
        self.users.append({key: value for key, value in resource.items() if value is not None})
        for group in groups:
            self.groups.setdefault(group, []).append({"value": account_id, "type": "User", "display": shown})

    def serve(self, name: str, shown: str, *groups: str, **facts: Any) -> None:
        """An account of a program, made by provisioning."""
        self.make(
            *groups, userName=name, displayName=shown, externalId=f"nhi-{name}", **{"userType": "Service", **facts}
        )

    def id(self, name: str) -> str:
        """An id that looks like one and never changes."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://{self.name}.{DOMAIN}/{name}"))

    def nest(self, inner: str, outer: str) -> None:
        """Make one group a member of another."""
        member = {"value": self.id(f"group {inner}"), "type": "Group", "display": inner}
        self.groups.setdefault(outer, []).append(member)

    def text(self) -> str:
        """The app's file: one resource a line, so that a change shows as a line."""
        by_number = {user.get("externalId"): user["id"] for user in self.users if user.get("externalId")}
        for user in self.users:
            manager = user.get(ENTERPRISE, {}).get("manager")
            if manager:
                manager["value"] = by_number.get(manager["value"], manager["value"])
                if "-" not in manager["value"]:  # the manager has no account here
                    del user[ENTERPRISE]["manager"]
        groups = [
            {
                "schemas": [f"{CORE}:Group"],
                "id": self.id(f"group {name}"),
                "displayName": name,
                "members": members,
                "meta": _meta(self.opened, name),
            }
            for name, members in sorted(self.groups.items())
        ]
        users = sorted(self.users, key=lambda user: (user["userName"].casefold(), user["id"]))
        return _json(self.paging, users=users, groups=groups)


def _meta(created: str, seed: str) -> dict[str, str]:
    turn = uuid.uuid5(uuid.NAMESPACE_URL, seed).int
    clock = f"T{6 + turn % 12:02}:{turn % 60:02}:{turn % 59:02}Z"
    changed = f"2026-{1 + turn % 10:02}-{1 + turn % 28:02}"
    return {"created": created + clock, "lastModified": max(created, changed) + clock}


def _json(head: Mapping[str, Any], **lists: list[dict[str, Any]]) -> str:
    parts = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    for key, values in lists.items():
        lines = ",\n".join("  " + json.dumps(value, ensure_ascii=False) for value in values)
        parts.append(f" {json.dumps(key)}: [\n{lines}\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def chat(who: dict[str, Person]) -> App:
    """Kanal: everyone with a desk. Nothing is wrong here, and that can be proven."""
    app = App("chat", "2019-03-04", lambda person: person.mail)
    for person in who.values():
        deskless = person.title == "Terminal Worker" or person.number in {"K-2002", "K-2003"}
        if deskless or person.kind == "Guest" or person.state == "künftig":
            continue
        boss = person.title.endswith(("Manager", "Director", "Head of People")) or person.title == "Chief Executive"
        channels = ["Everyone" if person.kind == "Employee" else "Externals", *(["Managers"] if boss else [])]
        channels += [person.department] if person.department in {"Sales", "Finance", "Engineering", "IT"} else []
        app.give(person, *(channels if person.works else []), active=person.works)
    app.serve("svc-alarm", "Terminal alarms", created="2021-05-10")
    return app


def crm(who: dict[str, Person]) -> App:
    """Kompass: Sales, Customer Service, the board; provisioned over SCIM."""
    app = App("crm", "2016-01-11", lambda person: person.mail)
    renamed, fatima, leaver, mover = who["00110"], who["00112"], who["00116"], who["00106"]
    lookup = {"Customs Clerk", "Procurement Officer", "Operations Manager", "Payables Clerk", "Accountant"}
    special = {renamed.number, fatima.number, "00109", "00111", "00114", "00115", "00117", "00126", "00128", "00129"}
    for person in who.values():
        teams = {
            "Sales": ["Sales Managers"] if "Manager" in person.title or "Director" in person.title else ["Sales"],
            "Customer Service": ["Service"],
            "Management": ["Sales Managers"] if person.title == "Sales Director" else ["Board"],
        }.get(person.department, ["Lookup"] if person.title in lookup else [])
        if teams and person.number not in special and person.state != "künftig":
            app.give(person, *(teams if person.works else []), active=person.works)
    app.give(who["00109"], "Sales Managers", "Credit Notes")
    app.give(who["00117"], "Key Accounts", "Sales", "Credit Notes")
    app.give(who["00111"], "Key Accounts", "Sales", created="2024-06-10")
    before = {"userName": f"mai.nguyen@{OLD_DOMAIN}", "externalId": "legacy-4471", "created": "2018-03-05"}
    app.give(who["00111"], "Sales", **before)
    maiden = f"ingrid.solberg@{DOMAIN}"
    app.give(renamed, "Sales", userName=maiden, email=maiden, familyName="Solberg")
    app.give(fatima, active=False)
    app.give(who["00114"], "Sales", email="Jan.Kowalski@Tindvik.example")
    app.give(who["00115"], "Sales", externalId=None, created="2024-05-07")
    app.give(who["00128"], active=True, created="2016-04-01", department="Sales", title="Dispatcher")
    app.give(who["00129"], "Sales", created="2026-11-16")
    app.give(mover, "Sales", department="Sales", title="Account Executive")
    app.give(leaver, "CRM Admins")
    app.give(who["00151"], "CRM Support", userName=f"kari.nilsen@{DOMAIN}")
    app.give(who["00151"], "CRM Admins", userName=f"adm-kari.nilsen@{DOMAIN}", externalId="adm-00151")
    app.make(
        "Sales", userName=f"l.holm@{DOMAIN}", email=f"l.holm@{DOMAIN}", givenName="Leif", familyName="Holm",
        title="Account Executive", department="Sales", userType="Employee", created="2016-01-11",
    )  # fmt: skip
    app.make(
        "Sales", userName="anna.berg.training", email=f"anna.berg2@{DOMAIN}", givenName="Anna", familyName="Berg",
        employeeNumber="00117", userType="Employee", created="2023-02-20",
    )  # fmt: skip
    app.make(
        "Service", userName="test.gast@kundenportal.example", email="test.gast@kundenportal.example",
        displayName="Test Gast", userType="Employee", created="2022-11-30",
    )  # fmt: skip
    app.make(
        "Sales Managers", userName=f"adm-vorschau@{DOMAIN}", displayName="Preview for customers", userType="Employee",
        externalId="adm-vorschau", created="2024-09-16",
    )  # fmt: skip
    app.serve("svc-newsletter", "Newsletter sync", "Lookup", created="2021-02-01")
    app.serve("svc-export", "Nightly export", "Lookup", created="2021-02-01")
    app.make(userName="canary-audit", displayName="Audit canary", userType="Service", created="2026-01-15")
    app.nest("Sales Managers", "Sales")
    return app


def erp(who: dict[str, Person]) -> App:
    """Hovedbok: the ledger, in scope of financial controls; pages by cursor only; entitlements are roles."""
    app = App("erp", "2014-01-06", lambda person: person.login, paging={"behaviour": "cursor", "page_max": 20})
    roles = {
        "Dispatcher": ["ORDER_ENTRY"], "Route Planner": ["ORDER_ENTRY"], "Customs Clerk": ["ORDER_ENTRY", "CUSTOMS"],
        "Operations Manager": ["ORDER_APPROVE"], "Operations Director": ["ORDER_APPROVE"],
        "Procurement Officer": ["VENDOR_MASTER"], "Payables Clerk": ["AP_ENTRY"], "Accountant": ["GL_POST"],
        "Payments Officer": ["PAYMENT_RELEASE"], "Finance Director": ["PAYMENT_RELEASE"], "Controller": ["GL_CLOSE"],
        "Finance Manager": ["GL_CLOSE", "PAYMENT_RELEASE", "VENDOR_MASTER"], "ERP Consultant": ["GL_READ"],
        "Service Agent": ["ORDER_READ"], "Service Manager": ["ORDER_READ"], "Payroll Specialist": ["GL_READ"],
        "IT Manager": ["BASIS_ADMIN"],
    }  # fmt: skip
    changes: dict[str, dict[str, Any]] = {
        "00134": {"givenName": "Jose"},
        "00135": {"title": "Customs Trainee"},
        "00146": {"roles": ["AP_ENTRY"]},
        "00147": {"roles": ["GL_POST", "AP_ENTRY"], "created": "2017-04-03"},
        "00149": {"roles": ["GL_POST", "GL_CLOSE"]},
    }
    for person in who.values():
        if person.title not in roles or person.state == "künftig" or person.number in {"00128", "00142"}:
            continue
        held = {"roles": roles[person.title] if person.works else [], **changes.get(person.number, {})}
        team = {"Operations": ["Orders"], "Finance": ["Finance"], "Customer Service": ["Service"]}
        groups = ["ERP Users", *team.get(person.department, [])] if person.works else []
        app.give(person, *groups, active=person.works, **held)
    app.give(who["00109"], "ERP Users", roles=["PAYMENT_RELEASE"], created="2025-07-01")
    app.give(who["00116"], "ERP Users", roles=["BASIS_ADMIN"])
    app.serve("svc-bank-feed", "Bank feed", roles=["GL_READ"])
    app.serve("svc-customs", "Customs link", roles=["CUSTOMS"])
    app.serve("emergency", "Emergency access", roles=["BASIS_ADMIN"])
    return app


def wiki(who: dict[str, Person]) -> App:
    """Almanac: accounts arise at the first sign-in; its listing stops at 60 and says that there are 60."""
    app = App(
        "wiki", "2018-02-05", lambda person: person.login, linked=False,
        paging={"behaviour": "cut-short", "page_max": 50, "cap": 60},
    )  # fmt: skip
    migrated = {"00122", "00131"}
    alive = {"00116", "00146"}
    absent = {"00126", "00127", "00128", "00136", "00139", "00140", "K-2006", "K-2010"}
    for person in who.values():
        if person.number in absent or person.kind == "Guest" or person.state == "künftig":
            continue
        active = person.works or person.number in alive
        old = {"userName": f"{person.login}@{OLD_DOMAIN}", "email": f"{person.login}@{OLD_DOMAIN}"}
        groups = ["Space Admins" if person.department == "IT" else "Readers"]
        groups += [f"{person.department} space"] if person.department in {"Engineering", "Operations"} else []
        app.give(person, *(groups if active else []), active=active, **(old if person.number in migrated else {}))
    guest = {"userType": "Guest", "created": "2026-05-04"}
    for number in ("G-3001", "G-3002", "G-3003"):
        home = who[number].mail.replace("@", "_")
        app.give(who[number], "Partners", userName=f"{home}#EXT#@tindvik.onmicrosoft.example", **guest)
    app.make(
        "Partners", userName="marek.k_altfracht.example#EXT#@tindvik.onmicrosoft.example",
        email="marek.k@altfracht.example", displayName="Marek K.", **guest,
    )  # fmt: skip
    app.make("Readers", userName="annab", givenName="Anna", familyName="Berg", created="2019-09-02")
    app.make("Readers", userName="larsp", displayName="Lars P.", created="2021-06-15")
    app.make(userName="import-2018", displayName="Import 2018", created="2018-02-05")
    app.make("Readers", userName="frontdesk", email=f"frontdesk@{DOMAIN}", displayName="Front desk Oslo")
    app.make("Readers", userName="kiosk-gdansk", displayName="Kiosk Gdańsk", userType="Shared")
    app.make("Space Admins", userName="bot-importer", displayName="Import bot", userType="Bot")
    return app


# The last sign-in in a browser at the code host, where it is not the ordinary one; empty is never.
CODE_LOGINS = {
    "nhi-ci-runner-7": "", "nhi-release-bot": "2026-05-04", "nhi-break-glass": "2026-10-05",
    "00116": "2026-11-12", "00152": "2026-06-02", "00154": "2026-09-10", "00162": "2026-10-01", "00161": "",
    "K-2002": "2026-11-17", "K-2009": "", "K-2010": "2026-08-28",
}  # fmt: skip


# Who maintains a release for a while: the group's name tells its last day.
RELEASE_DUTY = {"00159": "2026-11-15", "00158": "2026-12-15"}


def code(who: dict[str, Person]) -> App:
    """Werkbank: lists over SCIM only the accounts that SCIM made; its member export knows more."""
    app = App("code", "2018-06-04", _handle)
    for person in who.values():
        if person.department not in {"Engineering", "IT"}:
            continue
        active = person.works or person.number == "00116"
        team = {"IT Manager": "Owners", "Engineering Manager": "Maintainers"}.get(person.title, "Developers")
        born = {"created": "2026-11-09"} if person.number == "K-2009" else {}
        project = "Platform" if person.department == "IT" else "Booking"
        duty = [f"Maintainers until {RELEASE_DUTY[person.number]}"] if person.number in RELEASE_DUTY else []
        app.give(person, *([team, project, *duty] if active else []), active=active, **born)
    for name, shown in (("deploy-bot", "Deployments"), ("ci-runner-7", "Build runner 7"), ("release-bot", "Releases")):
        app.serve(name, shown, "Developers", userType="Bot", created="2022-03-01")
    app.serve("break-glass", "Emergency owner", "Owners", created="2022-03-01")
    return app


def _handle(person: Person) -> str:
    return (person.login[0] + person.login.rpartition(".")[2])[:12] if person.number != "K-2002" else "vnovak-bf"


def code_members(app: App) -> str:
    """The code host's own member list: last sign-in, and two accounts made by hand."""
    rows = []
    for user in app.users:
        email = user.get("emails", [{}])[0].get("value", "")
        active = "suspended" if not user["active"] else "active"
        rows.append(
            [user["userName"], email, user["displayName"], active, CODE_LOGINS.get(user["externalId"], "2026-11-18")]
        )
    rows.append(["sandkasse", f"praktikant@{DOMAIN}", "Sandkasse", "active", "2026-11-03"])
    rows.append(["okovalenko-lab", f"oksana.kovalenko@{DOMAIN}", "Oksana (lab)", "active", "2026-11-05"])
    return _csv(["login", "email", "name", "state", "last active"], sorted(rows))


def helpdesk(who: dict[str, Person]) -> str:
    """Skranke: has no SCIM; an export with a row that a comma in a name has cut in five."""
    rows = []
    for person in who.values():
        member = person.kind == "Employee" or person.department == "Customer Service"
        if not member or person.state == "künftig" or person.number in {"00116", "00126", "00128", "00131"}:
            continue
        disabled = person.number in {"00123", "00146"}
        role = "" if disabled else "agent" if person.department == "Customer Service" else "member"
        rows.append([person.mail, person.name, role, "disabled" if disabled else "enabled"])
    rows.append([f"frontdesk@{DOMAIN}", "Front desk Oslo", "agent", "enabled"])
    rows = sorted(rows)
    rows.insert(7, [f"gunnar.solheim@{DOMAIN}", "Solheim", " Gunnar", "member", "enabled"])
    return _csv(["mail", "name", "role", "state"], rows)


def _csv(header: list[str], rows: Iterable[list[str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def files() -> dict[str, str]:
    """Every file that this script writes: path to text."""
    who = people()
    apps = [chat(who), crm(who), erp(who), wiki(who), code(who)]
    texts = {f"apps/{app.name}.json": app.text() for app in apps}
    return texts | {"exports/code-members.csv": code_members(apps[-1]), "exports/helpdesk.csv": helpdesk(who)}


if __name__ == "__main__":
    for name, text in files().items():
        (HERE / name).write_text(text, "utf-8", newline="\n")
