"""The written requests, run by bash and curl against real SCIM servers: what ends a task is the next listing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scimaudit import workflow
from scimaudit.remediation import Remediation, Task, writing
from tests.year.conftest import TOKEN, Year, serving

pytestmark = pytest.mark.needs("curl")


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Year]:
    """Ann has left; she and Bo have accounts in an app that obeys and in one that answers 200 and does nothing."""
    with serving("honest") as honest, serving("deaf") as deaf:
        firm = Year(tmp_path, {"honest": honest, "deaf": deaf})
        for name in ("ann", "bo", "dee"):
            firm.hire(name)
        for app in ("honest", "deaf"):
            firm.give(app, "ann", "bo", "dee")
            firm.ids[app, "Staff"] = firm.apps[app].group(
                "Staff", *(firm.ids[app, name] for name in ("ann", "bo", "dee"))
            )
        firm.set("ann", status="terminated", end_date="2026-01-01")
        firm.pull()
        firm.audit()
        yield firm


def told(firm: Year) -> Remediation:
    return workflow.remediation(firm.config())


def accounts(found: Remediation) -> dict[tuple[str, str], Task]:
    return {(task.app, task.what): task for task in found.tasks if task.account == "ann"}


def run(firm: Year, folder: Path) -> None:
    """What the owner would do with the file."""
    headers = folder / "headers"
    headers.mkdir(parents=True)
    for app in firm.apps:
        (headers / app).write_text(f"Authorization: Bearer {TOKEN}\n")
    found = told(firm)
    [script] = [path for path in writing.write(found.tasks, "a", folder) if path.suffix == ".sh"]
    subprocess.run(["bash", script], check=True, env={"SCIM_HEADERS": str(headers), "PATH": "/usr/bin:/bin"})


def test_the_app_that_obeys_is_put_right_and_the_one_that_says_so_is_not(firm: Year, tmp_path: Path) -> None:
    before = accounts(told(firm))
    assert {key: len(task.requests) for key, task in before.items()} == {
        ("honest", "disable"): 2,
        ("deaf", "disable"): 2,
    }
    run(firm, tmp_path / "to-do")
    for app, server in firm.apps.items():
        sent = [path for method, path in server.asked if method == "PATCH"]
        assert sent == [f"/v2/Users/{firm.ids[app, 'ann']}", f"/v2/Groups/{firm.ids[app, 'Staff']}"]
    firm.until(firm.now + timedelta(days=2))
    firm.pull()
    firm.audit()
    assert {key for key in accounts(told(firm)) if key[1] != "other"} == {("deaf", "disable")}
    grants = workflow.case(firm.config()).snapshot.grants("honest").to_pandas()
    assert firm.ids["honest", "ann"] not in set(grants["account_id"])
    assert firm.ids["honest", "bo"] in set(grants["account_id"])


def test_a_claim_is_closed_by_the_next_listing_and_not_by_the_claim(firm: Year, tmp_path: Path) -> None:
    found = accounts(told(firm))
    lines = [
        f"{task.findings[0]},remediation-claimed,dee@corp.example,{firm.now:%Y-%m-%d},,T-1\n" for task in found.values()
    ]
    (firm.folder / "policy" / "dispositions.csv").write_text(
        "finding_id,disposition,by,on,until,reason\n" + "".join(lines) + "0000,remediation-claimed,x@y,2026-01-05,,T\n"
    )
    early = firm.audit()
    assert {claim.app: claim.state for claim in told(firm).claims} == {
        "honest": "no-listing-since", "deaf": "no-listing-since", "": "unknown",
    }  # fmt: skip
    named = early.findings.set_index("finding_id")["disposition"].astype("str")
    assert {named[task.findings[0]] for task in found.values()} == {"remediation-claimed"}
    assert early.meta.exit_code == 1
    run(firm, tmp_path / "to-do")
    firm.until(firm.now + timedelta(days=2))
    firm.pull()
    late = firm.audit()
    claims = {claim.app: claim for claim in told(firm).claims}
    assert claims["honest"].state == "verified-closed"
    assert claims["honest"].proven_by == late.meta.snapshot_id
    assert claims["deaf"].state == "still-there"
    assert accounts(told(firm))["deaf", "disable"].claimed.startswith("dee@corp.example on ")


def test_no_request_goes_to_another_address_than_the_listing_came_from(firm: Year) -> None:
    firm.apps["honest"].origin = firm.apps["deaf"].origin
    task = accounts(told(firm))["honest", "disable"]
    assert task.requests == ()
    assert "another address" in task.silent


def test_a_roster_that_lost_people_disables_nobody(firm: Year) -> None:
    for number in range(12):
        firm.hire(f"x{number}")
    firm.pull()
    firm.audit()
    for name in [name for name in firm.people if name.startswith("x")]:
        del firm.people[name]
    firm.until(firm.now + timedelta(days=2))
    firm.pull()
    assert firm.audit().gates
    task = accounts(told(firm))["honest", "disable"]
    assert task.requests == ()
    assert "the gate roster-shrunk" in task.silent


def test_what_an_old_roster_says_disables_nobody(firm: Year) -> None:
    workflow.audit(firm.config(), as_of=(firm.now + timedelta(days=30)).date())
    task = accounts(told(firm))["honest", "disable"]
    assert task.requests == ()
    assert "the gate roster-stale of rosters.hr" in task.silent


def test_a_claim_that_came_after_the_proof_says_so(firm: Year, tmp_path: Path) -> None:
    task = accounts(told(firm))["honest", "disable"]
    run(firm, tmp_path / "to-do")
    firm.until(firm.now + timedelta(days=2))
    firm.pull()
    firm.audit()
    late = (firm.now + timedelta(days=5)).date()
    (firm.folder / "policy" / "dispositions.csv").write_text(
        f"finding_id,disposition,by,on,until,reason\n{task.findings[0]},remediation-claimed,dee@corp.example,{late},,T-1\n"
    )
    [claim] = told(firm).claims
    assert (claim.state, claim.said.endswith("that was before it was claimed")) == ("verified-closed", True)
