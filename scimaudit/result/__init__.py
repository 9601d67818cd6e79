"""What an audit yields, as plain data; every report and the terminal show exactly this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from scimaudit.plural import count
from scimaudit.result.over_time import (
    CampaignLine,
    ChangeLine,
    MetricLine,
    OverTime,
    RevocationLine,
    SpanLine,
    SpanSummary,
)
from scimaudit.tables import COUNTED

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FORMAT_VERSION", "AppLine", "AppVerdict", "ApprovalLine", "Audit", "CampaignLine", "ChangeLine", "Equation",
    "ExceptionLine", "FeedLine", "Gate", "KindLine", "Meta", "MetricLine", "OverTime", "PolicyWord", "PowerLine",
    "RevocationLine", "SavingLine", "SourceLine", "SpanLine", "SpanSummary", "ThresholdLine", "WitnessLine",
]  # fmt: skip

FORMAT_VERSION: Final = 1
"""Version of the JSON report. 1: first published."""

AppVerdict = Literal["clean", "findings", "not proven", "not audited", "failed"]


@dataclass(frozen=True)
class WitnessLine:
    """One witness of one listing."""

    name: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class SourceLine:
    """One roster or one listing: what it brought and what that proves."""

    name: str
    fills: Literal["people", "accounts"]
    app: str | None
    source: str
    collected_at: datetime | None
    as_of: datetime | None
    reused: bool
    received: int
    parsed: int
    rejected: int
    acknowledged: int
    walk: str
    walk_reason: str
    scope: str
    scope_reason: str
    entitlements: str
    entitlements_reason: str
    witnesses: tuple[WitnessLine, ...]
    notes: tuple[str, ...]
    requests: int
    bytes: int
    seconds: float
    waited: float
    error: str


@dataclass(frozen=True)
class AppLine:
    """One app: its counts, its completeness and the one word that may be said of it.

    ``clean`` needs a complete walk, scope ``all`` and no finding; without the first two it is ``not proven``, and so is
    an app that shrank too much since the snapshot before, findings or not. Findings
    that somebody set aside (``set_aside``, by disposition) are not among ``findings``, and still keep it from clean.
    ``accounts = matched + unmatched + ambiguous``. ``register`` says what controls ``sign_in``, ``create``, ``update``,
    ``disable`` and ``entitlement_removal``; what nobody has said is not in it.
    """

    app: str
    title: str
    owner: str
    regulated: tuple[str, ...]
    register: Mapping[str, str]
    accounts: int
    active: int
    inactive: int
    activity_unknown: int
    matched: int
    unmatched: int
    ambiguous: int
    grants: int
    findings: Mapping[str, int]
    set_aside: Mapping[str, int]
    walk: str
    walk_reason: str
    scope: str
    scope_reason: str
    as_of: datetime | None
    verdict: AppVerdict
    verdict_reason: str


@dataclass(frozen=True)
class Equation:
    """A count that must balance: ``left = sum of right``."""

    name: str
    subject: str
    left: int
    right: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Whether it balances."""
        return self.left == sum(self.right.values())


@dataclass(frozen=True)
class ExceptionLine:
    """One exception of the policy: who accepted what until when, and what came of it.

    :param state: ``valid``, ``expired`` or ``invalid``; only a valid one is applied.
    :param covers: findings that it speaks of.
    """

    id: str
    kind: str
    app: str
    subject: str
    reason: str
    compensating_control: str
    requested_by: str
    approver: str
    approved: str
    expires: str
    ticket: str
    state: str
    trouble: str
    covers: int


@dataclass(frozen=True)
class PolicyWord:
    """What one rule of the policy says of a right and the person who holds it.

    :param says: ``allows``, ``denies``, or ``may allow`` and ``may deny`` where it depends on what is not known of the
        person.
    """

    rule: str
    says: str
    why: str
    owner: str


@dataclass(frozen=True)
class ApprovalLine:
    """One thing that somebody decided, or that stands without a decision.

    :param what: ``finding`` (that nobody accepted), ``right``, ``power`` (which rights of an app give it),
        ``exception``, ``disposition``, ``link`` or ``scope``.
    :param subject: the right, the finding kind, whose the account is said to be, or the scope.
    :param privileged: the right gives power over the app.
    :param needed: a right of which somebody must say yes: it gives power, or a rule of the policy wants an approval.
    :param by: who decided; empty where nobody did.
    :param until: the last day on which it counts; empty for no end.
    :param state: ``counts``, ``does not count``, ``unclear`` or ``nobody`` (nobody decided).
    :param trouble: why it does not count, or what is unclear about it.
    :param where: the file in which the decision stands.
    :param rules: what the policy says of the right; none where no rule speaks of it.
    :param kind: the finding kind that an exception or a disposition speaks of.
    :param id: the id of the exception, or of the finding that a disposition speaks of.
    """

    what: str
    app: str
    subject: str
    state: str
    trouble: str = ""
    account_id: str = ""
    account: str = ""
    person_id: str = ""
    person: str = ""
    attribute: str = ""
    value: str = ""
    privileged: bool = False
    needed: bool = False
    active: bool | None = None
    by: str = ""
    on: str = ""
    until: str = ""
    reason: str = ""
    where: str = ""
    rules: tuple[PolicyWord, ...] = ()
    kind: str = ""
    id: str = ""


@dataclass(frozen=True)
class FeedLine:
    """Where one attribute of an app should come from, and whose accounts the app has.

    ``accounts = owned + resembling + foreign`` over human accounts; the first two are ``agreeing + differing +
    unknown``, by what the app shows. An app that no roster feeds has one line, without an attribute.

    :param rosters: the rosters that have the attribute, in the order in which they count.
    :param owned: accounts that carry the source's own link (externalId or a declared immutable id).
    :param resembling: accounts that belong to a person by number, name or address, or by decision, and carry no link.
    :param foreign: accounts of nobody, or of nobody in particular.
    """

    app: str
    attribute: str
    rosters: tuple[str, ...]
    owned: int
    resembling: int
    foreign: int
    agreeing: int
    differing: int
    unknown: int


