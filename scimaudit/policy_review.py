"""The entitlement policy looked at as a whole: what it leaves open, what another one would change, what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scimaudit.policy import entitlements, matching
from scimaudit.policy.entitlements import ALLOWED, DENIED, SILENT, UNKNOWN
from scimaudit.policy.writing import quoted
from scimaudit.view import View
from scimaudit.view.columns import known_true
from scimaudit.view.policed import policed

_BIRTHRIGHT = ("no birthright", "unknown", "birthright")
_WORDS = {ALLOWED: "allowed", DENIED: "denied", SILENT: "silent", UNKNOWN: "unknown"}


@dataclass(frozen=True)
class Coverage:
    """What the rules and the snapshot do not say of each other.

    :param idle: rule to why nothing rests on it.
    :param unnamed: entitlements that no allowing rule names: app, attribute, name, holders.
    :param unspoken: current people of whom no rule speaks: person_id, name.
    """

    idle: tuple[tuple[str, str], ...]
    unnamed: tuple[tuple[str, str, str, int], ...]
    unspoken: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Change:
    """One held right, or one birthright of a person, that another policy would judge otherwise."""

    app: str
    person_id: str
    person_name: str
    right: str
    before: str
    after: str


def coverage(view: View) -> Coverage:
    """Rules that nobody meets or whose rights nobody holds; rights and people that no rule names."""
    rules = view.policy.rules
    certain, possible = matching.people_of(rules, view.people)
    # Whether a rule about accounts speaks of somebody is not for people to say: it may.
    who = np.where([matching.of_accounts(rule) for rule in rules], possible, certain) if rules else certain
    current = known_true(view.people["current"]).to_numpy()
    held = np.bincount(view.grants["entitlement"], minlength=len(view.entitlements)) > 0
    idle, named = [], np.zeros(len(view.entitlements), dtype=bool)
    for place, rule in enumerate(rules):
        mine = rule.what.names(view.entitlements)
        named |= mine & (not rule.deny)
        if not who[current, place].any():
            idle.append((rule.name, "no current person meets it"))
        elif (rule.what.exact or rule.what.patterns) and not (mine & held).any():
            idle.append((rule.name, "nobody holds what it names"))
    rows = view.entitlements[~named & held]
    number = np.bincount(view.grants["entitlement"], minlength=len(view.entitlements))
    unnamed = [
        (str(app), str(attribute), _name(display, value), int(holders))
        for app, attribute, display, value, holders in zip(
            rows["app"], rows["attribute"], rows["display"], rows["value"], number[~named & held], strict=True
        )
    ]
    silent = view.people[current & ~who.any(axis=1)] if rules else view.people[current]
    unspoken = [
        (str(person), str(name))
        for person, name in zip(silent["person_id"], silent["display_name"].fillna(""), strict=True)
    ]
    return Coverage(tuple(idle), tuple(sorted(unnamed)), tuple(sorted(unspoken)))


def impact(before: View, after: View) -> list[Change]:
    """What would be judged otherwise on the same snapshot: rights that are held, and birthrights.

    :param before: the view with today's policy, ``after``: the same with the other one.
    """
    grants = before.grants
    old, new = policed(before), policed(after)
    owner = grants["person_id"].astype("str")
    differs = (old != new) & owner.notna().to_numpy()
    names = before.people.set_index("person_id")["display_name"].fillna("")
    found = [
        Change(str(app), person, str(names.get(person, "")), _name(display, value), _word(was), _word(now))
        for app, person, display, value, was, now in zip(
            grants["app"][differs], owner[differs], grants["display"][differs], grants["value"][differs],
            old[differs], new[differs], strict=True,
        )
    ]  # fmt: skip
    given = [entitlements.birthrights(view.policy.rules, view.people) for view in (before, after)]
    nobody = np.zeros(len(before.people), dtype=bool)
    current = known_true(before.people["current"]).to_numpy()
    for app in sorted({*given[0], *given[1]}):
        certain, possible = zip(*(each.get(app, (nobody, nobody)) for each in given), strict=True)
        was, now = (np.where(current, sure.astype(int) + may, 0) for sure, may in zip(certain, possible, strict=True))
        for place in np.flatnonzero(was != now):
            person = str(before.people["person_id"].iloc[place])
            words = (_BIRTHRIGHT[was[place]], _BIRTHRIGHT[now[place]])
            found.append(Change(app, person, str(names.get(person, "")), "the app", *words))
    return sorted(set(found), key=lambda each: (each.app, each.person_id, each.right))


def suggest(view: View, *, columns: tuple[str, ...], least: int, percent: float) -> str:
    """A draft of rules for rights that no rule names: who holds them, by columns of people; for somebody to review.

    A right becomes a rule for the groups of at least ``least`` current people of whom at least ``percent`` percent hold
    it; what one column explains is not explained again by the next. Rights of the same groups share a rule. Nothing is
    applied.
    """
    people, grants = view.people, view.grants
    current = known_true(people["current"]).to_numpy()
    owner = np.append(view.accounts["owner_row"].to_numpy(), -1)[grants["account"]]
    open_ones = (policed(view) != ALLOWED) & (owner >= 0) & known_true(grants["active"]).to_numpy()
    held = pd.DataFrame({"owner": owner, "entitlement": grants["entitlement"].to_numpy()})[open_ones].drop_duplicates()
    held = held[current[held["owner"]]]
    rules: list[tuple[str, str, str, str]] = []
    for column in columns:
        groups, held = _common(held, people[column].astype("str"), current, least, percent)
        together: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
        for entitlement, names in groups.items():
            row = view.entitlements.iloc[entitlement]
            key = (str(row["app"]), str(row["attribute"]), tuple(names))
            together.setdefault(key, []).append(_name(row["display"], row["value"]))
        for (app, attribute, chosen), rights in together.items():
            listed = ", ".join(_literal(name) for name in chosen)
            who = f"{column} in [{listed}]" if len(chosen) > 1 else f"{column} = {listed}"
            values = ", ".join(quoted(right) for right in sorted(rights))
            rules.append((app, attribute, who, values))
    parts = ["# A draft from what most people of a kind hold. Delete what should not be; say why the rest should.\n"]
    for number, (app, attribute, who, values) in enumerate(sorted(rules), 1):
        what = f'{{ app = {quoted(app)}, attribute = "{attribute}", values = [{values}] }}'
        parts.append(
            f'[[rules]]\nname = "draft-{number:03d}"\nwho = {quoted(who)}\nwhat = {what}\n'
            'why = "most of them hold it"\n'
        )
    return "\n".join(parts)


def _common(
    held: pd.DataFrame, texts: pd.Series, current: np.ndarray, least: int, percent: float
) -> tuple[dict[int, list[str]], pd.DataFrame]:
    """Entitlement to the groups of which most hold it, and what is held beyond that.

    :param held: ``owner`` (position in people) and ``entitlement``, each pair once.
    :param texts: the column of people that makes the groups.
    """
    sizes = texts[current].value_counts()
    mine = held.assign(group=texts.to_numpy()[held["owner"]]).dropna(subset=["group"])
    counted = mine.groupby(["group", "entitlement"]).size().rename("holders").reset_index()
    size = counted["group"].map(sizes).fillna(0)
    counted = counted[(size >= least) & (counted["holders"] * 100 >= percent * size)]
    counted = counted[counted["group"].map(_literal).astype("str") != ""]
    found = {int(str(name)): sorted(rows["group"]) for name, rows in counted.groupby("entitlement")}
    taken = pd.MultiIndex.from_frame(mine[["group", "entitlement"]]).isin(
        pd.MultiIndex.from_frame(counted[["group", "entitlement"]])
    )
    return found, held.drop(mine.index[taken])


def _literal(text: str) -> str:
    """A text of the expression language, which has no escapes; empty where it cannot be written."""
    mark = next((mark for mark in ('"', "'") if mark not in text), None)
    return f"{mark}{text}{mark}" if mark else ""


def _name(display: object, value: object) -> str:
    return str(display) if isinstance(display, str) and display else str(value)


def _word(verdict: int) -> str:
    return _WORDS.get(int(verdict), "not-allowed")
