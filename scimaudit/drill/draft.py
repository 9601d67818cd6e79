"""A first plan, made of what the configuration, the policy and the rosters say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from scimaudit.config import App, Config
from scimaudit.drill.plan import Kind, words
from scimaudit.errors import ConfigError
from scimaudit.policy.entitlements import EntitlementRule
from scimaudit.policy.matching import people_of
from scimaudit.policy.writing import quoted

_FED = ("department", "title")
_DAY = {"joiner": "start_date", "mover": "moved_on", "leaver": "end_date"}


@dataclass(frozen=True)
class Whom:
    """Whose plan it is.

    :param row: the person as the rosters have them; nothing for a canary.
    :param zone: of the day on which the change begins.
    """

    person: str
    row: Mapping[str, Any]
    zone: tzinfo


def whom(people: pd.DataFrame, person: str, config: Config) -> Whom:
    """A person of the rosters.

    :raises ConfigError: the rosters have nobody of that id.
    """
    found = people[people["person_id"] == person]
    if found.empty:
        raise ConfigError(
            f"the rosters show nobody with the id {person!r}", hint="scimaudit who NAME tells the id of a person"
        )
    row = {str(name): value for name, value in found.iloc[0].items()}
    zones = {roster.name: roster.time_zone for roster in config.rosters if roster.time_zone}
    zone = zones.get(str(row["roster"]))
    return Whom(person, row, ZoneInfo(zone) if zone else config.zone)


def draft(kind: Kind, config: Config, rules: Sequence[EntitlementRule], who: Whom | None) -> str:
    """A plan as text, to be read and corrected by a person.

    :param who: the person; ``None`` for a canary.
    """
    lines = ["# A drill: what each app must show, and by when. `scimaudit drill plan` checks it.", f'kind = "{kind}"']
    if who is not None:
        lines.append(f"person = {quoted(who.person)}")
    start = _start(kind, who)
    lines.append(f"start = {start.isoformat()}" if start else "# start = 2026-01-31T09:00:00   # drill run sets it")
    if who is None:
        lines += ["", *_canary(kind, config)]
    for app in config.apps:
        given = _given(app.name, rules, who) if kind != "leaver" else []
        if app.listings and given is not None:
            lines += ["", *_app(kind, app, given, who)]
    return "\n".join(lines) + "\n"


def _canary(kind: Kind, config: Config) -> Iterator[str]:
    yield "[canary]"
    names = config.drill.write_to
    yield f"to = {quoted(names[0])}" if names else '# to = "an app"   # where drill run makes it; see [drill] write_to'
    yield 'attributes = { department = "Sales", title = "Agent" }'
    if kind == "mover":
        yield 'becomes = { department = "Operations", title = "Planner" }'


def _app(kind: Kind, app: App, given: Sequence[str], who: Whom | None) -> Iterator[str]:
    yield f"[apps.{quoted(app.name)}]" if "." in app.name else f"[apps.{app.name}]"
    yield f"within = {quoted(words(timedelta(hours=app.sla_hours)))}"
    if kind == "leaver":
        yield 'account = "inactive"'
        yield "groups = { none = true }"
        return
    yield 'account = "active"'
    if given:
        yield f"groups = {{ has = [{', '.join(quoted(name) for name in given)}] }}"
    if kind == "mover" and app.roster_feeds:
        told = {name: who.row[name] for name in _FED if who and name in app.drift.attributes and _known(who.row[name])}
        if told:
            yield "attributes = { " + ", ".join(f"{name} = {quoted(str(text))}" for name, text in told.items()) + " }"


def _given(app: str, rules: Sequence[EntitlementRule], who: Whom | None) -> list[str] | None:
    """Groups of an app that policy gives the person by birthright; ``None`` where it gives the app to others only."""
    mine = [rule for rule in rules if rule.birthright and rule.what.app == app]
    if who is None or not mine:
        return []
    certain, possible = people_of(mine, pd.DataFrame([who.row]))
    if not possible.any():
        return None
    due = [mine[place].what for place in np.flatnonzero(certain[0])]
    return [name for what in due if what.attribute in (None, "groups") for name in what.exact]


def _start(kind: Kind, who: Whom | None) -> datetime | None:
    if who is None or not _known(who.row[_DAY[kind]]):
        return None
    moment = datetime.combine(pd.Timestamp(who.row[_DAY[kind]]).date(), time.min, who.zone)
    # The last day belongs to the employment.
    return moment + timedelta(days=1) if kind == "leaver" else moment


def _known(value: object) -> bool:
    return not (value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) or value is pd.NA)
