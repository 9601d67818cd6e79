from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from scimaudit.errors import PolicyError
from scimaudit.policy import prices
from scimaudit.policy.prices import Price

HEAD = "app,value,price,currency,as_of\n"


def test_a_seat_and_a_licence_are_read():
    assert prices.parse(HEAD + "crm,,45.00,EUR,2026-03-01\ncrm,Pro,12,USD,2026-03-01\n", "p") == (
        Price("crm", "", Decimal("45.00"), "EUR", date(2026, 3, 1)),
        Price("crm", "Pro", Decimal(12), "USD", date(2026, 3, 1)),
    )


def test_no_file_has_no_prices(tmp_path):
    assert prices.load(tmp_path / "prices.csv") == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("crm,,45,EUR,", "line 2: as_of is empty"),
        ("crm,,-1,EUR,2026-03-01", "line 2: price is '-1'"),
        ("crm,,1e9,EUR,2026-03-01", "line 2: price is '1e9'"),
        ("crm,,1,euro,2026-03-01", "line 2: currency is 'euro'"),
        ("crm,,1,EUR,March", "line 2: as_of is 'March'"),
        (
            "crm,,1,EUR,2026-03-01\ncrm,,2,EUR,2026-03-01",
            "line 3: 'a seat' of 'crm' already stands in prices.csv, line 2",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(line, said):
    with pytest.raises(PolicyError) as caught:
        prices.parse(HEAD + line + "\n", "prices.csv")
    assert said in str(caught.value)
