"""Sources told what stands elsewhere in the configuration: the proxy, the private CA, an app's canaries and seats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Final

from scimaudit.config import App, AppListing, Config, Roster
from scimaudit.snapshot.manifest import Collected
from scimaudit.snapshot.store import Snapshot
from scimaudit.sources import Source

REACHING: Final = frozenset(
    {
        "token",
        "basic",
        "oauth2",
        "certificate",
        "ca",
        "proxy",
        "proxy_password",
        "password",
        "headers",
        "secret",
        "federated_token",
    }
)
"""Settings of a source that are for reaching it alone, and name secrets or files."""
_SPEAKING: Final = REACHING | {"managed_identity", "device_code", "client_id", "bind", "authority", "timeout"}
"""Those, and all others that do not say what it asks for or what its rows mean."""
_HOW: Final = frozenset(
    {
        "ca",
        "proxy",
        "proxy_password",
        "timeout",
        "device_code",
        "page_size",
        "probe_budget",
        "max_requests",
        "max_bytes",
        "max_seconds",
        "consent_to_side_effects",
    }
)
"""Settings that change how a source is asked, and nothing of what it is: how far that went, its proof says."""


def source_of_listing(wanted: AppListing, app: App, config: Config) -> Source:
    """The listing's source, told what stands elsewhere in the configuration: canaries, seats, proxy, private CA."""
    shared = {
        "canaries": tuple(canary.model_dump() for canary in app.canaries),
        "seats": app.seats,
    }
    return told(wanted.settings, {**shared, **network(config)})


def source_of_roster(roster: Roster, config: Config) -> Source:
    """The roster's source, told the proxy and the private CA."""
    return told(roster.settings, network(config))


def network(config: Config) -> dict[str, object]:
    """What every source is told that reaches out; whoever names a proxy of its own names its password too."""
    found = config.network
    return {"proxy": found.proxy, "proxy_password": found.proxy_password, "ca": found.ca}


def told(settings: Any, shared: Mapping[str, object]) -> Source:
    """A source's model with values from elsewhere, for the fields it has and does not set itself."""
    fields, told_itself = type(settings).model_fields, settings.model_fields_set
    left = {"proxy_password"} if "proxy" in told_itself else set()
    missing = {
        name: value
        for name, value in shared.items()
        if value and name in fields and name not in told_itself and name not in left
    }
    if not missing:
        return settings  # type: ignore[no-any-return]
    kept = {name: getattr(settings, name) for name in settings.model_fields_set}
    return type(settings).model_validate({**kept, **missing})  # type: ignore[no-any-return]


def digest(source: Source) -> str:
    """SHA-256 over the settings of a source that decide what it asks for and what its rows mean."""
    model: Any = source
    told = model.model_dump(exclude_unset=True, exclude=_SPEAKING, serialize_as_any=True)
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=_text).encode()).hexdigest()


def meanings(config: Config) -> dict[str, str]:
    """For every source of the configuration, by its name, a SHA-256 of what it is and what its rows mean.

    A listing that was collected by another one does not speak of the source that is configured now: the file may be
    another, the address or the token another tenant's, and whoever says now what it hides did not say so then. Of
    secrets it is the names that count, for a new password is nobody new.
    """
    found, before = {}, list[str]()
    for roster in config.rosters:
        joined = {"join_on": roster.join_on, "authoritative_for": sorted(roster.authoritative_for), "after": before}
        found[f"rosters.{roster.name}"] = _meaning(source_of_roster(roster, config), roster.source, joined)
        before = [*before, roster.name]
    for app in config.apps:
        for place, each in enumerate(app.listings):
            merged = {"join_on": each.join_on} if len(app.listings) > 1 else {}
            found[f"apps.{app.name}.listings[{place}]"] = _meaning(
                source_of_listing(each, app, config), each.source, merged
            )
    return found


def outdated(sources: Iterable[Collected], config: Config, *, newest: bool) -> tuple[str, ...]:
    """The sources that were collected by other settings than those that count: they are others.

    :param newest: no later snapshot is there, so what counts is the configuration now. An older one is judged as it was
        collected: each quarter's export lies in another file, of another day.
    """
    if not newest:
        return tuple(source.name for source in sources if source.outdated)
    now = meanings(config)
    return tuple(source.name for source in sources if now.get(source.name, source.meaning) != source.meaning)


def as_judged(snapshot: Snapshot, config: Config, outdated: Collection[str]) -> Snapshot:
    """The snapshot by the configuration that judges it: which rows somebody acknowledges, and which sources are others.

    :param outdated: names of sources whose settings changed since they were collected.
    """
    looked_at = {f"rosters.{roster.name}": roster.acknowledged_rows for roster in config.rosters}
    for app in config.apps:
        looked_at |= {f"apps.{app.name}.listings[{at}]": each.acknowledged_rows for at, each in enumerate(app.listings)}
    return snapshot.with_sources(
        replace(source, acknowledged=_looked_at(source, looked_at), outdated=source.name in outdated)
        for source in snapshot.manifest.sources
    )


def _looked_at(source: Collected, digests: Mapping[str, Sequence[str]]) -> int:
    rejected = source.listing.rejected if source.listing else ()
    return sum(row.digest in digests.get(source.name, ()) for row in rejected)


def _meaning(source: Source, kind: str, beside: Mapping[str, object]) -> str:
    model: Any = source
    # A default that is written down is still the default, and one that a later version adds changes nothing.
    told = model.model_dump(exclude_defaults=True, exclude=_HOW, serialize_as_any=True)
    for name in ("base_url", "url"):
        if name in told:
            told[name] = told[name].rstrip("/")
    if isinstance(told.get("path"), PurePath):
        told["path"] = [told["path"]]
    return hashlib.sha256(json.dumps([kind, told, beside], sort_keys=True, default=_text).encode()).hexdigest()


def _text(value: object) -> str:
    """A path as it is written everywhere, and a date as text."""
    return value.as_posix() if isinstance(value, PurePath) else str(value)
