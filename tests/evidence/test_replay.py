"""From raw bodies to the same bytes of findings; and what an insider changed on the way does not come out again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import pytest

from scimaudit import archive, config, workflow
from scimaudit.errors import IntegrityError
from scimaudit.evidence import statement
from scimaudit.evidence.replay import replay
from scimaudit.evidence.verify import verify
from tests.evidence.conftest import Evidence
from tests.evidence.forger import said
from tests.review.conftest import Firm
from tests.silence import Silence


def test_a_bundle_gives_the_same_findings_again(evidence: Evidence) -> None:
    for bundle in evidence.bundles:
        made = replay(bundle)
        assert made.problems == ()
        assert made.kept == {}
        assert set(made.rebuilt) == {"rosters.hr", "apps.crm.listings[0]"}
        assert made.findings > 0


def test_a_replay_needs_neither_the_company_nor_its_secrets(evidence: Evidence, tmp_path: Path) -> None:
    bundle = evidence.last.rename(tmp_path / "sent")
    for name in ("hr.csv", "crm.csv", "scimaudit.toml"):
        (evidence.firm.folder / name).unlink()
    assert replay(bundle).problems == ()


def test_a_finding_that_was_taken_out_is_missed(evidence: Evidence) -> None:
    path = evidence.last / "reports/report.json"
    report = json.loads(path.read_bytes())
    gone = report["findings"].pop(0)
    path.unlink()
    path.write_text(json.dumps(report))
    assert f"the finding {gone['finding_id']} was not sealed" in replay(evidence.last).problems


def test_a_table_that_does_not_come_from_the_bodies_is_named(evidence: Evidence) -> None:
    told = json.loads((evidence.last / "tables.json").read_bytes())
    told["accounts/crm"]["sha256"] = "0" * 64
    (evidence.last / "tables.json").write_text(json.dumps(told))
    assert "the table accounts/crm is another one when it is made again" in replay(evidence.last).problems


def test_a_listing_that_was_made_to_look_whole_proves_something_else(evidence: Evidence) -> None:
    path = evidence.last / "snapshot/manifest.json"
    told = json.loads(path.read_bytes())
    line = next(each for each in told["sources"] if each["app"] == "crm")
    line["listing"]["walk"] = {"state": "unprovable", "reason": "x"}
    path.unlink()
    path.write_text(json.dumps(told))
    assert "apps.crm.listings[0] proves something else when it is read again" in replay(evidence.last).problems


def remade(path: Path, change: Callable[[Any], None]) -> None:
    told = json.loads(path.read_bytes())
    change(told)
    path.unlink()
    path.write_text(json.dumps(told))


def test_a_listing_that_is_called_whole_where_apps_are_merged_is_named(evidence: Evidence) -> None:
    """The verdict of an app rests on what its listings prove together, and not on each alone."""
    remade(evidence.last / "snapshot/manifest.json", lambda told: told["apps"][0].update(walk_reason="x"))
    problems = replay(evidence.last).problems
    assert "what is said of the listings of crm is not what they prove together" in problems


def test_a_stale_roster_that_was_made_young_is_named(evidence: Evidence) -> None:
    def young(told: Any) -> None:
        told["sources"][0]["listing"]["as_of"] = told["ended"]

    remade(evidence.last / "snapshot/manifest.json", young)
    assert "rosters.hr proves something else when it is read again" in replay(evidence.last).problems


def test_rejected_rows_that_nobody_acknowledged_stay_so(evidence: Evidence) -> None:
    remade(evidence.last / "snapshot/manifest.json", lambda told: told["sources"][0].update(acknowledged=1))
    assert replay(evidence.last).problems


@pytest.mark.parametrize("name", ["findings", "ledger", "links", "trail"])
def test_a_record_that_lost_a_line_is_named_though_the_report_is_whole(evidence: Evidence, name: str) -> None:
    path = evidence.last / f"record/{name}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    path.write_bytes(b"".join(lines[1:]))
    assert replay(evidence.last).problems == (f"record/{name}.jsonl is another one when it is made again",)


def test_a_statement_that_says_better_than_the_audit_is_named(evidence: Evidence) -> None:
    told = statement.load(evidence.last)
    better = statement.dump(told.manifest, {**told.predicate, "exit_code": 0})
    (evidence.last / "statement.json").write_bytes(better)
    assert replay(evidence.last).problems == ("the statement says of exit_code what does not come out again",)


def test_an_app_whose_sources_were_struck_out_is_named(evidence: Evidence) -> None:
    remade(evidence.last / "snapshot/manifest.json", lambda told: told["sources"].pop())
    assert "no source of the app crm is on record" in replay(evidence.last).problems


def test_what_is_not_played_is_told_by_name(evidence: Evidence) -> None:
    path = evidence.last / "config/scimaudit.toml"
    text = path.read_text().replace("[apps.crm]", "[apps.other]").replace("apps.crm.listings", "apps.other.listings")
    path.unlink()
    path.write_text(text)
    made = replay(evidence.last)
    assert made.rebuilt == ("rosters.hr",)
    assert "has other sources" in made.kept["apps.crm.listings[0]"]


def test_a_roster_that_the_configuration_no_longer_has_does_not_crash(evidence: Evidence) -> None:
    path = evidence.last / "config/scimaudit.toml"
    text = path.read_text() + '[rosters.more]\nsource = "csv"\npath = "more.csv"\n'
    path.unlink()
    path.write_text(text)
    assert "has other sources" in replay(evidence.last).kept["rosters.hr"]


@pytest.mark.parametrize("place", ["snapshot", "raw", "app"])
def test_a_bundle_cannot_write_outside_the_folder_of_the_replay(evidence: Evidence, tmp_path: Path, place: str) -> None:
    def climb(told: Any) -> None:
        if place == "snapshot":
            told["snapshot_id"] = str(tmp_path / "taken")
        elif place == "raw":
            told["sources"][0]["raw"] = "../raw/roster.hr"
        else:
            told["apps"][0]["app"] = "../crm"

    remade(evidence.last / "snapshot/manifest.json", climb)
    with pytest.raises(IntegrityError, match="outside the snapshot"):
        replay(evidence.last)
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("name", ["tables.json", "reports/report.json", "reports/report.xlsx", "pack/tieout.csv"])
def test_a_part_that_is_missing_is_named(evidence: Evidence, name: str) -> None:
    (evidence.last / name).unlink()
    assert replay(evidence.last).problems == (f"{name} is missing or cannot be read",)


@pytest.mark.parametrize("name", ["record/audit.json", "config/scimaudit.toml", "snapshot/raw/app.crm.0.bodies"])
def test_a_bundle_that_lacks_what_it_is_made_from_is_refused(evidence: Evidence, name: str) -> None:
    (evidence.last / name).unlink()
    with pytest.raises(IntegrityError, match="cannot be read"):
        replay(evidence.last)


@pytest.mark.parametrize(
    "name",
    ["reports/report.html", "reports/report.xlsx", "reports/findings.csv", "pack/tieout.csv", "pack/attestation.txt",
     "README.txt", "verify.py"],
)  # fmt: skip
def test_a_view_that_was_edited_by_hand_is_named(evidence: Evidence, name: str) -> None:
    path = evidence.last / name
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data + b"\n")
    assert replay(evidence.last).problems == (f"{name} is another one when it is made again",)


@pytest.mark.parametrize("name", ["reports/summary.html", "pack/letter.txt", "record/more.jsonl"])
def test_a_view_that_was_laid_beside_is_named(evidence: Evidence, name: str) -> None:
    (evidence.last / name).write_text("clean\n")
    assert replay(evidence.last).problems == (f"{name} was sealed and is not made again",)


def test_formats_that_somebody_asked_for_are_made_again_too(evidence: Evidence) -> None:
    firm = evidence.firm
    firm.audit()
    reports = workflow.report(archive.latest(firm.config().store), ["oscal", "json"], firm.folder / "out")
    bundle = workflow.seal(firm.config(), now=firm.now, reports=reports)
    assert replay(bundle).problems == ()
    path = bundle / "reports" / reports[0].name
    assert path.is_file()
    path.unlink()
    path.write_text("{}")
    assert replay(bundle).problems == (f"reports/{path.name} is another one when it is made again",)


def test_a_listing_that_failed_fails_again(evidence: Evidence) -> None:
    firm = evidence.firm
    loaded = firm.config()
    (firm.folder / "crm.csv").unlink()
    workflow.pull(loaded, now=lambda: firm.now, watcher=Silence())
    assert workflow.audit(loaded).audit.apps[0].walk == "failed"
    made = replay(workflow.seal(loaded, now=firm.now))
    assert made.problems == ()


class Grudging(BaseHTTPRequestHandler):
    """A SCIM service whose groups may not be read, and which breaks off before the end of its users."""

    ends: ClassVar[bool] = True

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        asked = dict(parse_qsl(query))
        status, body = 403, b'{"status": "403"}'
        if path == "/Users":
            start = max(int(asked.get("startIndex", "1")), 1)
            rows = [{"id": f"u{n}", "userName": f"user{n}", "active": True} for n in range(1, 8)]
            page = rows[start - 1 : start - 1 + int(asked.get("count", "3"))]
            told = {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 7,
                "startIndex": start, "itemsPerPage": len(page), "Resources": page,
            }  # fmt: skip
            status, body = (200, json.dumps(told).encode()) if self.ends or start < 4 else (500, b"{}")
        self.send_response(status)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not a word."""


