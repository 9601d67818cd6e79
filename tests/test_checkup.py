"""What ``scimaudit check`` finds out before the first audit."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyring
import pytest

from scimaudit import checkup, config
from scimaudit.checkup import Checkup
from tests.canaries.ring import Ring
from tests.silence import Silence

HR = "employee_number,user_name,email,status,department\n1,ana,ana@corp.example,active,Sales\n2,bo,bo@corp.example,left,\n"
CRM = "id,login,email,active\n7,ana,ana@corp.example,yes\n8,bo,bo@corp.example,perhaps\n"


@pytest.fixture
def checked(tmp_path: Path):
    def run(crm: str | None = CRM) -> Checkup:
        (tmp_path / "hr.csv").write_text(HR, "utf-8")
        if crm is not None:
            (tmp_path / "crm.csv").write_text(crm, "utf-8")
        (tmp_path / "scimaudit.toml").write_text(
            '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n'
            '[apps.crm]\n[[apps.crm.listings]]\nsource = "csv"\npath = "crm.csv"\n'
            '[apps.fax]\nreason = "no export"\n'
        )
        moment = datetime(2026, 11, 20, tzinfo=UTC)

        def now() -> datetime:
            nonlocal moment
            moment += timedelta(milliseconds=1)
            return moment

        return checkup.check(config.load(tmp_path / "scimaudit.toml"), now=now, watcher=Silence())

    return run


def test_a_sample_of_each_source_as_it_was_understood(checked):
    hr, crm = checked().sources
    assert hr.sample == {
        "person_id": "1", "employee_number": "1", "user_name": "ana", "emails": "ana@corp.example",
        "status": "active", "status_raw": "active", "department": "Sales",
    }  # fmt: skip
    assert (crm.sample["account_id"], crm.sample["active"], crm.sample["user_name"]) == ("7", "True", "ana")
    assert not {"raw_file", "user_name_key"} & crm.sample.keys()


def test_what_the_sources_do_not_say_is_named_with_its_count(checked):
    blind = {(each.app, each.kind, each.reason): (each.rows, each.population) for each in checked().blind}
    assert blind["crm", "dormant", "attribute-absent"] == (2, 2)
    assert blind["crm", "leaver-active", "semantics-unknown"] == (1, 2)


def test_a_source_that_fails_has_no_sample_and_a_reason(checked):
    _, crm = checked(crm=None).sources
    assert (crm.sample, crm.walk, crm.rows) == ({}, "failed", 0)
    assert "crm.csv" in crm.error


def test_an_app_without_a_source_is_named(checked):
    assert checked().not_audited == ("fax",)


def test_nothing_is_left_behind(checked, tmp_path):
    checked()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crm.csv", "hr.csv", "scimaudit.toml"]


def test_the_document_says_what_the_json_holds(checked):
    text = (Path(__file__).parent.parent / "docs" / "sources.md").read_text("utf-8")
    told = json.loads(json.dumps(asdict(checked())))
    names = {*told, *told["sources"][0], *told["keys"][0], *told["blind"][0], *told["sealing"][0]}
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_the_keyring_that_is_asked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_RING", str(tmp_path / "ring.json"))
    (tmp_path / "ring.json").write_text('{"acme/hr": "tok"}')
    (tmp_path / "hr.csv").write_text(HR, "utf-8")
    (tmp_path / "scimaudit.toml").write_text(
        '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n[[apps.crm.listings]]\nsource = "scim"\n'
        'base_url = "http://127.0.0.1:1"\nbasic = { user = "x", password = { keyring = "acme/hr" } }\nmax_requests = 1\n'
    )
    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        loaded = config.load(tmp_path / "scimaudit.toml")
        hr, crm = checkup.check(loaded, now=lambda: datetime.now(UTC), watcher=Silence()).sources
    finally:
        keyring.set_keyring(before)
    assert crm.facts["keyring"].endswith("Ring")
    assert "keyring" not in hr.facts
