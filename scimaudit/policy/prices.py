"""``policy/prices.csv``: what a seat or a licence costs a month, so that a report can say what closing one saves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from scimaudit.errors import PolicyError
from scimaudit.policy import reading

COLUMNS: Final = ("app", "value", "price", "currency", "as_of")
REQUIRED: Final = ("app", "price", "currency", "as_of")
_PRICE: Final = re.compile(r"\d{1,9}(\.\d{1,4})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Price:
    """One line.

    :param value: id or name of a licence, role or group that is paid for; empty is a seat in the app.
    :param price: for one holder and month. ``currency``: its ISO 4217 code.
    :param as_of: the day on which the price was true.
    """

    app: str
    value: str
    price: Decimal
    currency: str
    as_of: date
    place: str = field(default="", compare=False, kw_only=True)


def load(path: Path) -> tuple[Price, ...]:
    """Read the file; one that is not there is empty.

    :raises PolicyError: it cannot be read, or a line is wrong; names the line.
    """
    return parse(reading.csv_text(path), str(path))


def parse(text: str, where: str) -> tuple[Price, ...]:
    """The lines in ``text``.

    :raises PolicyError: a line is wrong; names the line.
    """
    found: dict[tuple[str, str], Price] = {}
    for entry in reading.csv_lines(text, where, COLUMNS, REQUIRED, ("value",)):
        told, place = entry.data, entry.where
        if not _PRICE.fullmatch(told["price"]):
            raise PolicyError(f"{place}: price is {told['price']!r}", hint="write prices as 12.50")
        if not _CURRENCY.fullmatch(told["currency"]):
            raise PolicyError(f"{place}: currency is {told['currency']!r}", hint="write its code, such as EUR")
        day = reading.day(told["as_of"], f"{place}: as_of")
        if day is None:
            raise PolicyError(f"{place}: as_of is empty")
        line = Price(told["app"], told["value"], Decimal(told["price"]), told["currency"], day, place=entry.place)
        first = found.setdefault((line.app, line.value), line)
        if first is not line:
            what = f"{line.value or 'a seat'!r} of {line.app!r}"
            raise PolicyError(f"{place}: {what} already stands in {first.place}", hint="keep one of the two lines")
    return tuple(found.values())