@pytest.mark.parametrize("trouble", ["groups refused", "breaks off", "budget"])
def test_a_listing_with_requests_that_failed_is_played_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(Grudging, "ends", trouble != "breaks off")
    monkeypatch.setenv("TOKEN", "a-token-of-the-test")
    firm = Firm(tmp_path)
    firm.config()
    path = tmp_path / "scimaudit.toml"
    with HTTPServer(("127.0.0.1", 0), Grudging) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        limit = "max_requests = 4\n" if trouble == "budget" else ""
        path.write_text(
            path.read_text().split("[apps.crm]")[0] + '[[apps.crm.listings]]\nsource = "scim"\n'
            f'base_url = "http://127.0.0.1:{server.server_port}"\ntoken = {{ env = "TOKEN" }}\npage_size = 3\n{limit}'
        )
        loaded = config.load(path)
        workflow.pull(loaded, now=lambda: firm.now, watcher=Silence())
        server.shutdown()
    audit = workflow.audit(loaded).audit
    assert audit.apps[0].walk != "complete" or trouble == "groups refused"
    assert replay(workflow.seal(loaded, now=firm.now)).problems == ()


def test_a_statement_that_says_otherwise_of_what_may_be_removed_is_named(evidence: Evidence) -> None:
    """Tombstones are judged by it: a rule that nobody sealed must not come in by a statement that was made to fit."""
    said(evidence.last, retention={"keep_raw_months": 1, "keep_months": None, "hold": {}})
    assert verify(evidence.last).problems == ()
    assert "the statement says of retention what does not come out again" in replay(evidence.last).problems


def test_a_statement_that_says_more_than_a_sealing_says_is_named(evidence: Evidence) -> None:
    said(evidence.last, approved="by the board")
    assert verify(evidence.last).problems == ()
    assert "the statement has too much or too little: approved" in replay(evidence.last).problems
