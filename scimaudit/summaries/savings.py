"""What closing accounts would save a month, where the organisation says what seats and licences cost."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from scimaudit.policy.prices import Price
from scimaudit.result import SavingLine
from scimaudit.tables import COUNTED
from scimaudit.view import View
from scimaudit.view.columns import known_false

_SURE: Final = ("leaver-active", "external-expired", "disabled-residual")
"""Kinds whose accounts nobody needs; what a disabled account still holds may still be paid for."""
_ASKED: Final = ("dormant", "never-used", "unmatched")
"""Kinds whose accounts somebody should first be asked about."""


def saving_lines(view: View, findings: pd.DataFrame) -> tuple[SavingLine, ...]:
    """One line per price of the policy.

    :param findings: settled findings; only open ones count, and an account once, as surely as any of them says.
    """
    still_open = findings[findings["disposition"].isin(COUNTED) & findings["account_id"].notna()]
    ids = pd.MultiIndex.from_arrays([view.accounts["app"].astype("str"), view.accounts["account_id"]])
    sure = ids.isin(_accounts(still_open, _SURE))
    asked = ids.isin(_accounts(still_open, _ASKED)) & ~sure
    return tuple(_line(view, price, sure, asked) for price in view.policy.prices)


def _accounts(findings: pd.DataFrame, kinds: tuple[str, ...]) -> pd.MultiIndex:
    mine = findings[findings["kind"].isin(kinds)]
    return pd.MultiIndex.from_arrays([mine["app"].astype("str"), mine["account_id"].astype("str")])


def _line(view: View, price: Price, sure: np.ndarray, asked: np.ndarray) -> SavingLine:
    paid = (view.accounts["app"] == price.app).to_numpy(dtype=bool)
    if price.value:
        rights = view.entitlements
        named = (rights["value"] == price.value) | (rights["display"] == price.value)
        mine = (named & (rights["app"] == price.app)).to_numpy(dtype=bool)
        holding = np.unique(view.grants["account"].to_numpy()[mine[view.grants["entitlement"]]])
        paid = paid & np.isin(np.arange(len(paid)), holding)
    else:
        # A seat is free as soon as its account is inactive.
        paid = paid & ~known_false(view.accounts["active"]).to_numpy()
    counts = int((paid & sure).sum()), int((paid & asked).sum())
    return SavingLine(
        app=price.app,
        what=price.value or "seat",
        sure=counts[0],
        asked=counts[1],
        price=float(price.price),
        sure_a_month=float(price.price * counts[0]),
        asked_a_month=float(price.price * counts[1]),
        currency=price.currency,
        as_of=price.as_of.isoformat(),
    )
