"""What could not be evaluated, how much of how much, why, and what would make it evaluable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scimaudit.errors import ConfigError
from scimaudit.plural import count
from scimaudit.result import Audit, SourceLine
from scimaudit.rules import names

HELPS: Final[Mapping[str, str]] = {
    "walk-unproven": "a listing that proves every row was received: scimaudit probe, or declared_total for an export",
    "scope-unproven": "proof that the listing hides no account: seats, a canary made by hand, or a second listing",
    "roster-unproven": "a roster that is proven complete and fresh: declared_total, and as_of",
    "attribute-absent": "a listing or a roster that tells the attribute",
    "semantics-unknown": "a listing that tells active, and a meaning for each status word of the roster (status)",
    "policy-silent": "a rule in policy/entitlements.toml that names the right, or closed = true for the app",
    "no-peers": "more people of the same kind, or other columns to compare by (rules.peer-outlier)",
    "too-young": "time: it is judged as soon as it is old enough, or earlier snapshots reach back far enough",
}
"""Reason to what would make a row evaluable, in plain words."""

HELPS_KIND: Final[Mapping[tuple[str, str], str]] = {
    ("dormant", "attribute-absent"): "a listing that tells last_login",
    ("never-used", "attribute-absent"): "a listing that tells last_login and created",
    ("out-of-band", "attribute-absent"): "a listing that tells external_id",
    ("register-contradiction", "attribute-absent"): "a listing that tells external_id",
    (
        "excess",
        "semantics-unknown",
    ): "a listing that tells active, and the roster columns that the policy's rules ask for",
    (
        "mover-residual",
        "semantics-unknown",
    ): "a listing that tells active, and the roster columns that the rules ask for",
    (
        "birthright-missing",
        "semantics-unknown",
    ): "a known status, and the roster columns that the policy's rules ask for",
    ("peer-outlier", "semantics-unknown"): "a listing that tells active, and the columns by which peers are compared",
    ("nhi-owner-left", "semantics-unknown"): "an owner in policy/nhi.csv who is exactly one person of the roster",
    ("nhi-unowned", "semantics-unknown"): "an owner in policy/nhi.csv who is exactly one person of the roster",
    ("external-expired", "attribute-absent"): "a roster that tells worker_type, and a person for each account",
    ("attribute-drift", "attribute-absent"): "a listing and a roster that both tell the attribute that drift names",
    ("sync-late", "attribute-absent"): "a roster that tells moved_on, and a listing that tells the attribute",
    (
        "rehire-residual",
        "attribute-absent",
    ): "a listing that tells granted_at, or a roster that tells previous_end_date",
    (
        "policy-defect",
        "semantics-unknown",
    ): "a rule with fewer comparisons, or an owner or signer who is exactly one person of the roster",
    ("sod", "semantics-unknown"): "a listing that tells active, and in policy/links.csv one owner for each account "
    "that has several possible ones",
    ("duplicate", "semantics-unknown"): "a listing that tells active, and in policy/links.csv one owner for each "
    "account that has several possible ones",
    (
        "missing-account",
        "semantics-unknown",
    ): "a known status and start, the roster columns that the rules ask for, and in policy/links.csv one owner for "
    "each account that has several possible ones",
    (
        "privileged-unapproved",
        "semantics-unknown",
    ): "a listing that tells active, and a signer and a holder who are each exactly one person of the roster",
    ("grant-expired", "attribute-absent"): "a listing that tells granted_at",
    ("source-stale", "attribute-absent"): "as_of for the source: when its rows were true",
    (
        "privileged-unapproved",
        "policy-silent",
    ): "policy/approvals.csv, an owner for the app, and what gives power: privileged, or lines in policy/catalogue.csv",
    ("nhi-interactive", "semantics-unknown"): "interactive_sign_ins for the app: whose its sign-in times are",
    ("nhi-interactive", "attribute-absent"): "a listing that tells last_login",
    ("break-glass-unready", "attribute-absent"): "a listing that tells last_login",
    ("dormant", "semantics-unknown"): "a listing that tells active, and for machines one that tells their use",
    ("never-used", "semantics-unknown"): "a listing that tells active, and for machines one that tells their use",
    ("leaver-late", "walk-unproven"): "a later listing of the app that is proven whole and tells who is active",
    ("leaver-late", "attribute-absent"): "a last day in the roster for everybody who has left",
    ("leaver-late", "too-young"): "snapshots that lie closer together than the app's limit",
    ("register-contradiction", "policy-silent"): "register for the app in scimaudit.toml: what controls it",
}
"""The same where the kind is known to ask for something of its own."""

PROVES: Final[Mapping[str, str]] = {
    "walk": HELPS["walk-unproven"],
    "scope": HELPS["scope-unproven"],
    "entitlements": "a listing that shows every group, role and licence, and that lists whoever holds one",
}
"""What would prove it of a roster or a listing."""


@dataclass(frozen=True)
class Doubt:
    """Rows that could not be judged for one reason.

    :param helps: what would make them evaluable.
    """

    reason: str
    rows: int
    helps: str


@dataclass(frozen=True)
class LedgerLine:
    """One line of the ledger: a kind in an app, or across apps where ``app`` is empty."""

    app: str
    kind: str
    title: str
    population: int
    failed: int
    passed: int
    not_evaluable: int
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True)
class Unproven:
    """A roster or a listing of which something is not proven.

    :param what: ``walk``, ``scope`` or ``entitlements``.
    """

    source: str
    app: str
    what: str
    state: str
    reason: str
    helps: str


@dataclass(frozen=True)
class Ledger:
    """What could not be evaluated.

    :param said: the totals in one sentence.
    :param lines: those with something that could not be judged, or all.
    :param not_audited: apps of which nothing was judged, and why.
    :param off: kinds that are switched off, and so judged nothing.
    """

    said: str
    lines: tuple[LedgerLine, ...]
    not_audited: tuple[tuple[str, str], ...]
    unproven: tuple[Unproven, ...]
    off: tuple[str, ...]


def ledger(audit: Audit, *, app: str | None = None, kind: str | None = None, everything: bool = False) -> Ledger:
    """What could not be evaluated, everywhere or in one app or of one kind.

    :param everything: also the lines on which everything was judged.
    :raises ConfigError: there is no such app or kind.
    """
    apps = [line.app for line in audit.apps]
    if app is not None and app not in apps:
        raise ConfigError(f"there is no app {app!r}", hint="known apps: " + ", ".join(apps))
    if kind is not None and kind not in names():
        raise ConfigError(f"there is no kind {kind!r}", hint="known kinds: " + ", ".join(names()))
    every = [line for line in _lines(audit) if (app is None or line.app == app) and (kind is None or line.kind == kind)]
    order = {name: place for place, name in enumerate(apps)}
    shown = sorted(
        (line for line in every if everything or line.not_evaluable),
        key=lambda line: (order.get(line.app, len(order)), -line.not_evaluable, line.kind),
    )
    judged = {each.kind for each in audit.kinds}
    return Ledger(
        said=_totals(every),
        lines=tuple(shown),
        not_audited=tuple(
            (line.app, line.verdict_reason or line.verdict)
            for line in audit.apps
            if line.verdict in ("not audited", "failed") and app in (None, line.app)
        ),
        unproven=tuple(
            part for source in audit.sources if app is None or source.app in (None, app) for part in _unproven(source)
        ),
        off=tuple(name for name in names() if name not in judged and kind in (None, name)),
    )


def helps(kind: str, reason: str) -> str:
    """What would make a row of a kind evaluable."""
    return HELPS_KIND.get((kind, reason)) or HELPS.get(reason, "")


def _totals(lines: list[LedgerLine]) -> str:
    total, unknown = sum(line.population for line in lines), sum(line.not_evaluable for line in lines)
    if not total:
        return "no check was made"
    return f"{unknown:,} of {count(total, 'check')} could not be judged; none of them counts as passed"


def _lines(audit: Audit) -> list[LedgerLine]:
    titles = {each.kind: each.title for each in audit.kinds}
    checks = audit.checks
    texts = checks[["kind", "app", "reason"]].astype("str").fillna("")
    counts = checks[["population", "failed", "passed", "not_evaluable"]].astype("int64")
    return [
        LedgerLine(app, kind, titles.get(kind, kind), rows, failed, passed, unknown, _doubts(kind, reason, unknown))
        for (kind, app, reason), (rows, failed, passed, unknown) in zip(
            texts.itertuples(index=False, name=None), counts.itertuples(index=False, name=None), strict=True
        )
    ]


def _doubts(kind: str, text: str, rows: int) -> tuple[Doubt, ...]:
    """The reasons of a line of the ledger, which reads ``attribute-absent 12, too-young 3``."""
    found = []
    for part in text.split(", ") if text else ():
        reason, _, number = part.rpartition(" ")
        found.append(Doubt(reason, int(number), helps(kind, reason)))
    left = rows - sum(doubt.rows for doubt in found)
    return (*found, Doubt("no reason given", left, "")) if left else tuple(found)


def _unproven(source: SourceLine) -> list[Unproven]:
    proofs = [("walk", source.walk, "complete", source.walk_reason)]
    if source.fills == "accounts":
        proofs += [
            ("scope", source.scope, "all", source.scope_reason),
            ("entitlements", source.entitlements, "complete", source.entitlements_reason),
        ]
    return [
        Unproven(source.name, source.app or "", what, state, why, PROVES[what])
        for what, state, good, why in proofs
        if state != good
    ]
