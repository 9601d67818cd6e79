"""What is known of a kind of directory, as data: one TOML file each under ``vendors/``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from scimaudit.errors import ConfigError

FOLDER: Final = Path(__file__).with_name("vendors")
Form = Literal["filetime", "generalized", "days"]
_FILETIME: Final = datetime(1601, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER_BELOW: Final = 1602
_NEVER_FROM: Final = 9000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Disabled(_Part):
    """One way in which an entry says that nobody can sign in with it."""

    attribute: str
    bit: int | None = Field(None, description="this bit is set in the number")
    equals: str | None = Field(None, description="the value, without regard to case")
    past: Form | None = Field(None, description="the value is a time that has passed")


class Vendor(_Part):
    """A kind of directory.

    :param active_when_silent: what it means that no ``disabled`` attribute is there.
    :param marker: an attribute every entry has; where it is not readable, silence means nothing.
    """

    title: str
    source: str
    checked: date
    identity: str
    people: str
    groups: str
    members: tuple[str, ...]
    member_names: str = ""
    active_when_silent: Literal["active", "unknown"]
    marker: Mapping[str, str]
    guids: tuple[str, ...] = ()
    sids: tuple[str, ...] = ()
    primary_group: bool = False
    notes: tuple[str, ...] = ()
    columns: Mapping[str, str]
    disabled: tuple[Disabled, ...] = ()
    times: Mapping[str, Form] = {}


def names() -> tuple[str, ...]:
    """The kinds of directory that have a file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str) -> Vendor:
    """The kind of directory of that name.

    :raises ConfigError: there is none; lists the known ones.
    """
    if name not in names():
        raise ConfigError(f"there is no directory vendor {name!r}", hint="known vendors: " + ", ".join(names()))
    return Vendor.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))


def moment(text: str, form: Form) -> datetime | None:
    """The time that a directory's value names; None for the values that mean *never*.

    ``filetime`` counts 100 ns from 1601 ([MS-DTYP] 2.3.3; 0 and 2^63-1 mean never), ``days`` counts days from 1970
    (RFC 2307), ``generalized`` is RFC 4517 section 3.3.13.

    :raises ValueError: it is no such time.
    """
    try:
        if form == "filetime":
            found = _FILETIME + timedelta(microseconds=int(text) // 10)
        elif form == "days":
            found = _EPOCH + timedelta(days=int(text))
        else:
            found = _generalized(text)
    except OverflowError:
        return None
    return found if _NEVER_BELOW <= found.year < _NEVER_FROM else None


def _generalized(text: str) -> datetime:
    plain, _, zone = (text[:-1], "Z", "+0000") if text.endswith("Z") else (text[:-5], "", text[-5:])
    digits, _, fraction = plain.replace(",", ".").partition(".")
    form = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits), "")
    if not form or (fraction and not fraction.isdigit()):
        msg = f"{text!r} is no generalized time"
        raise ValueError(msg)
    found = datetime.strptime(digits + zone, form + "%z").astimezone(UTC)
    return found + timedelta(seconds=float(f"0.{fraction or 0}")) if len(digits) == 14 else found