@dataclass(frozen=True)
class PowerLine:
    """How power over an app is held: privileged rights of accounts that are not known to be inactive.

    :param accounts: accounts that hold any of them.
    :param standing: rights without an end that anybody tells; ``ending``: those with one.
    :param eligible: rights that are not held, but may be activated for a while.
    :param unsaid: rights of which nobody has said whether they give power.
    """

    app: str
    accounts: int
    standing: int
    ending: int
    eligible: int
    unsaid: int


@dataclass(frozen=True)
class ThresholdLine:
    """A limit that a framework sets beside the organisation's own.

    :param limit: settings of the rule ``kind`` that the control asks for; ``own``: the same as they are.
    :param beyond: rows beyond the framework's limit, of those ``judged``; ``beyond_own``: beyond the own.
    """

    control: str
    kind: str
    limit: str
    own: str
    beyond: int
    beyond_own: int
    judged: int
    not_evaluable: int


@dataclass(frozen=True)
class SavingLine:
    """What closing accounts would save a month.

    :param what: ``seat``, or the licence, role or group that is paid for.
    :param sure: holders that nobody needs; ``asked``: those about whom somebody should be asked first.
    :param price: for one holder and month, in ``currency``, as it was on the day ``as_of``.
    """

    app: str
    what: str
    sure: int
    asked: int
    price: float
    sure_a_month: float
    asked_a_month: float
    currency: str
    as_of: str


@dataclass(frozen=True)
class Gate:
    """A safety gate that tripped: something about the data says that the findings may be its fault.

    ``roster-shrunk`` and ``app-shrunk``: from ``before`` to ``now`` rows. ``roster-stale``: ``now`` days old, where
    ``before`` are allowed. ``roster-undated``: none (``now``) of its ``before`` rows says of what day it is.
    ``no-match``: none (``now``) of ``before`` accounts of people is matched.

    :param accepted: who accepted it for this run, and why; empty where nobody did.
    """

    name: str
    subject: str
    before: int
    now: int
    limit: str
    accepted: str = ""

    @property
    def app(self) -> str:
        """The app whose findings it is about; empty for a roster, which speaks of every app."""
        return self.subject if self.name in ("app-shrunk", "no-match") else ""

    @property
    def said(self) -> str:
        """What tripped it, in words."""
        if self.name == "no-match":
            return f"none of {count(self.before, 'account')} of {self.subject} is matched with a person"
        if self.name == "roster-stale":
            return f"{self.subject} is {count(self.now, 'day')} old (limit {self.limit})"
        if self.name == "roster-undated":
            return f"nobody says of what day {self.subject} is (as_of), so it may be older than any limit"
        return f"{self.subject} went from {self.before:,} to {self.now:,} (limit {self.limit})"


@dataclass(frozen=True)
class KindLine:
    """A finding kind and its documentation.

    :param not_evaluable: when a row cannot be judged, and why.
    :param stopped_by: which of ``sign_in``, ``create``, ``update``, ``disable`` and ``entitlement_removal`` should have
        stopped it; none for what is said of data.
    """

    kind: str
    title: str
    family: str
    severity: str
    detects: str
    why: str
    not_evaluable: str
    remediation: str
    controls: tuple[str, ...]
    settings: Mapping[str, str]
    stopped_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meta:
    """What the audit is of, and how it ends.

    :param require_scope: an unproven scope counts for the exit code too.
    :param accepted: gates that tripped and that somebody accepted for this run.
    :param outdated: sources whose settings changed since they were collected.
    :param switched_off: kinds that the configuration switches off, with the controls that they are relevant to.
    """

    version: str
    organisation: str
    audit_id: str
    snapshot_id: str
    as_of: datetime
    time_zone: str
    collected_from: datetime
    collected_to: datetime
    people: int
    people_active: int
    fail_on: str
    exit_code: int
    exit_reasons: tuple[str, ...]
    require_scope: bool = False
    accepted: tuple[Gate, ...] = ()
    outdated: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    switched_off: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Audit:
    """The whole result.

    :param findings: rows of :data:`scimaudit.tables.FINDINGS`, worst first; includes those that another leads.
    :param checks: rows of :data:`scimaudit.tables.CHECKS`.
    """

    meta: Meta
    apps: tuple[AppLine, ...]
    sources: tuple[SourceLine, ...]
    equations: tuple[Equation, ...]
    gates: tuple[Gate, ...]
    kinds: tuple[KindLine, ...]
    exceptions: tuple[ExceptionLine, ...]
    findings: pd.DataFrame
    checks: pd.DataFrame
    feeds: tuple[FeedLine, ...] = ()
    power: tuple[PowerLine, ...] = ()
    thresholds: tuple[ThresholdLine, ...] = ()
    savings: tuple[SavingLine, ...] = ()
    approvals: tuple[ApprovalLine, ...] = ()
    over_time: OverTime = field(default_factory=OverTime)

    @property
    def leading(self) -> pd.DataFrame:
        """The findings that are counted: one lead per account, and all that no account has; none that is set aside."""
        return self.findings[self.findings["lead"].astype(bool) & self._open]

    @property
    def set_aside(self) -> pd.DataFrame:
        """The findings that somebody excepted, put off or called false; shown and counted apart."""
        return self.findings[~self._open]

    @property
    def _open(self) -> pd.Series:
        found: pd.Series = self.findings["disposition"].isin(COUNTED)
        return found
