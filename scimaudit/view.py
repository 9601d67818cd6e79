"""Accounts, grants and people with their joins, made once, as rules read them.

Joins are look-ups by position: every account has exactly one link, every grant and every link at most one account,
every accepted link exactly one person. A key that is null or unknown finds nothing; no join can add a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.errors import PolicyError, TableError
from scimaudit.policy import Policy, nhi, patterns

OWNER_COLUMNS: Final = (
    "status",
    "worker_type",
    "start_date",
    "end_date",
    "department",
    "title",
    "display_name",
    "manager_id",
    "roster",
    "started",
    "ended",
    "days_since_end",
    "current",
)
"""People columns that accounts carry as ``owner_…``; take any other through ``owner_row``."""

NON_HUMAN: Final = ("service", "shared", "break-glass")
"""Account kinds that somebody must answer for."""


@dataclass(frozen=True)
class AppFacts:
    """What the configuration says of an app and what its listings prove together.

    The defaults are the worst case: what was not said is not proven.

    :param regulated: regimes it is in scope of.
    :param external_id_is: people column that externalId holds.
    :param roster_feeds: its accounts are meant to come from the roster.
    :param create: mechanism that creates accounts (``register.create``).
    :param closed: an entitlement that no policy rule names is excess.
    :param privileged: patterns over entitlement names and ids.
    :param admin_accounts: patterns over userName of declared second accounts.
    :param drift: account column to severity of a difference.
    :param normalise: account column to ``exact``, ``text`` or ``text-accents``; default ``text``.
    :param walk: ``complete`` only when the listings together are proven to have given every row.
    :param scope: ``all`` only when they are proven to show every account.
    :param entitlements: ``complete`` only when the absence of a grant means something.
    :param listed: it has a source; ``False`` is an app that is known and not audited.
    :param reason: why it has none.
    """

    app: str
    owner: str = ""
    regulated: tuple[str, ...] = ()
    external_id_is: str | None = None
    roster_feeds: bool = True
    create: str | None = None
    closed: bool = False
    sla_hours: float = 24
    privileged: tuple[str, ...] = ()
    admin_accounts: tuple[str, ...] = ()
    drift: Mapping[str, str] = field(default_factory=dict)
    normalise: Mapping[str, str] = field(default_factory=dict)
    walk: str = "unprovable"
    walk_reason: str = ""
    scope: str = "unknown"
    scope_reason: str = ""
    entitlements: str = "unprovable"
    entitlements_reason: str = ""
    listed: bool = True
    reason: str = ""


@dataclass(frozen=True)
class SourceFacts:
    """What one roster or one listing brought and what that proves.

    :param name: as the configuration spells it, ``rosters.hr`` or ``apps.slack.listings[0]``; the words that
        ``accounts.listings`` holds.
    :param fills: ``people`` or ``accounts``.
    :param app: the app, for a listing.
    :param as_of: when its rows were true, UTC; ``None`` is unknown, and an unknown age proves nothing.
    :param unacknowledged: rejected rows that nobody has looked at.
    :param stale_after_days: age beyond which it is stale.
    :param unmapped_status: status word to the number of rows that carry it.
    :param attributes: columns that it supplies.
    :param error: why it failed; empty when it did not.
    """

    name: str
    fills: str
    app: str | None = None
    walk: str = "unprovable"
    walk_reason: str = ""
    scope: str = "unknown"
    scope_reason: str = ""
    entitlements: str = "unprovable"
    entitlements_reason: str = ""
    as_of: datetime | None = None
    received: int = 0
    parsed: int = 0
    rejected: int = 0
    unacknowledged: int = 0
    stale_after_days: int = 7
    unmapped_status: Mapping[str, int] = field(default_factory=dict)
    attributes: frozenset[str] = frozenset()
    error: str = ""


@dataclass(frozen=True)
class Previous:
    """Counts of the snapshot before this one."""

    people: int
    accounts: Mapping[str, int]


@dataclass(frozen=True)
class View:
    """Everything a rule may look at.

    :param people: the people table, with ``started`` (boolean), ``ended`` (terminated, or the end date has passed; null
        when the status is unknown and no date decides), ``days_since_end`` (Int64) and ``current`` (active or on leave,
        started, not ended; null when unknown).
    :param accounts: the accounts table, with the link's ``person_id``, ``situation``, ``tier``, ``confidence``,
        ``keys``, ``runners_up``, ``link_reason``; ``owner_row`` (position in ``people``, -1 for none) and ``owner_…``
        for each of :data:`OWNER_COLUMNS`; ``nhi`` (a register line that has not expired covers it), ``nhi_kind``,
        ``nhi_owner``, ``nhi_purpose``, ``nhi_expires``; ``account_kind`` as the register has it, else as listed;
        ``privileged`` (holds a grant known to be privileged).
    :param grants: the grants table, with ``account`` (position in ``accounts``, -1 where no listing shows the
        account), ``active`` and ``person_id`` of that account, ``entitlement`` (position in ``entitlements``) and
        ``privileged`` as the app's patterns decide, else as listed. ``account_id`` and ``person_id`` are categories.
    :param entitlements: one row per distinct ``app``, ``attribute``, ``value``, ``display``.
    :param apps: one row per app: the fields of :class:`AppFacts` that are not mappings or patterns; ``regulated`` is a
        boolean.
    :param sources: one row per roster or listing: the fields of :class:`SourceFacts`; ``unmapped_status`` is text.
    :param facts: the whole of what is known of each app.
    :param supplies: source name to the columns it supplies.
    :param as_of: the moment judged, UTC.
    :param today: its date in the organisation's zone.
    :param previous: counts of the snapshot before; ``None`` where there is none.
    """

    people: pd.DataFrame
    accounts: pd.DataFrame
    grants: pd.DataFrame
    entitlements: pd.DataFrame
    apps: pd.DataFrame
    sources: pd.DataFrame
    facts: Mapping[str, AppFacts]
    supplies: Mapping[str, frozenset[str]]
    policy: Policy
    as_of: datetime
    today: date
    zone: tzinfo
    previous: Previous | None

    @property
    def roster_unproven(self) -> bool:
        """Whether the system of record cannot vouch for people: no roster, one not proven complete, or one stale."""
        rosters = self.sources[self.sources["fills"] == "people"]
        fresh = self.age_days(rosters) <= rosters["stale_after_days"]
        proven = (
            (rosters["walk"] == "complete")
            & fresh.fillna(False).astype(bool)
            & (rosters["error"] == "")
            & (rosters["unacknowledged"] == 0)
        )
        return rosters.empty or not bool(proven.all())

    def age_days(self, sources: pd.DataFrame) -> pd.Series:
        """Whole days between ``as_of`` of each source and the moment judged; null where unknown."""
        age: pd.Series = pd.Timestamp(self.as_of) - sources["as_of"]
        days: pd.Series = age.dt.days.astype("Int64")
        return days

    def of_app(self, app: pd.Series, column: str) -> pd.Series:
        """A column of :attr:`apps` for each row of a categorical ``app`` column."""
        return self.apps[column].take(app.cat.codes.to_numpy()).set_axis(app.index)

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
        return _taken(self.people[column], self.accounts["owner_row"].to_numpy(), self.accounts.index)


def known_true(flags: pd.Series) -> pd.Series:
    """Where a nullable flag is true; null counts as false."""
    return flags.fillna(False).astype(bool)


def known_false(flags: pd.Series) -> pd.Series:
    """Where a nullable flag is false; null counts as not false."""
    return ~flags.fillna(True).astype(bool)


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
    previous_counts: Previous | None = None,
) -> View:
    """Make the view of one snapshot (or of whole apps of it).

    :param people: table of :data:`scimaudit.tables.PEOPLE`; extra columns are kept.
    :param accounts: table of :data:`scimaudit.tables.ACCOUNTS`.
    :param grants: table of :data:`scimaudit.tables.GRANTS`.
    :param links: table of :data:`scimaudit.tables.LINKS`, one row per account.
    :param apps: every app of the configuration, with or without a source.
    :param sources: every roster and every listing, failed ones included.
    :param today: the date at ``as_of`` in the organisation's ``zone``; end dates are inclusive.
    :raises TableError: a table breaks the shape a join relies on.
    :raises PolicyError: the policy names an app that is not configured.
    """
    names = [facts.app for facts in apps]
    if len(set(names)) != len(names):
        raise TableError("the view was given an app twice")
    _known_to_policy(policy, names)
    persons = people_with_employment(people, today)
    index = _AccountIndex(accounts, names)
    linked = accounts_with_links(tables.frame(accounts), links, index, names)
    owned = accounts_with_owners(linked, persons)
    registered = accounts_with_register(owned, policy.nhi, today)
    held, entitlements = grants_with_accounts(grants, registered, persons, index, apps)
    return View(
        people=persons,
        accounts=registered.assign(privileged=_holds_privileged(held, len(registered))),
        grants=held,
        entitlements=entitlements,
        apps=_app_frame(apps),
        sources=_source_frame(sources),
        facts={facts.app: facts for facts in apps},
        supplies={facts.name: facts.attributes for facts in sources},
        policy=policy,
        as_of=as_of,
        today=today,
        zone=zone,
        previous=previous_counts,
    )


def _known_to_policy(policy: Policy, apps: list[str]) -> None:
    """A policy line for an app that is misspelt would silently decide nothing."""
    named = {line.app for line in policy.nhi} | {rule.what.app for rule in policy.rules}
    named |= {side.app for pair in policy.conflicts for side in (pair.left, pair.right)}
    strangers = sorted(named - set(apps))
    if strangers:
        raise PolicyError(f"the policy names the app {strangers[0]!r}", hint="known apps: " + ", ".join(sorted(apps)))


def people_with_employment(people: pa.Table, today: date) -> pd.DataFrame:
    """People with ``started``, ``ended``, ``days_since_end`` and ``current``."""
    frame = tables.frame(people)
    if not frame["person_id"].is_unique:
        raise TableError("the people table has a person_id twice")
    now = pd.Timestamp(today)
    passed = frame["end_date"] < now
    status = frame["status"].astype("str")
    unknown = ~status.isin(["active", "leave", "prehire", "terminated"])
    ended = (passed | (status == "terminated")).astype("boolean").mask(unknown & ~passed)
    started = ~(frame["start_date"] > now)
    current = (status.isin(["active", "leave"]) & started).astype("boolean") & ~ended
    return frame.assign(
        started=started,
        ended=ended,
        days_since_end=(now - frame["end_date"]).dt.days.astype("Int64").where(passed),
        current=current.mask(ended.isna()),
    )


def accounts_with_links(accounts: pd.DataFrame, links: pa.Table, index: _AccountIndex, apps: list[str]) -> pd.DataFrame:
    """Accounts with the columns of their one link."""
    places = index.positions(links)
    order = np.full(len(accounts), -1, dtype=np.int64)
    order[places[places >= 0]] = np.flatnonzero(places >= 0)
    if len(links) != len(accounts) or (places < 0).any() or (order < 0).any():
        raise TableError(f"{len(accounts)} accounts need one link each; {len(links)} links were given")
    link = tables.frame(links.drop_columns(["app", "account_id"])).take(order).set_axis(accounts.index)
    if (link["person_id"].notna() != (link["situation"] == "matched")).any():
        raise TableError("a link is matched without a person, or has a person without being matched")
    named = link.rename(columns={"reason": "link_reason"})
    return pd.concat([accounts.assign(app=accounts["app"].cat.set_categories(apps)), named], axis=1)


def accounts_with_owners(accounts: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Accounts with ``owner_row`` and the ``owner_…`` columns."""
    rows = pd.Index(people["person_id"]).get_indexer(accounts["person_id"])
    strangers = int(((rows < 0) & accounts["person_id"].notna().to_numpy()).sum())
    if strangers:
        raise TableError(f"{strangers} links name a person who is not in the roster")
    taken = {f"owner_{name}": _taken(people[name], rows, accounts.index) for name in OWNER_COLUMNS}
    return accounts.assign(owner_row=rows.astype(np.int32), **taken)


