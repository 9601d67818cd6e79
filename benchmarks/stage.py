"""One stage in a process of its own; prints what it took as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


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
    MEASURED.kinds = {str(kind): int(count) for kind, count in counts.items()}
    return sum(app.accounts for app in stored.audit.apps)


def seal(folder: str) -> int:
    """Seal the newest audit, whose reports are written before the clock starts: record, pack, hashes, all on the disk."""
    from scimaudit import config, renderers, workflow
    from scimaudit.archive import latest

    loaded = config.load(Path(folder) / "scimaudit.toml")
    stored = latest(loaded.store)
    written = workflow.report(stored, renderers.usual())
    MEASURED.begin()
    workflow.seal(loaded, now=datetime.now(UTC), reports=written)
    return sum(app.accounts for app in stored.audit.apps)


def copied(folder: str, rows: str) -> int:
    """What anybody would do by hand: copy the same files, sum them, have them on the disk."""
    import subprocess

    [bundle] = (path for path in (Path(folder) / "evidence").iterdir() if path.is_dir())
    script = 'cp -r "$0" "$1" && cd "$1" && find . -type f -exec sha256sum {} + > ../sums && sync .'
    subprocess.run(["sh", "-c", script, str(bundle), str(Path(folder) / "by-hand")], check=True)
    return int(rows)


def verify(folder: str, rows: str) -> int:
    """Every file of a bundle against its manifest."""
    from scimaudit.evidence import sealed
    from scimaudit.evidence.verify import verify as verified

    [bundle] = sealed(Path(folder) / "evidence")
    if verified(bundle).problems:
        raise SystemExit("the bundle does not verify")
    return int(rows)


def sha256sum(folder: str, rows: str) -> int:
    """The same by the tool that everybody has."""
    import subprocess

    from scimaudit.evidence import sealed

    [bundle] = sealed(Path(folder) / "evidence")
    subprocess.run(
        ["sha256sum", "--check", "--quiet", "--strict", "SEAL.sha256", "MANIFEST.sha256"], cwd=bundle, check=True
    )
    return int(rows)


def rules(folder: str) -> int:
    """Every rule with its ledger, on a view that is made before the clock starts; no findings are put together."""
    from scimaudit import audit as judging
    from scimaudit import config, workflow

    loaded = config.load(Path(folder) / "scimaudit.toml")
    view = workflow.seen(loaded)
    enabled = [rule for rule in judging.enabled(loaded) if not rule.after_settling]
    own = {
        rule.kind: {
            name: loaded.rules[rule.kind][name] for name in rule.settings if name in loaded.rules.get(rule.kind, {})
        }
        for rule in enabled
    }
    MEASURED.begin()
    judged = {rule.kind: rule.check(view, **own[rule.kind]) for rule in enabled}
    MEASURED.end()
    MEASURED.kinds = {kind: len(each.failed) for kind, each in judged.items() if len(each.failed)}
    return len(view.accounts)


def duckdb(folder: str, out: str) -> int:
    """The same questions as SQL, from the files to the files."""
    connection = _linked(folder)
    Path(out).mkdir(parents=True, exist_ok=True)
    connection.execute(_script("rival"))
    connection.execute(_script("rival_written").replace("{out}", out))
    MEASURED.kinds = dict(connection.execute("SELECT kind, count(*) FROM findings GROUP BY 1").fetchall())
    return int(connection.execute("SELECT count(*) FROM accounts").fetchone()[0])


def duckdb_rules(folder: str) -> int:
    """The questions alone, of accounts that are linked before the clock starts."""
    connection = _linked(folder)
    MEASURED.begin()
    connection.execute(_script("rival"))
    MEASURED.end()
    MEASURED.kinds = dict(connection.execute("SELECT kind, count(*) FROM findings GROUP BY 1").fetchall())
    return int(connection.execute("SELECT count(*) FROM accounts").fetchone()[0])


def _linked(folder: str) -> Any:
    import duckdb as engine

    snapshot = next((Path(folder) / "scimaudit-data" / "snapshots").iterdir())
    connection = engine.connect()
    script = _script("rival_linked").replace("{folder}", str(snapshot)).replace("{policy}", f"{folder}/policy")
    connection.execute(script)
    return connection


def _script(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8")


class Measured:
    """What the stage took; a stage may leave out what it prepares, by saying when it begins and ends."""

    def __init__(self) -> None:
        self.kinds: dict[str, int] = {}
        self.ended: tuple[float, float] | None = None
        self.begin()

    def begin(self) -> None:
        """What was used so far does not count."""
        self.began = self._now()

    def end(self) -> None:
        """What is used from here on does not count."""
        self.ended = self._now()

    def told(self) -> dict[str, Any]:
        """Seconds, CPU seconds and the peak of memory, which counts from the start of the process."""
        seconds, cpu = (end - begin for begin, end in zip(self.began, self.ended or self._now(), strict=True))
        peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return {"seconds": seconds, "cpu": cpu, "megabytes": max(peaks) / 1024, "kinds": self.kinds}

    @staticmethod
    def _now() -> tuple[float, float]:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return time.perf_counter(), sum(each.ru_utime + each.ru_stime for each in used)


MEASURED = Measured()


def main() -> None:
    """Run the stage named first with the arguments that follow."""
    stages: dict[str, Callable[..., int]] = {
        "pull": pull,
        "scim2-client": scim2_client,
        "ldapsearch": ldapsearch,
        "requests": requests_loop,
        "audit": audit,
        "rules": rules,
        "seal": seal,
        "copied": copied,
        "verify": verify,
        "sha256sum": sha256sum,
        "duckdb": duckdb,
        "duckdb-rules": duckdb_rules,
    }
    rows = stages[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({"rows": rows} | MEASURED.told()))


if __name__ == "__main__":
    main()
