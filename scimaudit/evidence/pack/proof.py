"""What the listings and rosters behind a row prove; whatever is not proven says so on every row that rests on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd

from scimaudit.config import Config
from scimaudit.doubts import later
from scimaudit.plural import count
from scimaudit.result import AppLine, Audit, SourceLine
from scimaudit.snapshot.manifest import AppCollected
from scimaudit.snapshot.store import Snapshot

PROVEN: Final = "proven"
_UNPROVEN: Final = "NOT PROVEN: "
STRANGER: Final = "the configuration does not name the app any more: no verdict is given on it"
"""Why nothing is proven of an app that the snapshot has and the configuration lacks."""
_NAMED: Final = 3
"""How many apps are named on a row that rests on all of them."""


@dataclass(frozen=True)
class Doubt:
    """One reason why something is not proven.

    :param short: in a few words, for every row; ``why``: the rest, said once in ``scope.csv``.
    """

    short: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.short} ({self.why})" if self.why else self.short


@dataclass(frozen=True)
class Proofs:
    """What may be said of each app and of the rosters.

    :param apps: app to why its listing is not proven; none where it is.
    :param rosters: why the rosters are not proven; none where they are.
    """

    apps: Mapping[str, Sequence[Doubt]]
    rosters: Sequence[Doubt]

    def listing(self, app: str) -> str:
        """Of what an app's listing alone tells; an app that nobody knows has proven nothing."""
        return _said([each.short for each in self._of(app)])

    def reasons(self, app: str) -> str:
        """The same with every reason in full."""
        return _said([str(each) for each in self._of(app)])

    def judged(self, app: str) -> str:
        """Of what an app's listing and the rosters together tell."""
        return _said([each.short for each in (*self._of(app), *self.rosters)])

    @property
    def roster(self) -> str:
        """Of what the rosters alone tell."""
        return _said([each.short for each in self.rosters])

    @property
    def unproven(self) -> Sequence[str]:
        """Every app whose listing is not proven."""
        return [app for app, doubts in self.apps.items() if doubts]

    @property
    def everything(self) -> str:
        """Of what every app and the rosters together tell; ``scope.csv`` has every app, this the first few."""
        first, more = self.unproven[:_NAMED], self.unproven[_NAMED:]
        left = f" and {count(len(more), 'more app')}, see scope.csv" if more else ""
        apps = [f"listings of {', '.join(first)}{left}"] if first else []
        return _said([*apps, *(each.short for each in self.rosters)])

    def _of(self, app: str) -> Sequence[Doubt]:
        return self.apps.get(app, [Doubt("no listing of it is known")])


def proofs(audit: Audit, snapshot: Snapshot, config: Config) -> Proofs:
    """What this audit's listings and rosters prove."""
    collected = {each.app: each for each in snapshot.manifest.apps}
    gates = config.audit.gates
    # One that somebody accepted is let through, not proven.
    tripped: dict[str, list[Doubt]] = {}
    for gate in (*audit.gates, *audit.meta.accepted):
        why = f"{gate.said}; accepted by {gate.accepted}" if gate.accepted else gate.said
        tripped.setdefault(gate.app, []).append(Doubt(f"gate {gate.name}", why))
    moment = audit.meta.as_of
    found = {}
    for app in audit.apps:
        mine = [each for each in audit.sources if each.app == app.app]
        doubts = [*_walked(app, collected.get(app.app)), *tripped.get(app.app, [])]
        doubts += [each for line in mine for each in _source(line, moment, gates.listing_stale_days)]
        doubts += _outdated(mine, audit)
        doubts += _later(mine, audit, snapshot)
        if not doubts and app.verdict == "not proven":
            # Nothing of the pack may claim more than the verdict does.
            doubts = [Doubt("verdict", app.verdict_reason)]
        found[app.app] = doubts
    found |= {app: [Doubt("not configured", STRANGER)] for app in collected if app not in found}
    people = [each for each in audit.sources if each.fills == "people"]
    # A gate without an app is one of a roster.
    told = [*tripped.get("", [])]
    for line in people:
        if line.walk != "complete":
            told.append(Doubt(f"{line.name} walk {line.walk}", line.walk_reason))
        if line.scope == "partial":
            told.append(Doubt(f"{line.name} scope {line.scope}", line.scope_reason))
        told += _source(line, moment, gates.roster_stale_days)
    told += _outdated(people, audit)
    told += _later(people, audit, snapshot)
    told += _configured([each.name for each in people], [f"rosters.{each.name}" for each in config.rosters])
    return Proofs(found, told if people else [Doubt("there is no roster")])


def by_app(apps: pd.Series, proofs: Proofs) -> pd.Series:
    """What is proven of each row by its app; of one without an app, what every listing proves together."""
    names = apps.astype("str")
    told = names.map({name: proofs.judged(name) for name in names.dropna().unique()})
    return told.astype("str").fillna(proofs.everything)


def _walked(app: AppLine, line: AppCollected | None) -> list[Doubt]:
    """Doubts about what the app's listings give together."""
    if line is None or app.verdict in ("failed", "not audited"):
        return [Doubt(app.verdict if app.verdict in ("failed", "not audited") else "not listed", app.verdict_reason)]
    doubts = []
    if app.walk != "complete":
        doubts.append(Doubt(f"walk {app.walk}", app.walk_reason))
    if app.scope != "all":
        doubts.append(Doubt(f"scope {app.scope}", app.scope_reason))
    if line.entitlements != "complete":
        doubts.append(Doubt(f"entitlements {line.entitlements}", line.entitlements_reason))
    return doubts


def _outdated(lines: Sequence[SourceLine], audit: Audit) -> list[Doubt]:
    """Sources that were collected by other settings than those that count."""
    changed = [line.name for line in lines if line.name in audit.meta.outdated]
    return [Doubt(f"{name} settings changed", "it was collected by others") for name in changed]


def _source(line: SourceLine, moment: datetime, days: int) -> list[Doubt]:
    """Doubts about one source: an error, rows nobody looked at, an age that is too great or unknown."""
    if line.error:
        return [Doubt(f"{line.name} failed", line.error)]
    doubts = []
    if left := line.rejected - line.acknowledged:
        doubts.append(Doubt(f"{line.name} rejected rows", f"{left} that nobody acknowledged"))
    if line.as_of is None:
        doubts.append(Doubt(f"{line.name} age unknown", "nobody says when it was true"))
    elif (moment - line.as_of).days > days:
        doubts.append(Doubt(f"{line.name} stale", f"of {line.as_of:%Y-%m-%d}, older than {count(days, 'day')}"))
    return doubts


def _configured(pulled: Sequence[str], wanted: Sequence[str]) -> list[Doubt]:
    """Doubts about rosters that the snapshot has and the configuration lacks, and the other way round."""
    gone = [Doubt(f"{name} not in the snapshot", "pull again") for name in wanted if name not in pulled]
    return gone + [Doubt(f"{name} no longer configured") for name in pulled if name not in wanted]


def _later(lines: Sequence[SourceLine], audit: Audit, snapshot: Snapshot) -> list[Doubt]:
    """Doubts about sources of a later day than the one that was judged."""
    times, zone = [(line.name, line.as_of) for line in lines], ZoneInfo(audit.meta.time_zone)
    return [Doubt(said) for said in later(times, audit.meta.as_of, snapshot.manifest.ended, zone)]


def _said(doubts: Sequence[str]) -> str:
    return _UNPROVEN + "; ".join(doubts) if doubts else PROVEN
