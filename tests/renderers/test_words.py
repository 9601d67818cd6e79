from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scimaudit.renderers import _words
from scimaudit.result import AppLine, Audit, Equation

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


@pytest.fixture
def slack(audit: Audit) -> AppLine:
    return replace(audit.apps[0], verdict="clean", findings={})


def test_an_app_is_clean_only_with_a_complete_walk_and_scope_all(slack: AppLine) -> None:
    assert _words.verdict(slack) == "proven clean"


@pytest.mark.parametrize(
    "change",
    [
        {"walk": "incomplete"},
        {"walk": "unprovable"},
        {"walk": "failed"},
        {"walk": "something new"},
        {"scope": "partial"},
        {"scope": "unknown"},
        {"scope": ""},
        {"verdict": "not proven"},
        {"verdict": "failed"},
        {"verdict": "not audited"},
        {"verdict": "findings", "walk": "incomplete"},
    ],
)
def test_anything_less_says_not_proven_whatever_the_verdict_claims(slack: AppLine, change: dict[str, str]) -> None:
    app = replace(slack, **change)
    assert _words.verdict(app).startswith("not proven")
    assert not _words.proven(app)
    assert "0 of 1 app proven complete; 0 proven clean" in _words.headline([app])


def test_headline_counts(audit: Audit) -> None:
    assert _words.headline(audit.apps) == "6 of 12 apps proven complete; 1 proven clean"


def test_scope_sentence(audit: Audit) -> None:
    assert _words.scope_sentence(audit) == (
        "5,761 accounts of 10 listed apps (12 known) were compared with 420 people, 378 of them active, from 1 roster."
    )


def test_reason_is_made_of_both_verdicts_where_none_is_given(slack: AppLine) -> None:
    app = replace(slack, walk="incomplete", walk_reason="page 3 repeated", scope="unknown", scope_reason="")
    assert _words.reason(app) == "listing was cut short (page 3 repeated); unknown whether it shows every account"
    assert _words.reason(replace(app, verdict_reason="said so")) == "said so"
    assert _words.reason(slack) == ""


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0.5, "under an hour"),
        (1, "1 hour"),
        (47, "47 hours"),
        (48, "2 days"),
        (24 * 90, "90 days"),
        (-3, "3 hours after the audit's date"),
    ],
)
def test_age(hours: float, words: str) -> None:
    assert _words.age(NOW - timedelta(hours=hours), NOW) == words


def test_an_unknown_age_is_said() -> None:
    assert _words.age(None, NOW) == "unknown age"


def test_when_names_the_zone() -> None:
    assert _words.when(NOW, "Europe/Berlin") == "2026-11-20 18:00 CET"
    assert _words.when(None) == ""


def test_an_equation_that_does_not_hold_does_not_look_as_if_it_did() -> None:
    assert _words.balance(Equation("rows", "hr", 5, {"parsed": 3, "rejected": 1})) == "5 ≠ 3 parsed + 1 rejected"
    assert _words.balance(Equation("rows", "hr", 0, {})) == "0 = 0"


def test_listings_of_an_unknown_app_are_not_proven(audit: Audit) -> None:
    assert set(_words.verdicts(replace(audit, apps=())).values()) == {"not proven"}
