from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman
from scimaudit.view import Reviewed
from tests.rules.conftest import account, person

RULE = rules.load("self-review").check


def judged(make, owner, **policy):
    told = {"campaign": "q3", "item_id": "1", "app": "slack", "account_id": "a", "attribute": "groups", "value": "g"}
    line = {**told, "display": "g", "reviewer": "p1", "decision": "certify", "decided_at": "2026-10-01T00:00Z"}
    kinds = Reviewed().decisions.dtypes
    reviewed = Reviewed(decisions=pd.DataFrame([line])[list(kinds.index)].astype(kinds))
    view = make.view(people=[person("p1"), person("p2")], accounts=[account("a", owner=owner)], **policy)
    return make.judged(RULE(replace(view, reviewed=reviewed)))


@pytest.mark.parametrize(
    ("owner", "failed", "not_evaluable"), [("p1", 1, 0), ("p2", 0, 0), ("p1|p2", 0, 1), (None, 0, 1)]
)
def test_whose_account_it_was_must_be_known(make, owner, failed, not_evaluable):
    line = judged(make, owner)
    assert (line["failed"], line["not_evaluable"]) == (failed, not_evaluable)


def test_a_registered_machine_is_nobodys_own(make):
    policy = Policy(nhi=(NonHuman("slack", "a", "bot", "p1"),))
    assert judged(make, None, policy=policy)["not_evaluable"] == 0
