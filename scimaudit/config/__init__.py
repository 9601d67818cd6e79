"""``scimaudit.toml`` as frozen models. An unknown key is an error that lists the known ones."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, ValidationError, field_validator

from scimaudit import rules, sources
from scimaudit.config.apps import App, AppListing, Canary, Control, Drift, How, Register, ScopeAccepted
from scimaudit.config.drill import Drill
from scimaudit.config.evidence import Evidence
from scimaudit.config.model import Model, Name, Severity, Zone
from scimaudit.errors import ConfigError
from scimaudit.tables import SEVERITIES
from scimaudit.transport.proxy import Address
from scimaudit.transport.secret import Secret

__all__ = [
    "App", "AppListing", "Audit", "Canary", "Config", "Control", "Drift", "Drill", "Evidence", "Exceptions", "Gates",
    "How", "Network", "Register", "Review", "Roster", "ScopeAccepted", "checked", "load", "parse",
]  # fmt: skip

Parsed = TypeVar("Parsed", bound=BaseModel)


class Gates(Model):
    """When findings may be the data's fault; how far a source may shrink is a setting of the rules that watch it."""

    roster_stale_days: int = Field(7, ge=0, description="a roster older than this is stale")
    no_match_accounts: int = Field(
        10, ge=1, description="an app with at least this many accounts of people, none of them matched, trips a gate"
    )
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
    gates: Gates = Field(Gates(), description="limits of age, see `[audit.gates]`")
    exceptions: Exceptions = Field(Exceptions(), description="limits of exceptions: `max_days`, `max_findings`")


class Review(Model):
    """``[review]``: how access-review campaigns find their reviewers and end."""

    order: tuple[Literal["manager", "app-owner", "entitlement-owner"], ...] = Field(
        ("manager", "app-owner", "entitlement-owner"),
        description="who decides: the first of these who is at work, does not gain by it and did not give it",
    )
    fallback: str = Field("", description="mail address of who decides where none of these may")
    due_days: int = Field(21, ge=1, description="days from the opening until a campaign is due")
    rationale_for: tuple[Literal["certify", "revoke", "modify", "abstain"], ...] = Field(
        ("revoke", "modify", "abstain"), description="decisions that need a reason"
    )
    lapse: Literal["revoke", "certify", "open"] | None = Field(
        None, description="what items count as that nobody decided; without it a campaign with such items cannot close"
    )
    stale_days: int = Field(7, ge=0, description="a snapshot older than this is too old to open a campaign on")


class Network(Model):
    """``[network]``: how servers are reached. The environment's proxy variables are not read."""

    proxy: Address | None = Field(None, description="URL of a proxy for every source, without a password")
    proxy_password: Secret | None = Field(None, description="password of the user in proxy")
    ca: Path | None = Field(None, description="PEM file of a private certificate authority, relative to this file")


_POLICY: Final = (".toml", ".csv")
DECIDED: Final = (
    "status", "worker_type", "employee_number", "user_name", "emails", "given_name", "family_name", "display_name",
    "department", "title", "manager_id", "location", "company",
)  # fmt: skip
"""Columns of people that one roster can be authoritative for."""


class Roster(Model):
    """``[rosters.NAME]``: one system of record. Keys beyond these belong to its source."""

    name: Name
    source: str = Field(description="what kind of source it is, as the sections below name them")
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


class Config(Model):
    """The whole of ``scimaudit.toml``."""

    path: Path = Field(exclude=True)
    audit: Audit = Audit()
    network: Network = Network()
    rosters: tuple[Roster, ...]
    apps: tuple[App, ...] = ()
    review: Review = Review()
    drill: Drill = Drill()
    evidence: Evidence = Evidence()
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
    def policy_files(self) -> tuple[Path, ...]:
        """The files of the policy folder that can hold policy, sorted; a token that lies beside them is none."""
        return tuple(sorted(path for path in self.policy.glob("*") if path.suffix in _POLICY and path.is_file()))

    @property
    def bundles(self) -> Path:
        """The folder of sealed bundles."""
        return self.base / self.evidence.bundles

    @property
    def signing_key(self) -> Path | None:
        """The SSH key that bundles are signed with; ``None`` where none is set."""
        key = self.evidence.key
        return self.base / key.expanduser() if key else None

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
    _known(data, ("audit", "network", "rosters", "apps", "review", "drill", "evidence", "rules"), str(path), "")
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
            "review": _model(Review, _table(data, "review"), "review"),
            "drill": _model(Drill, _table(data, "drill"), "drill"),
            "evidence": _model(Evidence, _table(data, "evidence"), "evidence"),
            "rules": _rules(_named(data, "rules")),
        },
        "",
    )
    _same_name_twice(config)
    _same_authority_twice(config)
    _may_be_written_to(config)
    return config


def checked(model: type[Parsed], data: Mapping[str, Any], where: str) -> Parsed:
    """Data of another file as a model.

    :raises ConfigError: it says something unknown; lists the known keys.
    """
    return _model(model, data, where)


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
    for app in config.apps:
        if app.name.startswith(("rosters.", "apps.")):
            raise ConfigError(f"the app {app.name!r} is called as a source is", hint="leave out what is before the dot")


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


def _may_be_written_to(config: Config) -> None:
    """Drills write by SCIM, with a token of their own."""
    known = [app.name for app in config.apps if any(each.source == "scim" for each in app.listings)]
    known += [f"rosters.{roster.name}" for roster in config.rosters if roster.source == "scim"]
    for name in (*config.drill.write_to, *config.drill.tokens):
        if name not in known:
            raise ConfigError(f"drill: {name!r} is no source that SCIM reaches", hint="known: " + ", ".join(known))
    for name in config.drill.write_to:
        if name not in config.drill.tokens:
            raise ConfigError(
                f"drill.write_to names {name}, and no token to write with",
                hint=f'add [drill.tokens] {name} = {{ env = "…" }}; the token that reads is never used to write',
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


_SECRET: Final = frozenset(
    {
        "token", "tokens", "password", "proxy_password", "headers", "basic", "oauth2", "secret", "private_key",
        "certificate", "proxy", "url",
    }
)  # fmt: skip
"""Keys whose values are secrets, name them, or may hold one."""


def _plain(error: Mapping[str, Any]) -> str:
    text = str(error["msg"]).removeprefix("Value error, ")
    if _SECRET & set(error["loc"]):
        # Whoever wrote a secret here by mistake must not find it again in a log.
        return text
    given = error.get("input")
    return f"{text}, not {given!r}" if isinstance(given, (str, int, float, bool, date, datetime)) else text
