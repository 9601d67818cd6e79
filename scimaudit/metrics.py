"""Figures for a dashboard, each with what it is of and what could not be judged. Unknown is never zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from scimaudit.result import AppLine, Audit, MetricLine, SpanLine, SpanSummary
from scimaudit.result.over_time import Event
from scimaudit.view import View
from scimaudit.view.columns import known_false

_TIMES: Final[Mapping[Event, str]] = {
    "leaver": "time_to_deprovision", "joiner": "time_to_provision", "mover": "time_to_adjust_rights",
}  # fmt: skip
_FIGURES: Final = {"median": "median_hours", "p90": "p90_hours", "worst": "worst_hours"}
_BOUNDS: Final = ("lower", "upper")


def metrics(audit: Audit, view: View) -> tuple[MetricLine, ...]:
    """Every figure, in a fixed order.

    :param audit: everything but its metrics.
    """
    figures = _Ledger.of(audit)
    return (
        MetricLine("audit_as_of_seconds", {}, audit.meta.as_of.timestamp(), "seconds", "the moment judged, since 1970"),
        *_coverage(audit, view),
        *_orphans(audit, figures),
        *_spans(audit, view),
        *_reviews(audit),
        _repeats(audit),
        *_exceptions(audit),
        _owned_machines(audit, figures),
        *_power(audit),
        *_proven(audit),
        *_unjudged(audit),
    )


@dataclass(frozen=True)
class _Sums:
    population: int = 0
    failed: int = 0
    passed: int = 0
    not_evaluable: int = 0


@dataclass(frozen=True)
class _Ledger:
    """The ledger's sums by kind."""

    sums: Mapping[str, _Sums]

    @staticmethod
    def of(audit: Audit) -> _Ledger:
        names = ["population", "failed", "passed", "not_evaluable"]
        rows = audit.checks.assign(kind=audit.checks["kind"].astype("str")).groupby("kind")[names].sum().astype("int64")
        return _Ledger({str(kind): _Sums(*map(int, cells)) for kind, *cells in rows.itertuples(name=None)})

    def kind(self, name: str) -> _Sums:
        return self.sums.get(name, _Sums())


def _coverage(audit: Audit, view: View) -> Iterator[MetricLine]:
    human = view.accounts[~view.accounts["nhi"]]
    said = "share of the listed accounts, without registered machines, that belong to one person"
    for app in audit.apps:
        mine = human[human["app"] == app.app]
        matched, ambiguous = (int((mine["situation"] == word).sum()) for word in ("matched", "ambiguous"))
        labels, share = {"app": app.app}, _share(matched, len(mine))
        yield MetricLine("match_coverage_ratio", labels, share, "ratio", said, len(mine), ambiguous)
    said = "accounts matched by each tier"
    for app in audit.apps:
        matched_here = human[(human["app"] == app.app) & (human["situation"] == "matched")]
        tiers = matched_here["tier"].astype("str").value_counts().sort_index()
        for tier, number in tiers.items():
            yield MetricLine("matched_accounts", {"app": app.app, "tier": str(tier)}, float(number), "", said)


def _orphans(audit: Audit, figures: _Ledger) -> Iterator[MetricLine]:
    said = "share of the accounts judged that are findings of an orphan kind"
    for kind in audit.kinds:
        if kind.family == "orphan":
            sums = figures.kind(kind.kind)
            judged = sums.failed + sums.passed
            value = _share(sums.failed, judged)
            yield MetricLine("orphan_ratio", {"kind": kind.kind}, value, "ratio", said, judged, sums.not_evaluable)


def _spans(audit: Audit, view: View) -> Iterator[MetricLine]:
    whole = [line for line in audit.over_time.span_summaries if not line.period]
    pending = _pending(audit.over_time.spans)
    for event, name in _TIMES.items():
        mine = [line for line in whole if line.event == event] or [SpanSummary(event, "", "", 0, 0, 0, 0, 0, 0)]
        yield from _took(mine, name)
        yield from _in_time(mine, name, pending)
    leaving = {line.app: line for line in whole if line.event == "leaver"}
    told = [each for each in audit.over_time.spans if each.event == "leaver"]
    still = [each for each in told if each.verdict == "open"]
    unsaid = _perhaps_leavers(view, told)
    proven = _proven_apps(audit, view)
    for app in audit.apps:
        yield _open(leaving.get(app.app), app.app, unsaid[app.app], proven=app.app in proven)
    for app in audit.apps:
        here = [each for each in still if each.app == app.app]
        line, more = leaving.get(app.app), unsaid[app.app]
        yield from _exposure(here, line, app.app, more, audit.meta.as_of, proven=app.app in proven)


