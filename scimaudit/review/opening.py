"""Opening a campaign: what is not proven is refused, or somebody answers for it by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from scimaudit.errors import ConfigError
from scimaudit.result import AppLine, Audit
from scimaudit.review import population, reviewers
from scimaudit.review.campaign import Accepted, Basis, Campaign, Opened, canonical, create, digest
from scimaudit.view import View

ROSTERS: Final = "rosters"
"""What doubts about the system of record are accepted under."""


@dataclass(frozen=True)
class Plan:
    """What is asked of a new campaign.

    :param accept: an app, or :data:`ROSTERS`, to the reason for which ``by`` accepts that it is not proven.
    :param fallback: mail address of who decides where nobody else may.
    """

    id: str
    title: str
    by: str
    due: date
    apps: tuple[str, ...]
    privileged_only: bool
    accept: Mapping[str, str]
    order: tuple[Basis, ...]
    fallback: str
    stale_days: int


def open_campaign(
    store: Path, view: View, audit: Audit, plan: Plan, doubted: Mapping[str, Sequence[str]], *, now: datetime
) -> Campaign:
    """Freeze the population of an audit and give every item its reviewer.

    :param doubted: app, or :data:`ROSTERS`, to what stands in the way of believing what its sources say; see
        :mod:`scimaudit.doubts`.

    :raises ConfigError: something in scope is not proven and nobody accepts it (names it), there is nothing to decide,
        or somebody cannot be given a reviewer.
    """
    found = doubts(audit, plan.apps, doubted, now=now, stale_days=plan.stale_days)
    missing = {subject: doubt for subject, doubt in found.items() if subject not in plan.accept}
    if missing:
        raise ConfigError(
            "the population is not proven:\n  " + "\n  ".join(f"{name}: {why}" for name, why in missing.items()),
            hint="pull anew, leave the app out, or accept it: --accept " + " --accept ".join(missing) + ' --reason "…"',
        )
    idle = sorted(set(plan.accept) - set(found))
    if idle:
        raise ConfigError(f"nothing is in doubt about {', '.join(idle)}", hint="leave out --accept")
    items, left_out = population.population(
        view, audit, campaign=plan.id, apps=plan.apps, privileged_only=plan.privileged_only
    )
    if not items:
        raise ConfigError("there is nothing to decide", hint="name other apps, or leave out --privileged")
    assigned = reviewers.assign(
        items, view, owners=population.rights_owners(view), order=plan.order, fallback=plan.fallback
    )
    opened = Opened(
        id=plan.id,
        title=plan.title,
        snapshot_id=audit.meta.snapshot_id,
        audit_id=audit.meta.audit_id,
        opened_at=now,
        opened_by=plan.by,
        due=plan.due,
        apps=plan.apps,
        privileged_only=plan.privileged_only,
        order=plan.order,
        accepted=tuple(Accepted(name, found[name], plan.by, why) for name, why in sorted(plan.accept.items())),
        items=digest([b"".join(canonical(item) + b"\n" for item in assigned)]),
        left_out=tuple(left_out),
    )
    return create(store, opened, assigned)


def doubts(
    audit: Audit, apps: Sequence[str], doubted: Mapping[str, Sequence[str]], *, now: datetime, stale_days: int
) -> dict[str, str]:
    """Why the population of these apps is not proven: app, or :data:`ROSTERS`, to the reasons.

    :param doubted: what stands in the way of believing what the sources say.
    :param stale_days: a snapshot that is older than this when the campaign is opened is stale.
    """
    found = {}
    if rosters := [*doubted.get(ROSTERS, ()), *(gate.said for gate in audit.gates if not gate.app)]:
        found[ROSTERS] = "; ".join(rosters)
    lines = {line.app: line for line in audit.apps}
    gated = {gate.subject for gate in audit.gates}
    old = now - audit.meta.collected_to > timedelta(days=stale_days)
    for app in apps:
        said = [*_of_app(lines[app]), *doubted.get(app, ())]
        said += ["it shrank, and a gate tripped"] if app in gated else []
        said += [f"the snapshot is {(now - audit.meta.collected_to).days} days old"] if old else []
        if said:
            found[app] = "; ".join(said)
    return found


def _of_app(line: AppLine) -> list[str]:
    said = []
    if line.walk != "complete":
        said.append(f"walk {line.walk}" + (f" ({line.walk_reason})" if line.walk_reason else ""))
    elif line.scope != "all":
        said.append(f"scope {line.scope}" + (f" ({line.scope_reason})" if line.scope_reason else ""))
    if line.verdict in ("failed", "not audited"):
        said.append(f"{line.verdict}: {line.verdict_reason}")
    return said
