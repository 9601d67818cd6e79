"""``scimaudit.toml`` as frozen models. An unknown key is an error that lists the known ones."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from scimaudit import rules, sources
from scimaudit.errors import ConfigError
from scimaudit.tables import SEVERITIES

Severity = Literal["info", "low", "medium", "high", "critical"]
Mechanism = Literal["saml", "oidc", "password", "scim", "jit", "manual", "none"]
Parsed = TypeVar("Parsed", bound=BaseModel)
Tier = Literal["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        msg = f"{name!r} is not an IANA time zone such as Europe/Berlin"
        raise ValueError(msg) from error
    return name


def _convention(text: str) -> str:
    if text.count("{date}") != 1:
        msg = f"{text!r} should hold {{date}} once, such as *-until-{{date}}"
        raise ValueError(msg)
    return text


Zone = Annotated[str, AfterValidator(_zone)]
NamedEnd = Annotated[str, AfterValidator(_convention)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


class Model(BaseModel):
    """A frozen part of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Gates(Model):
    """When a source is too old to be believed; how far it may shrink is a setting of the rules that watch it."""

    roster_stale_days: int = Field(7, ge=0, description="a roster older than this is stale")
    listing_stale_days: int = Field(31, ge=0, description="a reused or exported listing older than this is stale")


class Exceptions(Model):
    """``[audit.exceptions]``: how far an exception may reach."""

    max_days: int = Field(90, ge=1, description="longest life of an exception, from approval to expiry")
    max_findings: int = Field(10, ge=1, description="most findings that one exception may cover")


class Audit(Model):
    """``[audit]``: what holds for the whole audit."""

    organisation: str = Field("", description="name printed on reports")
    time_zone: Zone = Field("UTC", description="IANA zone in which end dates end")
    store: Path = Field(Path("scimaudit-data"), description="folder of snapshots and audits, relative to this file")
    policy: Path = Field(Path("policy"), description="folder of policy files, relative to this file")
    as_of: date | None = Field(None, description="judge as of the end of this day; default: the end of the snapshot")
    fail_on: Severity = Field("high", description="exit 1 when a finding is at least this severe")
    history_days: int = Field(400, ge=0, description="how far back earlier snapshots say what people were before")
    gates: Gates = Gates()
    exceptions: Exceptions = Exceptions()


class Network(Model):
    """``[network]``: how servers are reached. The environment's proxy variables are not read."""

    proxy: str | None = Field(None, description="URL of a proxy for every source")
    ca: Path | None = Field(None, description="PEM file of a private certificate authority, relative to this file")


class Control(Model):
    """One control of an app's ``register``.

    :param by: its mechanisms; several where it has two writers.
    :param owner: who answers for it; otherwise the app's owner does.
    """

    by: tuple[Mechanism, ...] = Field(min_length=1, description="mechanisms; several where there are two writers")
    owner: str = Field("", description="mail address of who answers for it; default: the app's owner")

    @field_validator("by", mode="before")
    @classmethod
    def _one_or_several(cls, by: Any) -> Any:
        return (by,) if isinstance(by, str) else by

    @field_validator("by")
    @classmethod
    def _none_stands_alone(cls, by: tuple[Mechanism, ...]) -> tuple[Mechanism, ...]:
        if len(set(by)) != len(by) or ("none" in by and len(by) > 1):
            msg = f"{', '.join(by)} contradicts itself"
            raise ValueError(msg)
        return by


def _control(given: Any) -> Any:
    return {"by": given} if isinstance(given, (str, list, tuple)) else given


Controlled = Annotated[
    Control,
    BeforeValidator(_control, json_schema_input_type=Mechanism | tuple[Mechanism, ...] | Control),
]


class Register(Model):
    """``register``: who controls what in an app. Sign-in is governed apart from the life of the account.

    Each control is a mechanism, a list of mechanisms, or ``{ by = …, owner = … }``.
    """

    sign_in: Controlled | None = None
    create: Controlled | None = None
    update: Controlled | None = None
    disable: Controlled | None = None
    entitlement_removal: Controlled | None = None


class ScopeAccepted(Model):
    """``scope_accepted``: an unproven scope that somebody answers for until a date. Shown, never called clean."""

    reason: str
    by: str
    until: date


