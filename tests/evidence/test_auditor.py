"""The pack as an auditor reads it: files agree with each other, and nothing unknown can be read as clean."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scimaudit import archive, config, workflow
from scimaudit.evidence.pack import cells, remediation, tieout
from scimaudit.evidence.pack.proof import Doubt, Proofs
from scimaudit.plural import count
from scimaudit.review.campaign import Campaign, Decision
from tests.evidence.conftest import Evidence, packed, rows
from tests.review.conftest import Firm
from tests.review.test_end import close
from tests.silence import Silence


def arrows(folder: Path, subject: str) -> dict[str, dict[str, str]]:
    """The arrows of one subject by their names, without what is spelled after a colon."""
    return {row["arrow"].partition(":")[0]: row for row in rows(folder, "tieout") if row["subject"] == subject}


def figures(folder: Path, name: str) -> dict[str, Any]:
    told = json.loads((folder / "metrics.json").read_bytes())["metrics"]
    return {"".join(line["labels"].values()): line["value"] for line in told if line["name"] == name}


def attested(folder: Path) -> str:
    return (folder / "attestation.txt").read_text("utf-8")


def decide(campaign: Campaign, firm: Firm, decision: str) -> None:
    """Decide every item alike."""
    campaign.add_decisions(
        Decision(
            item.item_id, decision=decision, reviewer=item.reviewer, rationale="so", seconds=4.0, basis=item.basis,
            decided_at=firm.now, packet="", batch=1, received_at=firm.now, file="x",
        )
        for item in campaign.items()
    )  # fmt: skip


def test_who_attests_reads_what_was_never_judged(evidence: Evidence) -> None:
    folder = evidence.last / "pack"
    ledger = [json.loads(line) for line in (evidence.last / "record/ledger.jsonl").read_bytes().splitlines()]
    unknown = sum(line["not_evaluable"] for line in ledger)
    assert unknown
    said = attested(folder)
    total = count(sum(line["population"] for line in ledger), "check")
    assert f"  {unknown:,} of {total} could not be judged; none of them counts as passed" in said
    mine = [line for line in ledger if line["app"] == "crm" and line["not_evaluable"]]
    [told] = [line for line in said.splitlines() if line.startswith("  crm: ")]
    assert told.startswith(f"  crm: {sum(line['not_evaluable'] for line in mine)} checks (")
    assert {f"{line['kind']} {line['not_evaluable']}" for line in mine} == {*told.partition("(")[2][:-1].split(", ")}
    assert "what was not judged" in said.partition("Statement: ")[2]
    assert f"{unknown:,} of" in (folder / "run.jsonl").read_text("utf-8")


def test_kinds_that_are_switched_off_or_met_no_row_are_attested_as_not_judged(fresh: Firm) -> None:
    fresh.review += "[rules.dormant]\nenabled = false\n"
    said = attested(packed(fresh))
    assert "  switched off: dormant\n" in said
    [idle] = [line for line in said.splitlines() if line.startswith("  met nothing to judge: ")]
    assert {"sod", "grant-expired"} <= {*idle.partition(": ")[2].split(", ")}


def test_an_app_that_nothing_lists_is_attested_as_not_judged(fresh: Firm) -> None:
    fresh.review += '[apps.fax]\nreason = "no export"\n'
    assert "  fax: none of its accounts was judged (no export)\n" in attested(packed(fresh))


def test_whoever_attests_reads_that_nobody_says_whether_the_roster_shows_everybody(evidence: Evidence) -> None:
    said = attested(evidence.last / "pack")
    assert "  rosters.hr: whether it shows everybody is unknown (" in said
    assert "  nothing: every listing and roster is proven complete" not in said


def test_all_findings_are_those_of_apps_and_those_of_none(evidence: Evidence, fresh: Firm) -> None:
    fresh.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    fresh.people["odd"] = "9,odd,odd@corp.example,Odd,Oder,hibernating,Sales,Agent,4"
    for folder in (evidence.last / "pack", packed(fresh)):
        found = rows(folder, "findings")
        free = [row for row in found if row["app"].startswith(cells.NOT_APPLICABLE)]
        whole, none, crm = (arrows(folder, subject) for subject in ("all findings", "of no single app", "crm"))
        became = "findings → what became of them"
        assert whole["findings → of apps and of none"]["from_count"] == str(len(found))
        assert whole["findings → of apps and of none"]["state"] == tieout.BALANCES
        assert none[became]["from_count"] == str(len(free))
        assert crm[became]["from_count"] == str(len(found) - len(free))
        assert (
            whole[became]["arrow"].partition(": ")[2].replace(" + ", ", ")
            in attested(folder).partition("Findings: ")[2].splitlines()[0]
        )
    assert free  # the last one has a status word of the roster that nobody mapped


def test_a_finding_of_an_app_without_an_arrow_of_its_own_is_a_fault(evidence: Evidence) -> None:
    audit = archive.latest(evidence.firm.config().store).audit
    assert len(audit.findings)
    assert next(tieout._whole(audit, [0]))["state"] == tieout.FAULT


def test_accounts_with_findings_are_accounts_that_are_listed(evidence: Evidence) -> None:
    findings = pd.DataFrame({"app": ["crm", "crm", "crm", "fax"], "account_id": ["a", "gone", None, "b"]})
    assert tieout.with_findings(findings, "crm", {"a", "b"}) == 1
    folder = evidence.last / "pack"
    found = {row["account_id"] for row in rows(folder, "findings")} & {
        row["account_id"] for row in rows(folder, "population")
    }
    assert arrows(folder, "crm")["accounts → accounts with findings"]["to_count"] == str(len(found))


def test_an_app_that_the_configuration_lost_is_in_scope_and_under_no_verdict(fresh: Firm) -> None:
    fresh.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    fresh.audit()
    path = fresh.folder / "scimaudit.toml"
    path.write_text(path.read_text("utf-8").replace("[apps.crm]", "[apps.new]").replace("[[apps.crm.", "[[apps.new."))
    loaded = config.load(path)
    workflow.audit(loaded)
    folder = workflow.seal(loaded, now=fresh.now) / "pack"
    [mine] = [row for row in rows(folder, "scope") if row["app_id"] == "crm"]
    assert mine["excluded_because"].startswith("the configuration does not name the app any more")
    assert {row["proof"] for row in rows(folder, "population")} == {"NOT PROVEN: not configured"}
    assert {row["unproven_apps"] for row in rows(folder, "controls")} == {"new; crm"}
    assert "  crm: not configured (" in attested(folder)
    told = arrows(folder, "crm")
    assert (told["accounts → under a verdict"]["to_count"], told["accounts → under a verdict"]["state"]) == (
        "0",
        tieout.NAMED,
    )
    assert arrows(folder, "all findings")["findings → of apps and of none"]["state"] == tieout.BALANCES


def test_a_listing_that_failed_balances_nothing(fresh: Firm) -> None:
    loaded = fresh.config()
    (fresh.folder / "crm.csv").unlink()
    workflow.pull(loaded, now=lambda: fresh.now, watcher=Silence())
    workflow.audit(loaded)
    folder = workflow.seal(loaded, now=fresh.now) / "pack"
    told = arrows(folder, "crm")
    assert {name: row["state"] for name, row in told.items()} == {
        "source → accounts": tieout.UNTOLD,
        "findings → what became of them": tieout.BALANCES,
    }
    assert "none of its accounts was judged" in attested(folder)


def test_a_control_of_which_every_row_was_unknown_has_no_zero_failures(evidence: Evidence) -> None:
    told = rows(evidence.last / "pack", "controls")
    blind = [row for row in told if row["population_tested"] == "0"]
    assert any(row["not_evaluable"].isdigit() for row in blind)
    assert {row["failed"] for row in blind} == {"nothing was tested"}


def test_what_failed_for_a_control_is_what_its_kinds_found(evidence: Evidence) -> None:
    folder = evidence.last / "pack"
    kinds = [row["kind"] for row in rows(folder, "findings")]
    for row in rows(folder, "controls"):
        mine = sum(kinds.count(kind) for kind in row["kinds_mapped"].split("; "))
        assert row["failed"] == str(mine) if row["population_tested"] != "0" else not mine


def test_many_unproven_apps_are_counted_on_a_row_and_all_named_once() -> None:
    few = Proofs({"a": [Doubt("x")], "b": [], "c": [Doubt("y")]}, [])
    assert few.everything == "NOT PROVEN: listings of a, c"
    many = Proofs({name: [Doubt("x")] for name in "abcde"}, [Doubt("rosters.hr stale")])
    assert many.everything == "NOT PROVEN: listings of a, b, c and 2 more apps, see scope.csv; rosters.hr stale"
    assert [*many.unproven] == [*"abcde"]
    one = Proofs({name: [Doubt("x")] for name in "abcd"}, [])
    assert one.everything == "NOT PROVEN: listings of a, b, c and 1 more app, see scope.csv"


def test_a_roster_that_the_configuration_lost_proves_nobody(fresh: Firm) -> None:
    fresh.audit()
    path = fresh.folder / "scimaudit.toml"
    path.write_text(path.read_text("utf-8").replace("[rosters.hr]", "[rosters.people]"))
    loaded = config.load(path)
    workflow.audit(loaded)
    folder = workflow.seal(loaded, now=fresh.now) / "pack"
    assert {row["proof"] for row in rows(folder, "roster")} == {
        "NOT PROVEN: rosters.people not in the snapshot; rosters.hr no longer configured"
    }


EXCEPTIONS = """\
[[exceptions]]
id = "EX-{number}"
kind = "{kind}"
app = "crm"
account = "{account}"
reason = "so it is"
requested_by = "ana@corp.example"
approver = "dee@corp.example"
approved = 2026-11-10
expires = {expires}
"""


def test_the_figures_count_exceptions_as_their_sheet_does(fresh: Firm) -> None:
    fresh.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    fresh.policy(
        "exceptions.toml",
        EXCEPTIONS.format(number=1, kind="unmatched", account="gone", expires="2026-12-10")
        + EXCEPTIONS.format(number=2, kind="unmatched", account="ana", expires="2026-12-10")
        + EXCEPTIONS.format(number=3, kind="unmatched", account="bo", expires="2026-11-15"),
    )
    folder = packed(fresh)
    states = [row["status"].partition(":")[0] for row in rows(folder, "exceptions")]
    assert states == ["active", "unused", "expired"]
    assert figures(folder, "exceptions") == {
        word: states.count(word) for word in ("active", "expired", "invalid", "unused")
    }


def test_abstaining_reviews_nothing(fresh: Firm) -> None:
    fresh.audit()
    fresh.later(hours=1)
    campaign = fresh.open()
    items = len(campaign.items())
    decide(campaign, fresh, "abstain")
    folder = packed(fresh)
    told = arrows(folder, "crm")
    assert told["accounts → reviewed in q4"]["to_count"] == "0"
    decided = told["items of q4 → decided"]
    assert (decided["from_count"], decided["to_count"], decided["state"]) == (str(items), "0", tieout.NAMED)
    assert decided["named"].endswith(f"abstained from, which decides nothing: {items}")
    assert figures(folder, "review_completion_ratio") == {"q4": 0}
    assert figures(folder, "revoke_ratio") == {"q4": cells.NA}
    close(fresh, campaign, None)
    fresh.later(hours=1)
    folder = packed(fresh)
    assert f"({items} items abstained from, which decides nothing)" in attested(folder)
    [app] = [row for row in rows(folder, "scope") if row["app_id"] == "crm"]
    assert f"{items} items of all its apps without a decision" in app["last_reviewed"]


@pytest.mark.parametrize("lapse", ["revoke", "certify", "open"])
def test_what_nobody_decided_counts_as_the_campaign_says(fresh: Firm, lapse: str) -> None:
    fresh.audit()
    fresh.later(hours=1)
    campaign = fresh.open()
    close(fresh, campaign, lapse)
    assert f"items were not decided and count as {lapse})" in attested(packed(fresh))


def test_reopened_is_a_number_or_unknown() -> None:
    assert {*remediation._REOPENED.values()} == {"0", "at least 1", "unknown"}
    assert remediation._REOPENED["verified-closed"] == "unknown"


def test_a_file_has_no_retries_and_its_gaps_end_where_its_scope_does(evidence: Evidence) -> None:
    told = [json.loads(line) for line in (evidence.last / "pack/sources.jsonl").read_bytes().splitlines()]
    assert {line["retries"] for line in told} == {line["server_date"] for line in told} == {cells.NOT_APPLICABLE}
    gaps = {line["source_id"]: line["gaps"] for line in told}
    assert gaps["rosters.hr"] == "none: the walk is proven complete; whom it does not show: scope unknown"
    assert gaps["apps.crm.listings[0]"] == "none: the walk is proven complete"


def test_what_has_no_label_has_nothing_to_tell(evidence: Evidence) -> None:
    told = json.loads((evidence.last / "pack/metrics.json").read_bytes())["metrics"]
    assert cells.NA not in [line["labels"] for line in told]


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 rows were"), (1, "1 row was"), (2, "2 rows were"), (1204, "1,204 rows were")]
)
def test_a_number_and_its_noun_agree(number: int, said: str) -> None:
    assert count(number, "row was", "rows were") == said
    assert count(number, "row") == said.rpartition(" ")[0]


_ONE = re.compile(
    r"(?<![\w.,\[/:-])1 (?:accounts|apps|bodies|canaries|checks|days|findings|ids|items|listings|lines|members|people"
    r"|requests|reviewers|rights|rows|witnesses)\b"
)


def test_nothing_in_a_bundle_speaks_of_1_things(fresh: Firm) -> None:
    """A company with one account, one item to review, one row that is rejected, and somebody to decide."""
    fresh.people = {name: fresh.people[name] for name in ("ana", "eve")}
    fresh.accounts = {"ana": fresh.accounts["ana"], "bad": "bad,bad@corp.example,true,Sales,staff,one cell too many"}
    fresh.audit()
    fresh.later(hours=1)
    fresh.open(accept={"crm": "one row is a note"})
    fresh.later(days=1)
    folder = packed(fresh)
    told = [path for path in (*folder.iterdir(), folder.parent / "README.txt") if path.is_file()]
    told += [path for path in (folder.parent / "reports").iterdir() if path.suffix in (".html", ".csv", ".json")]
    texts = {path.name: path.read_text("utf-8-sig") for path in told}
    assert "1 item that nobody decided" in texts["tieout.csv"]
    assert "<small>in 1 app</small>" in texts["report.html"]
    found = {name: _ONE.findall(text) for name, text in texts.items()}
    assert {name: each for name, each in found.items() if each} == {}
