"""What may be said of a control: never more than what was judged everywhere."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit import tables
from scimaudit.renderers import oscal
from scimaudit.result import AppLine, Audit, Equation, Gate, KindLine, Meta, SourceLine
from scimaudit.tables import COUNTED

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
CONTROL = "soc2/CC6.2"
APPS = ("crm", "erp")
KINDS = ("unmatched", "leaver-active")

Row = tuple[str, str | None, int, int, int]
"""kind, app, failed, passed, not evaluable"""


def app(name: str, verdict: str = "clean", walk: str = "complete", scope: str = "all") -> AppLine:
    return AppLine(name, "", "", (), {}, 3, 3, 0, 0, 3, 0, 0, 0, {}, {}, walk, "", scope, "", NOW, verdict, "")  # type: ignore[arg-type]


def kind(name: str) -> KindLine:
    return KindLine(name, name, "orphan", "high", "", "", "", "", (CONTROL,), {})


def roster(walk: str = "complete", error: str = "") -> SourceLine:
    return SourceLine(
        "rosters.hr", "people", None, "csv", NOW, NOW, False, 3, 3, 0, 0, walk, "", "all", "", "", "", (), (), 0, 0, 0.0, 0.0,
        error,
    )  # fmt: skip


def checks(rows: list[Row]) -> Any:
    columns = {
        "kind": [row[0] for row in rows],
        "app": [row[1] for row in rows],
        "population": [sum(row[2:]) for row in rows],
        "failed": [row[2] for row in rows],
        "passed": [row[3] for row in rows],
        "not_evaluable": [row[4] for row in rows],
    }
    return tables.frame(tables.build(tables.CHECKS, columns, rows=len(rows)))


def findings(*dispositions: str, family: str = "orphan", controls: tuple[str, ...] = (CONTROL,)) -> Any:
    columns = {
        "finding_id": [f"f{number}" for number in range(len(dispositions))],
        "disposition": list(dispositions),
        **{
            name: [value] * len(dispositions)
            for name, value in {
                "kind": "unmatched", "family": family, "severity": "high", "severity_why": "base high", "app": "crm",
                "expected": "a person", "actual": "none", "first_seen": NOW, "lead": True, "gated": False,
                "action": "look", "controls": list(controls),
            }.items()
        },
    }  # fmt: skip
    return tables.frame(tables.build(tables.FINDINGS, columns, rows=len(dispositions)))


WHOLE: list[Row] = [(name, each, 0, 3, 0) for name in KINDS for each in APPS]


def audit(rows: list[Row] = WHOLE, **changes: Any) -> Audit:
    meta = Meta("0.1.0", "", "a", "s", NOW, "UTC", NOW, NOW, 3, 3, "high", 0, ())
    whole = Audit(
        meta, tuple(map(app, APPS)), (roster(),), (), (), tuple(map(kind, KINDS)), (), findings(), checks(rows)
    )
    return replace(whole, **changes)


def target(whole: Audit) -> dict[str, Any]:
    stream = io.BytesIO()
    oscal.render(whole, stream)
    (result,) = json.loads(stream.getvalue())["assessment-results"]["results"]
    (finding,) = result["findings"]
    return dict(finding["target"]["status"])


def said(whole: Audit) -> tuple[str, str]:
    status = target(whole)
    return status["state"], status["reason"]


OTHER = ("not-satisfied", "other")


def test_a_control_is_satisfied_where_everything_was_judged_everywhere_and_passed() -> None:
    assert said(audit()) == ("satisfied", "pass")


def test_a_rule_over_people_speaks_of_every_app() -> None:
    rows: list[Row] = [("unmatched", None, 0, 3, 0), *[row for row in WHOLE if row[0] != "unmatched"]]
    assert said(audit(rows)) == ("satisfied", "pass")


def test_one_row_that_failed_fails_it() -> None:
    assert said(audit([*WHOLE[1:], ("unmatched", "crm", 1, 2, 0)])) == ("not-satisfied", "fail")


def test_one_row_that_could_not_be_judged_is_not_satisfied_for_another_reason_than_fail() -> None:
    assert said(audit([*WHOLE[1:], ("unmatched", "crm", 0, 2, 1)])) == OTHER


@pytest.mark.parametrize("missing", range(len(WHOLE)))
def test_what_was_not_judged_in_one_app_is_not_known(missing: int) -> None:
    status = target(audit([row for place, row in enumerate(WHOLE) if place != missing]))
    assert (status["state"], status["reason"]) == OTHER
    assert f"{WHOLE[missing][0]} in 1 of 2 apps" in status["remarks"]


def test_a_rule_that_found_nothing_to_judge_has_judged_nothing() -> None:
    assert said(audit([*WHOLE[1:], ("unmatched", "crm", 0, 0, 0)])) == OTHER


def test_a_ledger_that_does_not_balance_proves_nothing() -> None:
    rows = checks(WHOLE)
    whole = audit(checks=rows.assign(population=rows["population"] + 1))
    assert said(whole) == OTHER
    assert "the ledger does not balance" in target(whole)["remarks"]


def test_nothing_tested_is_not_satisfied() -> None:
    assert said(audit([])) == OTHER


@pytest.mark.parametrize(
    "doubtful",
    [
        {"apps": (app("crm"), app("erp", walk="incomplete"))},
        {"apps": (app("crm"), app("erp", scope="unknown"))},
        {"apps": (app("crm"), app("erp", "not proven"))},
        {"apps": (app("crm"), app("erp"), app("fax", "not audited", "failed", "unknown"))},
        {"apps": ()},
        {"sources": ()},
        {"sources": (roster("unprovable"),)},
        {"sources": (roster("something new"),)},
        {"sources": (roster(error="gone"),)},
        {"gates": (Gate("roster-shrunk", "hr", 9, 3, "20 %"),)},
        {"equations": (Equation("accounts", "crm", 3, {"matched": 2}),)},
        {"findings": findings("open", family="data", controls=("another",))},
        {"findings": findings("excepted", family="data", controls=("another",))},
        *({"meta": replace(audit().meta, exit_code=code)} for code in (3, 4, 5)),
    ],
)
def test_an_audit_in_doubt_satisfies_nothing(doubtful: dict[str, Any]) -> None:
    whole = audit(**doubtful)
    stream = io.BytesIO()
    oscal.render(whole, stream)
    document = json.loads(stream.getvalue())["assessment-results"]
    states = {finding["target"]["status"]["state"] for finding in document["results"][0]["findings"]}
    assert states == {"not-satisfied"}
    assert "In doubt: " in document["metadata"]["remarks"]


@pytest.mark.parametrize("disposition", ["excepted", "snoozed", "false-positive"])
def test_what_somebody_set_aside_is_not_satisfied(disposition: str) -> None:
    assert said(audit(findings=findings(disposition))) == OTHER


@pytest.mark.parametrize("disposition", COUNTED)
def test_a_finding_that_counts_fails_it_whatever_the_ledger_says(disposition: str) -> None:
    assert said(audit(findings=findings(disposition))) == ("not-satisfied", "fail")


def test_a_control_that_only_a_finding_names_is_told_too() -> None:
    assert said(audit([], kinds=(), findings=findings("open"))) == ("not-satisfied", "fail")


clean = ("clean", "complete", "all")
proofs = st.sampled_from(
    [
        clean,
        clean,
        clean,
        ("clean", "incomplete", "all"),
        ("not proven", "complete", "all"),
        ("findings", "complete", "partial"),
    ]
)
fine = st.just((0, 3, 0))
figures = st.one_of(fine, fine, fine, st.none(), st.tuples(*[st.integers(0, 2)] * 3))
# Most draws are fine, so that both outcomes are often met.
ledgers = st.lists(figures, min_size=len(WHOLE), max_size=len(WHOLE))
set_aside = st.sampled_from([(), (), (), ("excepted",), ("open",), ("snoozed", "reopened")])


@settings(deadline=None)
@given(ledgers, st.tuples(proofs, proofs), set_aside)
def test_satisfied_is_said_where_everything_passed_in_proven_apps_and_nowhere_else(
    drawn: list[tuple[int, int, int] | None], told: tuple[tuple[str, str, str], ...], dispositions: tuple[str, ...]
) -> None:
    rows = [(row[0], row[1], *counts) for row, counts in zip(WHOLE, drawn, strict=True) if counts is not None]
    lines = tuple(app(name, *proof) for name, proof in zip(APPS, told, strict=True))
    state, reason = said(audit(rows, apps=lines, findings=findings(*dispositions)))
    passed = all(counts is not None and counts[0] == counts[2] == 0 < counts[1] for counts in drawn)
    proven = all(proof[1:] == ("complete", "all") and proof[0] == "clean" for proof in told)
    assert (state == "satisfied") == (passed and proven and not dispositions)
    assert (reason == "pass") == (state == "satisfied")
