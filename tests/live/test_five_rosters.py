"""The sample company with its people in five kinds of system of record: the same people, the same findings."""

from __future__ import annotations

import csv
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scimaudit import config, workflow
from scimaudit.demo.sample import prepare, sample_folder
from scimaudit.demo.server import serve
from tests.servers import graph, openldap, postgresql
from tests.silence import Silence

WORDS = 'status = { active = ["aktiv"], leave = ["beurlaubt"], prehire = ["künftig"], terminated = ["ausgeschieden"] }'
EXTENSION = "urn:ietf:params:scim:schemas:extension:tindvik:2.0:Employee"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
KEPT = ("finding_id", "kind", "severity", "app", "account_id", "person_id", "attribute", "expected", "actual")
PEOPLE = ("person_id", "employee_number", "user_name", "emails", "aliases", "given_name", "family_name", "status",
          "worker_type", "start_date", "end_date", "department", "title", "manager_id", "location",
          "previous_department", "previous_title", "moved_on", "previous_end_date")  # fmt: skip

EXTENDED = {"Status": "status", "Abteilung bisher": "previous_department", "Stelle bisher": "previous_title",
            "Stelle seit": "moved_on", "Austritt bisher": "previous_end_date"}  # fmt: skip


def hr() -> list[dict[str, str]]:
    with (sample_folder() / "hr.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def in_csv(folder: Path, stack: ExitStack) -> None:
    return None


def in_postgresql(folder: Path, stack: ExitStack) -> str:
    server = stack.enter_context(postgresql.serving())
    rows = hr()
    names = ", ".join(f'"{name}" text' for name in rows[0])
    server.run(f"CREATE TABLE hr.person ({names})")
    import psycopg

    with psycopg.connect(
        host="127.0.0.1", port=server.port, user="hr", password=server.password, dbname="postgres"
    ) as link:
        marks = ", ".join(["%s"] * len(rows[0]))
        with link.cursor() as cursor:
            cursor.executemany(f"INSERT INTO hr.person VALUES ({marks})", [list(row.values()) for row in rows])
    return f"""source = "sql"
url = "{server.url()}"
password = {{ env = "HR_PASSWORD" }}
query = "SELECT * FROM hr.person"
columns = {{ person_id = "Personalnummer", employee_number = "Personalnummer", user_name = "Anmeldename", given_name = "Vorname", family_name = "Nachname", emails = "E-Mail", aliases = "Frühere E-Mail", status = "Status", worker_type = "Beschäftigung", start_date = "Eintritt", end_date = "Austritt", department = "Abteilung", title = "Stelle", manager_id = "Vorgesetzte", location = "Standort", previous_department = "Abteilung bisher", previous_title = "Stelle bisher", moved_on = "Stelle seit", previous_end_date = "Austritt bisher" }}
{WORDS}
"""


def in_openldap(folder: Path, stack: ExitStack) -> str:
    server = stack.enter_context(openldap.serving())
    dn = {row["Personalnummer"]: f"employeeNumber={row['Personalnummer']},{openldap.PEOPLE}" for row in hr()}
    server.add(
        (dn[row["Personalnummer"]], {name: value for name, value in {
            "objectClass": ["inetOrgPerson", "hrPerson"], "employeeNumber": row["Personalnummer"],
            "cn": f"{row['Vorname']} {row['Nachname']}", "sn": row["Nachname"], "givenName": row["Vorname"],
            "uid": row["Anmeldename"], "mail": row["E-Mail"], "hrAlias": row["Frühere E-Mail"],
            "hrStatus": row["Status"], "employeeType": row["Beschäftigung"], "hrStart": row["Eintritt"],
            "hrEnd": row["Austritt"], "departmentNumber": row["Abteilung"], "title": row["Stelle"],
            "manager": dn.get(row["Vorgesetzte"], ""), "l": row["Standort"],
            "hrFormerDepartment": row["Abteilung bisher"], "hrFormerTitle": row["Stelle bisher"],
            "hrMoved": row["Stelle seit"], "hrFormerEnd": row["Austritt bisher"],
        }.items() if value})
        for row in hr()
    )  # fmt: skip
    return f"""source = "ldap"
vendor = "openldap"
url = "{server.url}"
ca = "{server.ca}"
bind = "cn=svc,{openldap.BASE}"
password = {{ env = "LDAP_PASSWORD" }}
base = "{openldap.PEOPLE}"
columns = {{ person_id = "employeeNumber", aliases = "hrAlias", status = "hrStatus", start_date = "hrStart", end_date = "hrEnd", previous_department = "hrFormerDepartment", previous_title = "hrFormerTitle", moved_on = "hrMoved", previous_end_date = "hrFormerEnd" }}
{WORDS}
"""


def in_graph(folder: Path, stack: ExitStack) -> str:
    tenant = stack.enter_context(graph.serving(folder))
    tenant.users = [
        {
            "id": f"id-{row['Personalnummer']}", "employeeId": row["Personalnummer"] or None,
            "userPrincipalName": row["Anmeldename"] or None, "mail": row["E-Mail"] or None,
            "givenName": row["Vorname"], "surname": row["Nachname"], "displayName": f"{row['Vorname']} {row['Nachname']}",
            "proxyAddresses": [f"smtp:{row['Frühere E-Mail']}"] if row["Frühere E-Mail"] else [],
            "onPremisesExtensionAttributes": {
                f"extensionAttribute{number}": row[name] or None for number, name in enumerate(EXTENDED, 1)
            },
            "employeeType": row["Beschäftigung"], "department": row["Abteilung"], "jobTitle": row["Stelle"],
            "officeLocation": row["Standort"], "accountEnabled": True, "userType": "Member",
            "employeeHireDate": f"{row['Eintritt']}T00:00:00Z" if row["Eintritt"] else None,
            "employeeLeaveDateTime": f"{row['Austritt']}T00:00:00Z" if row["Austritt"] else None,
            "manager": {"id": f"id-{row['Vorgesetzte']}"} if row["Vorgesetzte"] else None,
        }
        for row in hr()
    ]  # fmt: skip
    extended = ", ".join(
        f'{column} = "onPremisesExtensionAttributes.extensionAttribute{number}"'
        for number, column in enumerate(EXTENDED.values(), 1)
    )
    return f"""source = "entra"
tenant = "{graph.TENANT}"
client_id = "scimaudit"
secret = {{ env = "GRAPH_SECRET" }}
authority = "{tenant.url}"
graph = "{tenant.url}"
ca = "{tenant.ca}"
columns = {{ person_id = "employeeId", {extended} }}
{WORDS}
"""


def in_scim(folder: Path, stack: ExitStack) -> str:
    apps = folder / "hr-server" / "apps"
    apps.mkdir(parents=True)
    users = [
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": f"id-{row['Personalnummer']}",
            "userName": row["Anmeldename"], "active": True, "title": row["Stelle"], "userType": row["Beschäftigung"],
            "name": {"givenName": row["Vorname"], "familyName": row["Nachname"]},
            "displayName": f"{row['Vorname']} {row['Nachname']}",
            "emails": [{"value": row["E-Mail"], "primary": True}],
            ENTERPRISE: {"employeeNumber": row["Personalnummer"], "department": row["Abteilung"]}
            | ({"manager": {"value": f"id-{row['Vorgesetzte']}"}} if row["Vorgesetzte"] else {}),
            EXTENSION: {"status": row["Status"], "hired": row["Eintritt"], "left": row["Austritt"],
                        "formerMail": row["Frühere E-Mail"], "site": row["Standort"],
                        "formerDepartment": row["Abteilung bisher"], "formerTitle": row["Stelle bisher"],
                        "moved": row["Stelle seit"], "formerEnd": row["Austritt bisher"]},
        }
        for row in hr()
    ]  # fmt: skip
    (apps / "hr.json").write_text(json.dumps({"behaviour": "index", "page_max": 20, "users": users, "groups": []}))
    running = stack.enter_context(serve(apps.parent))
    (folder / "hr-token").write_text(running.token)
    (folder / "hr-token").chmod(0o600)
    return f"""source = "scim"
base_url = "{running.origin}/hr/scim/v2"
token = {{ file = "{folder / "hr-token"}" }}
columns = {{ person_id = "{ENTERPRISE}.employeeNumber", status = "{EXTENSION}.status", start_date = "{EXTENSION}.hired", end_date = "{EXTENSION}.left", aliases = "{EXTENSION}.formerMail", location = "{EXTENSION}.site", previous_department = "{EXTENSION}.formerDepartment", previous_title = "{EXTENSION}.formerTitle", moved_on = "{EXTENSION}.moved", previous_end_date = "{EXTENSION}.formerEnd" }}
{WORDS}
"""


