"""``scope.csv`` and ``roster.csv``: which apps and which people the audit is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from scimaudit import tables
from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import STRANGER, Proofs
from scimaudit.plural import count
from scimaudit.result import AppLine, Audit, CampaignLine
from scimaudit.review.campaign import Campaign
from scimaudit.snapshot.store import Snapshot
from scimaudit.tables import CONTROLLED

SCOPE: Final = (
    "app_id", "name", "business_owner", "technical_owner", "source_owner", "frameworks", "data_class", "criticality",
    "excluded_because", "last_reviewed", *CONTROLLED, cells.PROOF,
)  # fmt: skip
ROSTER: Final = (
    "person_id", "name", "status", "start_date", "end_date", "worker_type", "department", "title", "manager_id",
    "location", "source", "source_timestamp", cells.PROOF,
)  # fmt: skip


def scope(audit: Audit, snapshot: Snapshot, campaigns: Sequence[Campaign], proofs: Proofs) -> pa.Table:
    """Every app of the configuration, those without a listing included, and every other of the snapshot.

    :returns: :data:`SCOPE`.
    """
    exporters = {
        each.app: each.listing.facts["exported by"]
        for each in snapshot.manifest.sources
        if each.app and each.listing is not None and each.listing.facts.get("exported by")
    }
    lines = [_app(app, exporters.get(app.app), campaigns, audit, proofs) for app in audit.apps]
    known = {line["app_id"] for line in lines}
    # Their accounts stand in population.csv, so they must stand here.
    lines += [
        {"app_id": app, "excluded_because": STRANGER, cells.PROOF: proofs.reasons(app)}
        for app in proofs.apps
        if app not in known
    ]
    return cells.rows(SCOPE, lines)


def _app(
    app: AppLine, exporter: str | None, campaigns: Sequence[Campaign], audit: Audit, proofs: Proofs
) -> dict[str, Any]:
    out = app.verdict in ("not audited", "failed")
    told: dict[str, Any] = {name: app.register.get(name) for name in CONTROLLED}
    return told | {
        "app_id": app.app,
        "name": app.title,
        "business_owner": app.owner,
        "source_owner": exporter,
        "frameworks": app.regulated,
        "excluded_because": f"{app.verdict}: {app.verdict_reason}" if out else "not excluded",
        "last_reviewed": _reviewed(app.app, campaigns, audit.over_time.campaigns),
        cells.PROOF: proofs.reasons(app.app),
    }


def _reviewed(app: str, campaigns: Sequence[Campaign], lines: Sequence[CampaignLine]) -> str:
    """When the last review of the app was closed; one that is open has reviewed nothing yet."""
    apps = {each.opened.id: each.opened.apps for each in campaigns}
    closed = [line for line in lines if app in apps.get(line.id, ()) and line.closed_at is not None]
    if not closed:
        return "never, as far as the store knows"
    last = max(closed, key=lambda line: (line.closed_at, line.id))
    left = last.lapsed + last.undecided + last.abstained
    told = f", {count(left, 'item')} of all its apps without a decision" if left else ""
    return f"{cells.cell(last.closed_at)} ({last.id}{told})"


def roster(snapshot: Snapshot, audit: Audit, proofs: Proofs) -> pa.Table:
    """Every person of the merged rosters: :data:`ROSTER`."""
    wanted = [name for name in ROSTER if name in tables.PEOPLE.names]
    people = tables.frame(snapshot.people(), [*wanted, "display_name", "given_name", "family_name", "roster"])
    times = {line.name.removeprefix("rosters."): line.as_of for line in audit.sources if line.fills == "people"}
    source = people["roster"].astype("str")
    whole = (people["given_name"] + " " + people["family_name"]).astype("str")
    told: dict[str, Any] = {name: people[name] for name in wanted}
    told |= {
        "name": people["display_name"].astype("str").fillna(whole),
        "source": source,
        "source_timestamp": source.map({name: cells.cell(moment) for name, moment in times.items()}).astype("str"),
        cells.PROOF: pd.Series(proofs.roster, index=people.index, dtype="str"),
    }
    return cells.table(ROSTER, told)
