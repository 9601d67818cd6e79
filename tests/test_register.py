"""The control register: what nobody has said is a gap, what the data refute is named, and silence bears nothing out."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from scimaudit.errors import ConfigError
from scimaudit.register import CONTRADICTION, SPOKEN_OF, RegisterLine, register_lines, stopping
from scimaudit.result import Audit, KindLine
from scimaudit.tables import CONTROLLED
from tests.renderers.conftest import Story

KIND = KindLine(CONTRADICTION, "Contradiction", "control", "high", "d", "w", "n", "r", ("soc2/CC6.2",), {})


def sample(value: str = "", disposition: str = "open") -> Audit:
    """The sample with its first finding made a contradiction about the app ``slack``."""
    audit = Story(size=20).audit()
    rows = audit.findings
    if value:
        first = rows.index == rows.index[0]
        told = {"kind": CONTRADICTION, "app": "slack", "value": value, "expected": "scim", "actual": "3 live on"}
        rows = rows.astype(dict.fromkeys(("kind", "app", "disposition"), "str"))
        for name, text in (told | {"disposition": disposition}).items():
            rows[name] = rows[name].mask(first, text)
    checks = audit.checks.head(1).assign(kind=CONTRADICTION, app="slack", reason=None)
    return replace(audit, findings=rows, checks=checks, kinds=(*audit.kinds, KIND))


def line(audit: Audit, app: str) -> RegisterLine:
    [found] = register_lines(audit, app)
    return found


def states(found: RegisterLine) -> dict[str, str]:
    return {each.control: each.state for each in found.controls}


def test_what_nobody_has_said_and_what_nothing_does_are_gaps() -> None:
    found = line(sample(), "jira")
    assert states(found) == {
        "sign_in": "said", "create": "said", "update": "not said", "disable": "gap", "entitlement_removal": "gap",
    }  # fmt: skip
    assert [gap for _, gap in found.gaps] == [
        "nothing disables accounts", "nothing removes entitlements", "nobody has said what updates accounts",
    ]  # fmt: skip


def test_an_app_without_a_register_has_one_gap_for_all() -> None:
    found = line(sample(), "zoom")
    assert [gap for _, gap in found.gaps] == ["nobody has said what controls it"]
    assert set(states(found).values()) == {"not said"}


@pytest.mark.parametrize(
    ("value", "control"), [("create", "create"), ("disable", "disable"), ("removal", "entitlement_removal")]
)
def test_a_contradiction_stands_at_its_control(value: str, control: str) -> None:
    found = line(sample(value), "slack")
    assert [name for name, state in states(found).items() if state == "contradicted"] == [control]
    assert [gap for name, gap in found.gaps if "3 live on" in gap]


def test_a_control_that_failed_is_not_said_to_have_nothing_against_it() -> None:
    audit = sample()
    rows = audit.findings.astype(dict.fromkeys(("kind", "app", "disposition"), "str"))
    told = {"kind": "leaver-active", "app": "slack", "disposition": "open"}
    first = rows.head(1).assign(**told)
    kinds = (KIND, replace(KIND, kind="leaver-active", stopped_by=("disable",)))
    failed = line(replace(audit, findings=first, kinds=kinds), "slack")
    data = {each.control: each.data for each in failed.controls}
    assert data["disable"] == "1 open finding that it should have stopped (leaver-active)"
    assert ("disable", data["disable"]) in failed.gaps
    assert (data["create"], data["update"]) == ("no finding speaks against it", "no data speak of it")
    aside = first.assign(disposition="excepted")
    checks = pd.concat([audit.checks, audit.checks.assign(kind="leaver-active", passed=1)])
    passed = line(replace(audit, findings=aside, kinds=kinds, checks=checks), "slack")
    assert {each.control: each.data for each in passed.controls}["disable"] == "no finding speaks against it"


def test_one_that_is_set_aside_says_so() -> None:
    assert line(sample("disable", "excepted"), "slack").gaps[0][1].endswith("(excepted)")


def test_a_register_that_was_not_compared_says_so() -> None:
    whole = sample()
    assert line(whole, "slack").compared == ""
    assert line(whole, "fax").compared == "not compared with the data: vendor has no export"
    doubtful = replace(whole, checks=whole.checks.assign(reason="walk-unproven 2"))
    assert line(doubtful, "slack").compared == "the data could not bear out all of it: walk-unproven 2"
    off = replace(whole, kinds=whole.kinds[:-1])
    assert "switched off" in line(off, "slack").compared


def test_a_finding_names_the_controls_that_should_have_stopped_it() -> None:
    audit = sample("disable")
    row = next(row for _, row in audit.findings.iloc[1:].iterrows() if isinstance(row["app"], str))
    kinds = tuple(replace(kind, stopped_by=("update", "disable") * (kind.kind == row["kind"])) for kind in audit.kinds)
    found = stopping(replace(audit, kinds=kinds), row)
    assert [each.control for each in found.controls] == ["update", "disable"]
    assert stopping(audit, row.copy()).controls == ()
    # A contradiction is about the control that it names.
    assert stopping(audit, audit.findings.iloc[0]).stopped_by == ("disable",)
    assert found.frameworks


def test_every_contradiction_is_about_some_control() -> None:
    assert {control for controls in SPOKEN_OF.values() for control in controls} <= set(CONTROLLED)


def test_a_finding_of_an_app_that_the_configuration_dropped_shows_what_is_known() -> None:
    whole = sample("disable")
    audit = replace(whole, apps=tuple(each for each in whole.apps if each.app != "slack"))
    found = stopping(audit, audit.findings.iloc[0])
    assert [(each.control, each.state) for each in found.controls] == [("disable", "not said")]
    assert found.compared == "not compared with the data: the configuration does not name the app"
    assert [gap for _, gap in line(audit, "slack").gaps] == ["nobody has said what controls it"]
    assert set(states(line(audit, "slack"))) == set(CONTROLLED)
    assert "slack" not in {each.app for each in register_lines(audit)}


def test_an_app_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no app or finding 'nowhere'"):
        register_lines(sample(), "nowhere")
