"""A company of files that is looked at on certain days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scimaudit import config, workflow
from scimaudit.result import Audit, SpanLine
from scimaudit.summaries.spans import span_lines
from tests.silence import Silence

HEAD = "employee_number,user_name,email,status,department,title,start_date,end_date\n"
STAFF = [f"{100 + number},p{number},p{number}@corp.example,active,Sales,Agent,2020-01-01," for number in range(12)]
ACCOUNTS = [f"p{number},p{number}@corp.example,true,deals" for number in range(12)]


@dataclass(frozen=True)
class Record:
    """What was looked at until then."""

    config: config.Config

    def audit(self) -> Audit:
        return workflow.audit(self.config).audit

    def spans(self, event: str) -> list[SpanLine]:
        """What an audit would tell of these changes; most tests need no more of it."""
        return [line for line in span_lines(workflow.seen(self.config)) if line.event == event]


class Year:
    """One app, ``crm``, exported anew for each look; what is in the listing besides staff is told by the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.zone = "UTC"
        self.options = ""
        self.staff = list(ACCOUNTS)
        (folder / "policy").mkdir()

    def policy(self, text: str) -> None:
        (self.folder / "policy" / "entitlements.toml").write_text(text, "utf-8")

    def look(
        self, when: str, *, people: str, accounts: str = "", missing: int = 0, dated: bool = True, proof: str = "shows_all = true"
    ) -> Record:  # fmt: skip
        """Pull at that time; ``people`` and ``accounts`` are rows beside the staff."""
        now = datetime.fromisoformat(when).replace(tzinfo=UTC)
        told = f"{now - timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
        rows = [*self.staff, *accounts.split()]
        everybody = [*STAFF, *people.split()]
        (self.folder / "hr.csv").write_text(HEAD + "".join(f"{row}\n" for row in everybody), "utf-8")
        (self.folder / "crm.csv").write_text(
            "user_name,email,active,groups\n" + "".join(f"{row}\n" for row in rows), "utf-8"
        )
        exported = f'exported_by = "j.doe"\nexported_at = "{told}"\n' if dated else ""
        total = f"declared_total = {len(rows) + missing}\n" if dated else ""
        text = (
            f'[audit]\norganisation = "Corp"\ntime_zone = "{self.zone}"\n[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n'
            f'as_of = "{told}"\ndeclared_total = {len(everybody)}\n[apps.crm]\n{self.options}\n[[apps.crm.listings]]\n'
            f'source = "csv"\npath = "crm.csv"\n{exported}{total}{proof}\n'
        )
        (self.folder / "scimaudit.toml").write_text(text, "utf-8")
        loaded = config.load(self.folder / "scimaudit.toml")
        workflow.pull(loaded, now=lambda: now, watcher=Silence())
        return Record(loaded)


@pytest.fixture
def year(tmp_path: Path) -> Year:
    return Year(tmp_path)
