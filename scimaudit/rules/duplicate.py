"""Finding kind ``duplicate``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy import patterns
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import joined_by, known_false, known_true
from scimaudit.view.possible import possible_owners


@rule(
    title="Person has several active accounts in one app",
    family="orphan",
    severity="medium",
    action="Keep one account, disable the others, or declare the second one under admin_accounts.",
    stopped_by=("create",),
    controls=(
        "soc2/CC6.1", "iso27001-2022/A.5.16", "pci-dss-4.0.1/8.2.1", "nist-800-53-r5/AC-2", "nist-800-53-r5/IA-4",
        "cis-8.1/5.1",
    ),
)  # fmt: skip
def duplicate(view: View) -> Judgement:
    """People with more than one active account in an app.

    Detects: a person who owns two or more active accounts of one app, not counting accounts that the app declares
    under ``admin_accounts`` and registered non-humans. One finding per person and app.

    Why: the leaver process usually ends the account it knows; the second one stays.

    Not evaluable: a person with at most one account that is known to be active, where the activity of another is
    unknown, where they are one of several possible owners of another, or where the app's listing is not proven
    complete.

    Remediation: merge or disable the spare account. Two accounts with the same mail address often mean that
    externalId is mapped from the wrong attribute.
    """
    accounts = view.accounts
    columns = ["app", "person_id", "owner_row", "account_id", "user_name", "active"]
    counted = _counts(view)
    held = accounts.loc[counted & (accounts["situation"] == "matched"), columns].reset_index(drop=True)
    live, maybe = known_true(held["active"]).to_numpy(), ~known_false(held["active"]).to_numpy()
    owner, app = held["owner_row"].to_numpy().astype(np.int64), held["app"].cat.codes.to_numpy()
    wide = len(view.apps) + 1
    pair, known = pd.factorize(owner * wide + app)
    pairs = held.loc[~pd.Series(pair).duplicated(), ["app", "person_id"]].reset_index(drop=True)
    active = pd.Series(np.bincount(pair[live], minlength=len(pairs)), dtype="int64")
    perhaps = possible_owners(view)
    perhaps = perhaps[(counted & ~known_false(accounts["active"])).to_numpy()[perhaps["account"]]]
    theirs = perhaps["person"] * wide + accounts["app"].cat.codes.to_numpy()[perhaps["account"]]
    candidate = pd.Index(known).get_indexer(theirs)
    counts = np.concatenate([pair[maybe], candidate[candidate >= 0]])
    possible = pd.Series(np.bincount(counts, minlength=len(pairs)), dtype="int64")
    walked = view.of_app(pairs["app"], "walk") == "complete"
    found = judge(
        pairs,
        fails=active > 1,
        unknown=because(
            pairs.index,
            (possible > active.clip(lower=1), "semantics-unknown"),
            (~walked, "walk-unproven"),
        ),
    )
    told = held[live & np.isin(pair, found.failed.index)]
    named = told["user_name"].fillna(told["account_id"]) + " (" + told["account_id"] + ")"
    texts = joined_by(pair[told.index], named).reindex(found.failed.index)
    return found.saying(expected="one active account", actual=texts)


def _counts(view: View) -> pd.Series:
    accounts = view.accounts
    declared = np.zeros(len(accounts), dtype=bool)
    for facts in view.facts.values():
        if facts.admin_accounts:
            mine = (accounts["app"] == facts.app).to_numpy()
            declared |= mine & patterns.matches(accounts["user_name"], facts.admin_accounts)
    human: pd.Series = ~accounts["nhi"] & ~declared
    return human
