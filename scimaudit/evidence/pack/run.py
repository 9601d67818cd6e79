"""``run.jsonl``: what happened when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from scimaudit.config import Config
from scimaudit.evidence.pack import cells
from scimaudit.ledger import ledger
from scimaudit.plural import count
from scimaudit.result import Audit
from scimaudit.snapshot.manifest import Collected, Manifest
from scimaudit.snapshot.settings import outdated

FIELDS: Final = ("at", "level", "event", "subject", "message")
_Entry = tuple[datetime, str, str, str, str]


def run(audit: Audit, manifest: Manifest, config: Config) -> list[dict[str, Any]]:
    """Everything that the store keeps of the run, oldest first: :data:`FIELDS`.

    What was judged bears the time at which the pull ended, for the store does not keep when somebody judged it.
    """
    people = count(manifest.people, "person", "people")
    entries = [
        (manifest.started, "info", "pull-began", manifest.snapshot_id, f"scimaudit {manifest.version}"),
        *(entry for line in manifest.sources for entry in _source(line)),
        *_overrides(config, manifest, audit),
        (manifest.ended, "info", "pull-ended", manifest.snapshot_id, f"{people} of all rosters"),
        *_judged(audit, manifest.ended),
    ]  # fmt: skip
    ordered = sorted(entries, key=lambda entry: entry[0])
    return [dict(zip(FIELDS, entry, strict=True)) for entry in ordered]


def _source(line: Collected) -> Iterator[_Entry]:
    yield line.started, "info", "source-began", line.name, line.source
    listing = line.listing
    if listing is None:
        yield line.ended, "error", "source-failed", line.name, "; ".join(filter(None, [line.error, line.hint]))
        return
    level = "info" if listing.walk.state == "complete" else "warning"
    said = (
        f"{listing.received} received, {listing.parsed} parsed, walk {listing.walk.state}, scope {listing.scope.state}"
    )
    yield line.ended, level, "source-ended", line.name, f"{said}: {listing.walk.reason}"
    for each in listing.rejected:
        yield line.ended, "warning", "row-rejected", line.name, f"row {each.place}: {each.reason} ({each.digest})"
    for witness in listing.witnesses:
        if witness.outcome == "failed":
            yield line.ended, "warning", "witness-failed", line.name, f"{witness.name}: {witness.detail}"
    for word, number in sorted(listing.unmapped_status.items()):
        yield (
            line.ended,
            "warning",
            "status-unmapped",
            line.name,
            f"{word!r} on {count(number, 'row')} counts as unknown",
        )
    if listing.cost.waited:
        yield line.ended, "warning", "waited", line.name, f"{listing.cost.waited:.1f} s for the server's limits"
    for note in listing.notes:
        yield line.ended, "info", "note", line.name, note


def _overrides(config: Config, manifest: Manifest, audit: Audit) -> Iterator[_Entry]:
    """What an operator decided against the default."""
    at = manifest.ended
    if manifest.quick:
        yield at, "override", "quick-pull", manifest.snapshot_id, "second passes and probes were skipped"
    looked_at = {line.name: line.acknowledged for line in audit.sources}
    changed = outdated(manifest.sources, config, newest=True)
    for line in manifest.sources:
        if line.name in audit.meta.outdated:
            yield at, "warning", "settings-changed", line.name, "it was collected by other settings, and is in doubt"
        elif line.name in changed:
            yield at, "warning", "settings-changed", line.name, "an older snapshot, judged as it was collected"
        if line.reused_from:
            yield at, "override", "taken-over", line.name, f"from the snapshot {line.reused_from}"
        if number := looked_at[line.name]:
            yield at, "override", "rows-acknowledged", line.name, count(number, "rejected row")
    for app in config.apps:
        if (each := app.scope_accepted) is not None:
            said = f"until {each.until} by {each.by}: {each.reason}"
            yield at, "override", "scope-accepted", app.name, said
    for kind, own in sorted(config.rules.items()):
        for name, value in sorted(own.items()):
            yield at, "override", "rule-set", kind, f"{name} = {value}"
    if config.audit.as_of is not None:
        yield at, "override", "as-of-set", audit.meta.audit_id, f"judged as of the end of {config.audit.as_of}"


def _judged(audit: Audit, at: datetime) -> Iterator[_Entry]:
    meta = audit.meta
    yield at, "info", "judged", meta.audit_id, f"as of {cells.cell(meta.as_of)}; the time of judging: {cells.NA}"
    for gate in audit.gates:
        yield at, "error", "gate-tripped", gate.name, gate.said
    for gate in audit.meta.accepted:
        yield at, "override", "gate-accepted", gate.name, f"{gate.said}; accepted: {gate.accepted}"
    for app in audit.apps:
        level = "info" if app.verdict == "clean" else "warning"
        said = app.verdict_reason.removeprefix(f"{app.verdict}: ")
        yield at, level, "verdict", app.app, f"{app.verdict}: {said}"
    if audit.checks["not_evaluable"].any():
        yield at, "warning", "not-judged", meta.audit_id, ledger(audit).said
    reasons = "; ".join(meta.exit_reasons) or "nothing at or above the threshold"
    yield at, "info" if meta.exit_code == 0 else "warning", "exit", meta.audit_id, f"{meta.exit_code}: {reasons}"
