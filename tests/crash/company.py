"""A small company with a real SCIM app and one of files, and what of a store is compared after something went wrong."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import orjson
import pandas as pd

from scimaudit import archive, config, rules
from scimaudit.evidence import contents, sealed
from scimaudit.evidence.verify import chain, verify
from scimaudit.review.campaign import campaigns
from scimaudit.snapshot.store import PARTIAL, Snapshot, snapshots
from scimaudit.sources import Cost, Listing
from tests.year.conftest import TOKEN, Server

RULES = ("leaver-active", "unmatched", "missing-account", "exception-expired")
"""A few of the rules: the others would cost more seconds than they write bytes."""
STAFF = ("ana", "bo", "chi", "dee", "eve", "fay", "gil")
HEAD = "employee_number,user_name,email,given_name,family_name,status,department,title,manager_id\n"


def found(folder: Path, server: Server) -> None:
    """Write the company's files, and its accounts into the app."""
    (folder / "policy").mkdir(parents=True)
    (folder / "policy" / "entitlements.toml").write_text("")
    rows = [
        f"{n},{name},{name}@corp.example,{name.title()},Corp,{'terminated' if name == 'gil' else 'active'},Sales,Agent,4\n"
        for n, name in enumerate(STAFF, 1)
    ]
    (folder / "hr.csv").write_text(HEAD + "".join(rows))
    files = [f"{name},{name}@corp.example,true,Sales,staff\n" for name in (*STAFF, "gone")]
    (folder / "fin.csv").write_text("user_name,email,active,department,groups\n" + "".join(files))
    (folder / "token").write_text(TOKEN)
    (folder / "token").chmod(0o600)
    ids = {name: server.join(name) for name in STAFF}
    server.group("staff", *ids.values())
    server.group("admins", ids["bo"], ids["gil"])
    told = "2026-11-20T06:00:00Z"
    (folder / "scimaudit.toml").write_text(
        '[audit]\norganisation = "Corp"\nas_of = 2026-11-20\n'
        '[review]\norder = ["app-owner"]\nfallback = "eve@corp.example"\nstale_days = 9999\n'
        f'[rosters.hr]\nsource = "csv"\npath = "hr.csv"\nas_of = "{told}"\ndeclared_total = {len(STAFF)}\n'
        f'[apps.crm]\nowner = "dee@corp.example"\n[[apps.crm.listings]]\nsource = "scim"\nprovider = "scim2-server"\n'
        f'base_url = "{server.url}"\ntoken = {{ file = "token" }}\n'
        f'[apps.fin]\nowner = "dee@corp.example"\n[[apps.fin.listings]]\nsource = "csv"\npath = "fin.csv"\n'
        f'exported_by = "j.doe"\nexported_at = "{told}"\nshows_all = true\ndeclared_total = {len(files)}\n'
        + "".join(f"[rules.{name}]\nenabled = false\n" for name in rules.names() if name not in RULES)
    )


