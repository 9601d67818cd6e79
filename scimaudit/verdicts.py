"""What may be said of a source, an app and the whole audit, and what may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pandas as pd

from scimaudit import doubts
from scimaudit.config import App, Config, Control, ScopeAccepted
from scimaudit.findings import milder, reaching
from scimaudit.plural import count
from scimaudit.result import AppLine, AppVerdict, Equation, Gate, SourceLine, WitnessLine
from scimaudit.snapshot.manifest import AppCollected, Collected, Manifest
from scimaudit.snapshot.store import Snapshot
from scimaudit.tables import COUNTED, SEVERITIES
from scimaudit.view import View

_UNPROVEN = ("failed", "incomplete", "unprovable")


def source_lines(snapshot: Snapshot) -> tuple[SourceLine, ...]:
    """One line per roster and listing, in the order of the configuration."""
    return tuple(_source_line(source) for source in snapshot.manifest.sources)


def app_lines(
    seen: View,
    config: Config,
    snapshot: Snapshot,
    rows: pd.DataFrame,
    checks: pd.DataFrame,
    tripped: Sequence[Gate],
    tolerated: Sequence[Gate] = (),
) -> tuple[AppLine, ...]:
    """One line per app of the configuration, those without a listing included.

    :param rows: the findings, as :func:`scimaudit.findings.assemble` gives them.
    :param tripped: the gates; an app that shrank is not proven, whatever its listing says of itself.
    :param tolerated: those that somebody accepted for this run: who that was stands in the reason.
    """
    collected = {line.app: line for line in snapshot.manifest.apps}
    app, situation = seen.accounts["app"], seen.accounts["situation"]
    active = seen.accounts["active"]
    masks = {
        "accounts": pd.Series(True, index=app.index),
        "active": active.fillna(value=False).astype(bool),
        "activity_unknown": active.isna(),
        **{str(each): situation == each for each in situation.cat.categories},
    }
    counts = pd.DataFrame({name: app[mask].value_counts() for name, mask in masks.items()})
    counts = (
        counts.set_axis(counts.index.astype("str"))
        .reindex([each.name for each in config.apps])
        .fillna(0)
        .astype("int64")
    )
    leading = rows[rows["lead"] & rows["disposition"].isin(COUNTED)]
    aside = rows[~rows["disposition"].isin(COUNTED)]
    put_aside = _counts(pd.crosstab(aside["app"], aside["disposition"]))
    by_severity = _counts(pd.crosstab(leading["app"], leading["severity"]))
    counted = _counts(counts)
    shrunk = {
        gate.app: f"it went from {gate.before} to {gate.now} accounts" if gate.name == "app-shrunk" else gate.said
        for gate in tripped
        if gate.app
    }
    rosters = [gate.said for gate in tripped if not gate.app]
    roster_doubt = "; ".join(filter(None, [doubts.of_rosters(snapshot, config, seen), *rosters]))
    off = [f"{kind} (switched off)" for kind in doubts.switched_off(config)]
    lines = []
    for each in config.apps:
        numbers = counted[each.name]
        found = by_severity.get(each.name, {})
        apart = {name: number for name, number in put_aside.get(each.name, {}).items() if number}
        line = collected.get(each.name)
        failed = [source for source in snapshot.manifest.sources if source.app == each.name and source.listing is None]
        doubted = doubts.of_app(each, snapshot, seen, config, checks)
        across = _conflicts(each, seen, rows)
        if line is not None and line.scope != "all" and each.scope_accepted is not None:
            doubted.append(_acceptance(each.scope_accepted, seen.today))
        unjudged = [*_unjudged(each, checks), *off]
        verdict, reason = _app_verdict(
            each, line, failed, found, [*across, *_aside(apart)], doubted, roster_doubt, unjudged,
            shrunk.get(each.name, ""),
        )  # fmt: skip
        believed = [
            f"{gate.said}, accepted for this run by {gate.accepted}"
            for gate in tolerated
            if gate.app in ("", each.name)
        ]
        reason = "; ".join([reason, *believed])
        lines.append(_app_line(each, line, snapshot, numbers, found, apart, verdict, reason))
    return tuple(lines)


def exit_code(
    rows: pd.DataFrame,
    apps: Sequence[AppLine],
    sources: Sequence[SourceLine],
    tripped: Sequence[Gate],
    *,
    fail_on: str,
    require_scope: bool,
    outdated: Sequence[str] = (),
) -> tuple[int, tuple[str, ...]]:
    """How a run ends: the highest of 4, 3 and 1 that applies, and every reason in words.

    :param outdated: sources whose settings changed since they were collected.
    """
    reasons: dict[int, list[str]] = {}
    for gate in tripped:
        reasons.setdefault(4, []).append(f"{gate.name}: {gate.said}")
    for source in sources:
        if source.fills == "people" and source.walk != "complete":
            reasons.setdefault(3, []).append(
                f"{source.name} is not proven complete: {source.walk_reason or source.walk}"
            )
    for source in sources:
        left = source.rejected - source.acknowledged
        if left:
            reasons.setdefault(3, []).append(
                f"{source.name} has {count(left, 'rejected row')} that nobody has acknowledged"
            )
    for name in outdated:
        reasons.setdefault(3, []).append(f"the settings of {name} changed since it was collected")
    for app in apps:
        if app.walk in _UNPROVEN:
            reasons.setdefault(3, []).append(
                f"the listing of {app.app} is not proven complete: {app.walk_reason or app.walk}"
            )
        elif require_scope and app.scope != "all":
            reasons.setdefault(3, []).append(f"the scope of {app.app} is not proven: {app.scope_reason or app.scope}")
    severe = rows[reaching(rows, fail_on)]
    if len(severe):
        reasons.setdefault(1, []).append(f"{count(len(severe), 'finding')} at or above {fail_on}{milder(severe)}")
    code = max(reasons, default=0)
    return code, tuple(text for number in sorted(reasons, reverse=True) for text in reasons[number])


def equations(
    sources: Sequence[SourceLine], apps: Sequence[AppLine], checks: pd.DataFrame, manifest: Manifest
) -> tuple[Equation, ...]:
    """The counts that must balance, from the rows received to the rows judged."""
    found = [
        Equation(
            "received = parsed + rejected",
            source.name,
            source.received,
            {"parsed": source.parsed, "rejected": source.rejected},
        )
        for source in sources
    ]
    found.append(
        Equation(
            "rows of rosters = people + joined",
            "rosters",
            sum(source.parsed for source in sources if source.fills == "people"),
            {"people": manifest.people, "joined": manifest.joined},
        )
    )
    found += [
        Equation(
            "accounts = matched + unmatched + ambiguous",
            app.app,
            app.accounts,
            {"matched": app.matched, "unmatched": app.unmatched, "ambiguous": app.ambiguous},
        )
        for app in apps
    ]
    totals = checks.groupby("kind", observed=True)[["population", "passed", "failed", "not_evaluable"]].sum()
    found += [
        Equation(
            "population = passed + failed + not evaluable",
            str(kind),
            int(row["population"]),
            {"passed": int(row["passed"]), "failed": int(row["failed"]), "not evaluable": int(row["not_evaluable"])},
        )
        for kind, row in totals.sort_index().to_dict("index").items()
    ]
    return tuple(found)


def _app_verdict(
    app: App,
    line: AppCollected | None,
    failed: Sequence[Collected],
    found: Mapping[str, int],
    across: Sequence[str],
    doubted: Sequence[str],
    roster_doubt: str,
    unjudged: Sequence[str],
    shrunk: str,
) -> tuple[AppVerdict, str]:
    """The one word for an app. What was found is counted beside it: it makes nothing more proven than it is without."""
    if line is None:
        if app.listings:
            return "not audited", "the snapshot does not have it; pull again"
        return "not audited", app.reason or "no listing is configured"
    if failed and line.accounts == 0:
        return "failed", "; ".join(f"{source.name}: {source.error}" for source in failed)
    missing = [*doubted]
    if line.scope != "all":
        missing.insert(0, f"scope {line.scope}" + (f" ({line.scope_reason})" if line.scope_reason else ""))
    if line.walk != "complete":
        missing.insert(0, f"walk {line.walk}" + (f" ({line.walk_reason})" if line.walk_reason else ""))
    if shrunk:
        missing.insert(0, shrunk)
    if roster_doubt:
        missing.append(roster_doubt)
    total = sum(found.values())
    if total or across:
        open_ones = count(total, "finding") if total else "no open finding"
        words = ", ".join([open_ones, *across])
        if missing:
            return "not proven", f"{words}; not proven: " + "; ".join(missing)
        return "findings", f"{words}; the listing is proven"
    if missing:
        return "not proven", "not proven: " + "; ".join(missing)
    left = f"; not judged: {', '.join(unjudged)}" if unjudged else ""
    return "clean", f"every one of {line.accounts} accounts was listed, and none is at fault{left}"


def _aside(apart: Mapping[str, int]) -> list[str]:
    """What somebody decided about findings of an app: an app with an accepted finding is not a clean one."""
    return [f"{number} {name}" for name, number in sorted(apart.items())]


def _acceptance(accepted: ScopeAccepted, today: date) -> str:
    """Who answers for an unproven scope; an acceptance lasts to the end of its day and no longer."""
    if accepted.until < today:
        return f"nobody answers for the scope: what {accepted.by} accepted ended on {accepted.until}"
    return f"scope accepted by {accepted.by} until {accepted.until}: {accepted.reason}"


def _conflicts(app: App, seen: View, rows: pd.DataFrame) -> list[str]:
    """Conflicting pairs that somebody holds across apps, this one among them; such a finding has no app of its own.

    :param rows: all findings; one that is set aside is no more clean than one of the app itself.
    """
    across = rows[rows["app"].isna() & (rows["kind"] == "sod")]
    named = {pair.name for pair in seen.policy.conflicts if app.name in (pair.left.app, pair.right.app)}
    mine = across.loc[across["value"].isin(named), ["value", "disposition"]].astype("str")
    found = Counter(zip(mine["value"], mine["disposition"], strict=True))
    return [
        f"{count(number, 'person holds', 'people hold')} the conflicting pair {name} across apps"
        + ("" if disposition in COUNTED else f" ({disposition})")
        for (name, disposition), number in sorted(found.items())
    ]


def _counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """A table of counts as plain mappings, row by row."""
    return {
        str(row): {str(column): int(number) for column, number in numbers.items()}
        for row, numbers in table.to_dict("index").items()
    }


def _unjudged(app: App, checks: pd.DataFrame) -> list[str]:
    """The rules that could not judge some of an app's accounts or rights, with their reasons."""
    own = checks[(checks["app"].astype("str") == app.name) & (checks["not_evaluable"] > 0)]
    return [f"{kind} ({reason})" for kind, reason in zip(own["kind"], own["reason"], strict=True)]


