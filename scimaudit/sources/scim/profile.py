"""What is known of a SCIM service provider, as data: one TOML file per provider under ``providers/``.

A profile may weaken a check (``mode = "aligned"``) and may state the scope. It never states the walk: whether every row
arrived is proven anew on every pull. Whatever a profile does not say is unknown, and unknown is never good.
"""

from __future__ import annotations

import pathlib
import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scimaudit.errors import ConfigError
from scimaudit.sources import Scope

Version = Literal["1.1", "2.0"]
Mode = Literal["index", "cursor", "cursor_optin", "keyset", "dump", "aligned", "probe"]
Population = Literal["all", "partial", "scim_linked", "per_directory", "per_source", "role_owned", "unknown"]
Kind = Literal["human", "service", "shared", "guest", "break-glass", "unknown"]
Path = tuple[str, ...]
"""An attribute inside a row, outermost name first: ``("urn:…:2.0:User", "loginTime")``."""

FOLDER: Final = pathlib.Path(__file__).with_name("providers")


class Part(BaseModel):
    """A frozen part of a profile; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Auth(Part):
    """How a reader signs in."""

    kinds: tuple[Literal["bearer", "basic", "header", "oauth2", "api_key"], ...] = Field(
        (), description="ways to sign in"
    )
    scopes: tuple[str, ...] = Field((), description="scopes or permissions a reader needs")
    read_only: Literal["yes", "no", "unknown"] = Field(
        "unknown", description="whether a token without write rights can list"
    )
    second_token: Literal["separate", "replaces", "unknown"] = Field(
        "unknown", description="what becomes of the identity provider's token when another is made"
    )
    note: str = Field("", description="what an operator should know of the credential")


class Page(Part):
    """Page sizes, and what happens at their limits."""

    default: int | None = Field(None, ge=1, description="rows on a page when no count is sent")
    max: int | None = Field(None, ge=1, description="largest page the server gives")
    over_max: Literal["clamp", "error", "ignore", "unknown"] = Field("unknown", description="answer to a larger count")
    zero_ok: bool | None = Field(None, description="whether count=0 is answered with the total alone")
    start_base: Literal[0, 1] = Field(1, description="index of the first row")
    start_zero: Literal["same", "error", "unknown"] = Field("unknown", description="answer to startIndex=0")
    start_ceiling: int | None = Field(None, ge=1, description="largest startIndex that is answered")
    row_cap: int | None = Field(None, ge=1, description="rows beyond which a listing is silently cut")
    align: int | None = Field(None, ge=1, description="page size to whose multiples startIndex is rounded down")


class Total(Part):
    """How far ``totalResults`` can be trusted."""

    kind: Literal["true", "page_length", "minus_offset", "capped", "absent", "unknown"] = "unknown"
    cap: int | None = Field(None, ge=1, description="largest total ever reported, for capped")

    @model_validator(mode="after")
    def _cap(self) -> Self:
        if (self.kind == "capped") != (self.cap is not None):
            msg = 'a cap belongs to kind = "capped", and only to it'
            raise ValueError(msg)
        return self


class Order(Part):
    """Whether rows keep their order between pages."""

    promised: bool = Field(False, description="documented or readable in the source: a stable order without sortBy")
    sort_attributes: tuple[str, ...] = Field((), description="attributes for which sortBy works")
    reversible: bool = Field(False, description="sortOrder=descending works")


class Cursor(Part):
    """A cursor dialect; the defaults are RFC 9865's."""

    param: str = Field("cursor", description="query parameter that carries the cursor")
    next_field: Literal["nextCursor", "nextId", "nextLink"] = Field(
        "nextCursor", description="member that holds the next one"
    )
    first: str | None = Field(None, description="value of the parameter on the first request; null when it is not sent")
    end_marker: str | None = Field(
        None, description="value of next_field that means the end; null when its absence does"
    )


class Active(Part):
    """What ``active`` means here."""

    absent_means: Literal["true", "false", "unknown"] = Field("unknown", description="meaning of a row without active")
    note: str = Field("", description="what else is known of it")


