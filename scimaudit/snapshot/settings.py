"""Sources told what stands elsewhere in the configuration: the proxy, the private CA, an app's canaries and seats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

from scimaudit.config import App, AppListing, Config, Roster
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


def _text(value: object) -> str:
    """A path as it is written everywhere, and a date as text."""
    return value.as_posix() if isinstance(value, PurePath) else str(value)