def _app_line(
    app: App,
    line: AppCollected | None,
    snapshot: Snapshot,
    numbers: Mapping[str, int],
    found: Mapping[str, int],
    apart: Mapping[str, int],
    verdict: AppVerdict,
    reason: str,
) -> AppLine:
    dates = [as_of(source) for source in snapshot.manifest.sources if source.app == app.name]
    accounts = int(numbers.get("accounts", 0))
    active, unknown = int(numbers.get("active", 0)), int(numbers.get("activity_unknown", 0))
    return AppLine(
        app=app.name,
        title=app.title or app.name,
        owner=app.owner,
        regulated=app.regulated,
        register={name: _control(control) for name, control in app.control_register if control is not None},
        accounts=accounts,
        active=active,
        inactive=accounts - active - unknown,
        activity_unknown=unknown,
        matched=int(numbers.get("matched", 0)),
        unmatched=int(numbers.get("unmatched", 0)),
        ambiguous=int(numbers.get("ambiguous", 0)),
        grants=line.grants if line else 0,
        findings={severity: int(found[severity]) for severity in reversed(SEVERITIES) if found.get(severity)},
        set_aside=apart,
        walk=line.walk if line else "failed" if app.listings else "not audited",
        walk_reason=line.walk_reason if line else reason if app.listings else "",
        scope=line.scope if line else "unknown",
        scope_reason=line.scope_reason if line else "",
        as_of=min((day for day in dates if day), default=None),
        verdict=verdict,
        verdict_reason=reason,
    )