class Groups(Part):
    """How ``/Groups`` shows members."""

    endpoint: bool | None = Field(None, description="whether /Groups exists")
    members: Literal["inline", "get_only", "capped", "paged", "none", "unknown"] = Field(
        "unknown", description="where members are"
    )
    max_inline: int | None = Field(None, ge=1, description="members beyond which a list is cut or refused")
    exclude_members: bool = Field(False, description="excludedAttributes=members is honoured")
    member_value: Literal["id", "user_name", "unknown"] = Field("unknown", description="what members.value holds")
    note: str = Field("", description="what the groups stand for")


class Entitlement(Part):
    """An entitlement outside the standard groups, roles and entitlements attributes."""

    path: Path = Field(min_length=1, description="where it stands in the row")
    kind: Literal["groups", "roles", "entitlements", "licenses"] = Field(description="attribute it is recorded as")
    note: str = ""


class LastLogin(Part):
    """Where the last successful sign-in can be read."""

    paths: tuple[Path, ...] = Field((), description="attributes of the row that hold it; the latest wins")
    native: str = Field("", description="the provider's own interface that has it, in words")


class Changes(Part):
    """What a person sends here to put a finding right; scimaudit writes such requests down and never sends them."""

    disable: Literal["path", "value", "none", "unknown"] = Field(
        "unknown",
        description='PATCH that switches an account off: with the path "active", with a value {"active": false} and no '
        "path, or none that is taken",
    )
    remove_member: Literal["filter", "value", "none", "unknown"] = Field(
        "unknown",
        description='PATCH that takes a member out of a group: path members[value eq "…"], path members with the '
        "member as value, or none that is taken",
    )
    note: str = Field("", description="what else is known, such as what the request leaves behind")


class Kinds(Part):
    """What a row says of the kind of account; names and values are compared without case."""

    user_types: Mapping[str, Kind] = Field(default_factory=dict, description="userType to kind")
    present: Mapping[str, Kind] = Field(default_factory=dict, description="attribute whose presence tells the kind")
    default: Kind = Field("unknown", description="kind of every other account")


class Limits(Part):
    """Rate limits."""

    per_second: float | None = Field(None, gt=0, description="requests a second")
    shared_with: str = Field("", description="who else draws on the same budget")
    retry_after: bool | None = Field(None, description="429 carries Retry-After")


class Citation(Part):
    """Where facts come from."""

    url: str = Field(pattern=r"^https://", description="the page, thread or file")
    date: date
    basis: Literal["documented", "source", "issue", "third-party", "observed", "standard"]
    facts: tuple[str, ...] = Field(min_length=1, description="fields of the profile that rest on it")


class Profile(Part):
    """One provider. ``id`` is the file's name."""

    id: str
    name: str
    versions: tuple[Version, ...] = ("2.0",)
    base_url: str = Field("", description="shape of the base address, with {placeholders}")
    auth: Auth = Auth()
    accept: str = Field("application/scim+json, application/json;q=0.9", description="the Accept header to send")
    content_types: tuple[str, ...] = Field((), description="further media types its JSON is labelled as")
    mode: Mode = Field("probe", description="how to walk; probe finds out")
    page: Page = Page()
    total: Total = Total()
    items_per_page: Literal["rows", "requested", "junk", "unknown"] = "unknown"
    past_end: Literal["empty", "404", "400", "clamp", "repeat", "unknown"] = Field(
        "unknown", description="answer past the last row"
    )
    order: Order = Order()
    cursor: Cursor | None = None
    filters: Mapping[str, tuple[str, ...]] = Field(default_factory=dict, description="attribute to operators that work")
    filter_miss: Literal["empty", "404", "400", "unreliable", "unknown"] = Field(
        "unknown", description="answer when nothing matches"
    )
    population: Population = Field("unknown", description="whom /Users lists")
    hidden: str = Field("", description="one sentence: which accounts are not listed")
    extra_endpoints: tuple[str, ...] = Field((), description="other endpoints that list accounts")
    inactive: Literal["listed", "removed", "unknown"] = Field(
        "unknown", description="what becomes of deactivated accounts"
    )
    active: Active = Active()
    list_lacks: tuple[str, ...] = Field((), description="attributes a GET by id has and the list lacks")
    groups: Groups = Groups()
    entitlements: tuple[Entitlement, ...] = ()
    last_login: LastLogin = LastLogin()
    kinds: Kinds = Kinds()
    changes: Changes = Changes()
    list_side_effect: str = Field(
        "", description="what listing changes at the provider; refused without consent in the configuration"
    )
    limits: Limits = Limits()
    errors: Mapping[str, str] = Field(default_factory=dict, description="status or scimType to what it means here")
    disabled_looks_like: str = Field("", description="the answer while provisioning is off or the address is wrong")
    second_inventory: str = Field("", description="where the real number of accounts can be had")
    preset: str = Field("", description="the preset that reads the export of its console")
    notes: tuple[str, ...] = ()
    sources: tuple[Citation, ...] = Field(min_length=1)
    verified_on: date = Field(description="when the facts were last checked against their sources")
    confidence: Literal["high", "medium", "low"]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.population in ("all", "unknown")) != (self.hidden == ""):
            msg = f"population {self.population!r} and the sentence in hidden contradict each other"
            raise ValueError(msg)
        known = set(type(self).model_fields) - {"id", "name", "sources", "verified_on", "confidence"}
        for citation in self.sources:
            strange = sorted(set(citation.facts) - known)
            if strange:
                msg = f"a source speaks of {strange}, which are no fields of a profile"
                raise ValueError(msg)
        if self.mode == "aligned" and self.page.align is None:
            msg = 'mode "aligned" needs page.align'
            raise ValueError(msg)
        return self

    @property
    def scope(self) -> Scope:
        """Whether the endpoint shows every account of the app, as far as the sources say."""
        if self.population == "all":
            return Scope("all", f"the sources on {self.name} say that every account is listed")
        if self.population == "unknown":
            return Scope("unknown", f"nothing citable says whom {self.name} lists")
        return Scope("partial", self.hidden)

    @property
    def active_when_absent(self) -> bool | None:
        """``active`` of a row that does not say."""
        return {"true": True, "false": False, "unknown": None}[self.active.absent_means]


