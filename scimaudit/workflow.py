"""The steps of the command line without its words: pull, judge, keep, write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from scimaudit import archive, facts, history, renderers, rules, settle, tables
from scimaudit.archive import Stored
from scimaudit.audit import decided, judge, seen_view
from scimaudit.config import Config
from scimaudit.drill import draft
from scimaudit.drill.plan import Kind
from scimaudit.errors import PolicyError
from scimaudit.inquiry import Case
from scimaudit.policy import apps as policy_apps
from scimaudit.policy import catalogue, links, trials, who_columns
from scimaudit.policy import load as load_policy
from scimaudit.policy.trials import Outcome
from scimaudit.policy_check import PolicyCheck, check_files, check_view
from scimaudit.result import ExceptionLine
from scimaudit.review import intake
from scimaudit.review.campaign import Campaign, Delegation
from scimaudit.review.delegation import delegate
from scimaudit.review.intake import Taken
from scimaudit.review.opening import Plan, open_campaign
from scimaudit.snapshot.collect import Watcher, collect
from scimaudit.snapshot.store import Snapshot, open_snapshot, snapshots
from scimaudit.view import View


def pull(
    config: Config, *, now: Callable[[], datetime], watcher: Watcher, quick: bool = False, only: Sequence[str] = ()
) -> Snapshot:
    """A new snapshot; see :func:`scimaudit.snapshot.collect.collect`."""
    return collect(config, now=now, watcher=watcher, quick=quick, only=only)


def audit(
    config: Config,
    *,
    snapshot: str | None = None,
    as_of: date | None = None,
    fail_on: str | None = None,
    require_scope: bool = False,
) -> Stored:
    """Judge a snapshot (default: the newest) and keep the audit in the store."""
    chosen = open_snapshot(config.store, snapshot)
    judged = judge(
        chosen,
        config,
        as_of=as_of,
        earlier=_before(chosen, config),
        first_seen=archive.first_seen(config.store),
        fail_on=fail_on,
        require_scope=require_scope,
    )
    return archive.save(judged.audit, judged.links, config.store)


def report(stored: Stored, formats: Iterable[str], folder: Path | None = None) -> list[Path]:
    """Write a stored audit's reports, by default beside it."""
    return renderers.write(stored.audit, folder or stored.path / "reports", formats)


def case(config: Config, audit_id: str | None = None) -> Case:
    """A stored audit (default: the newest) with its snapshot, to ask questions of."""
    stored = archive.latest(config.store, audit_id)
    snapshot = open_snapshot(config.store, stored.audit.meta.snapshot_id)
    privileged = {app.name: app.privileged for app in config.apps}
    described = catalogue.load(config.policy / "catalogue.csv")
    return Case(snapshot, stored.audit, stored.links(), privileged, described, _before(snapshot, config))


def exceptions_now(config: Config) -> tuple[ExceptionLine, ...]:
    """The exceptions as the policy files have them now, judged on the newest snapshot; nothing is kept."""
    chosen = open_snapshot(config.store, None)
    return judge(chosen, config, earlier=_before(chosen, config)).audit.exceptions


def seen(config: Config, *, policy: Path | None = None) -> View:
    """The newest snapshot as the rules see it, with this or another policy folder.

    :raises PolicyError: there is no such folder.
    """
    if policy is not None:
        if not policy.is_dir():
            raise PolicyError(f"there is no folder {policy}")
        config = config.model_copy(update={"audit": config.audit.model_copy(update={"policy": policy})})
    chosen = open_snapshot(config.store, None)
    return seen_view(chosen, config, earlier=_before(chosen, config))


def policy_check(config: Config, *, today: date) -> PolicyCheck:
    """Every policy file read and judged: on the newest snapshot, or, where there is none, alone.

    :param today: the day to judge by where there is neither a snapshot nor an ``as_of``.
    :raises PolicyError: a file is wrong.
    """
    apps = facts.configured(config)
    extras = _extra_columns(config)
    loaded = load_policy(config.policy, extra_columns=extras)
    loaded = replace(loaded, links=links.of(decided(config)))
    tried = trials.load(config.policy / "tests.toml", who_columns(extras))
    policy_apps.known([(trial.place, trial.app) for trial in tried], [app.app for app in apps])
    settle.known(loaded.exceptions, rules.names())
    if snapshots(config.store):
        judged = seen(config)
        return check_view(judged, open_snapshot(config.store, None).id)
    policy_apps.check(loaded, [app.app for app in apps])
    return check_files(loaded, apps, config.audit.as_of or today)


