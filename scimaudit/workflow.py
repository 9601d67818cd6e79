"""The steps of the command line without its words: pull, judge, keep, write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scimaudit import (
    archive,
    doubts,
    facts,
    history,
    identifiers,
    renderers,
    rules,
    safety_gates,
    settle,
    tables,
    timeline,
)
from scimaudit.archive import Stored
from scimaudit.audit import decided, judge, seen_view
from scimaudit.config import Config
from scimaudit.drill import draft
from scimaudit.drill.plan import Kind
from scimaudit.errors import ConfigError, PolicyError
from scimaudit.evidence import retention as retaining
from scimaudit.evidence import seal as sealing
from scimaudit.evidence.parts import Parts
from scimaudit.evidence.retention import Due
from scimaudit.evidence.timestamp import Authority
from scimaudit.history import changes, holders
from scimaudit.history.changes import Diff
from scimaudit.history.trail import Former
from scimaudit.inquiry import Case, find_person, stranger
from scimaudit.policy import apps as policy_apps
from scimaudit.policy import catalogue, dispositions, links, trials, who_columns
from scimaudit.policy import load as load_policy
from scimaudit.policy.trials import Outcome
from scimaudit.policy_check import PolicyCheck, check_files, check_view
from scimaudit.remediation import Remediation
from scimaudit.remediation.claims import claims
from scimaudit.remediation.tasks import tasks
from scimaudit.result import ExceptionLine
from scimaudit.review import intake
from scimaudit.review.campaign import Campaign, Delegation, campaigns
from scimaudit.review.decisions import reviews
from scimaudit.review.delegation import delegate
from scimaudit.review.intake import Taken
from scimaudit.review.opening import ROSTERS, Plan, open_campaign
from scimaudit.snapshot import settings
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
    accept: Mapping[str, str] | None = None,
) -> Stored:
    """Judge a snapshot (default: the newest) and keep the audit in the store.

    :param accept: a roster or an app that may have shrunk, to who says so, and why.
    """
    chosen = open_snapshot(config.store, snapshot)
    newest = snapshot is None or chosen.id == snapshots(config.store)[-1].id
    judged = judge(
        chosen,
        config,
        as_of=as_of,
        earlier=_before(chosen, config),
        former=_former(chosen, config),
        fail_on=fail_on,
        require_scope=require_scope,
        accept=accept,
        outdated=settings.outdated(chosen.manifest.sources, config, newest=newest),
    )
    return archive.save(judged.audit, judged.links, judged.trail, config.store)


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


def seal(config: Config, audit_id: str | None = None, *, now: datetime, reports: Sequence[Path] = ()) -> Path:
    """Seal a stored audit (default: the newest) into a bundle; see :func:`scimaudit.evidence.seal.seal`.

    :param reports: those of its reports that are written already.
    """
    stored = archive.latest(config.store, audit_id)
    snapshot = open_snapshot(config.store, stored.snapshot)
    former = archive.before(config.store, snapshot.id)
    parts = Parts(stored, snapshot, config, _before(snapshot, config), former, tuple(reports))
    authority = Authority.of(config)
    return sealing.seal(parts, config.bundles, now=now, key=config.signing_key, authority=authority)


def remediation(config: Config, audit_id: str | None = None) -> Remediation:
    """What is to be done after a stored audit (default: the newest), and what the policy's lines say is done.

    :raises PolicyError: ``dispositions.csv`` is wrong.
    """
    stored = archive.latest(config.store, audit_id)
    judged, snapshot = stored.audit, open_snapshot(config.store, stored.snapshot)
    claimed = claims(dispositions.load(config.policy / "dispositions.csv"), stored.trail(), judged)
    newer = snapshots(config.store)[-1].id > snapshot.id
    return Remediation(judged, tasks(judged, snapshot, config, stored.links(), claimed, newer=newer), claimed)


def retention(config: Config, *, now: datetime, removing: bool = False) -> list[Due]:
    """What the rules of retention remove of sealed bundles; see :mod:`scimaudit.evidence.retention`.

    :param removing: remove it, and give what was removed; otherwise also what is kept all the same.
    """
    needed = {each.opened.snapshot_id: each.opened.id for each in campaigns(config.store) if each.closing is None}
    if not removing:
        return retaining.due(config.evidence, config.bundles, now=now, needed=needed)
    return retaining.apply(config.evidence, config.bundles, now=now, needed=needed, key=config.signing_key)


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
    outdated = settings.outdated(snapshot.manifest.sources, config, newest=True)
    snapshot = settings.as_judged(snapshot, config, outdated)
    view = seen_view(snapshot, config, as_of=day, earlier=_before(snapshot, config))
    doubted = {name: doubts.of_listings(config.app(name), snapshot, view) for name in chosen}
    if roster := doubts.of_rosters(snapshot, config, view):
        doubted[ROSTERS] = [roster]
    return open_campaign(config.store, view, audit, plan, doubted, now=now)


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


def diff(config: Config, before: str | None = None, after: str | None = None) -> Diff:
    """What came, went and changed between two audits; by default between the newest and the one it goes on from.

    :param before: the id of a snapshot or an audit; ``after`` likewise.
    :raises ConfigError: there is no audit to compare with, or the two are the wrong way round.
    :raises IntegrityError: there is no such audit.
    """
    later = archive.named(config.store, after)
    earlier = archive.named(config.store, before) if before else archive.before(config.store, later.snapshot)
    if earlier is None:
        raise ConfigError(f"{later.path.name} is the first audit of this store", hint="scimaudit run makes another")
    if earlier.snapshot > later.snapshot:
        raise ConfigError(f"{earlier.path.name} is later than {later.path.name}", hint="name the earlier one first")
    old, new = (open_snapshot(config.store, each.snapshot) for each in (earlier, later))
    percent = safety_gates.setting(config, "app-shrunk", "percent")
    apps = sorted({line.app for snapshot in (old, new) for line in snapshot.manifest.apps})
    rows = [changes.of_people(old, new)]
    rows += [changes.of_accounts(old, new, app, percent=percent) for app in apps]
    rows += [changes.of_grants(old, new, app, percent=percent) for app in apps]
    found = changes.of_findings(earlier.trail(), later.trail())
    return Diff(earlier.path.name, later.path.name, found, pd.concat(rows, ignore_index=True))


def timeline_of_person(config: Config, text: str) -> tuple[str, pd.DataFrame]:
    """Everything that the store shows of a person and of the accounts that were ever theirs.

    :returns: the person's name, and rows of :data:`scimaudit.timeline.COLUMNS`.
    :raises ConfigError: no snapshot knows the person, or several fit.
    """
    every = snapshots(config.store)
    person = _somebody(every, text)
    kept = archive.audits(config.store)
    links = [tables.frame(each.links(), ["app", "account_id", "person_id"]).astype("str") for each in kept]
    known = pd.concat(links, ignore_index=True) if links else pd.DataFrame(columns=["app", "account_id", "person_id"])
    mine = known.loc[(known["person_id"] == person["person_id"]).to_numpy(dtype=bool), ["app", "account_id"]]
    rows = _timeline(config, mine.drop_duplicates(ignore_index=True), str(person["person_id"]))
    return f"{person['display_name']} ({person['person_id']})", rows


def timeline_of_account(config: Config, app: str, text: str) -> tuple[str, pd.DataFrame]:
    """The same of one account, named by its id, or by a user name that it has or had.

    :raises ConfigError: no snapshot shows it.
    """
    config.app(app)
    for snapshot in reversed(snapshots(config.store)):
        if app in {line.app for line in snapshot.manifest.apps}:
            listed = tables.frame(snapshot.accounts(app, ["account_id", "user_name", "user_name_key"]))
            fits = (listed["account_id"] == text) | (listed["user_name_key"] == identifiers.key(text))
            if fits.any():
                row = listed[fits.to_numpy(dtype=bool)].iloc[0]
                account = pd.DataFrame({"app": [app], "account_id": [row["account_id"]]}, dtype="str")
                return f"{app} {row['user_name']} ({row['account_id']})", _timeline(config, account, None)
    raise ConfigError(f"no snapshot shows an account {text!r} of {app}")


def identifier_history(config: Config, text: str) -> pd.DataFrame:
    """Who bore a user name or an address, and when: see :func:`scimaudit.history.holders.holders`.

    :raises IntegrityError: there is no snapshot.
    """
    open_snapshot(config.store, None)
    every = holders.holders(snapshots(config.store))
    return every[(every["identifier_key"] == identifiers.key(text)).to_numpy(dtype=bool)].reset_index(drop=True)


def _timeline(config: Config, accounts: pd.DataFrame, person_id: str | None) -> pd.DataFrame:
    every = snapshots(config.store)
    mine = timeline.names(every, accounts)
    percent = safety_gates.setting(config, "app-shrunk", "percent")
    # The one made last may be of an old snapshot, judged again.
    newest = (archive.audits(config.store) or [archive.latest(config.store)])[-1]
    trail, (_, decisions) = newest.trail(), reviews(config.store)
    whose = (trail["person_id"] == person_id).to_numpy(dtype=bool) & trail["account_id"].isna().to_numpy()
    decided_on = decisions[_among(decisions, mine)].merge(mine, how="left", on=["app", "account_id"], validate="m:1")
    parts = [
        timeline.of_accounts(every, mine, percent=percent),
        timeline.of_findings(trail[_among(trail, mine) | whose], newest.path.name),
        timeline.of_decisions(decided_on),
    ]
    if person_id is not None:
        parts.append(timeline.of_person(every, person_id))
    return timeline.in_order(parts)


def _among(rows: pd.DataFrame, accounts: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which rows are about one of the accounts."""
    found: npt.NDArray[np.bool_] = pd.MultiIndex.from_frame(rows[["app", "account_id"]].astype("str")).isin(
        pd.MultiIndex.from_frame(accounts[["app", "account_id"]].astype("str"))
    )
    return found


def _somebody(every: Sequence[Snapshot], text: str) -> pd.Series:
    """The one person whom the newest snapshot that knows them calls so.

    :raises ConfigError: none does, or several fit.
    """
    for snapshot in reversed(every):
        found = find_person(snapshot.people(), text)
        if len(found) > 1:
            names = ", ".join(found["person_id"].head(5))
            raise ConfigError(f"{len(found)} people fit {text!r}", hint=f"name one by its id: {names}")
        if len(found):
            return found.iloc[0]
    raise stranger(text)


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


def _former(chosen: Snapshot, config: Config) -> Former | None:
    """The audit that one of this snapshot goes on from."""
    stored = archive.before(config.store, chosen.id)
    if stored is None:
        return None
    judged = open_snapshot(config.store, stored.snapshot)
    return Former(stored.path.name, judged, stored.trail(), stored.shrunk, stored.digest)


def _before(chosen: Snapshot, config: Config) -> tuple[Snapshot, ...]:
    """The snapshots that say what was before: at least the last, and those of the days that count as history."""
    earlier = [snapshot for snapshot in snapshots(config.store) if snapshot.id < chosen.id]
    return tuple(history.recent(earlier[:-1], chosen, config.audit.history_days) + earlier[-1:])
