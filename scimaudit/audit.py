"""Judging a snapshot: correlate, make the view, run the rules, and say what may be said of each app."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from scimaudit import (
    __version__,
    correlate,
    doubts,
    facts,
    findings,
    history,
    policy,
    rules,
    safety_gates,
    settle,
    tables,
    verdicts,
    view,
)
from scimaudit.config import App, Config
from scimaudit.correlate.decisions import read as read_decisions
from scimaudit.history import holders
from scimaudit.history.closure import closure, held_again
from scimaudit.history.gone import accounts_gone
from scimaudit.history.since import change_lines
from scimaudit.history.spans import spans
from scimaudit.history.trail import Former, continued, reopened, undecided
from scimaudit.metrics import metrics
from scimaudit.over_time import over_time
from scimaudit.policy import links as policy_links
from scimaudit.result import Audit, KindLine, Meta
from scimaudit.review.campaign import campaigns
from scimaudit.review.decisions import reviews, revocations
from scimaudit.rules import Judgement, Rule
from scimaudit.snapshot import settings
from scimaudit.snapshot.store import Snapshot
from scimaudit.summaries.approvals import Accepted, approval_lines
from scimaudit.summaries.feeds import feed_lines
from scimaudit.summaries.power import power_lines
from scimaudit.summaries.savings import saving_lines
from scimaudit.summaries.thresholds import threshold_lines
from scimaudit.view import Reviewed, View


@dataclass(frozen=True)
class Judged:
    """An audit with what it was judged from, for questions about single accounts and people."""

    audit: Audit
    view: View
    links: pd.DataFrame
    trail: pd.DataFrame


def judge(
    snapshot: Snapshot,
    config: Config,
    *,
    as_of: date | None = None,
    earlier: Sequence[Snapshot] = (),
    former: Former | None = None,
    fail_on: str | None = None,
    require_scope: bool = False,
    accept: Mapping[str, str] | None = None,
    outdated: Sequence[str] | None = None,
) -> Judged:
    """Judge one snapshot by the configuration and the policy files as they are now.

    :param as_of: judge as of the end of this day; default: the configuration's, else the end of the snapshot.
    :param earlier: the snapshots before, oldest first: the last is what the shrink gates and the time guard of
        correlation compare with, all together say who was what before.
    :param former: the audit of an earlier snapshot that the trail of findings goes on from.
    :param fail_on: severity from which findings count for the exit code; default: the configuration's.
    :param require_scope: an unproven scope counts for the exit code too.
    :param accept: a roster or an app that may have shrunk, to who says so, and why.
    :param outdated: sources whose settings changed since they were collected; default: those of which the configuration
        has others now.
    :raises ScimAuditError: the snapshot or a policy file cannot be used.
    """
    if outdated is None:
        outdated = settings.outdated(snapshot.manifest.sources, config, newest=True)
    snapshot = settings.as_judged(snapshot, config, outdated)
    seen = seen_view(snapshot, config, as_of=as_of, earlier=earlier)
    gates, tolerated = safety_gates.gates(seen, config, accept, _believed(former, earlier, snapshot))
    shown_at = min(seen.as_of, snapshot.manifest.ended)
    percent = safety_gates.setting(config, "app-shrunk", "percent")
    assembled = partial(
        findings.assemble,
        severities={kind: str(own["severity"]) for kind, own in config.rules.items() if "severity" in own},
        first_seen=former.first_seen if former else {},
        now=shown_at,
        gated_apps=frozenset(gate.app for gate in gates if gate.app),
        all_gated=any(not gate.app for gate in gates),
    )
    doubted: dict[str, set[str]] = {}
    run = partial(_run, seen=seen, config=config, former=former, doubted=doubted)
    judged = [(rule, run(rule)) for rule in enabled(config) if not rule.after_settling]
    limits = settle.Limits(config.audit.exceptions.max_days, config.audit.exceptions.max_findings)
    rows, exceptions = settle.settle(assembled(judged, seen), seen, rules.names(), limits)
    seen = seen.settled(exceptions)
    late = [(rule, run(rule, seen=seen)) for rule in enabled(config) if rule.after_settling]
    if any(len(judgement.failed) for _, judgement in late):
        rows = settle.with_late(rows, assembled(late, seen))
    rows = findings.led(reopened(rows, former))
    trail = continued(
        rows, former, view=seen, snapshots=[*earlier, snapshot], percent=percent, now=shown_at, doubted=doubted,
        judged=[rule.kind for rule in enabled(config)],
        gated={gate.app: f"the gate {gate.name} tripped" for gate in gates},
    )  # fmt: skip
    checks = _ledger([*judged, *late])
    sources = verdicts.source_lines(snapshot)
    apps = verdicts.app_lines(seen, config, snapshot, rows, checks, gates, tolerated)
    fail = fail_on or config.audit.fail_on
    exit_code, reasons = verdicts.exit_code(
        rows, apps, sources, gates, fail_on=fail, require_scope=require_scope, outdated=outdated
    )
    manifest = snapshot.manifest
    meta = Meta(
        version=__version__,
        organisation=config.audit.organisation,
        audit_id=audit_id(
            snapshot,
            config,
            as_of=seen.as_of,
            earlier=earlier,
            former=f"{former.audit} {former.digest}" if former else "",
            fail_on=fail,
            require_scope=require_scope,
            accept=accept or {},
            outdated=outdated,
        ),
        snapshot_id=snapshot.id,
        as_of=seen.as_of,
        time_zone=config.audit.time_zone,
        collected_from=manifest.started,
        collected_to=manifest.ended,
        people=len(seen.people),
        people_active=int(seen.people["current"].fillna(value=False).sum()),
        fail_on=fail,
        exit_code=exit_code,
        exit_reasons=reasons,
        require_scope=require_scope,
        accepted=tolerated,
        defaults=_defaults(config),
        outdated=tuple(outdated),
        switched_off={kind: rules.load(kind).controls for kind in doubts.switched_off(config)},
    )
    equations = verdicts.equations(sources, apps, checks, snapshot.manifest)
    kinds = tuple(_kind_line(rule, config) for rule in enabled(config))
    audit = Audit(
        meta, apps, sources, equations, gates, kinds, settle.lines(seen),
        tables.frame(tables.conform(rows, tables.FINDINGS)), checks, feed_lines(seen), power_lines(seen),
        threshold_lines(seen, {rule.kind: judgement for rule, judgement in judged}, config.rules),
        saving_lines(seen, rows), approval_lines(seen, rows, decided(config), accepted(config)),
        over_time(
            seen, config.store, [*earlier, snapshot], before=former.audit if former else "",
            changes=change_lines(former, trail, snapshot, percent=percent),
        ),
    )  # fmt: skip
    audit = replace(audit, over_time=replace(audit.over_time, metrics=metrics(audit, seen)))
    links = seen.accounts.rename(columns={"link_reason": "reason"})
    return Judged(audit, seen, links, trail)


def _believed(former: Former | None, earlier: Sequence[Snapshot], snapshot: Snapshot) -> Mapping[tuple[str, str], int]:
    """What shrink gates measure by beside the snapshot before: what an audit last believed.

    A snapshot that was pulled and never judged must not become the measure of the next one. Where none was judged,
    each source is measured by the most that any of them showed of it.
    """
    if former is None:
        return _most(earlier, snapshot)
    if not earlier or earlier[-1].id == former.snapshot.id:
        return former.shrunk
    judged = [each for each in earlier if each.id <= former.snapshot.id] or [former.snapshot]
    return {**_counted(judged), **former.shrunk}


def _most(earlier: Sequence[Snapshot], snapshot: Snapshot) -> dict[tuple[str, str], int]:
    """Of each source that this snapshot has, the most that one of those before it has."""
    counted = [_counted([each]) for each in earlier]
    names = {source.name for source in snapshot.manifest.sources} | {line.app for line in snapshot.manifest.apps}
    subjects = {subject for each in counted for subject in each if subject[1] in names}
    return {subject: max(each.get(subject, 0) for each in counted) for subject in subjects}


def _counted(snapshots: Sequence[Snapshot]) -> dict[tuple[str, str], int]:
    rosters, apps = history.counts(snapshots)
    told = {("roster-shrunk", name): count for name, count in rosters.items()}
    return told | {("app-shrunk", name): count for name, count in apps.items()}


def seen_view(
    snapshot: Snapshot, config: Config, *, as_of: date | None = None, earlier: Sequence[Snapshot] = ()
) -> View:
    """The snapshot as the rules read it: accounts with their owners, grants, apps, sources and policy."""
    moment, today = _moment(snapshot, config, as_of)
    people = snapshot.people()
    extras = [name for name in people.column_names if name not in tables.PEOPLE.names]
    decisions = decided(config)
    loaded = replace(policy.load(config.policy, extra_columns=extras), links=policy_links.of(decisions))
    lines = snapshot.manifest.apps
    zones = {roster.name: ZoneInfo(roster.time_zone) for roster in config.rosters if roster.time_zone}
    linked = partial(
        correlate.correlate,
        people=tables.frame(people),
        apps={app.name: app_rules(app) for app in config.apps},
        decisions=decisions,
        history=holders.before(earlier),
        today=today,
    )
    built = partial(
        view.build,
        people=people,
        apps=facts.app_facts(config, snapshot),
        sources=facts.source_facts(config, snapshot),
        policy=loaded,
        as_of=moment,
        today=today,
        zone=config.zone,
        roster_zones=zones,
    )
    accounts = tables.concat(tables.ACCOUNTS, [snapshot.accounts(line.app) for line in lines])
    present = built(
        overlaps=snapshot.overlaps(),
        accounts=accounts,
        grants=tables.concat(tables.GRANTS, [snapshot.grants(line.app) for line in lines]),
        links=tables.conform(linked(tables.frame(accounts)), tables.LINKS),
        previous=history.previously(earlier, snapshot),
    )
    snapshots, gone, before = [*earlier, snapshot], accounts_gone(earlier, snapshot), None
    if len(gone):
        # Whose account it was is told of one that is gone as of one that is there.
        links = tables.conform(linked(tables.frame(gone)), tables.LINKS)
        before = built(accounts=gone, grants=tables.empty(tables.GRANTS), links=links).accounts
    percent = safety_gates.setting(config, "app-shrunk", "percent")
    measured = spans(present, before, snapshots, zones=zones, percent=percent)
    return replace(present, reviewed=_reviewed(config, present, snapshots), spans=measured)


def _reviewed(config: Config, seen: View, snapshots: Sequence[Snapshot]) -> Reviewed:
    """What reviews decided up to the moment judged, and what the snapshots show of it."""
    opened, decisions = reviews(config.store)
    now = pd.Timestamp(seen.as_of)
    asked = revocations(config.store)
    asked = asked[(asked["decided_at"] <= now) & asked["app"].isin(list(seen.facts))]
    days = safety_gates.setting(config, "revoke-not-done", "days")
    percent = safety_gates.setting(config, "app-shrunk", "percent")
    closed = closure(asked, snapshots, as_of=seen.as_of, days=days, percent=percent)
    return Reviewed(
        opened[opened["opened_at"] <= now].reset_index(drop=True),
        decisions[decisions["decided_at"] <= now].reset_index(drop=True),
        held_again(closed, decisions, seen),
    )


def enabled(config: Config) -> list[Rule]:
    """The rules that the configuration does not switch off, in the order of their kinds."""
    off = doubts.switched_off(config)
    return [rules.load(kind) for kind in rules.names() if kind not in off]


def app_rules(app: App) -> correlate.AppRules:
    """What correlation needs to know of an app."""
    return correlate.AppRules(
        external_id_is=app.external_id_is,
        employee_number_digits=app.employee_number_digits,
        match_local_part=app.match_local_part,
        domains=dict(app.domains),
        tiers=app.tiers,
    )


def decided(config: Config) -> pd.DataFrame | None:
    """Human decisions about links, where the policy folder holds any.

    :raises PolicyError: the file cannot be used.
    """
    path = config.policy / "links.csv"
    return read_decisions(path) if path.exists() else None


def accepted(config: Config) -> list[Accepted]:
    """The unproven scopes that somebody answers for."""
    told = [(app.name, app.scope_accepted) for app in config.apps if app.scope_accepted is not None]
    return [Accepted(name, each.by, each.until, each.reason) for name, each in told]


def _run(rule: Rule, *, seen: View, config: Config, former: Former | None, doubted: dict[str, set[str]]) -> Judgement:
    """What the rule says; of the former findings of its kind those that it cannot judge now go to ``doubted``."""
    own = {name: value for name, value in config.rules.get(rule.kind, {}).items() if name in rule.settings}
    try:
        judgement = rule.check(seen, **own)
        if former is not None:
            doubted[rule.kind] = undecided(judgement, former.of_kind(rule.kind))
        return findings.slim(judgement)
    except Exception as error:
        # Not handled, only named: a rule that fails must stop the run, and say which rule it was.
        error.add_note(f"while judging by the rule {rule.kind}")
        raise


def _ledger(judged: list[tuple[Rule, Judgement]]) -> pd.DataFrame:
    frames = [judgement.ledger.assign(kind=rule.kind) for rule, judgement in judged if len(judgement.ledger)]
    if not frames:
        return tables.frame(tables.empty(tables.CHECKS))
    rows = pd.concat(frames, ignore_index=True)
    rows["passed"] = rows["population"] - rows["failed"] - rows["not_evaluable"]
    rows = rows.sort_values(["kind", "app"], ignore_index=True)
    return tables.frame(tables.conform(rows, tables.CHECKS))


def _moment(snapshot: Snapshot, config: Config, as_of: date | None) -> tuple[datetime, date]:
    zone = config.zone
    day = as_of or config.audit.as_of
    if day is None:
        ended = snapshot.manifest.ended
        return ended, ended.astimezone(zone).date()
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC), day


def _kind_line(rule: Rule, config: Config) -> KindLine:
    said, own = rule.sections, config.rules.get(rule.kind, {})
    shown = {name: str(own.get(name, parameter.default)) for name, parameter in rule.settings.items()}
    return KindLine(
        rule.kind, rule.title, rule.family, str(own.get("severity", rule.severity)), said.get("Detects", ""),
        said.get("Why", ""), said.get("Not evaluable", ""), said.get("Remediation", ""), rule.controls, shown,
        rule.stopped_by,
    )  # fmt: skip


def _defaults(config: Config) -> dict[str, str]:
    gates, exceptions = config.audit.gates, config.audit.exceptions
    shrink = partial(safety_gates.setting, config)
    return {
        "roster shrink gate": f"max({shrink('roster-shrunk', 'percent'):g} %, "
        f"{shrink('roster-shrunk', 'rows'):g} rows)",
        "app shrink gate": f"{shrink('app-shrunk', 'percent'):g} %",
        "earlier snapshots count for": f"{config.audit.history_days} days",
        "roster is stale after": f"{gates.roster_stale_days} days",
        "listing is stale after": f"{gates.listing_stale_days} days",
        "exceptions": f"at most {exceptions.max_days} days and {exceptions.max_findings} findings",
        "leaver must be inactive within": ", ".join(sorted({f"{app.sla_hours:g} h" for app in config.apps})),
        "automatic links": "tiers T0 to T5 only",
    }


def audit_id(
    snapshot: Snapshot,
    config: Config,
    *,
    as_of: datetime,
    earlier: Sequence[Snapshot],
    former: str,
    fail_on: str,
    require_scope: bool,
    accept: Mapping[str, str],
    outdated: Sequence[str],
) -> str:
    """Names what was judged and by what: the same snapshots, moment, configuration, policy and reviews give one id.

    Snapshots count with the hash of every file of theirs, for whatever changes in an earlier one may change what is
    found. Where the store and the policy lie changes nothing of what is judged.

    :param earlier: the snapshots that were looked back at.
    :param former: id and digest of the audit that the trail goes on from; empty where there is none.
    """
    places: dict[str, Any] = {"path": True, "audit": {"store", "policy"}, "evidence": True}
    told = config.model_dump_json(serialize_as_any=True, exclude=places)
    asked = [told, as_of.isoformat(), __version__, former, fail_on, str(require_scope)]
    asked += [f"{name}\0{said}" for name, said in sorted(accept.items())]
    asked += outdated
    asked += [f"{each.id}\0{each.digest}" for each in (*earlier, snapshot)]
    digest = hashlib.sha256("\0".join(asked).encode())
    for path in config.policy_files:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    for campaign in campaigns(config.store):
        digest.update(campaign.opened.id.encode() + b"\0" + campaign.record().encode())
    return f"{snapshot.id}-{digest.hexdigest()[:8]}"