def policy_trials(config: Config) -> list[Outcome]:
    """What the policy says of the example people of its ``tests.toml``.

    :raises PolicyError: a file is wrong, or there is no test.
    """
    extras = _extra_columns(config)
    columns = who_columns(extras)
    loaded = trials.load(config.policy / "tests.toml", columns)
    policy_apps.known([(trial.place, trial.app) for trial in loaded], [app.name for app in config.apps])
    if not loaded:
        raise PolicyError(f"{config.policy / 'tests.toml'} holds no test", hint="docs/policy.md shows one")
    return trials.tried(loaded, load_policy(config.policy, extra_columns=extras).rules, columns)


def open_review(
    config: Config,
    *,
    now: datetime,
    by: str,
    title: str,
    name: str,
    due: date | None = None,
    apps: Sequence[str] = (),
    regulated_only: bool = False,
    privileged_only: bool = False,
    accept: Mapping[str, str] | None = None,
) -> Campaign:
    """A new campaign over the newest audit; see :func:`scimaudit.review.opening.open_campaign`.

    :param apps: their names; none means every app that has a listing.
    :raises ConfigError: an app is unknown, or the campaign cannot be opened.
    """
    for app in apps:
        config.app(app)
    audit = archive.latest(config.store).audit
    snapshot = open_snapshot(config.store, audit.meta.snapshot_id)
    chosen = [app.name for app in config.apps if app.listings and (not apps or app.name in apps)]
    chosen = [name for name in chosen if not regulated_only or config.app(name).regulated]
    rules = config.review
    plan = Plan(
        id=name,
        title=title,
        by=by,
        due=due or now.astimezone(config.zone).date() + timedelta(days=rules.due_days),
        apps=tuple(chosen),
        privileged_only=privileged_only,
        accept=accept or {},
        order=rules.order,
        fallback=rules.fallback,
        stale_days=rules.stale_days,
    )
    day = audit.meta.as_of.astimezone(config.zone).date()
    view = seen_view(snapshot, config, as_of=day, earlier=_before(snapshot, config))
    return open_campaign(config.store, view, audit, plan, now=now)


def import_review(
    config: Config, campaign: Campaign, files: Sequence[Path], *, now: datetime, partial: bool, replace: bool
) -> Taken:
    """Take packets back; see :func:`scimaudit.review.intake.take`.

    :raises ConfigError: something is wrong with one of them; nothing is kept then.
    """
    links = tables.frame(archive.latest(config.store).links(), ["app", "account_id", "person_id"])
    known = links.dropna(subset=["person_id"]).astype("str")
    owners = {(app, account): person for app, account, person in known.itertuples(index=False)}
    handed = [intake.read(path) for path in files]
    return intake.take(
        campaign,
        handed,
        now=now,
        rationale_for=config.review.rationale_for,
        owners=owners,
        partial=partial,
        replace=replace,
    )


def delegate_review(
    config: Config, campaign: Campaign, *, before: str, after: str, by: str, reason: str, now: datetime
) -> Delegation:
    """Hand what one reviewer has left to another; see :func:`scimaudit.review.delegation.delegate`.

    :raises ConfigError: it cannot be.
    """
    snapshot = open_snapshot(config.store, None)
    view = seen_view(snapshot, config, earlier=_before(snapshot, config))
    return delegate(campaign, view, before=before, after=after, by=by, reason=reason, now=now)


def draft_drill(config: Config, kind: Kind, person: str) -> str:
    """A first plan of a drill, as text.

    :param person: a person_id of the newest snapshot; empty for a canary.
    :raises ConfigError: the rosters do not show the person.
    """
    rules = load_policy(config.policy, extra_columns=_extra_columns(config)).rules
    if not person:
        return draft.draft(kind, config, rules, None)
    people = tables.frame(open_snapshot(config.store, None).people())
    return draft.draft(kind, config, rules, draft.whom(people, person, config))


def _extra_columns(config: Config) -> list[str]:
    return [name for roster in config.rosters for name in getattr(roster.settings, "extras", {})]


def _before(chosen: Snapshot, config: Config) -> tuple[Snapshot, ...]:
    """The snapshots that say what was before: at least the last, and those of the days that count as history."""
    earlier = [snapshot for snapshot in snapshots(config.store) if snapshot.id < chosen.id]
    return tuple(history.recent(earlier[:-1], chosen, config.audit.history_days) + earlier[-1:])
