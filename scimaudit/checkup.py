"""Before the first audit: is every source reached, how well do keys match, what cannot be judged, can it be sealed?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from scimaudit import correlate, tables
from scimaudit.audit import app_rules, judge
from scimaudit.config import Config
from scimaudit.evidence.ready import SealCheck, ready
from scimaudit.snapshot.collect import Watcher, collect
from scimaudit.snapshot.manifest import Collected
from scimaudit.transport.secret import Secret, backend_name, keyring_backends


@dataclass(frozen=True)
class SourceCheck:
    """One source as it answered.

    :param facts: what it is: provider, paging mode, TLS, rate limit.
    :param entitlements: whether the absence of a right would mean anything, and why not.
    :param sample: the first row as it was understood: column to text, empty columns left out.
    """

    name: str
    source: str
    rows: int
    facts: Mapping[str, str]
    walk: str
    walk_reason: str
    scope: str
    scope_reason: str
    entitlements: str
    entitlements_reason: str
    sample: Mapping[str, str]
    notes: tuple[str, ...]
    error: str
    hint: str


@dataclass(frozen=True)
class KeyCheck:
    """One correlation tier in one app: how many accounts have the key, how many of those match one person."""

    app: str
    tier: str
    with_key: int
    matched: int
    share: float


@dataclass(frozen=True)
class Blind:
    """One rule in one app that cannot judge all accounts, for what the sources do not say.

    :param rows: how many of ``population`` cannot be judged.
    :param reason: ``attribute-absent`` or ``semantics-unknown``.
    """

    app: str
    kind: str
    population: int
    rows: int
    reason: str


@dataclass(frozen=True)
class Checkup:
    """Everything ``scimaudit check`` found."""

    sources: tuple[SourceCheck, ...]
    keys: tuple[KeyCheck, ...]
    blind: tuple[Blind, ...]
    not_audited: tuple[str, ...]
    sealing: tuple[SealCheck, ...]


def check(config: Config, *, now: Callable[[], datetime], watcher: Watcher) -> Checkup:
    """Pull every source quickly, without probes, into a folder that is thrown away.

    :raises SourceError: a roster could not be had; without one nothing can be said of keys.
    :raises PolicyError: a policy file cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="scimaudit-check-") as folder:
        elsewhere = config.model_copy(update={"audit": config.audit.model_copy(update={"store": Path(folder)})})
        snapshot = collect(elsewhere, now=now, watcher=watcher, quick=True)
        people = snapshot.people()
        accounts = tables.concat(tables.ACCOUNTS, [snapshot.accounts(line.app) for line in snapshot.manifest.apps])
        asked = _keyrings(config)
        sources = tuple(
            _source(source, people, accounts, asked.get(source.name, {})) for source in snapshot.manifest.sources
        )
        rules = {app.name: app_rules(app) for app in config.apps}
        rates = correlate.match_rates(tables.frame(accounts), tables.frame(people), rules)
        blind = _blind(judge(snapshot, config).audit.checks)
    keys = tuple(
        KeyCheck(str(app), str(tier), int(with_key), int(matched), float(share) if with_key else 0.0)
        for app, tier, with_key, matched, share in rates[["app", "tier", "with_key", "matched", "share"]].itertuples(
            index=False, name=None
        )
    )
    unlisted = tuple(app.name for app in config.apps if not app.listings)
    return Checkup(sources, keys, blind, unlisted, ready(config))


def _keyrings(config: Config) -> dict[str, dict[str, str]]:
    """For each source with a secret in a keyring, which keyring that is."""
    settings = {f"rosters.{roster.name}": roster.settings for roster in config.rosters}
    settings |= {
        f"apps.{app.name}.listings[{place}]": listing.settings
        for app in config.apps
        for place, listing in enumerate(app.listings)
    }
    from_keyring = [name for name, each in settings.items() if any(secret.keyring for secret in _secrets(each))]
    asked = ", ".join(map(backend_name, keyring_backends())) if from_keyring else ""
    return {name: {"keyring": asked} for name in from_keyring}


def _secrets(value: object) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(inner)


def _source(source: Collected, people: pa.Table, accounts: pa.Table, keyring: Mapping[str, str]) -> SourceCheck:
    listing = source.listing
    if listing is None:
        return SourceCheck(
            source.name, source.source, 0, keyring, "failed", source.error, "unknown", "", "failed", "", {}, (),
            source.error, source.hint,
        )  # fmt: skip
    return SourceCheck(
        source.name,
        source.source,
        listing.parsed,
        {**listing.facts, **keyring},
        listing.walk.state,
        listing.walk.reason,
        listing.scope.state,
        listing.scope.reason,
        listing.entitlements.state,
        listing.entitlements.reason,
        _sample(source, people, accounts),
        listing.notes,
        source.error,
        source.hint,
    )


def _sample(source: Collected, people: pa.Table, accounts: pa.Table) -> dict[str, str]:
    if source.fills == "people":
        rows = people.filter(pc.equal(people.column("roster"), source.name.removeprefix("rosters.")))
    else:
        lists = accounts.column("listings").combine_chunks()
        shown = pc.equal(pc.list_flatten(lists), source.name)
        rows = accounts.take(pc.unique(pc.filter(pc.list_parent_indices(lists), shown)))
    first = rows.slice(0, 1).to_pylist()
    hidden = {"app", "listings", "raw_file", "raw_body", "raw_row", "roster"}
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in (first[0] if first else {}).items()
        if value not in (None, [], "") and name not in hidden and not name.endswith(("_key", "_keys"))
    }


def _blind(checks: pd.DataFrame) -> tuple[Blind, ...]:
    """What no better listing cures: columns that no source supplies, and values that nobody explained."""
    found = []
    for kind, app, population, reasons in checks[["kind", "app", "population", "reason"]].itertuples(
        index=False, name=None
    ):
        for part in reasons.split(", ") if isinstance(reasons, str) else ():
            reason, _, rows = part.rpartition(" ")
            if reason in ("attribute-absent", "semantics-unknown"):
                found.append(
                    Blind(str(app) if isinstance(app, str) else "", str(kind), int(population), int(rows), reason)
                )
    return tuple(sorted(found, key=lambda each: (each.app, each.kind, each.reason)))