class Canary(Model):
    """``canaries``: an account that must appear in the listing (witness W7)."""

    account_id: str | None = None
    user_name: str | None = None
    made: Literal["scim", "hand"] = Field("scim", description="hand: made outside SCIM, so that seeing it proves scope")
    active: bool = True


_DRIFT: Mapping[str, Severity] = {
    "emails": "medium",
    "given_name": "low",
    "family_name": "low",
    "department": "low",
    "title": "low",
}


class Drift(Model):
    """``drift``: attributes the roster should feed, each with the severity of a difference."""

    attributes: Mapping[str, Severity] = Field(
        default=_DRIFT,
        description="account column to severity; columns are compared with the person's column of the same name",
    )
    normalise: Mapping[str, Literal["exact", "text", "text-accents"]] = Field(
        default_factory=dict, description="how a column is compared; default text: white space and case do not count"
    )


DECIDED: Final = (
    "status", "worker_type", "employee_number", "user_name", "emails", "given_name", "family_name", "display_name",
    "department", "title", "manager_id", "location", "company",
)  # fmt: skip
"""Columns of people that one roster can be authoritative for."""


class Roster(Model):
    """``[rosters.NAME]``: one system of record. Keys beyond these belong to its source."""

    name: Name
    source: str
    owner: str = Field("", description="mail address of who answers for it")
    time_zone: Zone | None = Field(None, description="zone in which its end dates end; default: audit.time_zone")
    join_on: Literal["person_id", "employee_number", "user_name", "emails"] = Field(
        "person_id", description="how its rows find their person in the rosters before it"
    )
    authoritative_for: tuple[str, ...] = Field(
        (), description="columns in which its word counts before earlier rosters; status stands for both dates too"
    )
    acknowledged_rows: tuple[str, ...] = Field((), description="digests of rejected rows that somebody has looked at")
    settings: Any = Field(description="the source's own model")

    @field_validator("authoritative_for")
    @classmethod
    def _columns_are_decided(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in DECIDED:
                msg = f"{name!r} is not decided between rosters; the columns are {', '.join(DECIDED)}"
                raise ValueError(msg)
        return names


class AppListing(Model):
    """``[[apps.NAME.listings]]``: one pull of one source. Keys beyond these belong to its source."""

    source: str
    join_on: Literal["account_id", "external_id", "user_name", "emails", "employee_number"] = Field(
        "user_name", description="how rows of a second listing find their account in the first"
    )
    acknowledged_rows: tuple[str, ...] = Field((), description="digests of rejected rows that somebody has looked at")
    settings: Any = Field(description="the source's own model")


class App(Model):
    """``[apps.NAME]``: one app."""

    name: Name
    owner: str = Field("", description="mail address of who answers for the app")
    delegates: tuple[str, ...] = Field((), description="mail addresses of who may approve exceptions beside the owner")
    title: str = Field("", description="name to show")
    regulated: tuple[str, ...] = Field(
        (), description="regimes it is in scope of, such as sox; raises severities by one"
    )
    reason: str = Field("", description="why it has no listing")
    external_id_is: str | None = Field(
        None, description="people column that externalId holds; tier T1 runs only where declared"
    )
    employee_number_digits: int | None = Field(
        None, ge=1, le=32, description="zero-pad employee numbers to this length before comparing"
    )
    match_local_part: bool = Field(False, description="let tier T4 compare the part before the at sign")
    domains: Mapping[str, str] = Field(default_factory=dict, description="old mail domain to new one (tier T5)")
    tiers: tuple[Tier, ...] = Field(
        ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8"), description="correlation tiers to run"
    )
    roster_feeds: bool = Field(
        True, description="accounts are meant to come from the roster (drift and out-of-band apply)"
    )
    closed: bool = Field(False, description="an entitlement that no policy rule names is excess, not policy-silent")
    privileged: tuple[str, ...] = Field(
        (), description="patterns (* and ?) over entitlement names or ids that give power over the app"
    )
    ends_in_name: tuple[NamedEnd, ...] = Field(
        (), description="patterns over entitlement names that tell their last day, such as *-until-{date}"
    )
    non_human: tuple[str, ...] = Field(
        (), description="patterns over userName of accounts that are not human, such as svc-*; each wants a register line"
    )
    non_human_types: tuple[str, ...] = Field((), description="values of userType that accounts of machines carry")
    interactive_sign_ins: bool | None = Field(
        None, description="the sign-in times its listings tell are those of people at a screen; unknown unless said"
    )
    admin_accounts: tuple[str, ...] = Field(
        (), description="patterns over userName of second accounts that are declared, such as adm-*"
    )
    sla_hours: float = Field(24, ge=0, description="hours after an end date within which the account must be inactive")
    seats: int | None = Field(None, ge=0, description="number of accounts the app's console shows (witness W8)")
    canaries: tuple[Canary, ...] = ()
    scope_accepted: ScopeAccepted | None = None
    control_register: Register = Field(Register(), alias="register", description="who controls what")
    drift: Drift = Drift()
    listings: tuple[AppListing, ...] = ()


class Config(Model):
    """The whole of ``scimaudit.toml``."""

    path: Path = Field(exclude=True)
    audit: Audit = Audit()
    network: Network = Network()
    rosters: tuple[Roster, ...]
    apps: tuple[App, ...] = ()
    rules: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)

    @property
    def base(self) -> Path:
        """The folder that relative paths are relative to."""
        return self.path.parent

    @property
    def store(self) -> Path:
        """The folder of snapshots and audits."""
        return self.base / self.audit.store

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        return ZoneInfo(self.audit.time_zone)

    @property
    def policy(self) -> Path:
        """The folder of policy files."""
        return self.base / self.audit.policy

    def app(self, name: str) -> App:
        """The app of that name.

        :raises ConfigError: there is none; lists the known ones.
        """
        for app in self.apps:
            if app.name == name:
                return app
        raise ConfigError(f"there is no app {name!r}", hint="known apps: " + ", ".join(app.name for app in self.apps))