def _perhaps_leavers(view: View, told: Sequence[SpanLine]) -> Counter[str]:
    """By app, the accounts of people that may be active, may be those of a leaver, and are among none of these."""
    rows = view.accounts
    works = (rows["situation"] == "matched") & known_false(rows["owner_ended"])
    maybe = rows.loc[~rows["nhi"] & ~known_false(rows["active"]) & ~works, ["app", "account_id"]].astype("str")
    known = {(each.app, each.account_id) for each in told}
    return Counter(app for app, account in maybe.itertuples(index=False, name=None) if (app, account) not in known)


def _proven_apps(audit: Audit, view: View) -> set[str]:
    """The apps of which zero may be said: all accounts are shown, of everybody it is known whether they left."""
    shrunk = {gate.app for gate in audit.gates if gate.app}
    roster = not view.roster_unproven and all(gate.app for gate in audit.gates)
    return {line.app for line in audit.apps if roster and _listed_whole(line)} - shrunk


def _took(lines: list[SpanSummary], name: str) -> Iterator[MetricLine]:
    said = "hours from when a change was due to when it had reached the account, as bounds; without app: all apps"
    for line in lines:
        for figure, field in _FIGURES.items():
            for bound, value in zip(_BOUNDS, getattr(line, field), strict=True):
                labels = _of(line.app) | {"statistic": figure, "bound": bound}
                measured = line.events - line.not_evaluable
                yield MetricLine(f"{name}_hours", labels, value, "hours", said, measured, line.not_evaluable)


def _pending(spans: Sequence[SpanLine]) -> Counter[tuple[str, str]]:
    """By event and app (empty: all), what is open and may yet come in time, for its limit has not passed."""
    early = [each for each in spans if each.verdict == "open" and (each.hours_from or 0) < each.sla_hours]
    return Counter((each.event, app) for each in early for app in ("", each.app))


def _in_time(lines: list[SpanSummary], name: str, pending: Counter[tuple[str, str]]) -> Iterator[MetricLine]:
    said = "share of the changes that reached the account within the app's limit, as bounds; without app: all apps"
    for line in lines:
        measured = line.events - line.not_evaluable
        at_most = line.in_time + line.unclear + pending[line.event, line.app]
        for bound, number in zip(_BOUNDS, (line.in_time, at_most), strict=True):
            labels = _of(line.app) | {"bound": bound}
            value = _share(number, measured)
            yield MetricLine(f"{name}_in_time_ratio", labels, value, "ratio", said, measured, line.not_evaluable)


def _open(line: SpanSummary | None, app: str, unsaid: int, *, proven: bool) -> MetricLine:
    said = "accounts of leavers that are still active"
    number, unknown = (line.open, line.not_evaluable + unsaid) if line else (0, unsaid)
    value = float(number) if number or (proven and not unknown) else None
    return MetricLine("leaver_accounts_open", {"app": app}, value, "", said, not_evaluable=unknown)


def _exposure(
    mine: Sequence[SpanLine], line: SpanSummary | None, app: str, unsaid: int, now: datetime, *, proven: bool
) -> Iterator[MetricLine]:
    said = "account-days since the last day of leavers whose accounts are still active, as bounds"
    unknown = (line.not_evaluable if line else 0) + unsaid + sum(each.due is None for each in mine)
    least = sum((each.hours_from or 0) / 24 for each in mine)
    # Of a day before the newest listing, more is known than that day.
    most = max(sum((now - each.due).total_seconds() / 86_400 for each in mine if each.due), least)
    # An account that may be there unseen, or since nobody knows when, leaves the upper bound open.
    whole = proven and not unknown
    told = {"lower": least if mine or whole else None, "upper": most if whole else None}
    for bound, days in told.items():
        value = None if days is None else round(days, 3)
        labels = {"app": app, "bound": bound}
        yield MetricLine("open_exposure_days", labels, value, "days", said, not_evaluable=unknown)


def _reviews(audit: Audit) -> Iterator[MetricLine]:
    campaigns = audit.over_time.campaigns
    said = "share of the items of a review that somebody decided; abstaining decides nothing"
    for line in campaigns:
        decided = line.items - line.undecided - line.lapsed - line.abstained
        yield MetricLine(
            "review_completion_ratio", {"campaign": line.id}, _share(decided, line.items), "ratio", said, line.items
        )
    if not campaigns:
        yield MetricLine("review_completion_ratio", {}, None, "ratio", said)
    asked = [line for line in audit.over_time.revocations if line.decision == "revoke"]
    closed = sum(line.state == "verified-closed" for line in asked)
    unproven = sum(line.state == "unproven" for line in asked)
    said = "share of what reviews revoked that a later whole listing shows gone"
    value = _share(closed, len(asked) - unproven)
    yield MetricLine("revocation_closed_ratio", {}, value, "ratio", said, len(asked) - unproven, unproven)


