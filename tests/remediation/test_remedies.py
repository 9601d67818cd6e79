"""What rules say puts their findings right agrees with what they tell people to do."""

from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.rules import REMOVE

CHOICE = (" or ", "Ask ", "Decide ")


@pytest.mark.parametrize("kind", rules.names())
def test_an_action_that_takes_the_right_away_has_that_remedy(kind: str) -> None:
    rule = rules.load(kind)
    if rule.action.startswith(REMOVE):
        assert rule.remedy == "remove"


@pytest.mark.parametrize("kind", [kind for kind in rules.names() if rules.load(kind).remedy])
def test_an_action_that_leaves_a_choice_has_a_remedy_that_waits_for_it(kind: str) -> None:
    rule = rules.load(kind)
    leaves = any(word in rule.action for word in CHOICE) or rule.action.startswith("Find out")
    assert rule.decide == leaves


def test_there_are_remedies() -> None:
    assert {rules.load(kind).remedy for kind in rules.names()} == {"", "disable", "remove", "strip"}