def load(path: Path) -> Config:
    """Read and check a configuration file; no source is contacted and no secret resolved.

    :raises ConfigError: it cannot be read, is not TOML (double names included), or says something unknown.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {path}", hint="scimaudit init writes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    return parse(data, path)


def parse(data: Mapping[str, Any], path: Path) -> Config:
    """Check configuration data that was read from ``path``.

    :raises ConfigError: it says something unknown, or names no roster.
    """
    _known(data, ("audit", "network", "rosters", "apps", "rules"), str(path), "")
    if not _named(data, "rosters"):
        raise ConfigError(f"{path} names no roster", hint='add [rosters.hr] with source = "csv" and path = …')
    config = _model(
        Config,
        {
            "path": path,
            "audit": _model(Audit, _table(data, "audit"), "audit"),
            "network": _model(Network, _table(data, "network"), "network"),
            "rosters": tuple(_roster(name, value) for name, value in _named(data, "rosters").items()),
            "apps": tuple(_app(name, value) for name, value in _named(data, "apps").items()),
            "rules": _rules(_named(data, "rules")),
        },
        "",
    )
    _same_name_twice(config)
    _same_authority_twice(config)
    return config


def _roster(name: str, data: Mapping[str, Any]) -> Roster:
    where = f"rosters.{name}"
    common, own = _split(data, Roster, where)
    return _model(Roster, {"name": name, **common, "settings": _settings(common, own, Roster, where)}, where)


def _app(name: str, data: Mapping[str, Any]) -> App:
    where = f"apps.{name}"
    listings = data.get("listings", [])
    if not isinstance(listings, list) or not all(isinstance(item, Mapping) for item in listings):
        raise ConfigError(f"{where}.listings must be a list of tables", hint=f"write [[{where}.listings]]")
    parsed = tuple(_listing(f"{where}.listings[{index}]", item) for index, item in enumerate(listings))
    return _model(App, {"name": name, **data, "listings": parsed}, where, hidden=("name",))


def _listing(where: str, data: Mapping[str, Any]) -> AppListing:
    common, own = _split(data, AppListing, where)
    return _model(AppListing, {**common, "settings": _settings(common, own, AppListing, where)}, where)


def _split(data: Mapping[str, Any], model: type[Model], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if "source" not in data:
        raise ConfigError(f"{where} does not say its source", hint="known sources: " + ", ".join(sources.names()))
    shared = set(model.model_fields) - {"name", "settings"}
    common = {key: value for key, value in data.items() if key in shared}
    return common, {key: value for key, value in data.items() if key not in shared}


def _settings(common: Mapping[str, Any], own: Mapping[str, Any], model: type[Model], where: str) -> Any:
    source = sources.load(str(common["source"]))
    return _model(source, own, where, also=tuple(set(model.model_fields) - {"name", "settings"}))


def _rules(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    for kind, settings in data.items():
        rule = rules.load(kind)
        _known(settings, (*rule.settings, "severity", "enabled"), f"rules.{kind}", f"[rules.{kind}] ")
        if settings.get("severity", "info") not in SEVERITIES:
            raise ConfigError(f"rules.{kind}.severity is none of " + ", ".join(SEVERITIES))
        for name, value in settings.items():
            default = rule.settings[name].default if name in rule.settings else True if name == "enabled" else "info"
            if not isinstance(value, type(default)) and not (isinstance(default, float) and type(value) is int):
                raise ConfigError(f"rules.{kind}.{name} must be {type(default).__name__}, not {value!r}")
    return {kind: dict(settings) for kind, settings in data.items()}


def _same_name_twice(config: Config) -> None:
    for what, names in (("rosters", [r.name for r in config.rosters]), ("apps", [a.name for a in config.apps])):
        seen: dict[str, str] = {}
        for name in names:
            other = seen.setdefault(re.sub(r"[._-]", "-", name.casefold()), name)
            if other is not name:
                raise ConfigError(f"{what} {other!r} and {name!r} are too alike to be told apart in file names")


def _same_authority_twice(config: Config) -> None:
    claimed: dict[str, str] = {}
    for roster in config.rosters:
        for column in roster.authoritative_for:
            other = claimed.setdefault(column, roster.name)
            if other != roster.name:
                raise ConfigError(
                    f"rosters.{other} and rosters.{roster.name} are both authoritative for {column}",
                    hint="one roster decides a column",
                )


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key} must be a table", hint=f"write [{key}]")
    return value


def _named(data: Mapping[str, Any], key: str) -> Mapping[str, Mapping[str, Any]]:
    table = _table(data, key)
    for name, value in table.items():
        if not isinstance(value, Mapping):
            raise ConfigError(f"{key}.{name} must be a table", hint=f"write [{key}.{name}]")
    return table


def _known(data: Mapping[str, Any], known: tuple[str, ...], where: str, prefix: str) -> None:
    for key in data:
        if key not in known:
            raise ConfigError(f"{where}: {prefix}unknown key {key!r}", hint="known keys: " + ", ".join(sorted(known)))


def _model(
    model: type[Parsed], data: Mapping[str, Any], where: str, also: tuple[str, ...] = (), hidden: tuple[str, ...] = ()
) -> Parsed:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        spot = ".".join(part for part in (where, place) if part)
        if first["type"] == "extra_forbidden":
            known = _keys_at(model, first["loc"]) + (also if len(first["loc"]) == 1 else ())
            shown = sorted(set(known) - {"settings", *hidden})
            raise ConfigError(f"unknown key {spot}", hint="known keys: " + ", ".join(shown)) from error
        if first["type"] == "missing":
            raise ConfigError(f"{spot} is missing") from error
        raise ConfigError(f"{spot}: {_plain(first)}") from error


def _keys_at(model: type[Any], place: tuple[int | str, ...]) -> tuple[str, ...]:
    """The keys of the model that the place's last part stands in."""
    here: Any = model
    for part in place[:-1]:
        fields = {field.alias or name: field for name, field in getattr(here, "model_fields", {}).items()}
        if part in fields:
            inner = fields[str(part)].annotation
            nested = [kind for kind in (inner, *getattr(inner, "__args__", ())) if hasattr(kind, "model_fields")]
            here = nested[0] if nested else here
    return tuple(field.alias or name for name, field in here.model_fields.items() if not field.exclude)


def _plain(error: Mapping[str, Any]) -> str:
    text = str(error["msg"]).removeprefix("Value error, ")
    if {"token", "password", "headers", "basic"} & set(error["loc"]):
        # Whoever wrote a secret here by mistake must not find it again in a log.
        return text
    given = error.get("input")
    return f"{text}, not {given!r}" if isinstance(given, (str, int, float, bool, date, datetime)) else text
