"""What could not be evaluated: every row with its reason, every reason with what would help, and nothing passed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scimaudit import rules, tables
from scimaudit.errors import ConfigError
from scimaudit.ledger import HELPS, HELPS_KIND, helps, ledger
from scimaudit.result import Audit
from tests.renderers.conftest import Story


@pytest.fixture(scope="module")
def sample() -> Audit:
    return Story(size=20).audit()


def test_every_reason_has_what_would_help() -> None:
    assert set(HELPS) == set(tables.NOT_EVALUABLE)
    assert {kind for kind, _ in HELPS_KIND} <= set(rules.names())
    assert {reason for _, reason in HELPS_KIND} <= set(tables.NOT_EVALUABLE)


def test_a_kind_asks_for_what_it_reads() -> None:
    assert helps("dormant", "attribute-absent") == "a listing that tells last_login"
    assert "policy/links.csv" in helps("duplicate", "semantics-unknown")
    assert "granted_at" in helps("grant-expired", "attribute-absent")
    assert helps("leaver-active", "walk-unproven") == HELPS["walk-unproven"]


def test_the_lines_hold_all_that_could_not_be_judged(sample: Audit) -> None:
    found = ledger(sample)
    assert sum(line.not_evaluable for line in found.lines) == int(sample.checks["not_evaluable"].sum()) > 0
    assert all(sum(doubt.rows for doubt in line.doubts) == line.not_evaluable for line in found.lines)
    assert len(ledger(sample, everything=True).lines) == len(sample.checks)


def test_rows_without_a_reason_are_not_lost(sample: Audit) -> None:
    silent = replace(sample, checks=sample.checks.assign(reason=None))
    [first, *_] = ledger(silent).lines
    assert [(doubt.reason, doubt.rows) for doubt in first.doubts] == [("no reason given", first.not_evaluable)]


def test_the_totals_say_how_many_could_not_be_judged(sample: Audit) -> None:
    unknown, total = (int(sample.checks[name].sum()) for name in ("not_evaluable", "population"))
    assert ledger(sample).said == f"{unknown:,} of {total:,} checks could not be judged; none of them counts as passed"


def test_what_was_not_judged_at_all_is_told(sample: Audit) -> None:
    found = ledger(sample)
    assert [app for app, _ in found.not_audited] == ["vpn", "fax"]
    assert ("apps.github.listings[0]", "scope", "partial") in [(x.source, x.what, x.state) for x in found.unproven]
    assert "prestart" in found.off
    assert "dormant" not in found.off
    assert ledger(sample, app="fax").said == "no check was made"


@pytest.mark.parametrize("asked", [{"app": "nowhere"}, {"kind": "dormnt"}])
def test_what_is_not_there_is_an_error(sample: Audit, asked: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        ledger(sample, **asked)  # type: ignore[arg-type]
    assert "known" in caught.value.hint
