from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman
from scimaudit.view import Reviewed

RULE = rules.load("review-overdue").check


def judged(make, *due):
    lines = tuple(NonHuman("slack", f"bot{n}", "bot", "p1", review_date=day) for n, day in enumerate(due))
    return RULE(make.view(policy=Policy(nhi=lines)))


@pytest.mark.parametrize(
    ("due", "said"),
    [(date(2026, 11, 19), "review was due on 2026-11-19"), (None, "no review date is set")],
)
def test_a_review_that_nobody_did_fails(make, due, said):
    failed = judged(make, due).failed
    assert failed[["value", "owner", "actual"]].to_numpy().tolist() == [["bot0", "p1", f"bot0: {said}"]]


def test_the_day_itself_is_in_time(make):
    assert make.judged(judged(make, date(2026, 11, 20), date(2027, 1, 1)))["failed"] == 0


def test_an_empty_register_has_nothing_to_review(make):
    assert make.judged(judged(make))["population"] == 0


@pytest.mark.parametrize(("undecided", "failed"), [(0, 0), (2, 0), (3, 1)])
def test_a_campaign_that_closed_with_nothing_decided_has_reviewed_nothing(make, undecided, failed):
    told = {"campaign": "q3", "title": "Q3", "app": "slack", "items": 3, "undecided": undecided, "due": "2026-11-01"}
    campaigns = pd.DataFrame([{**told, "opened_at": "2026-10-01T00:00Z", "closed_at": "2026-11-02T00:00Z"}])
    kinds = Reviewed().campaigns.dtypes
    reviewed = Reviewed(campaigns[list(kinds.index)].astype(kinds))
    view = replace(make.view(), reviewed=reviewed)
    assert make.judged(RULE(view, campaign_days=90))["failed"] == failed


def test_an_app_without_any_campaign_is_overdue(make):
    assert make.judged(RULE(make.view(), campaign_days=90))["failed"] == 1