@dataclass(frozen=True)
class Company:
    """A copy of the company's folder."""

    folder: Path

    @property
    def config(self) -> config.Config:
        return config.load(self.folder / "scimaudit.toml")

    @property
    def store(self) -> Path:
        return self.folder / "scimaudit-data"

    @property
    def bundles(self) -> list[Path]:
        return sealed(self.folder / "evidence")

    def copy(self, target: Path) -> Company:
        """Another one in its place, files that bundles share with the store shared no more."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder, target)
        return Company(target)

    def snapshots(self) -> list[Snapshot]:
        return snapshots(self.store)

    def begun(self) -> list[str]:
        """Ids of the pulls that are not finished and say so."""
        return [path.parent.name.removesuffix(PARTIAL) for path in self.store.glob(f"snapshots/*{PARTIAL}/pull.json")]

    def kept(self) -> dict[str, str]:
        """What is finished, file by file: path to hash."""
        finished = [snapshot.path for snapshot in self.snapshots()]
        finished += [each.path for each in archive.audits(self.store)]
        finished += self.bundles + [each.path for each in campaigns(self.store)]
        return {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in finished
            for path in folder.rglob("*")
            if path.is_file() and path.suffix not in {".lock", ".draft"} and not path.name.startswith(".")
        }

    def wrong(self, before: dict[str, str]) -> list[str]:
        """What is not as it must be at any moment, in words: what was kept is, and what is finished is whole."""
        now, trouble = self.kept(), []
        trouble += [f"{name} changed" for name, digest in before.items() if now.get(name) != digest]
        for snapshot in self.snapshots():
            snapshot.verify()
            trouble += [f"{snapshot.id} is no finished name"] if snapshot.id.endswith(PARTIAL) else []
        for each in archive.audits(self.store):
            trouble += [f"{each.path.name} lost rows"] if len(each.audit.checks) == 0 or not len(each.trail()) else []
        for bundle in self.bundles:
            trouble += verify(bundle, full=True).problems
        trouble += chain(self.folder / "evidence")[1] if self.bundles else ()
        for campaign in campaigns(self.store):
            campaign.standing()
            trouble += [] if campaign.frozen else [f"{campaign.path.name} has no items"]
        return trouble

    def collected(self) -> dict[str, str]:
        """What the newest snapshot tells, without clocks."""
        snapshot = self.snapshots()[-1]
        manifest = snapshot.manifest
        walks = [(each.name, each.listing and of_bodies(each.listing), each.error) for each in manifest.sources]
        said = {
            "tables": dict(contents.digests(snapshot)),
            "bodies": [entries(snapshot.path / "raw" / f"{each.raw}.jsonl") for each in manifest.sources],
            "apps": manifest.apps,
            "listings": walks,
        }
        return {name: unclocked(repr(value)) for name, value in said.items()}

    def judged(self) -> dict[str, str]:
        """What the newest audit says, without clocks and the names that are made of clocks."""
        stored = archive.latest(self.store)
        audit = stored.audit
        said = {
            "findings": rows(audit.findings),
            "checks": rows(audit.checks),
            "links": rows(stored.links().to_pandas()),
            "verdicts": audit.apps,
            "gates": audit.gates,
            "exit code": audit.meta.exit_code,
        }
        return {name: unclocked(repr(value)) for name, value in said.items()}

    def told(self) -> dict[str, str]:
        """What a whole run leaves: snapshot, audit and bundle, each of the one before."""
        audit, last = archive.latest(self.store).path.name, self.bundles[-1]
        inside = (path.relative_to(last).as_posix() for path in last.rglob("*"))
        # How many snapshots an audit looks back at is another after a kill between two of its steps.
        sealed = sorted(unclocked(name) for name in inside if not name.startswith(("earlier", "former")))
        belongs = (audit.startswith(self.snapshots()[-1].id), audit == last.name)
        return {**self.collected(), **self.judged(), "sealed": repr(sealed), "belongs": repr(belongs)}


def of_bodies(listing: Listing) -> Listing:
    """A listing without what only its connection tells: a pull that goes on may have nothing left to ask."""
    facts = {name: said for name, said in listing.facts.items() if name not in ("TLS", "rate limit")}
    return replace(listing, cost=Cost(), facts=facts)


def rows(frame: pd.DataFrame) -> list[str]:
    return [repr(row) for row in frame.itertuples(index=False)]


def entries(index: Path) -> list[tuple[object, ...]]:
    """What was asked and answered, in order."""
    told = [orjson.loads(line) for line in index.read_bytes().splitlines()]
    return [(each["method"], each["url"], each["status"], each["sha256"]) for each in told]


def apart(due: str, now: str) -> tuple[str, str]:
    """Where two texts part, and a little of both."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(due, now, strict=False)))
    at = max(same - 60, 0)
    return due[at : at + 120], now[at : at + 120]


_CLOCKS = (
    re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z(-[0-9a-f]{8})?"),
    re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"),
    re.compile(r"datetime\.datetime\([^)]*\)"),
)


def unclocked(text: str) -> str:
    """A text with each moment, and each id that is made of one, as ``<clock>``."""
    for pattern in _CLOCKS:
        text = pattern.sub("<clock>", text)
    return text