def audited(folder: Path, roster: str | None) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """People and findings of the sample company with this block in place of its HR file."""
    moment = datetime(2026, 11, 20, 22, tzinfo=UTC)

    def now() -> datetime:
        nonlocal moment
        moment += timedelta(milliseconds=1)
        return moment

    with serve(sample_folder()) as running, pytest.MonkeyPatch.context() as patch:
        path = prepare(folder / "work", running)
        patch.setenv("SCIMAUDIT_DEMO_TOKEN", running.token)
        for name, value in {
            "HR_PASSWORD": "ropw",
            "LDAP_PASSWORD": openldap.PASSWORD,
            "GRAPH_SECRET": graph.SECRET,
        }.items():
            patch.setenv(name, value)
        if roster is not None:
            before, _, rest = path.read_text("utf-8").partition("[rosters.hr]\n")
            _, _, after = rest.partition("[rosters.contractors]")
            path.write_text(f"{before}[rosters.hr]\n{roster}\n[rosters.contractors]{after}", "utf-8")
        loaded = config.load(path)
        snapshot = workflow.pull(loaded, now=now, watcher=Silence())
        stored = workflow.audit(loaded)
    assert {line.listing.walk.state for line in snapshot.manifest.sources if line.fills == "people"} == {"complete"}
    people = sorted(snapshot.people().select(PEOPLE).to_pylist(), key=lambda row: str(row["person_id"]))
    findings = stored.audit.findings[list(KEPT)].astype("str").to_dict("records")
    return people, findings


@pytest.fixture(scope="module")
def from_csv(tmp_path_factory: pytest.TempPathFactory) -> tuple[list, list]:
    people, findings = audited(tmp_path_factory.mktemp("csv"), None)
    assert len(people) > 70
    assert len(findings) > 50
    return people, findings


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(in_postgresql, marks=pytest.mark.needs("postgresql")),
        pytest.param(in_openldap, marks=pytest.mark.needs("openldap")),
        in_graph,
        in_scim,
    ],
)
def test_the_same_people_and_the_same_findings(place, from_csv, tmp_path):
    with ExitStack() as stack:
        people, findings = audited(tmp_path, place(tmp_path, stack))
    assert people == from_csv[0]
    assert findings == from_csv[1]
