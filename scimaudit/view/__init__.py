"""Accounts, grants and people with their joins, made once, as rules read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.errors import TableError
from scimaudit.policy import Policy
from scimaudit.policy import apps as policy_apps
from scimaudit.view import joins
from scimaudit.view.columns import arrow, taken
from scimaudit.view.compared import alike
from scimaudit.view.inputs import (
    AppFacts,
    Previous,
    Reviewed,
    SourceFacts,
    app_frame,
    no_exceptions,
    no_spans,
    source_frame,
)
from scimaudit.view.joins import NON_HUMAN
from scimaudit.view.past import FORMER, former_states
from scimaudit.view.policed import policed
from scimaudit.view.tenure import tenure

__all__ = ["NON_HUMAN", "AppFacts", "Previous", "Reviewed", "SourceFacts", "View", "build"]


@dataclass(frozen=True)
class View:
    """Everything a rule may look at.

    :param people: the people table, with ``started`` (boolean), ``ended`` (terminated, or the end date has passed; null
        when the status is unknown and no date decides), ``days_since_end`` (Int64) and ``current`` (active or on leave,
        started, not ended; null when unknown).
    :param accounts: the accounts table, with the link's ``person_id``, ``situation``, ``tier``, ``confidence``,
        ``keys``, ``runners_up``, ``link_reason``; ``owner_row`` (position in ``people``, -1 for none) and ``owner_…``
        for each of :data:`~scimaudit.view.joins.OWNER_COLUMNS`; ``nhi`` (a register line that has not expired covers
        it), ``nhi_line`` (its position there, -1 for none), ``nhi_kind``, ``nhi_owner``, ``nhi_purpose``,
        ``nhi_expires``; ``account_kind`` as the register has it, else as listed or as the app's declarations tell
        (``detected_by``: what told it, else null); ``privileged`` (holds a grant known to be privileged).
    :param grants: the grants table, with ``account`` (position in ``accounts``, -1 where no listing shows the
        account), ``active`` and ``person_id`` of that account, ``entitlement`` (position in ``entitlements``) and
        ``privileged`` as the listing, the catalogue and the app's patterns have it: a yes beats a no.
        ``account_id`` and ``person_id`` are categories.
    :param entitlements: one row per distinct ``app``, ``attribute``, ``value``, ``display``, with what the catalogue
        says of it: ``title``, ``owner``, ``risk``, ``privileged`` (the app's patterns say so too), ``eligible``; and
        ``ends``, the last day that its name tells.
    :param apps: one row per app: the fields of :class:`AppFacts` that are not mappings or patterns; ``regulated`` is a
        boolean.
    :param overlaps: people in several rosters, as :data:`scimaudit.tables.OVERLAPS` says.
    :param sources: one row per roster or listing: the fields of :class:`SourceFacts`; ``unmapped_status`` is text.
    :param exceptions: one row per exception of the policy, once findings are settled: ``id``, ``app``, ``state``
        (``valid``, ``expired`` or ``invalid``), ``trouble``, ``used`` (findings it speaks of), ``approver`` and
        ``expires``.
    :param facts: the whole of what is known of each app.
    :param supplies: source name to the columns it supplies.
    :param as_of: the moment judged, UTC.
    :param today: its date in the organisation's zone.
    :param previous: what earlier snapshots say; ``None`` where there is none.
    :param reviewed: what access reviews decided, and what came of it.
    :param spans: one row per change of a person and account that it had to reach, as
        :func:`scimaudit.history.spans.spans` gives them.
    """

    people: pd.DataFrame
    accounts: pd.DataFrame
    grants: pd.DataFrame
    entitlements: pd.DataFrame
    apps: pd.DataFrame
    overlaps: pd.DataFrame
    sources: pd.DataFrame
    facts: Mapping[str, AppFacts]
    supplies: Mapping[str, frozenset[str]]
    policy: Policy
    as_of: datetime
    today: date
    zone: tzinfo
    previous: Previous | None
    exceptions: pd.DataFrame = field(default_factory=no_exceptions)
    reviewed: Reviewed = field(default_factory=Reviewed)
    spans: pd.DataFrame = field(default_factory=no_spans)

    @cached_property
    def roster_unproven(self) -> bool:
        """Whether the system of record cannot vouch for people: one unproven, stale or outdated, or none."""
        rosters = self.sources[self.sources["fills"] == "people"]
        fresh = self.age_days(rosters) <= rosters["stale_after_days"]
        proven = (
            (rosters["walk"] == "complete")
            & fresh.fillna(False).astype(bool)
            & (rosters["error"] == "")
            & (rosters["unacknowledged"] == 0)
            & ~rosters["outdated"]
        )
        return rosters.empty or not bool(proven.all())

    @cached_property
    def past(self) -> pd.DataFrame:
        """What people were before, as :func:`scimaudit.view.past.former_states` gives it."""
        return former_states(self.people, self.previous, self.today, self.zone)

    @cached_property
    def alike(self) -> Mapping[str, tuple[np.ndarray, np.ndarray]]:
        """By each column of accounts that a roster feeds somewhere, what :func:`scimaudit.view.compared.alike` says."""
        fed = {name for facts in self.facts.values() if facts.roster_feeds for name in facts.drift}
        return {name: alike(self, name) for name in sorted(fed)}

    @cached_property
    def policed(self) -> np.ndarray:
        """What the policy says of every grant, as :func:`scimaudit.view.policed.policed` gives it."""
        return policed(self)

    @cached_property
    def tenure(self) -> pd.DataFrame:
        """Approvals, limits and ends of grants, as :func:`scimaudit.view.tenure.tenure` gives them."""
        return tenure(self)

    def settled(self, exceptions: pd.DataFrame) -> View:
        """The same view with its exceptions; what was worked out of all the rest is kept."""
        made = replace(self, exceptions=exceptions)
        given = {each.name for each in fields(self)}
        made.__dict__.update({name: told for name, told in self.__dict__.items() if name not in given})
        return made

    def remembered(self, column: str) -> bool:
        """Whether anything would tell of a former value of this column of people: a snapshot, or a roster's column."""
        if self.previous is not None and self.previous.since is not None:
            return True
        return any(FORMER.get(column) in self.supplies.get(name, ()) for name in self.rosters)

    @property
    def rosters(self) -> tuple[str, ...]:
        """The names of the sources that fill people."""
        return tuple(self.sources.loc[self.sources["fills"] == "people", "name"])

    def age_days(self, sources: pd.DataFrame) -> pd.Series:
        """Whole days between ``as_of`` of each source and the moment judged; null where unknown."""
        age: pd.Series = pd.Timestamp(self.as_of) - sources["as_of"]
        days: pd.Series = age.dt.days.astype("Int64")
        return days

    def of_app(self, app: pd.Series, column: str) -> pd.Series:
        """A column of :attr:`apps` for each row of a categorical ``app`` column."""
        return self.apps[column].take(app.cat.codes.to_numpy()).set_axis(app.index)

    def unproven(self, app: pd.Series) -> np.ndarray:
        """For each row of a categorical ``app`` column, whether the entitlements of its app are not proven listed."""
        doubted: np.ndarray = (self.apps["entitlements"] != "complete").to_numpy()[app.cat.codes]
        return doubted

    def supplied(self, column: str) -> pd.Series:
        """For each account, whether a listing that shows it supplies the column: null is then *none*, not *unknown*."""
        return self.seen_in([name for name, columns in self.supplies.items() if column in columns])

    def seen_in(self, names: Sequence[str]) -> pd.Series:
        """For each account, whether any of the listings named shows it."""
        lists = arrow(self.accounts["listings"])
        hits = pc.is_in(pc.list_flatten(lists), value_set=pa.array(names, pa.string()))
        found = np.zeros(len(self.accounts), dtype=bool)
        found[pc.filter(pc.list_parent_indices(lists), hits).to_numpy()] = True
        return pd.Series(found, index=self.accounts.index)

    def owner(self, column: str) -> pd.Series:
        """A column of :attr:`people` for each account; null where the account has no owner."""
        return taken(self.people[column], self.accounts["owner_row"].to_numpy(), self.accounts.index)


def build(
    *,
    people: pa.Table,
    accounts: pa.Table,
    grants: pa.Table,
    links: pa.Table,
    apps: Sequence[AppFacts],
    sources: Sequence[SourceFacts],
    policy: Policy,
    as_of: datetime,
    today: date,
    zone: tzinfo = UTC,
    roster_zones: Mapping[str, tzinfo] | None = None,
    overlaps: pa.Table | None = None,
    previous: Previous | None = None,
) -> View:
    """Make the view of one snapshot (or of whole apps of it).

    :param people: table of :data:`scimaudit.tables.PEOPLE`; extra columns are kept.
    :param accounts: table of :data:`scimaudit.tables.ACCOUNTS`.
    :param grants: table of :data:`scimaudit.tables.GRANTS`.
    :param links: table of :data:`scimaudit.tables.LINKS`, one row per account.
    :param apps: every app of the configuration, with or without a source.
    :param sources: every roster and every listing, failed ones included.
    :param roster_zones: roster to the zone in which its end dates end, where it is not ``zone``.
    :param overlaps: table of :data:`scimaudit.tables.OVERLAPS`.
    :param today: the date at ``as_of`` in the organisation's ``zone``; end dates are inclusive.
    :raises TableError: a table breaks the shape a join relies on.
    :raises PolicyError: the policy names an app that is not configured.
    """
    names = [facts.app for facts in apps]
    if len(set(names)) != len(names):
        raise TableError("the view was given an app twice")
    policy_apps.check(policy, names)
    persons = joins.people_with_employment(
        people, today, {roster: as_of.astimezone(there).date() for roster, there in (roster_zones or {}).items()}
    )
    index = joins.AccountIndex(accounts, names)
    linked = joins.accounts_with_links(tables.frame(accounts), links, index, names)
    owned = joins.accounts_with_owners(linked, persons)
    registered = joins.accounts_with_register(owned, policy.nhi, apps, today)
    held, entitlements = joins.grants_with_accounts(grants, registered, persons, index, apps, policy.catalogue)
    return View(
        people=persons,
        accounts=registered.assign(privileged=joins.holds_privileged(held, len(registered))),
        grants=held,
        entitlements=entitlements,
        apps=app_frame(apps),
        overlaps=tables.frame(tables.empty(tables.OVERLAPS) if overlaps is None else overlaps),
        sources=source_frame(sources),
        facts={facts.app: facts for facts in apps},
        supplies={facts.name: facts.attributes for facts in sources},
        policy=policy,
        as_of=as_of,
        today=today,
        zone=zone,
        previous=previous,
    )
