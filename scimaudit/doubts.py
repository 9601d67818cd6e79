"""What stands in the way of believing what the sources say, beyond their own proof of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, tzinfo

import pandas as pd

from scimaudit import rules
from scimaudit.config import App, Config
from scimaudit.plural import count
from scimaudit.snapshot.store import Snapshot
from scimaudit.view import View

# A verdict of "clean" rests on these: where one could not be judged, nothing may be called clean.
_BASIC = ("leaver-active", "unmatched", "ambiguous", "nhi-owner-left", "nhi-unowned")


def of_app(app: App, snapshot: Snapshot, seen: View, config: Config, checks: pd.DataFrame) -> list[str]:
    """What stands in the way of calling an app clean, beyond its walk and its scope."""
    found = of_listings(app, snapshot, seen)
    found.extend(f"{kind} is switched off" for kind in switched_off(config) if kind in _BASIC)
    own = checks[(checks["app"].astype("str") == app.name) & checks["kind"].isin(_BASIC)]
    blind = own[own["not_evaluable"] > 0]
    found.extend(
        f"{kind} not evaluable for {count(int(number), 'account')} ({reason})"
        for kind, number, reason in zip(blind["kind"], blind["not_evaluable"], blind["reason"], strict=True)
    )
    return found


def of_listings(app: App, snapshot: Snapshot, seen: View) -> list[str]:
    """What stands in the way of believing that an app's listings show who has what, beyond their walk and their scope.

    :param snapshot: as :func:`scimaudit.snapshot.settings.as_judged` gives it.
    """
    line = next((line for line in snapshot.manifest.apps if line.app == app.name), None)
    sources = [source for source in snapshot.manifest.sources if source.app == app.name]
    pulled = {(source.name, source.source) for source in sources}
    wanted = [(f"apps.{app.name}.listings[{place}]", each.source) for place, each in enumerate(app.listings)]
    found = [f"{name} is not in the snapshot" for name, source in wanted if (name, source) not in pulled]
    asked = [name for name, _ in wanted]
    found.extend(f"{source.name} is no longer configured" for source in sources if source.name not in asked)
    found.extend(
        f"the settings of {source.name} changed since it was collected" for source in sources if source.outdated
    )
    if line is not None and line.accounts == 0:
        # A token that may see nothing gets an empty listing with all the marks of a complete one.
        found.append("it lists no account")
    if line is not None and line.entitlements != "complete":
        found.append(
            f"entitlements {line.entitlements}" + (f" ({line.entitlements_reason})" if line.entitlements_reason else "")
        )
    found.extend(
        f"{count(left, 'rejected row')} in {source.name}"
        for source in sources
        if source.listing is not None and (left := len(source.listing.rejected) - source.acknowledged)
    )
    listed = seen.sources["app"].astype("str") == app.name
    found.extend(f"{name} is stale" for name in seen.sources.loc[listed & _stale(seen), "name"])
    found.extend(_told_later(seen, snapshot, listed))
    return found


def of_rosters(snapshot: Snapshot, config: Config, seen: View) -> str:
    """Why the system of record itself is not to be relied on, or nothing.

    :param snapshot: as :func:`scimaudit.snapshot.settings.as_judged` gives it.
    """
    owners = {f"rosters.{roster.name}": roster for roster in config.rosters}
    for source in snapshot.manifest.sources:
        if source.fills != "people" or source.listing is None:
            continue
        if source.listing.walk.state != "complete":
            return f"{source.name} is not proven complete"
        if source.listing.scope.state == "partial":
            return f"{source.name} does not show everybody ({source.listing.scope.reason})"
        if len(source.listing.rejected) > source.acknowledged:
            return f"{source.name} has rejected rows"
        if source.name not in owners:
            return f"{source.name} is no longer configured"
        if source.outdated:
            return f"the settings of {source.name} changed since it was collected"
    pulled = {source.name for source in snapshot.manifest.sources}
    for name in owners:
        if name not in pulled:
            return f"{name} is not in the snapshot"
    people = seen.sources["fills"] == "people"
    stale = [f"{name} is stale" for name in seen.sources.loc[people & _stale(seen), "name"]]
    return next(iter([*stale, *_told_later(seen, snapshot, people)]), "")


def switched_off(config: Config) -> list[str]:
    """The kinds that the configuration switches off, in their order."""
    return [kind for kind in rules.names() if not config.rules.get(kind, {}).get("enabled", True)]


def later(times: Iterable[tuple[str, datetime | None]], judged: datetime, ended: datetime, zone: tzinfo) -> list[str]:
    """Sources that tell of a later day than the one somebody asked to be judged: what was there then may be gone since.

    :param times: each source and when its data were true.
    :param judged: the moment judged; where nobody asked for a day, it is ``ended``, when the snapshot was.
    """
    if judged == ended:
        return []
    today = judged.astimezone(zone).date()
    return [
        f"{name} is of a later day than the one judged"
        for name, moment in times
        if moment is not None and _day(moment, zone) > today
    ]


def _day(moment: datetime, zone: tzinfo) -> date:
    """The day of a moment; a source that tells a day alone tells midnight, UTC, and means that day everywhere."""
    day = moment.astimezone(UTC)
    return day.date() if day.time() == time() else day.astimezone(zone).date()


def _told_later(seen: View, snapshot: Snapshot, chosen: pd.Series) -> list[str]:
    told = seen.sources[chosen & seen.sources["as_of"].notna()]
    times = [(str(name), at.to_pydatetime()) for name, at in zip(told["name"], told["as_of"], strict=True)]
    return later(times, seen.as_of, snapshot.manifest.ended, seen.zone)


def _stale(seen: View) -> pd.Series:
    """Sources whose data are older, at the moment judged, than the configuration believes; an unknown age is stale."""
    fresh = seen.age_days(seen.sources) <= seen.sources["stale_after_days"]
    return ~fresh.fillna(value=False).astype(bool)
