"""One stage in a process of its own; prints what it took as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path


def pull(folder: str) -> int:
    """List, prove, keep raw, parse, write tables."""
    from scimaudit import config, workflow

    class Silence:
        def started(self, name: str) -> None: ...
        def moved(self, name: str, done: int, total: int | None) -> None: ...
        def told(self, name: str, words: str) -> None: ...
        def ended(self, name: str, listing: object, error: str) -> None: ...

    loaded = config.load(Path(folder) / "scimaudit.toml")
    snapshot = workflow.pull(loaded, now=lambda: datetime.now(UTC), watcher=Silence())
    states = {line.walk for line in snapshot.manifest.apps}
    if states != {"complete"}:
        raise SystemExit(f"walks ended {states}: {[line.walk_reason for line in snapshot.manifest.apps][:3]}")
    return sum(line.accounts for line in snapshot.manifest.apps)


def scim2_client(url: str, app: str) -> int:
    """The public client listing the same server, page by page, by the total."""
    import httpx2
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_models import EnterpriseUser, User

    client = SyncSCIMClient(httpx2.Client(base_url=f"{url}/{app}"), resource_models=[User[EnterpriseUser]])
    client.discover(schemas=False, resource_types=False)
    seen = 0
    while True:
        page = client.query(User[EnterpriseUser], query_parameters={"startIndex": seen + 1, "count": 100})
        seen += len(page.resources or [])
        if not page.resources or seen >= page.total_results:
            return seen


def ldapsearch(url: str, bind: str, password: str, base: str) -> int:
    """OpenLDAP's own tool, listing the same entries in pages of 200 once.

    In clear: Debian's build refuses StartTLS with certificates this young, and encryption is a small part of the work.
    """
    import subprocess

    command = ["ldapsearch", "-LLL", "-x", "-H", url, "-D", bind, "-y", password, "-b", base, "-E", "pr=200/noprompt",
               "(objectClass=person)"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.count(b"\ndn: ") + done.stdout.startswith(b"dn: ")


def requests_loop(url: str, tenant: str, ca: str, secret: str) -> int:
    """The plainest client: a token, then page after page of the same columns, kept in a list."""
    import requests

    session = requests.Session()
    session.verify = ca
    session.trust_env = False
    form = {
        "grant_type": "client_credentials",
        "client_id": "bench",
        "client_secret": secret,
        "scope": f"{url}/.default",
    }
    token = session.post(f"{url}/{tenant}/oauth2/v2.0/token", data=form).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    columns = (
        "id,accountEnabled,assignedLicenses,createdDateTime,department,displayName,employeeId,givenName,jobTitle,mail,"
        "proxyAddresses,signInActivity,surname,userPrincipalName,userType"
    )
    link = f"{url}/v1.0/users?$select={columns}&$top=500&$count=true"
    users = []
    while link:
        page = session.get(link).json()
        users += page["value"]
        link = page.get("@odata.nextLink")
    return len(users)


def audit(folder: str) -> int:
    """Correlate, every rule, findings stored, CSV, JSON and HTML written."""
    from scimaudit import config, workflow

    loaded = config.load(Path(folder) / "scimaudit.toml")
    stored = workflow.audit(loaded)
    workflow.report(stored, ["csv", "json", "html"])
    counts = stored.audit.findings["kind"].value_counts().to_dict()
    print({str(kind): int(count) for kind, count in counts.items()}, file=sys.stderr)
    return sum(app.accounts for app in stored.audit.apps)


def duckdb(folder: str, out: str) -> int:
    """The same questions as SQL."""
    import duckdb as engine

    Path(out).mkdir(parents=True, exist_ok=True)
    snapshot = next((Path(folder) / "scimaudit-data" / "snapshots").iterdir())
    script = (Path(__file__).parent / "rival.sql").read_text("utf-8")
    connection = engine.connect()
    connection.execute(script.replace("{folder}", str(snapshot)).replace("{out}", out))
    print(connection.execute("SELECT kind, count(*) FROM findings GROUP BY 1").fetchall(), file=sys.stderr)
    return int(connection.execute("SELECT count(*) FROM accounts").fetchone()[0])


def main() -> None:
    """Run the stage named first with the arguments that follow."""
    stages: dict[str, Callable[..., int]] = {
        "pull": pull,
        "scim2-client": scim2_client,
        "ldapsearch": ldapsearch,
        "requests": requests_loop,
        "audit": audit,
        "duckdb": duckdb,
    }
    began = time.perf_counter()
    rows = stages[sys.argv[1]](*sys.argv[2:])
    used = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": time.perf_counter() - began,
                "cpu": used.ru_utime + used.ru_stime + children.ru_utime + children.ru_stime,
                "megabytes": max(used.ru_maxrss, children.ru_maxrss) / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
