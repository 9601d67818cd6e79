"""What auditors ask for: every file has its fields, nothing is blank, and what is not proven is never said to be fine."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scimaudit import archive, config, workflow
from scimaudit.evidence import pack
from scimaudit.evidence.pack import cells, tieout
from scimaudit.evidence.pack.sources import FIELDS, sources
from scimaudit.evidence.parts import Parts
from scimaudit.review.campaign import Campaign, Decision
from scimaudit.snapshot.store import open_snapshot
from scimaudit.sources import load
from tests.evidence.conftest import Evidence, packed, rows
from tests.review.conftest import Firm
from tests.silence import Silence

REQUIRED = {
    "scope": "app_id name business_owner technical_owner source_owner frameworks data_class criticality "
    "excluded_because last_reviewed sign_in create update disable entitlement_removal",
    "tieout": "subject arrow from_count to_count difference state named",
    "population": "app account_id user_name emails external_id active created modified last_sign_in "
    "last_sign_in_semantics type owner groups roles entitlements license_sku",
    "roster": "person_id name status start_date end_date worker_type department title manager_id location source "
    "source_timestamp",
    "correlation": "app account_id person_id rule_id keys_compared confidence tier runners_up decided_by decided_at "
    "link_age_days",
    "findings": "finding_id kind severity severity_why app account_id person_id rule evidence first_seen last_seen "
    "age_days sla_due state exception_id control_ids recommended_action",
    "access-matrix": "person_id app entitlement held policy_verdict granted_at",
    "decisions": "item_id reviewer_id reviewer_basis relation_to_subject independent decision rationale decided_at "
    "seconds_on_item batch_size signature",
    "remediation": "item_id requested_at ticket performed_by claimed_done_at verified_at verified_by_snapshot "
    "observed_state elapsed_days reopened",
    "exceptions": "id matcher reason compensating_control approver_id approver_role approved_at expires review_cycle "
    "ticket matched_count status",
    "changes": "what change app id name attribute before after reason",
    "controls": "control_id framework kinds_mapped population_tested failed not_evaluable not_evaluable_because "
    "unproven_apps",
}
OTHERS = {"sources.jsonl", "run.jsonl", "metrics.json", "attestation.txt"}
WHO = 'department = "Finance" or department = "Sales"'
POLICY = f"""\
[[rules]]
name = "staff"
who = '{WHO}'
what = {{ app = "crm", attribute = "groups", values = ["staff"] }}
why = "Everybody there works with it"
"""


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_bytes().splitlines()]


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)] or [None]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)] or [None]
    return [value]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_sheet_has_its_fields_in_their_order_and_what_is_proven_last(evidence: Evidence, name: str) -> None:
    with (evidence.last / "pack" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        assert next(csv.reader(file)) == [*REQUIRED[name].split(), "proof"]


def test_the_pack_is_these_files_and_no_others(evidence: Evidence) -> None:
    found = {path.name for path in (evidence.last / "pack").iterdir()}
    assert found == {f"{name}.csv" for name in REQUIRED} | OTHERS


def test_a_source_has_every_field_of_the_record(evidence: Evidence) -> None:
    told = lines(evidence.last / "pack", "sources.jsonl")
    assert [each["source_id"] for each in told] == ["rosters.hr", "apps.crm.listings[0]"]
    assert all(tuple(each) == FIELDS for each in told)
    crm = told[1]
    assert (crm["rows_received"], crm["distinct_ids"], crm["duplicates"]) == (7, 7, 0)
    assert crm["credential"] == {
        "kind": "a person exported it", "principal": "j.doe", "scopes": "not available from source",
    }  # fmt: skip
    assert len(crm["files"][0]["sha256"]) == 64


def test_nothing_is_blank(evidence: Evidence) -> None:
    for bundle in evidence.bundles:
        for name in REQUIRED:
            assert [row for row in rows(bundle / "pack", name) if not all(cell.strip() for cell in row.values())] == []
        for name in ("sources.jsonl", "run.jsonl"):
            assert all(leaf not in (None, "") for line in lines(bundle / "pack", name) for leaf in leaves(line))
        told = json.loads((bundle / "pack/metrics.json").read_bytes())
        assert all(leaf not in (None, "") for leaf in leaves(told))


def test_what_no_source_tells_is_said_in_words(evidence: Evidence) -> None:
    told = rows(evidence.last / "pack", "population")[0]
    assert (told["last_sign_in"], told["license_sku"], told["created"]) == (cells.NA,) * 3


def test_every_arrow_of_a_small_firm_balances_or_is_named(evidence: Evidence) -> None:
    told = rows(evidence.last / "pack", "tieout")
    assert {row["state"] for row in told} <= {tieout.BALANCES, tieout.NAMED}
    states = {(row["subject"], row["arrow"].partition(":")[0]): row["state"] for row in told}
    assert states["apps.crm.listings[0]", "source total → received"] == tieout.BALANCES
    assert states["apps.crm.listings[0]", "received → parsed (the rest was rejected)"] == tieout.BALANCES
    assert states["crm", "accounts → owned"] == tieout.BALANCES
    assert states["crm", "accounts → typed"] == tieout.BALANCES


def test_a_rejected_row_is_a_difference_with_its_number_and_reason(fresh: Firm) -> None:
    fresh.accounts["bad"] = "bad,bad@corp.example,true,Sales,staff,one cell too many"
    told = rows(packed(fresh), "tieout")
    [arrow] = [row for row in told if row["subject"] == "apps.crm.listings[0]" and row["arrow"].startswith("received")]
    assert (arrow["from_count"], arrow["to_count"], arrow["difference"]) == ("7", "6", "1 fewer")
    assert arrow["state"] == tieout.NAMED
    assert "row 8: has 6 cells" in arrow["named"]
    assert arrow["proof"].startswith("NOT PROVEN: ")


def test_rows_that_a_source_declared_and_never_sent_are_named(fresh: Firm) -> None:
    fresh.missing = 2
    told = rows(packed(fresh), "tieout")
    [arrow] = [row for row in told if row["subject"] == "apps.crm.listings[0]" and "source total" in row["arrow"]]
    assert (arrow["difference"], arrow["state"]) == ("2 fewer", tieout.NAMED)
    assert arrow["named"].startswith("walk incomplete: ")


def test_a_difference_that_nothing_explains_is_called_a_fault() -> None:
    assert tieout._arrow("crm", "accounts → typed", 3, 2)["state"] == tieout.FAULT


@pytest.mark.parametrize(
    "name", [name for name in REQUIRED if name not in ("roster", "decisions", "exceptions", "changes")]
)
def test_a_listing_that_is_not_proven_is_marked_wherever_it_is_used(fresh: Firm, name: str) -> None:
    fresh.missing = 1
    told = rows(packed(fresh), name)
    mine = [row for row in told if not row.get("subject", "").startswith("roster")]
    assert mine
    assert all(row["proof"].startswith("NOT PROVEN: ") for row in mine if row["proof"] != cells.NOT_APPLICABLE)


def test_what_is_not_proven_is_told_in_the_acknowledgement_and_beside_the_figures(fresh: Firm) -> None:
    fresh.missing = 1
    folder = packed(fresh)
    assert "  crm: walk incomplete (" in (folder / "attestation.txt").read_text("utf-8")
    proof = json.loads((folder / "metrics.json").read_bytes())["proof"]
    assert proof["crm"].startswith("NOT PROVEN: walk incomplete")
    assert {line["level"] for line in lines(folder, "run.jsonl") if line["event"] == "source-ended"} >= {"warning"}


def test_a_hidden_scope_is_not_proven_either(fresh: Firm) -> None:
    fresh.proof = ""
    assert {row["proof"] for row in rows(packed(fresh), "population")} == {"NOT PROVEN: scope unknown"}


class Short(Firm):
    """A firm whose roster has fewer people than were declared."""

    def config(self, *, fresh: bool = False) -> config.Config:
        super().config(fresh=fresh)
        path = self.folder / "scimaudit.toml"
        people = len(self.people)
        told = f"declared_total = {people}\n[apps"
        path.write_text(path.read_text().replace(told, f"declared_total = {people + 1}\n[apps"))
        return config.load(path)


def test_a_roster_that_is_cut_short_marks_whatever_it_judges(tmp_path: Path) -> None:
    (tmp_path / "short").mkdir()
    firm = Short(tmp_path / "short")
    firm.policy("entitlements.toml", POLICY)
    folder = packed(firm)
    for name in ("roster", "population", "correlation", "access-matrix"):
        assert all("rosters.hr walk incomplete" in row["proof"] for row in rows(folder, name))
    verdicts = {row["policy_verdict"] for row in rows(folder, "access-matrix")}
    assert "expected" not in verdicts
    assert "unknown: the roster is not proven" in verdicts


def test_an_app_that_shrank_is_not_proven_even_where_somebody_accepts_that(fresh: Firm) -> None:
    fresh.audit()
    fresh.later(days=1)
    fresh.accounts = {name: row for name, row in fresh.accounts.items() if name in ("ana", "bo", "chi")}
    folder = packed(fresh)
    assert {row["proof"] for row in rows(folder, "population")} == {"NOT PROVEN: gate app-shrunk"}
    assert "gate-tripped" in {line["event"] for line in lines(folder, "run.jsonl")}
    stored = workflow.audit(fresh.config(), accept={"crm": "dee@corp.example: sold the branch"})
    again = workflow.seal(fresh.config(), stored.path.name, now=fresh.now) / "pack"
    assert {row["proof"] for row in rows(again, "population")} == {"NOT PROVEN: gate app-shrunk"}
    assert "gate-accepted" in {line["event"] for line in lines(again, "run.jsonl")}


def test_a_hostile_name_is_inert(fresh: Firm) -> None:
    fresh.people["eve"] = '5,eve,eve@corp.example,"=HYPERLINK(""http://x"")",Eck,active,Board,Clerk,4'
    fresh.accounts["evil"] = "@SUM(1),evil@corp.example,true,Board,=cmd|calc"
    folder = packed(fresh)
    text = "".join((folder / f"{name}.csv").read_text("utf-8-sig") for name in REQUIRED)
    assert "HYPERLINK" in text
    assert "cmd" in text
    for name in REQUIRED:
        with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            assert not [cell for row in csv.reader(file) for cell in row if cell.lstrip().startswith(tuple("=+-@\t\r"))]


def test_one_store_gives_one_pack(evidence: Evidence, tmp_path: Path) -> None:
    loaded = config.load(evidence.firm.folder / "scimaudit.toml")
    stored = archive.latest(loaded.store)
    snapshot = open_snapshot(loaded.store, stored.snapshot)
    parts = Parts(stored, snapshot, loaded, (), archive.before(loaded.store, snapshot.id))
    for name in ("one", "two"):
        pack.write(replace(parts, earlier=workflow._before(snapshot, loaded)), tmp_path / name)
    sealed = {path.name: path.read_bytes() for path in (evidence.last / "pack").iterdir()}
    for name in ("one", "two"):
        assert {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} == sealed


def matrix(firm: Firm) -> dict[tuple[str, str], str]:
    firm.policy("entitlements.toml", POLICY)
    told = rows(packed(firm), "access-matrix")
    return {(row["person_id"], row["entitlement"]): row["policy_verdict"] for row in told}


def test_a_right_is_expected_excess_or_unknown_as_the_policy_has_it(fresh: Firm) -> None:
    told = matrix(fresh)
    assert told["1", "groups staff"] == "expected"
    assert told["4", "groups staff"] == "excess"
    assert told["2", "groups admins"] == "unknown: no rule of the policy speaks of it"


def test_what_a_leaver_holds_is_never_expected(fresh: Firm) -> None:
    fresh.people["ana"] = fresh.people["ana"].replace("active", "terminated")
    assert matrix(fresh)["1", "groups staff"] == "excess"


def test_what_nobody_owns_is_never_expected(fresh: Firm) -> None:
    fresh.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    told = matrix(fresh)
    assert told["nobody: unmatched account gone", "groups staff"] == "unknown: the account is no one person's"


SOD = """\
[[pairs]]
name = "sell-and-run"
left = { app = "crm", values = ["staff"] }
right = { app = "crm", values = ["admins"] }
risk = "sells to themselves"
"""


def test_both_sides_of_a_conflicting_pair_are_marked(fresh: Firm) -> None:
    fresh.policy("sod.toml", SOD)
    told = matrix(fresh)
    assert (told["2", "groups staff"], told["2", "groups admins"]) == ("SoD", "SoD")
    assert told["1", "groups staff"] == "expected"


def test_an_app_that_nobody_lists_is_in_scope_and_never_proven(fresh: Firm) -> None:
    fresh.review += '[apps.fax]\nreason = "no export"\n'
    folder = packed(fresh)
    fax = next(row for row in rows(folder, "scope") if row["app_id"] == "fax")
    assert (fax["excluded_because"], fax["proof"]) == ("not audited: no export", "NOT PROVEN: not audited (no export)")
    [arrow, became] = [row for row in rows(folder, "tieout") if row["subject"] == "fax"]
    assert (arrow["state"], arrow["named"]) == (tieout.UNTOLD, "no export")
    assert (became["from_count"], became["proof"]) == ("1", "NOT PROVEN: not audited")
    assert {row["proof"] for row in rows(folder, "controls")} == {"NOT PROVEN: listings of fax"}


def test_accounts_without_any_right_are_in_the_matrix(fresh: Firm) -> None:
    fresh.accounts = {name: row.rpartition(",")[0] + "," for name, row in fresh.accounts.items()}
    told = rows(packed(fresh), "access-matrix")
    assert len(told) == len(fresh.accounts)
    assert all(row["policy_verdict"].startswith("unknown: ") for row in told)


def test_a_link_that_a_person_decided_says_who_and_when(fresh: Firm) -> None:
    fresh.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    fresh.policy(
        "links.csv",
        "app,account_id,person_id,relation,decided_by,decided_on,until,reason\n"
        "crm,gone,3,is,dee@corp.example,2026-11-01,,her second\n",
    )
    told = next(row for row in rows(packed(fresh), "correlation") if row["account_id"] == "gone")
    assert (told["person_id"], told["tier"]) == ("3", "T0")
    assert (told["decided_by"], told["decided_at"]) == ("dee@corp.example", "2026-11-01")


def decided(campaign: Campaign, firm: Firm, **answers: Any) -> None:
    item = next(each for each in campaign.items() if each.account_id == "ana")
    told = {"decision": "revoke", "reviewer": item.reviewer, "rationale": "not needed", "seconds": 4.0} | answers
    decision = Decision(
        item.item_id, basis=item.basis, decided_at=firm.now, packet="", batch=1, received_at=firm.now, file="x", **told
    )
    campaign.add_decisions([decision])


def test_a_decision_says_who_made_it_and_what_nobody_decided_says_so(fresh: Firm) -> None:
    fresh.audit()
    fresh.later(hours=1)
    campaign = fresh.open()
    decided(campaign, fresh)
    told = rows(packed(fresh), "decisions")
    [mine] = [row for row in told if row["decision"] == "revoke"]
    assert (mine["rationale"], mine["seconds_on_item"]) == ("not needed", "4.0")
    assert mine["relation_to_subject"] == "manager of the subject"
    assert mine["independent"] == f"Y of the subject; who granted it: {cells.NA}"
    assert {row["decision"] for row in told} == {"revoke", "undecided"}


def test_who_decided_on_themselves_is_not_independent(fresh: Firm) -> None:
    fresh.audit()
    fresh.later(hours=1)
    decided(fresh.open(), fresh, reviewer="1")
    [mine] = [row for row in rows(packed(fresh), "decisions") if row["decision"] == "revoke"]
    assert (mine["independent"], mine["relation_to_subject"]) == ("N: the subject", "the subject")


def test_who_reports_to_the_subject_is_not_independent(fresh: Firm) -> None:
    fresh.audit()
    fresh.later(hours=1)
    decided(fresh.open(), fresh, reviewer="2")
    [mine] = [row for row in rows(packed(fresh), "decisions") if row["decision"] == "revoke"]
    assert mine["independent"] == "N: reports to the subject"


def test_an_account_of_nobody_says_why(evidence: Evidence) -> None:
    told = next(row for row in rows(evidence.last / "pack", "correlation") if row["account_id"] == "gone")
    assert (told["person_id"], told["rule_id"]) == ("nobody: unmatched", "none: unmatched")
    assert told["keys_compared"] == "none agrees: no person has any of its keys"


def test_a_revocation_is_verified_by_a_snapshot_and_by_nothing_else(fresh: Firm) -> None:
    fresh.audit()
    fresh.later(hours=1)
    campaign = fresh.open()
    decided(campaign, fresh)
    item = next(iter(campaign.standing()))
    fresh.later(days=1)
    [before] = [row for row in rows(packed(fresh), "remediation") if row["item_id"] == item]
    assert (before["verified_at"], before["verified_by_snapshot"]) == ("not verified", "not verified")
    fresh.accounts["ana"] = "ana,ana@corp.example,true,Finance,"
    fresh.later(days=1)
    [after] = [row for row in rows(packed(fresh), "remediation") if row["item_id"] == item]
    assert after["observed_state"].startswith("verified-closed")
    assert after["verified_by_snapshot"] == open_snapshot(fresh.config().store).id


def test_a_claim_verifies_nothing(fresh: Firm) -> None:
    fresh.accounts["gone"] = "gone,gone@corp.example,true,Sales,staff"
    audit = fresh.audit()
    name = str(audit.findings.loc[audit.findings["kind"] == "unmatched", "finding_id"].iloc[0])
    fresh.later(days=1)
    fresh.policy(
        "dispositions.csv",
        f"finding_id,disposition,by,on,until,reason\n{name},remediation-claimed,dee@corp.example,2026-11-20,,done\n",
    )
    [row] = [row for row in rows(packed(fresh), "remediation") if row["item_id"] == name]
    assert (row["performed_by"], row["claimed_done_at"]) == ("dee@corp.example", "2026-11-20")
    assert row["verified_at"] == "not verified"


def test_the_first_audit_has_nothing_to_compare_with_and_the_next_has(evidence: Evidence) -> None:
    first, last = (rows(bundle / "pack", "changes") for bundle in evidence.bundles)
    assert [(row["what"], row["change"]) for row in first] == [("audit", "first")]
    assert ("findings", "persisting") in {(row["what"], row["change"]) for row in last}
    known = {"new", "resolved", "reopened", "persisting", "removed", "changed", "not proven gone", "not compared"}
    assert {row["change"] for row in last} <= known
    assert ("policy", "not compared") in {(row["what"], row["change"]) for row in last}


def test_a_control_that_nothing_tests_says_so(evidence: Evidence) -> None:
    untested = [row for row in rows(evidence.last / "pack", "controls") if row["kinds_mapped"] == "none"]
    assert all(row["failed"] == "nothing was tested" for row in untested)


def test_times_are_utc(evidence: Evidence) -> None:
    told = rows(evidence.last / "pack", "findings")
    assert all(row["first_seen"].endswith("Z") for row in told)
    assert all(line["at"].endswith("Z") for line in lines(evidence.last / "pack", "run.jsonl"))


@pytest.mark.parametrize(
    ("kind", "settings", "principal"),
    [
        ("scim", {"base_url": "https://a.example/scim", "token": {"command": "echo hunter2"}}, cells.NA),
        ("scim", {"base_url": "https://a.example/scim", "basic": {"user": "ro", "password": {"env": "HUNTER2"}}}, "ro"),
        ("sql", {"url": "postgresql+psycopg://ro@db.example/hr", "query": "SELECT 1", "password": {"env": "X"}}, "ro"),
    ],
)
def test_a_source_tells_whose_credential_it_was_and_no_word_of_the_secret(
    evidence: Evidence, kind: str, settings: dict[str, Any], principal: str
) -> None:
    loaded = evidence.firm.config()
    app = loaded.apps[0]
    listing = app.listings[0].model_copy(update={"settings": load(kind).model_validate(settings)})
    changed = loaded.model_copy(update={"apps": (app.model_copy(update={"listings": (listing,)}),)})
    [told] = [
        each for each in sources(open_snapshot(loaded.store), changed, {}) if each["source_id"].startswith("apps")
    ]
    line = cells.line(told)
    assert json.loads(line)["credential"]["principal"] == principal
    assert b"hunter2" not in line.lower()


def test_an_app_whose_listing_failed_has_its_files_all_the_same(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    loaded = firm.config()
    (tmp_path / "crm.csv").unlink()
    workflow.pull(loaded, now=lambda: firm.now, watcher=Silence())
    workflow.audit(loaded)
    bundle = workflow.seal(loaded, now=firm.now)
    assert {path.name for path in (bundle / "pack").iterdir()} >= {"correlation.csv", "population.csv", "tieout.csv"}
