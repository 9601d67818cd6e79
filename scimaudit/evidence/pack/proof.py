"""What the listings and rosters behind a row prove, in words; whatever is not proven says so on every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from scimaudit.config import Config
from scimaudit.result import AppLine, Audit, SourceLine
from scimaudit.snapshot.manifest import AppCollected
from scimaudit.snapshot.store import Snapshot

PROVEN: Final = "proven"
_UNPROVEN: Final = "NOT PROVEN: "


@dataclass(frozen=True)
class Proofs:
    """What may be said of each app and of the rosters.

    :param apps: app to why its listing is not proven; empty where it is.
    :param rosters: why the rosters are not proven; empty where they are.
    """

    apps: Mapping[str, str]
    rosters: str

    def listing(self, app: str) -> str:
        """Of what an app's listing alone tells; an app that nobody knows has proven nothing."""
        return _said(self.apps.get(app, "no listing of it is known"))

    def judged(self, app: str) -> str:
        """Of what an app's listing and the rosters together tell."""
        return _said("; ".join(filter(None, [self.apps.get(app, "no listing of it is known"), self.rosters])))

    @property
    def roster(self) -> str:
        """Of what the rosters alone tell."""
        return _said(self.rosters)

    @property
    def everything(self) -> str:
        """Of what every app and the rosters together tell."""
        named = ", ".join(app for app, doubt in self.apps.items() if doubt)
        apps = f"the listings of {named}" if named else ""
        return _said("; ".join(filter(None, [apps, self.rosters])))


def proofs(audit: Audit, snapshot: Snapshot, config: Config) -> Proofs:
    """What this audit's listings and rosters prove."""
    collected = {each.app: each for each in snapshot.manifest.apps}
    gates = config.audit.gates
    shrunk = {gate.subject: f"it went from {gate.before} to {gate.now}" for gate in audit.gates}
    found = {}
    for app in audit.apps:
        mine = [each for each in audit.sources if each.app == app.app]
        doubts = [*_walked(app, collected.get(app.app)), shrunk.get(app.app, "")]
        doubts += [_source(each, audit.meta.as_of, gates.listing_stale_days) for each in mine]
        found[app.app] = "; ".join(filter(None, doubts))
    people = [each for each in audit.sources if each.fills == "people"]
    told = [_roster(each, audit.meta.as_of, gates.roster_stale_days, shrunk) for each in people]
    return Proofs(found, "; ".join(filter(None, told)) if people else "there is no roster")


def _walked(app: AppLine, line: AppCollected | None) -> list[str]:
    """Doubts about what the app's listings give together."""
    if line is None or app.verdict in ("failed", "not audited"):
        return [app.verdict_reason or app.verdict]
    doubts = []
    if app.walk != "complete":
        doubts.append(f"walk {app.walk}: {app.walk_reason or 'no reason told'}")
    if app.scope != "all":
        doubts.append(f"scope {app.scope}: {app.scope_reason or 'no reason told'}")
    if line.entitlements != "complete":
        doubts.append(f"entitlements {line.entitlements}: {line.entitlements_reason or 'no reason told'}")
    return doubts


def _roster(line: SourceLine, moment: datetime, days: int, shrunk: Mapping[str, str]) -> str:
    doubts = [f"walk {line.walk}: {line.walk_reason or 'no reason told'}" if line.walk != "complete" else ""]
    doubts += [shrunk.get(line.name, ""), _source(line, moment, days)]
    told = "; ".join(filter(None, doubts))
    return f"{line.name}: {told}" if told else ""


def _source(line: SourceLine, moment: datetime, days: int) -> str:
    """Doubts about one source: an error, rows nobody looked at, an age that is too great or unknown."""
    doubts = [line.error]
    if line.rejected > line.acknowledged:
        doubts.append(f"{line.rejected - line.acknowledged} rejected rows of {line.name} that nobody acknowledged")
    if line.as_of is None:
        doubts.append(f"nobody says when {line.name} was true" if not line.error else "")
    elif (moment - line.as_of).days > days:
        doubts.append(f"{line.name} is of {line.as_of:%Y-%m-%d}, more than {days} days before the audit")
    return "; ".join(filter(None, doubts))


def _said(doubt: str) -> str:
    return _UNPROVEN + doubt if doubt else PROVEN
