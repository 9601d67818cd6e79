"""Before the first audit: can every source be reached, what is it, and how well do the correlation keys match?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scimaudit import correlate, tables
from scimaudit.audit import app_rules
from scimaudit.config import Config
from scimaudit.snapshot.collect import Watcher, collect


@dataclass(frozen=True)
class SourceCheck:
    """One source as it answered.

    :param facts: what it is: provider, paging mode, rights, TLS.
    """

    name: str
    source: str
    rows: int
    facts: Mapping[str, str]
    walk: str
    walk_reason: str
    scope: str
    scope_reason: str
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
class Checkup:
    """Everything ``scimaudit check`` found."""

    sources: tuple[SourceCheck, ...]
    keys: tuple[KeyCheck, ...]
    not_audited: tuple[str, ...]


def check(config: Config, *, now: Callable[[], datetime], watcher: Watcher) -> Checkup:
    """Pull every source quickly, without probes, into a folder that is thrown away.

    :raises SourceError: a roster could not be had; without one nothing can be said of keys.
    """
    with tempfile.TemporaryDirectory(prefix="scimaudit-check-") as folder:
        elsewhere = config.model_copy(update={"audit": config.audit.model_copy(update={"store": Path(folder)})})
        snapshot = collect(elsewhere, now=now, watcher=watcher, quick=True)
        sources = tuple(
            SourceCheck(
                source.name,
                source.source,
                source.listing.parsed if source.listing else 0,
                dict(source.listing.facts) if source.listing else {},
                source.listing.walk.state if source.listing else "failed",
                source.listing.walk.reason if source.listing else source.error,
                source.listing.scope.state if source.listing else "unknown",
                source.listing.scope.reason if source.listing else "",
                source.listing.notes if source.listing else (),
                source.error,
                source.hint,
            )
            for source in snapshot.manifest.sources
        )
        accounts = tables.frame(
            tables.concat(tables.ACCOUNTS, [snapshot.accounts(line.app) for line in snapshot.manifest.apps])
        )
        people = tables.frame(snapshot.people())
        rates = correlate.match_rates(accounts, people, {app.name: app_rules(app) for app in config.apps})
    keys = tuple(
        KeyCheck(str(app), str(tier), int(with_key), int(matched), float(share) if with_key else 0.0)
        for app, tier, with_key, matched, share in rates[["app", "tier", "with_key", "matched", "share"]].itertuples(
            index=False, name=None
        )
    )
    return Checkup(sources, keys, tuple(app.name for app in config.apps if not app.listings))
