"""A drill's plan, ``drills/<id>.toml``: whose change it is, when it begins, and what each app must show by when."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from scimaudit.config import Config, checked
from scimaudit.config.model import Model
from scimaudit.errors import ConfigError
from scimaudit.tables import ENTITLEMENTS as RIGHTS

Kind = Literal["joiner", "mover", "leaver"]
State = Literal["exists", "active", "inactive", "absent"]
COLUMNS: Final = (
    "external_id", "user_name", "display_name", "given_name", "family_name", "employee_number", "department", "title",
    "manager", "user_type",
)  # fmt: skip
"""Attributes of an account that a plan can expect."""
WRITTEN: Final = ("given_name", "family_name", "display_name", "title", "department", "employee_number", "user_type")
"""Attributes that a canary can have."""
_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|d)")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def duration(text: str) -> timedelta:
    """A length of time such as ``90 s``, ``30 min``, ``4 h`` or ``2 d``.

    :raises ValueError: it is something else.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        msg = f"{text!r} is no length of time such as 90 s, 30 min, 4 h or 2 d"
        raise ValueError(msg)
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def words(length: timedelta) -> str:
    """A length of time as :func:`duration` reads it."""
    seconds = length.total_seconds()
    unit = next((unit for unit in ("d", "h", "min") if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0), "s")
    return f"{seconds / _UNITS[unit]:g} {unit}"


def _length(given: Any) -> Any:
    return duration(given) if isinstance(given, str) else given


def _plain(given: Any) -> Any:
    """``account = "inactive"`` says the same as ``account = { is = "inactive" }``."""
    return {"is": given} if isinstance(given, str) else given


Within = Annotated[timedelta | None, BeforeValidator(_length)]


class Account(Model):
    """What an app must show of the account.

    ``exists`` or ``active`` of one account at least; ``inactive`` (or gone) or ``absent`` of every one.
    """

    state: State = Field(alias="is")
    within: Within = None


class Rights(Model):
    """What rights of one kind its accounts must hold: names as the app shows them, or ids."""

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    none: bool = False
    within: Within = None

    @model_validator(mode="after")
    def _says_something(self) -> Rights:
        if self.none == bool(self.has or self.lacks) or set(self.has) & set(self.lacks):
            msg = "say has and lacks, which must not meet, or none = true"
            raise ValueError(msg)
        return self


class Value(Model):
    """What an attribute of the account must be."""

    value: str = Field(alias="is", min_length=1)
    within: Within = None


class Expected(Model):
    """``[apps.NAME]`` of a plan.

    :param within: the limit of everything that names none; without it the app's ``sla_hours``.
    """

    within: Within = None
    account: Annotated[Account | None, BeforeValidator(_plain)] = None
    groups: Rights | None = None
    roles: Rights | None = None
    entitlements: Rights | None = None
    licenses: Rights | None = None
    attributes: Mapping[str, Annotated[Value, BeforeValidator(_plain)]] = Field(default_factory=dict)

    @field_validator("attributes")
    @classmethod
    def _known(cls, given: Mapping[str, Value]) -> Mapping[str, Value]:
        _columns(given, COLUMNS)
        return given


class Canary(Model):
    """``[canary]``: somebody who does not exist.

    :param user_name: by which apps know the canary; ``external_id``: the same. ``drill run`` makes its own.
    :param to: where ``drill run`` makes it: an app, or ``rosters.NAME``.
    :param domain: of the user name and the mail address that ``drill run`` makes.
    :param attributes: what it is made with; ``becomes``: what a mover is changed to.
    """

    user_name: str = ""
    external_id: str = ""
    to: str = ""
    domain: str = Field("canary.invalid", pattern=r"^[A-Za-z0-9.-]+$")
    attributes: Mapping[str, str] = Field(default_factory=dict)
    becomes: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("attributes", "becomes")
    @classmethod
    def _known(cls, given: Mapping[str, str]) -> Mapping[str, str]:
        _columns(given, WRITTEN)
        return given


class Plan(Model):
    """The whole of a plan.

    :param person: the person's id in the rosters, where it is not a canary.
    :param start: when the clock starts; ``drill run`` starts it itself.
    """

    kind: Kind
    title: str = ""
    person: str = ""
    canary: Canary | None = None
    start: datetime | None = None
    apps: Mapping[str, Expected]

    @field_validator("start", mode="before")
    @classmethod
    def _moment(cls, given: Any) -> Any:
        if isinstance(given, date) and not isinstance(given, datetime):
            msg = f"{given} is a day; say the time too, such as {given}T08:00:00"
            raise ValueError(msg)  # noqa: TRY004 - pydantic takes a ValueError for an answer
        return given

    @model_validator(mode="after")
    def _of_somebody(self) -> Plan:
        if bool(self.person) == (self.canary is not None):
            msg = "a plan is of a person or of a [canary], and not of both"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class Expectation:
    """One thing that one app must show.

    :param what: ``account``, a kind of rights, or an attribute.
    :param wanted: the same in words.
    """

    app: str
    what: str
    wanted: str
    within: timedelta


def load(path: Path, config: Config) -> Plan:
    """Read a plan and check it against the configuration.

    :returns: the plan, its start in a time zone and every expectation with its limit.
    :raises ConfigError: it cannot be read or says something unknown; lists what is known.
    """
    if not _ID.fullmatch(path.stem):
        raise ConfigError(f"{path.name} names no drill", hint="a drill's id is letters, digits, dots and dashes")
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the plan {path} cannot be read: {error}", hint="scimaudit drill plan writes one") from error
    return parse(text, config, str(path))


def parse(text: str, config: Config, where: str) -> Plan:
    """See :func:`load`.

    :param where: how errors call the plan.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from error
    plan = checked(Plan, data, where)
    for name, expected in plan.apps.items():
        app = config.app(name)
        if not app.listings:
            raise ConfigError(f"{where}: the app {name} has no listing", hint=app.reason or "what it shows is not seen")
        if not list(_expected(name, expected, timedelta(0))):
            raise ConfigError(f"{where}: apps.{name} expects nothing", hint="say account, groups or attributes")
    if not plan.apps:
        raise ConfigError(f"{where} expects nothing of any app")
    start = plan.start
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=config.zone)
    limits = {
        name: each.model_copy(update={"within": each.within or timedelta(hours=config.app(name).sla_hours)})
        for name, each in plan.apps.items()
    }
    return plan.model_copy(update={"start": start, "apps": limits})


def expectations(plan: Plan) -> list[Expectation]:
    """Everything that the apps must show, in the plan's order."""
    return [
        each
        for name, expected in plan.apps.items()
        for each in _expected(name, expected, expected.within or timedelta(0))
    ]


def _expected(app: str, expected: Expected, limit: timedelta) -> Iterator[Expectation]:
    if expected.account is not None:
        yield Expectation(app, "account", expected.account.state, expected.account.within or limit)
    for kind in RIGHTS:
        rights: Rights | None = getattr(expected, kind)
        if rights is not None:
            yield Expectation(app, kind, _said(rights), rights.within or limit)
    for name, value in expected.attributes.items():
        yield Expectation(app, name, value.value, value.within or limit)


def _said(rights: Rights) -> str:
    if rights.none:
        return "none"
    told = (("with", rights.has), ("without", rights.lacks))
    return ", ".join(f"{word} {' and '.join(names)}" for word, names in told if names)


def _columns(given: Mapping[str, object], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            msg = f"there is no attribute {name!r}; the attributes are {', '.join(known)}"
            raise ValueError(msg)
