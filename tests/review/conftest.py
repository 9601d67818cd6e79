"""A small company with an open campaign over one proven app."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from scimaudit import config, workflow
from scimaudit.result import Audit
from scimaudit.review import workbook
from scimaudit.review.campaign import Campaign, find
from scimaudit.review.intake import Taken
from scimaudit.review.packets import Packet, packets
from tests.silence import Silence

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
PEOPLE = {
    "ana": "1,ana,ana@corp.example,Ana,Ames,active,Finance,Analyst,3",
    "bo": "2,bo,bo@corp.example,Bo,Brun,active,Finance,Analyst,1",
    "chi": "3,chi,chi@corp.example,Chi,Cole,active,Sales,Agent,4",
    "dee": "4,dee,dee@corp.example,Dee,Dorn,active,Board,Chief,",
    "eve": "5,eve,eve@corp.example,Eve,Eck,active,Board,Clerk,4",
}
HEAD = "employee_number,user_name,email,given_name,family_name,status,department,title,manager_id\n"
ACCOUNTS = {
    "ana": "ana,ana@corp.example,true,Finance,staff",
    "bo": "bo,bo@corp.example,true,Finance,staff;admins",
    "chi": "chi,chi@corp.example,true,Sales,staff",
    "dee": "dee,dee@corp.example,true,Board,staff",
    "eve": "eve,eve@corp.example,true,Board,",
    "off": "off,off@corp.example,false,Board,",
}


class Firm:
    """A company of files whose clock is told."""

    def __init__(self, folder: Path, now: datetime = START) -> None:
        self.folder, self.now = folder, now
        self.people, self.accounts = dict(PEOPLE), dict(ACCOUNTS)
        self.options = 'owner = "dee@corp.example"\n'
        self.review = 'fallback = "eve@corp.example"\n'
        self.proof = "shows_all = true\n"
        self.missing = 0
        (folder / "policy").mkdir(exist_ok=True)

    def policy(self, name: str, text: str) -> None:
        (self.folder / "policy" / name).write_text(text, "utf-8")

    def config(self, *, fresh: bool = False) -> config.Config:
        """The files as they are now; the roster and the export stay of the day they were pulled on, or are fresh."""
        path = self.folder / "scimaudit.toml"
        before = re.search('as_of = "(.*?)"', path.read_text("utf-8")) if path.is_file() and not fresh else None
        told = before[1] if before else f"{self.now - timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
        rows = [*self.accounts.values()]
        (self.folder / "hr.csv").write_text(HEAD + "".join(f"{row}\n" for row in self.people.values()), "utf-8")
        (self.folder / "crm.csv").write_text(
            "user_name,email,active,department,groups\n" + "".join(f"{row}\n" for row in rows), "utf-8"
        )
        text = (
            f'[audit]\norganisation = "Corp"\n[review]\n{self.review}'
            f'[rosters.hr]\nsource = "csv"\npath = "hr.csv"\nas_of = "{told}"\ndeclared_total = {len(self.people)}\n'
            f'[apps.crm]\n{self.options}[[apps.crm.listings]]\nsource = "csv"\npath = "crm.csv"\nexported_by = "j.doe"\n'
            f'exported_at = "{told}"\n{self.proof}declared_total = {len(rows) + self.missing}\n'
        )
        (self.folder / "scimaudit.toml").write_text(text, "utf-8")
        return config.load(self.folder / "scimaudit.toml")

    def later(self, **apart: float) -> None:
        self.now += timedelta(**apart)

    def audit(self) -> Audit:
        loaded = self.config(fresh=True)
        workflow.pull(loaded, now=lambda: self.now, watcher=Silence())
        return workflow.audit(loaded).audit

    def open(self, name: str = "q4", **asked: Any) -> Campaign:
        return workflow.open_review(
            self.config(), now=self.now, by="kim@corp.example", title=f"Quarter {name}", name=name, **asked
        )

    def take(self, campaign: Campaign, *paths: Path, partial: bool = False, replace: bool = False) -> Taken:
        return workflow.import_review(self.config(), campaign, paths, now=self.now, partial=partial, replace=replace)


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the firm once it is audited; tests get a copy, for every one of them begins there."""
    made = Firm(tmp_path_factory.mktemp("audited"))
    made.audit()
    return made.folder


@pytest.fixture(scope="session")
def opened(audited: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same an hour later, once the campaign is open."""
    folder = tmp_path_factory.mktemp("opened")
    shutil.copytree(audited, folder, dirs_exist_ok=True)
    Firm(folder, START + timedelta(hours=1)).open()
    return folder


@pytest.fixture
def firm(audited: Path, tmp_path: Path) -> Firm:
    shutil.copytree(audited, tmp_path, dirs_exist_ok=True)
    return Firm(tmp_path, START + timedelta(hours=1))


@pytest.fixture
def campaign(firm: Firm, opened: Path) -> Campaign:
    shutil.copytree(opened, firm.folder, dirs_exist_ok=True)
    firm.later(days=1)
    return find(config.load(firm.folder / "scimaudit.toml").store, "q4")


Fill = Callable[..., Path]


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Writes a reviewer's workbook, filled in by openpyxl as a person would: certify, except where told otherwise."""

    def filled(packet: Packet, change: Callable[[Any], None] | None = None, **answers: tuple[str, str]) -> Path:
        stream = io.BytesIO()
        workbook.write(packet, stream)
        book = load_workbook(stream)
        sheet = book[workbook.SHEET]
        for row in sheet.iter_rows(min_row=6):
            right = f"{row[2].value}:{row[4].value}"
            decision, why = next((told for name, told in answers.items() if name in right), ("certify", ""))
            row[11].value, row[12].value = decision or None, why or None
        if change:
            change(sheet)
        path = tmp_path / f"{packet.name}.xlsx"
        book.save(path)
        return path

    return filled


Page = Callable[..., Path]


@pytest.fixture
def saved(tmp_path: Path) -> Page:
    """Writes the decisions file of a reviewer's page."""

    def write(packet: Packet, at: datetime, decision: str = "certify", **changed: Any) -> Path:
        rows = [
            {
                "item_id": item.item_id,
                "decision": decision,
                "rationale": "",
                "decided_at": at.isoformat(),
                "seconds": 9.5,
            }
            for item in packet.items
        ]
        body = {
            "format": 1, "campaign": packet.opened.id, "reviewer": packet.reviewer, "packet": packet.digest,
            "saved_at": at.isoformat(), "decisions": rows, **changed,
        }  # fmt: skip
        path = tmp_path / f"{packet.name}-decisions.json"
        path.write_text(json.dumps(body), "utf-8")
        return path

    return write


def of(campaign: Campaign, reviewer: str) -> Packet:
    return next(packet for packet in packets(campaign) if packet.reviewer_mail.startswith(reviewer))