def _control(control: Control) -> str:
    """A control in words: its mechanisms, and who answers for it where that is not the app's owner."""
    return " and ".join(control.by) + (f", {control.owner}" if control.owner else "")


def _source_line(source: Collected) -> SourceLine:
    listing = source.listing
    return SourceLine(
        name=source.name,
        fills=source.fills,
        app=source.app,
        source=source.source,
        collected_at=source.ended,
        as_of=as_of(source),
        reused=bool(source.reused_from),
        received=listing.received if listing else 0,
        parsed=listing.parsed if listing else 0,
        rejected=len(listing.rejected) if listing else 0,
        acknowledged=source.acknowledged,
        walk=listing.walk.state if listing else "failed",
        walk_reason=listing.walk.reason if listing else source.error,
        scope=listing.scope.state if listing else "unknown",
        scope_reason=listing.scope.reason if listing else "",
        entitlements=listing.entitlements.state if listing else "failed",
        entitlements_reason=listing.entitlements.reason if listing else source.error,
        witnesses=tuple(WitnessLine(each.name, each.outcome, each.detail) for each in listing.witnesses)
        if listing
        else (),
        notes=listing.notes if listing else (),
        requests=listing.cost.requests if listing else 0,
        bytes=listing.cost.bytes if listing else 0,
        seconds=listing.cost.seconds if listing else 0.0,
        waited=listing.cost.waited if listing else 0.0,
        error=source.error,
    )


def as_of(source: Collected) -> datetime | None:
    """When the source's data were true: what it says of itself, else, for a server, when it was asked."""
    if source.listing is not None and source.listing.as_of is not None:
        return source.listing.as_of
    return source.ended if source.listing is not None and source.listing.cost.requests else None
