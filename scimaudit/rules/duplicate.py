"""Finding kind ``duplicate``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy import patterns
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View, known_false, known_true


@rule(
    title="Person has several active accounts in one app",
    family="orphan",
    severity="medium",
    action="Keep one account, disable the others, or declare the second one under admin_accounts.",
    controls=(
        "soc2/CC6.1", "iso27001-2022/A.5.16", "pci-dss-4.0.1/8.2.1", "nist-800-53-r5/AC-2", "nist-800-53-r5/IA-4",
        "cis-8.1/5.1",
    ),
)  # fmt: skip
def duplicate(view: View) -> Judgement:
    """People with more than one active account in an app.

    Detects: a person who owns two or more active accounts of one app, not counting accounts that the app declares
    under ``admin_accounts`` and registered non-humans. One finding per person and app. Where an account's activity
    is unknown, or the listing is not proven complete, a person with one account is not evaluable.

    Why: the leaver process usually ends the account it knows; the second one stays.

    Remediation: merge or disable the spare account. Two accounts with the same mail address often mean that
    externalId is mapped from the wrong attribute.
    """
    accounts = view.accounts
    counted = accounts[_counts(view)][["app", "person_id", "account_id", "user_name", "active"]]
    named = counted["user_name"].fillna(counted["account_id"]) + " (" + counted["account_id"] + ")"
    active = known_true(counted["active"])
    held = counted.assign(named=named.where(active), live=active, maybe=~known_false(counted["active"]))
    pairs = held.groupby(["app", "person_id"], observed=True, sort=True)[["live", "maybe"]].sum().reset_index()
    walked = view.of_app(pairs["app"], "walk") == "complete"
    found = judge(
        pairs,
        fails=pairs["live"] > 1,
        unknown=because(
            pairs.index,
            (pairs["maybe"] > np.maximum(pairs["live"], 1), "semantics-unknown"),
            (~walked, "walk-unproven"),
        ),
    )
    return found.saying(expected="one active account", actual=_names(found.failed, held))


def _counts(view: View) -> pd.Series:
    accounts = view.accounts
    declared = np.zeros(len(accounts), dtype=bool)
    for facts in view.facts.values():
        if facts.admin_accounts:
            mine = (accounts["app"] == facts.app).to_numpy()
            declared |= mine & patterns.matches(accounts["user_name"], facts.admin_accounts)
    human: pd.Series = (accounts["situation"] == "matched") & ~accounts["nhi"] & ~declared
    return human


def _names(pairs: pd.DataFrame, held: pd.DataFrame) -> pd.Series:
    mine = held[held["live"] & held["person_id"].isin(pairs["person_id"])].sort_values("account_id")
    texts = mine.groupby(["app", "person_id"], observed=True)["named"].agg(", ".join)
    keys = pd.MultiIndex.from_frame(pairs[["app", "person_id"]])
    return pd.Series(texts.reindex(keys).to_numpy(), index=pairs.index, dtype="str")
