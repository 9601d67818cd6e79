"""Dates and times as a file writes them. Nothing is guessed: a day that could be another day is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from scimaudit.sources._grid import shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS = {"epoch": "seconds", "epoch-ms": "milliseconds"}
_NUMERIC_DAY = re.compile(r"\d{1,4}[./ -]\d{1,2}[./ -]\d{1,4}\b")


def parse(text: str, formats: Sequence[str]) -> datetime:
    """The moment that ``text`` names in exactly one way by ``formats``; naive where it states no zone.

    :param formats: strptime formats, ``iso`` (ISO 8601), ``epoch`` (seconds since 1970) or ``epoch-ms``.
    :raises ValueError: no format fits, or two fit and disagree; the text says so for people.
    """
    found = {moment for form in formats if (moment := _attempt(text, form)) is not None}
    if len(found) == 1:
        return found.pop()
    if found:
        msg = f"{shown(text)} fits more than one of the declared formats"
    elif tuple(formats) == ("iso",) and _NUMERIC_DAY.match(text):
        msg = f"{shown(text)} is not ISO 8601 and could mean more than one day; declare date_format"
    else:
        msg = f"{shown(text)} is not a date in the format {' or '.join(formats)}"
    raise ValueError(msg)


def as_day(moment: datetime) -> date:
    """The calendar day of a moment.

    :raises ValueError: it states a zone and a time of day, so that the day depends on where one stands.
    """
    if moment.tzinfo is not None and moment.time().replace(tzinfo=None) != datetime.min.time():
        msg = f"{shown(moment.isoformat())} is a time in a zone where a day is due"
        raise ValueError(msg)
    return moment.date()


def as_moment(value: date | datetime) -> datetime:
    """A day or time as a moment in UTC; a day begins at midnight, and what states no zone is read as UTC."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - zoned below
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def known_format(form: str) -> str:
    """``form`` unchanged.

    :raises ValueError: it is no keyword and no strptime format that names day, month and year.
    """
    if form == "iso" or form in _EPOCH_UNITS:
        return form
    sample = datetime(2026, 11, 20)  # noqa: DTZ001 - only its calendar day is compared
    try:
        same = datetime.strptime(sample.strftime(form), form).date() == sample.date()  # noqa: DTZ007 - as above
    except (ValueError, re.error):
        same = False
    if not same:
        msg = f"{form!r} is not iso, epoch, epoch-ms or a format of day, month and year such as %d.%m.%Y"
        raise ValueError(msg)
    return form


def _attempt(text: str, form: str) -> datetime | None:
    try:
        if form == "iso":
            return datetime.fromisoformat(text)
        if form in _EPOCH_UNITS:
            return _EPOCH + timedelta(**{_EPOCH_UNITS[form]: float(text)})
        return datetime.strptime(text, form)  # noqa: DTZ007 - the file states no zone; as_moment decides
    except (ValueError, OverflowError):
        return None