def names() -> tuple[str, ...]:
    """The providers there are profiles of; ``unknown`` among them."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def load(name: str) -> Profile:
    """The profile of a provider.

    :raises ConfigError: there is none of that name (lists the known ones), or its file is wrong.
    """
    if name not in names():
        raise ConfigError(f"there is no provider {name!r}", hint="known providers: " + ", ".join(names()))
    return parse((FOLDER / f"{name}.toml").read_text("utf-8"), name)


def parse(text: str, name: str) -> Profile:
    """Read a profile's TOML.

    :raises ConfigError: it is not TOML, says something unknown or contradicts itself.
    """
    try:
        data: dict[str, Any] = tomllib.loads(text)
        return Profile.model_validate({"id": name, **data})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the profile {name!r} is not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ")
        misspelt = first["type"] == "extra_forbidden" and len(first["loc"]) == 1
        hint = "known keys: " + ", ".join(Profile.model_fields) if misspelt else ""
        raise ConfigError(f"the profile {name!r}: {place + ': ' if place else ''}{message}", hint=hint) from error


def told(profile: Profile) -> list[tuple[str, str]]:
    """Every fact of a profile as a line for people: what it is, and what is known; unknowns are said as unknown."""
    cited = {fact: citation for citation in profile.sources for fact in citation.facts}
    lines: list[tuple[str, str]] = []
    for name, field in type(profile).model_fields.items():
        if name in ("id", "name", "sources"):
            continue
        value = getattr(profile, name)
        source = f" [{cited[name].basis}, {cited[name].date}]" if name in cited else ""
        if isinstance(value, Part):
            lines += [
                (f"{name}.{inner}", _with(_said(getattr(value, inner)), source))
                for inner in type(value).model_fields
                if inner in value.model_fields_set or _said(getattr(value, inner)) == "unknown"
            ]
        elif name in profile.model_fields_set or field.is_required() or _said(value) == "unknown":
            lines.append((name, _with(_said(value), source)))
    lines += [("source", f"{citation.url} ({citation.basis}, {citation.date})") for citation in profile.sources]
    return lines


def _with(said: str, source: str) -> str:
    return said if said == "unknown" else said + source


def _said(value: object) -> str:
    if value is None or value in ("", (), {}):
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Part):
        return "; ".join(f"{name} = {_said(getattr(value, name))}" for name in value.model_fields_set)
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(inner)}" for name, inner in value.items())
    return ", ".join(map(_said, value)) if isinstance(value, tuple) else str(value)
