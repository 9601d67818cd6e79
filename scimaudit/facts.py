"""What the configuration and a snapshot's manifest tell the view of each app and each source."""

from __future__ import annotations

from scimaudit.config import App, Config
from scimaudit.snapshot.manifest import AppCollected, Collected
from scimaudit.snapshot.store import Snapshot
from scimaudit.verdicts import as_of
from scimaudit.view import AppFacts, SourceFacts


def app_facts(config: Config, snapshot: Snapshot) -> list[AppFacts]:
    """Every app of the configuration, and every app that the snapshot has and the configuration no longer names."""
    collected = {line.app: line for line in snapshot.manifest.apps}
    forgotten = [App(name=name) for name in collected if name not in {app.name for app in config.apps}]
    return [_app(app, collected.get(app.name)) for app in (*config.apps, *forgotten)]


def configured(config: Config) -> list[AppFacts]:
    """Every app of the configuration, before anything was collected."""
    return [_app(app, None) for app in config.apps]


def source_facts(config: Config, snapshot: Snapshot) -> list[SourceFacts]:
    """Every roster and listing of the snapshot, failed ones included."""
    return [_source(source, config) for source in snapshot.manifest.sources]


def _app(app: App, line: AppCollected | None) -> AppFacts:
    return AppFacts(
        app=app.name,
        owner=app.owner,
        delegates=app.delegates,
        regulated=app.regulated,
        external_id_is=app.external_id_is,
        roster_feeds=app.roster_feeds,
        register={name: control.by for name, control in app.control_register if control is not None},
        control_owners={name: control.owner for name, control in app.control_register if control and control.owner},
        title=app.title,
        how={name: text for name, text in app.how if text},
        closed=app.closed,
        sla_hours=app.sla_hours,
        privileged=app.privileged,
        ends_in_name=app.ends_in_name,
        non_human=app.non_human,
        non_human_types=app.non_human_types,
        interactive_sign_ins=app.interactive_sign_ins,
        admin_accounts=app.admin_accounts,
        drift=dict(app.drift.attributes),
        normalise=dict(app.drift.normalise),
        walk=line.walk if line else "failed",
        walk_reason=line.walk_reason if line else "the snapshot does not have this app",
        scope=line.scope if line else "unknown",
        scope_reason=line.scope_reason if line else "",
        entitlements=line.entitlements if line else "failed",
        entitlements_reason=line.entitlements_reason if line else "",
        listed=line is not None,
        reason=app.reason
        or ("" if line else "the snapshot does not have it" if app.listings else "no listing is configured"),
    )


def _source(source: Collected, config: Config) -> SourceFacts:
    gates = config.audit.gates
    stale = gates.roster_stale_days if source.fills == "people" else gates.listing_stale_days
    listing = source.listing
    if listing is None:
        return SourceFacts(
            source.name,
            source.fills,
            source.app,
            walk="failed",
            walk_reason=source.error,
            stale_after_days=stale,
            error=source.error,
        )
    return SourceFacts(
        name=source.name,
        fills=source.fills,
        app=source.app,
        walk=listing.walk.state,
        walk_reason=listing.walk.reason,
        scope=listing.scope.state,
        scope_reason=listing.scope.reason,
        entitlements=listing.entitlements.state,
        entitlements_reason=listing.entitlements.reason,
        as_of=as_of(source),
        received=listing.received,
        parsed=listing.parsed,
        rejected=len(listing.rejected),
        unacknowledged=len(listing.rejected) - source.acknowledged,
        stale_after_days=stale,
        unmapped_status=dict(listing.unmapped_status),
        attributes=frozenset(name for name, rows in listing.attributes.items() if rows),
        outdated=source.outdated,
    )