def accounts_with_register(accounts: pd.DataFrame, register: Sequence[nhi.NonHuman], today: date) -> pd.DataFrame:
    """Accounts with what the register of non-humans says of them, and their kind."""
    places = nhi.registered(register, accounts)
    lines = pd.DataFrame(
        {
            "nhi": pd.array([not line.expired(today) for line in register], dtype="boolean"),
            "nhi_kind": pd.array([line.kind for line in register], dtype="str"),
            "nhi_owner": pd.array([line.owner or None for line in register], dtype="str"),
            "nhi_purpose": pd.array([line.purpose or None for line in register], dtype="str"),
            "nhi_expires": pd.Series([line.expires for line in register], dtype="datetime64[s]"),
        }
    )
    taken = {name: _taken(lines[name], places, accounts.index) for name in lines.columns}
    kind = taken["nhi_kind"].replace("bot", "service")
    kinds = pd.Categorical(kind.where(kind.notna(), accounts["account_kind"].astype("str")), tables.ACCOUNT_KINDS)
    return accounts.assign(**taken).assign(nhi=known_true(taken["nhi"]), account_kind=kinds)


def grants_with_accounts(
    grants: pa.Table, accounts: pd.DataFrame, people: pd.DataFrame, index: _AccountIndex, apps: Sequence[AppFacts]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Grants with their account, person and entitlement, and the distinct entitlements."""
    coded = grants.set_column(
        grants.schema.get_field_index("account_id"), "account_id", _encoded(grants.column("account_id"))
    )
    places = index.positions(coded)
    frame = tables.frame(coded)
    frame["app"] = frame["app"].cat.set_categories([facts.app for facts in apps])
    entitlement, entitlements = _entitlements(frame, apps)
    owner = np.append(accounts["owner_row"].to_numpy(), np.int32(-1))[places]
    frame["account"] = places.astype(np.int32)
    frame["active"] = _taken(accounts["active"], places, frame.index)
    frame["person_id"] = pd.Categorical.from_codes(owner, categories=pd.Index(people["person_id"]))
    frame["entitlement"] = entitlement
    matched = entitlements["privileged"].take(entitlement)
    frame["privileged"] = frame["privileged"].mask(matched.set_axis(frame.index).to_numpy(dtype=bool), True)
    return frame, entitlements


class _AccountIndex:
    """Finds accounts by app and id, through dictionary codes."""

    def __init__(self, accounts: pa.Table, apps: list[str]) -> None:
        self._apps = pa.array(apps, pa.string())
        ids = _encoded(accounts.column("account_id"))
        self._ids = ids.dictionary
        packed = self._packed(accounts, ids, np.arange(len(self._ids)))
        if (packed < 0).any():
            raise TableError("an account belongs to an app that the configuration does not name")
        self._places = pd.Index(packed)
        if not self._places.is_unique:
            raise TableError("the accounts table has an account of one app twice")

    def positions(self, table: pa.Table) -> np.ndarray:
        """For each row of a table with ``app`` and ``account_id``, the position of its account, or -1."""
        ids = _encoded(table.column("account_id"))
        known = pc.index_in(ids.dictionary, value_set=self._ids).fill_null(-1).to_numpy()
        packed = self._packed(table, ids, known)
        places: np.ndarray = self._places.get_indexer(packed)
        places[packed < 0] = -1
        return places

    def _packed(self, table: pa.Table, ids: pa.DictionaryArray, meaning: np.ndarray) -> np.ndarray:
        apps = _encoded(table.column("app"))
        app = _looked_up(pc.index_in(apps.dictionary, value_set=self._apps).fill_null(-1).to_numpy(), apps.indices)
        account = _looked_up(meaning, ids.indices)
        packed: np.ndarray = app.astype(np.int64) * max(len(self._ids), 1) + account
        packed[(app < 0) | (account < 0)] = -1
        return packed


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column.unify_dictionaries().combine_chunks()
    return whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()


def _looked_up(values: np.ndarray, codes: pa.Array) -> np.ndarray:
    """``values`` by dictionary code; -1 for a null code."""
    found: np.ndarray = np.append(values, -1)[codes.fill_null(-1).to_numpy(zero_copy_only=False)]
    return found


def _taken(column: pd.Series, rows: np.ndarray, index: pd.Index) -> pd.Series:
    """Values at the positions given, null where a position is -1."""
    nullable = column.astype("boolean") if column.dtype == bool else column
    return pd.Series(pd.api.extensions.take(nullable.array, rows, allow_fill=True), index=index)


def _entitlements(grants: pd.DataFrame, apps: Sequence[AppFacts]) -> tuple[np.ndarray, pd.DataFrame]:
    names = ("app", "attribute", "value", "display")
    packed = np.zeros(len(grants), dtype=np.int64)
    for name in names:
        packed *= len(grants[name].cat.categories) + 1
        packed += grants[name].cat.codes.to_numpy()
        packed += 1
    codes, distinct = pd.factorize(packed)
    codes = codes.astype(np.int32)
    first = np.zeros(len(distinct), dtype=np.int32)
    first[codes[::-1]] = np.arange(len(grants), dtype=np.int32)[::-1]
    frame = grants[list(names)].take(first).reset_index(drop=True)
    return codes, frame.assign(privileged=_privileged(frame, apps))


def _privileged(entitlements: pd.DataFrame, apps: Sequence[AppFacts]) -> np.ndarray:
    found = np.zeros(len(entitlements), dtype=bool)
    for facts in apps:
        if facts.privileged:
            mine = (entitlements["app"] == facts.app).to_numpy()
            for name in ("value", "display"):
                found |= mine & patterns.matches(entitlements[name], facts.privileged)
    return found


def _holds_privileged(grants: pd.DataFrame, accounts: int) -> np.ndarray:
    held = np.zeros(accounts, dtype=bool)
    places = grants["account"].to_numpy()
    held[places[known_true(grants["privileged"]).to_numpy() & (places >= 0)]] = True
    return held


def _app_frame(apps: Sequence[AppFacts]) -> pd.DataFrame:
    flags = ("roster_feeds", "closed", "listed")
    texts = (
        "app", "owner", "external_id_is", "create", "walk", "walk_reason", "scope", "scope_reason",
        "entitlements", "entitlements_reason", "reason",
    )  # fmt: skip
    columns = {name: pd.array([getattr(facts, name) for facts in apps], dtype="str") for name in texts}
    return pd.DataFrame(
        {
            **columns,
            **{name: np.array([getattr(facts, name) for facts in apps], dtype=bool) for name in flags},
            "regulated": np.array([bool(facts.regulated) for facts in apps], dtype=bool),
            "sla_hours": np.array([facts.sla_hours for facts in apps], dtype=float),
        }
    )


def _source_frame(sources: Sequence[SourceFacts]) -> pd.DataFrame:
    texts = (
        "name", "fills", "app", "walk", "walk_reason", "scope", "scope_reason",
        "entitlements", "entitlements_reason", "error",
    )  # fmt: skip
    counts = ("received", "parsed", "rejected", "unacknowledged", "stale_after_days")
    unmapped = [
        ", ".join(f"{word} {rows}" for word, rows in sorted(facts.unmapped_status.items())) for facts in sources
    ]
    return pd.DataFrame(
        {
            **{name: pd.array([getattr(facts, name) for facts in sources], dtype="str") for name in texts},
            **{name: np.array([getattr(facts, name) for facts in sources], dtype=np.int64) for name in counts},
            "as_of": pd.Series([facts.as_of for facts in sources], dtype="datetime64[us, UTC]"),
            "unmapped_status": pd.array(unmapped, dtype="str"),
        }
    )


def arrow(column: pd.Series) -> pa.Array:
    """A column as one Arrow array, so that offsets and parents count from its first row."""
    found = pa.array(column, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def joined(lists: pd.Series) -> pd.Series:
    """A column of text lists as text, separated by commas."""
    texts = pc.binary_join(arrow(lists), ", ")
    return pd.Series(texts.to_pandas()).set_axis(lists.index).astype("str")


def joined_by(groups: np.ndarray, texts: pd.Series) -> pd.Series:
    """The texts of each group in order, separated by commas; indexed by group."""
    order = np.lexsort((texts.argsort().argsort().to_numpy(), groups))
    ids, starts = np.unique(groups[order], return_index=True)
    offsets = pa.array([*starts, len(order)], pa.int32())
    lists = pa.ListArray.from_arrays(offsets, arrow(texts.iloc[order]).cast(pa.string()))
    return pd.Series(pc.binary_join(lists, ", ").to_pandas(), dtype="str").set_axis(ids)
