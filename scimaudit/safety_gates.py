"""Safety gates: signs that the data, and not the accounts, are at fault, so that nobody acts on the findings.

Where one trips, findings are published under a banner and the run ends with 4. A shrunken roster or app can be accepted
for one run, by name and with a reason, which is kept in the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from scimaudit import rules
from scimaudit.config import Config
from scimaudit.errors import ConfigError
from scimaudit.result import Gate
from scimaudit.view import View
from scimaudit.view.columns import known_true


def gates(
    seen: View,
    config: Config,
    accepted: Mapping[str, str] | None = None,
    standing: Mapping[tuple[str, str], int] | None = None,
) -> tuple[tuple[Gate, ...], tuple[Gate, ...]]:
    """The safety gates that tripped and stand, and those that somebody accepted for this run.

    :param accepted: a roster or an app that may have shrunk to who says so, and why.
    :param standing: name of a shrink gate and its subject to how many there were when that was last believed: before
        what nobody accepted in the audit before, or what nobody has judged since. Seen again, it is no truer.
    :raises ConfigError: one of them did not shrink: what is accepted must be what happened.
    """
    accepted = accepted or {}
    shrunk = [replace(gate, accepted=accepted.get(gate.subject, "")) for gate in _shrunk(seen, config, standing or {})]
    strangers = sorted(set(accepted) - {gate.subject for gate in shrunk})
    if strangers:
        raise ConfigError(
            f"{strangers[0]} did not shrink beyond its limit, so there is nothing to accept",
            hint="these did: " + (", ".join(gate.subject for gate in shrunk) or "none"),
        )
    tripped = [gate for gate in shrunk if not gate.accepted]
    tripped += [*_stale(seen), *_unmatched(seen, config.audit.gates.no_match_accounts)]
    return tuple(tripped), tuple(gate for gate in shrunk if gate.accepted)


def _stale(seen: View) -> list[Gate]:
    """Rosters older than they may be, or of unknown age: whoever left or came since is judged wrongly."""
    rosters = seen.sources[seen.sources["fills"] == "people"]
    days = (pd.Timestamp(seen.as_of) - rosters["as_of"]).dt.days
    old = known_true(days > rosters["stale_after_days"])
    told = rosters.assign(age=days)[old][["name", "stale_after_days", "age"]]
    undated = rosters.loc[rosters["as_of"].isna(), ["name", "parsed"]]
    return [
        *(
            Gate("roster-stale", str(name), int(limit), int(age), f"{limit} days")
            for name, limit, age in told.itertuples(index=False)
        ),
        *(
            Gate("roster-undated", str(name), int(parsed), 0, "a date")
            for name, parsed in undated.itertuples(index=False)
        ),
    ]


def _unmatched(seen: View, least: int) -> list[Gate]:
    """Apps of which not one account is matched: then it is the keys, or the roster, and not the accounts."""
    people = seen.accounts[~seen.accounts["nhi"].to_numpy(dtype=bool)]
    app = people["app"].astype("str")
    every, matched = app.value_counts(), app[(people["situation"] == "matched").to_numpy()].value_counts()
    return [
        Gate("no-match", str(name), int(count), 0, "at least one")
        for name, count in sorted(every.items())
        if count >= least and name not in matched
    ]


def _shrunk(seen: View, config: Config, standing: Mapping[tuple[str, str], int]) -> list[Gate]:
    """Rosters and apps that are much smaller than they were when that was last believed."""
    before = seen.previous
    if before is None:
        return []
    tripped = []
    percent, least = setting(config, "roster-shrunk", "percent"), setting(config, "roster-shrunk", "rows")
    parsed = seen.sources.set_index("name")["parsed"]
    for roster, count in sorted(_believed("roster-shrunk", before.people, standing).items()):
        rows = int(parsed.get(roster, 0))
        if count > rows == 0:
            tripped.append(Gate("roster-shrunk", roster, count, rows, "one row"))
        elif count - rows > max(count * percent / 100, least):
            limit = f"max({percent:g} %, {least:g} rows)"
            tripped.append(Gate("roster-shrunk", roster, count, rows, limit))
    percent = setting(config, "app-shrunk", "percent")
    now = seen.accounts["app"].astype("str").value_counts()
    for app, count in sorted(_believed("app-shrunk", before.accounts, standing).items()):
        left = int(now.get(app, 0))
        if count - left > count * percent / 100:
            tripped.append(Gate("app-shrunk", app, count, left, f"{percent:g} %"))
    return tripped


def _believed(name: str, before: Mapping[str, int], standing: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """The counts to measure by: a source that shrank and was not accepted is measured by what it had."""
    held = {subject: count for (gate, subject), count in standing.items() if gate == name}
    return {**before, **{subject: max(count, before.get(subject, 0)) for subject, count in held.items()}}


def setting(config: Config, kind: str, name: str) -> float:
    """A number that a rule is set to: the gates trip by the limits that the rules judge by."""
    return float(config.rules.get(kind, {}).get(name, rules.load(kind).settings[name].default))
