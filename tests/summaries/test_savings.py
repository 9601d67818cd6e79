"""What closing accounts saves: an account once, as surely as any finding says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from scimaudit.policy import Policy
from scimaudit.policy.prices import Price
from scimaudit.summaries.savings import saving_lines
from tests.rules.conftest import Make

make = Make()


def counts(
    *found: tuple[str, str], value: str = "", disposition: str = "open", **account: Any
) -> tuple[int, int, float]:
    price = Price("slack", value, Decimal("12.10"), "EUR", date(2026, 1, 1))
    view = make.view(
        accounts=[make.account("a1", **account), make.account("a2")],
        grants=[make.grant("a1", "l-1", attribute="licenses", display="Pro")],
        policy=Policy(prices=(price,)),
    )
    rows = pd.DataFrame(found, columns=["kind", "account_id"]).assign(app="slack", disposition=disposition)
    [line] = saving_lines(view, rows)
    return line.sure, line.asked, line.sure_a_month


@pytest.mark.parametrize(
    ("found", "saved"),
    [
        ([("leaver-active", "a1")], (1, 0, 12.1)),
        ([("leaver-active", "a1"), ("external-expired", "a2")], (2, 0, 24.2)),
        ([("dormant", "a1")], (0, 1, 0.0)),
        ([("dormant", "a1"), ("leaver-active", "a1")], (1, 0, 12.1)),
        ([("excess", "a1")], (0, 0, 0.0)),
        ([], (0, 0, 0.0)),
    ],
)
def test_seats(found: list[tuple[str, str]], saved: tuple[int, int, float]) -> None:
    assert counts(*found) == saved


@pytest.mark.parametrize("licence", ["l-1", "Pro"])
def test_a_licence_counts_for_its_holders_disabled_ones_too(licence: str) -> None:
    found = [("disabled-residual", "a1"), ("leaver-active", "a2")]
    assert counts(*found, value=licence, active=False) == (1, 0, 12.1)


def test_an_inactive_account_takes_no_seat() -> None:
    assert counts(("disabled-residual", "a1"), active=False) == (0, 0, 0.0)


def test_what_somebody_accepted_saves_nothing() -> None:
    assert counts(("leaver-active", "a1"), disposition="excepted") == (0, 0, 0.0)