def _repeats(audit: Audit) -> MetricLine:
    lines = [line for line in audit.over_time.changes if line.what == "findings"]
    value = float(sum(line.came_back for line in lines)) if lines else None
    return MetricLine("repeat_findings", {}, value, "", "findings that had gone and came back")


def _exceptions(audit: Audit) -> Iterator[MetricLine]:
    lines = audit.exceptions
    counts = {
        "active": sum(line.state == "valid" and bool(line.covers) for line in lines),
        "expired": sum(line.state == "expired" for line in lines),
        "invalid": sum(line.state == "invalid" for line in lines),
        "unused": sum(line.state == "valid" and not line.covers for line in lines),
    }
    said = (
        "exceptions of the policy, each in one state; active: valid, and covers a finding; unused: valid, covers none"
    )
    for state, number in counts.items():
        yield MetricLine("exceptions", {"state": state}, float(number), "", said)


def _owned_machines(audit: Audit, figures: _Ledger) -> MetricLine:
    sums, left = figures.kind("nhi-unowned"), figures.kind("nhi-owner-left").failed
    judged = sums.failed + sums.passed
    # Where the roster proves nothing, nobody's owner is known to work here, and who is not live tells no share.
    asked = {"nhi-unowned", "nhi-owner-left"} <= {line.kind for line in audit.kinds}
    known = asked and bool(judged) and not (sums.not_evaluable and not sums.passed)
    value = _share(max(sums.passed - left, 0), judged) if known else None
    said = "share of the active accounts of machines that a person answers for who works here"
    return MetricLine("nhi_with_live_owner_ratio", {}, value, "ratio", said, judged, sums.not_evaluable)


def _power(audit: Audit) -> Iterator[MetricLine]:
    lines = {line.app: line for line in audit.power}
    rights = {app.app: {source.entitlements for source in audit.sources if source.app == app.app} for app in audit.apps}
    said = "accounts that hold a privileged right and are not known to be inactive"
    for app in audit.apps:
        line = lines.get(app.app)
        unsaid = line.unsaid if line else 0
        number = line.accounts if line else 0
        listed = "complete" in rights[app.app] and _listed_whole(app)
        value = float(number) if number or (line and listed and not unsaid) else None
        yield MetricLine("privileged_accounts", {"app": app.app}, value, "", said, not_evaluable=unsaid)


def _proven(audit: Audit) -> Iterator[MetricLine]:
    listings = [line for line in audit.sources if line.fills == "accounts"]
    said = "share of the listings of which it is proven that every row was received (walk) and is shown (scope)"
    for proof, good in (("walk", "complete"), ("scope", "all")):
        number = sum(getattr(line, proof) == good for line in listings)
        value = _share(number, len(listings))
        yield MetricLine("listings_proven_ratio", {"proof": proof}, value, "ratio", said, len(listings))
    audited = sum(_listed_whole(app) for app in audit.apps)
    said = "share of the known apps whose every account is proven seen"
    yield MetricLine("apps_proven_ratio", {}, _share(audited, len(audit.apps)), "ratio", said, len(audit.apps))


def _unjudged(audit: Audit) -> Iterator[MetricLine]:
    total, unknown = int(audit.checks["population"].sum()), int(audit.checks["not_evaluable"].sum())
    said = "share of all checks that could not be judged"
    yield MetricLine("checks_not_evaluable_ratio", {}, _share(unknown, total), "ratio", said, total)
    rows = audit.checks.assign(app=audit.checks["app"].astype("str"))
    sums: pd.Series = rows.groupby("app")["not_evaluable"].sum()
    for app in audit.apps:
        judged = app.app in sums.index and app.verdict not in ("not audited", "failed")
        value = float(sums[app.app]) if judged else None
        yield MetricLine("checks_not_evaluable", {"app": app.app}, value, "", "checks that could not be judged")


def _listed_whole(app: AppLine) -> bool:
    return app.walk == "complete" and app.scope == "all" and app.verdict in ("clean", "findings")


def _of(app: str) -> dict[str, str]:
    return {"app": app} if app else {}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
