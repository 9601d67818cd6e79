"""A SCIM service provider's accounts and group memberships, with proof that the listing is whole.

RFC 7643 and 7644 (SCIM 2.0), RFC 9865 (cursors) and SCIM 1.1 are read; what a provider does differently stands in its
profile, ``providers/NAME.toml``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from scimaudit.errors import ConfigError, SourceError
from scimaudit.sources import NO_ENTITLEMENTS, Listing, Sink, Walk, _mapping
from scimaudit.sources._tabular import Tabular
from scimaudit.sources.scim import people
from scimaudit.sources.scim import profile as profiles
from scimaudit.sources.scim.pull import pull
from scimaudit.transport import Budgets, Client, tls_context
from scimaudit.transport.oauth2 import ClientCredentials, Tokens
from scimaudit.transport.proxy import Address, with_password
from scimaudit.transport.secret import Secret

_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110 section 5.6.2."""


class Model(BaseModel):
    """A frozen part of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Basic(Model):
    """``basic``: user name and password (RFC 7617)."""

    user: str = Field(pattern=r"^[^:]+$", description="user name; RFC 7617 allows no colon in it")
    password: Secret


class Canary(Model):
    """An account that must be listed (witness W7); set on the app."""

    account_id: str | None = None
    user_name: str | None = None
    made: Literal["scim", "hand"] = "scim"
    active: bool = True


class Source(Tabular):
    """``source = "scim"``: a SCIM 2.0 or 1.1 service provider, read with GET only.

    As a roster, a heading is a path of keys such as ``name.givenName``; as an app it needs no columns.
    """

    base_url: str = Field(description="the SCIM address, up to and without /Users; https:// unless loopback")
    provider: str = Field("unknown", description="the provider's profile; unknown is probed and has unknown scope")
    token: Secret | None = Field(None, description="bearer token (RFC 6750)")
    basic: Basic | None = Field(None, description="user name and password")
    oauth2: ClientCredentials | None = Field(None, description="client credentials at a token endpoint")
    certificate: Path | None = Field(None, description="PEM file of a client certificate and its key (mutual TLS)")
    headers: Mapping[str, Secret] = Field(default_factory=dict, description="further headers that hold credentials")
    page_size: int | None = Field(
        None, ge=2, le=10_000, description="rows to ask for; default: the largest page known of"
    )
    consent_to_side_effects: bool = Field(False, description="list although listing is known to change something")
    max_requests: int = Field(200_000, ge=1, description="requests one listing may send")
    max_bytes: int = Field(4 << 30, ge=1, description="bytes one listing may receive, after decompression")
    max_seconds: float = Field(6 * 3600, gt=0, description="seconds one listing may take")
    probe_budget: int | None = Field(
        None, ge=0, description="requests for probes; default: 5 % of those of the walk, at least 50"
    )
    ca: Path | None = Field(None, description="PEM file of a private certificate authority; default: network.ca")
    proxy: Address | None = Field(None, description="URL of a proxy, without a password; default: network.proxy")
    proxy_password: Secret | None = Field(
        None, description="password of the user in proxy; default: network.proxy_password"
    )
    canaries: tuple[Canary, ...] = Field((), description="accounts that must be listed; default: the app's")
    seats: int | None = Field(None, ge=0, description="accounts the app's console shows; default: the app's")

    @field_validator("provider")
    @classmethod
    def _known(cls, name: str) -> str:
        profiles.load(name)
        return name

    @model_validator(mode="after")
    def _one_way_in(self) -> Source:
        if sum(way is not None for way in (self.token, self.basic, self.oauth2)) > 1:
            msg = "token, basic and oauth2 exclude each other"
            raise ValueError(msg)
        return self

    def collect(self, sink: Sink) -> Listing:
        """List accounts and grants into ``sink`` and say what was and was not proven.

        :raises SourceError: not even the first page of accounts could be had, or listing needs consent.
        """
        if sink.fills == "people":
            return self._people(sink)
        told = [name for name in Tabular.model_fields if name in self.model_fields_set]
        if told:
            raise ConfigError(f"{sink.name}.{told[0]} is for rosters", hint="what SCIM attributes mean is known")
        return self._accounts(sink, profiles.load(self.provider))

    def _accounts(self, sink: Sink, profile: profiles.Profile) -> Listing:
        with self._client(sink, profile) as client:
            return pull(
                client,
                profile,
                sink,
                page_size=self.page_size,
                probe_budget=self.probe_budget,
                canaries=[(canary.account_id, canary.user_name, canary.made) for canary in self.canaries],
                seats=self.seats,
            )

    def _people(self, sink: Sink) -> Listing:
        """The users as people; groups are not asked for.

        :raises Malformed: a declared path is in no user.
        """
        self.wanted(sink)
        profile = profiles.load(self.provider)
        alone = profile.model_copy(update={"groups": profile.groups.model_copy(update={"endpoint": False})})
        watched = people.Watched(sink)
        listing = self._accounts(watched, alone)
        grid, places = people.grid(watched, {**self.columns, **self.extras})
        meaning = self.model_copy(update={"status": self.status or people.STATUS}).meaning()
        mapped = _mapping.people(grid, places, meaning, roster=sink.name.removeprefix("rosters."))
        for table in mapped.tables:
            sink.rows(table)
        lost = len(watched.places) - len(grid.places)
        walk = Walk("incomplete", f"{lost} users were listed and cannot be read") if lost else listing.walk
        rejected = (*listing.rejected, *mapped.rejected)
        return replace(
            listing,
            received=mapped.parsed + len(rejected),
            parsed=mapped.parsed,
            rejected=rejected,
            walk=walk,
            entitlements=NO_ENTITLEMENTS,
            as_of=mapped.as_of or sink.now(),
            attributes=mapped.attributes,
            unmapped_status=mapped.unmapped,
            notes=(*listing.notes, *mapped.notes),
        )

    def _client(self, sink: Sink, profile: profiles.Profile) -> Client:
        effect = profile.list_side_effect
        if effect and not self.consent_to_side_effects:
            raise SourceError(
                f"{profile.name}: listing changes something: {effect}",
                source=sink.name,
                hint="set consent_to_side_effects = true if that is wanted",
            )
        verify = tls_context(
            sink.base / self.ca if self.ca else None, sink.base / self.certificate if self.certificate else None
        )
        held = self._credentials(sink.base)
        proxy = with_password(self.proxy, self.proxy_password, sink.base)
        tokens = self.oauth2 and Tokens(self.oauth2, sink.base, verify=verify, proxy=proxy, source=sink.name)
        return Client(
            self.base_url,
            exchange=sink.exchange,
            now=sink.now,
            headers=(lambda: {**held, **tokens.headers()}) if tokens else held,
            accept=profile.accept,
            verify=verify,
            proxy=proxy,
            budgets=Budgets(requests=self.max_requests, bytes=self.max_bytes, seconds=self.max_seconds),
            rate=profile.limits.per_second,
            source=sink.name,
        )

    def _credentials(self, base: Path) -> dict[str, str]:
        held = {name: secret.resolve(base).get_secret_value() for name, secret in self.headers.items()}
        if self.token is not None:
            held["Authorization"] = "Bearer " + self.token.resolve(base).get_secret_value()
        if self.basic is not None:
            pair = f"{self.basic.user}:{self.basic.password.resolve(base).get_secret_value()}"
            held["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        for name, value in held.items():
            if not _HEADER.fullmatch(name):
                raise ConfigError(f"{name!r} is no name of an HTTP header")
            if not value.isascii():
                raise ConfigError(f"the header {name} holds letters beyond ASCII, which HTTP does not carry")
        return held


def reader(
    url: str, *, token_env: str, user: str, password_env: str, ca: Path | None, now: Callable[[], datetime]
) -> Client:
    """A client for a server that no configuration names yet; nothing it reads is kept.

    :raises ConfigError: the address or the credentials cannot be used.
    """
    if bool(token_env) == bool(user):
        raise ConfigError("say how to sign in", hint="--token-env NAME, or --user NAME with --password-env NAME")
    base = Path()
    settings: dict[str, object] = {"base_url": url}
    if token_env:
        settings["token"] = {"env": token_env}
    else:
        settings["basic"] = {"user": user, "password": {"env": password_env}}
    source = Source.model_validate(settings)
    return Client(
        url,
        exchange=lambda _method, _url, send: (send(), 0),
        now=now,
        headers=source._credentials(base),  # noqa: SLF001 - same module
        accept=profiles.load("unknown").accept,
        verify=tls_context(ca),
        source=url,
    )
