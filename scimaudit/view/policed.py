"""What the policy says of every grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scimaudit.policy import entitlements, expression, matching
from scimaudit.view.columns import taken

if TYPE_CHECKING:
    from scimaudit.view import View


def policed(view: View) -> np.ndarray:
    """For each grant ``ALLOWED``, ``DENIED``, ``NOT_ALLOWED``, ``SILENT`` or ``UNKNOWN`` of the policy's verdicts.

    See :mod:`scimaudit.policy.entitlements`. What it says of a grant whose account has no owner means nothing.
    """
    rules = view.policy.rules
    if any(matching.of_accounts(rule) for rule in rules):
        who, holder = _holders(view), view.grants["account"].to_numpy()
    else:
        who, holder = view.people, view.grants["person_id"].cat.codes.to_numpy()
    person, entitlement, table = entitlements.verdicts(rules, who, view.entitlements)
    # -1, a grant without an owner or an account, reads the last place.
    mine = np.append(person, 0)[holder]
    found: np.ndarray = table[mine, entitlement[view.grants["entitlement"]]]
    return found


def _holders(view: View) -> pd.DataFrame:
    """For each account what the rules ask of it and of its owner."""
    named = {name for rule in view.policy.rules for name in expression.columns_of(rule.who)}
    owner = view.accounts["owner_row"].to_numpy()
    return pd.DataFrame(
        {
            name: view.accounts[name.removeprefix(matching.ACCOUNT)]
            if name.startswith(matching.ACCOUNT)
            else taken(view.people[name], owner, view.accounts.index)
            for name in sorted(named)
        },
        index=view.accounts.index,
    )
