"""Finding kind ``sod``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from scimaudit.policy.entitlements import What, rows_named
from scimaudit.policy.sod import Conflict
from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import joined_by, known_false, known_true
from scimaudit.view.possible import possible_owners

_ROWS = 1_000_000


@rule(
    title="One person holds a conflicting pair",
    family="excess",
    severity="high",
    action="Take one side of the pair away, or put the compensating control on record as an exception.",
    stopped_by=("entitlement_removal",),
    controls=("soc2/CC6.3", "iso27001-2022/A.5.3", "pci-dss-4.0.1/7.2.1", "nist-800-53-r5/AC-5", "cis-8.1/6.8"),
    spans_apps=True,
)
def sod(view: View) -> Judgement:
    """Separation of duties: people who hold both sides of a pair, within an app or across apps.

    Detects: a person whose active accounts hold, together, both sides of a pair of ``policy/sod.toml``. Counted per
    pair, over the people who own an account in either app or are one of its possible owners. A person passes only when
    one side is proven not held: that app's accounts and entitlements are proven listed and show none.

    Why: who can both make and approve a payment needs no accomplice.

    Not evaluable: a person of whom neither side is proven not held: the accounts or entitlements of the app are not
    proven listed, or what shows is on an account of unknown activity or with several possible owners. Nobody passes
    while the roster is not proven.

    Remediation: move one side to somebody else. Where the pair cannot be split, operate the compensating control
    and record the exception with its owner and end.
    """
    conflicts = view.policy.conflicts
    sides = [side for conflict in conflicts for side in (conflict.left, conflict.right)]
    named = rows_named(sides, view.entitlements)
    held, having = _held(view, named), _people_with_account(view)
    # So many pairs at a time that the people in them stay about a million rows.
    step = max(1, _ROWS // max(len(view.people), 1))
    return merged(
        [_judged(view, range(start, min(start + step, len(conflicts))), named, held, having)
         for start in range(0, len(conflicts), step)]
    )  # fmt: skip


def _held(view: View, named: Sequence[np.ndarray]) -> pd.DataFrame:
    """Grants that occur in some pair, on accounts that are not known to be inactive, of people or of candidates; by
    entitlement.
    """
    wanted = np.zeros(len(view.entitlements), dtype=bool)
    for rows in named:
        wanted[rows] = True
    grants = view.grants
    mine = wanted[grants["entitlement"]] & ~known_false(grants["active"]).to_numpy()
    slim = grants.loc[mine, ["account", "entitlement", "active"]]
    human = np.append((~view.accounts["nhi"]).to_numpy(), False)[slim["account"]]
    person = np.append(view.accounts["owner_row"].to_numpy(), -1)[slim["account"]]
    found = slim.assign(person=person)[human & (person >= 0)]
    perhaps = slim[human].merge(possible_owners(view), on="account", how="inner", validate="m:m")
    if len(perhaps):
        # Whose account it is nobody knows, so that a person holds it is no more than possible.
        doubtful = perhaps.assign(active=pd.array([None] * len(perhaps), dtype="boolean"))
        found = pd.concat([found, doubtful], ignore_index=True)
    ordered: pd.DataFrame = found.sort_values("entitlement", kind="stable", ignore_index=True)
    return ordered


def _judged(
    view: View, chosen: range, named: Sequence[np.ndarray], held: pd.DataFrame, having: dict[str, np.ndarray]
) -> Judgement:
    """Some of the pairs, each over the people with an account in either of its apps."""
    conflicts = [view.policy.conflicts[place] for place in chosen]
    people = [np.flatnonzero(having[each.left.app] | having[each.right.app]) for each in conflicts]
    pair = np.repeat(np.arange(len(conflicts)), [len(each) for each in people])
    person = np.concatenate(people) if people else np.zeros(0, dtype=np.int64)
    of_one = [each.left.app if each.left.app == each.right.app else None for each in conflicts]
    apps = pd.Categorical(of_one, categories=list(view.facts))
    rows = pd.DataFrame({"app": apps.take(pair), "pair": pair, "person": person})
    rows["person_id"] = view.people["person_id"].take(person).to_numpy()
    key = pair * len(view.people) + person
    held_by = [_side(view, [named[2 * place + side] for place in chosen], held) for side in (0, 1)]
    live = [np.isin(key, keys[active]) for keys, active in held_by]
    maybe = [np.isin(key, keys) for keys, _ in held_by]
    proven = [np.array([_proven(view, side) for side in sides], dtype=bool)[pair] for sides in _sides(conflicts)]
    cleared = [~maybe[side] & proven[side] for side in (0, 1)]
    found = judge(
        rows,
        fails=pd.Series(live[0] & live[1], index=rows.index),
        unknown=because(
            rows.index,
            (maybe[0] & maybe[1], "semantics-unknown"),
            (~(cleared[0] | cleared[1]), "walk-unproven"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    told = []
    for group, mine in found.failed.groupby("pair", sort=True):
        place = int(str(group))
        both = [named[2 * chosen[place] + side] for side in (0, 1)]
        told.append(_told(view, conflicts[place], mine, both, held))
    return replace(found, failed=pd.concat(told) if told else found.failed.assign(expected="", actual=""))


def _sides(conflicts: Sequence[Conflict]) -> tuple[list[What], list[What]]:
    return [each.left for each in conflicts], [each.right for each in conflicts]


def _side(view: View, named: Sequence[np.ndarray], held: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Pair and person, as one number, of everybody who holds a side, and whether the account is known to be active."""
    entitlement = held["entitlement"].to_numpy()
    pair, wanted = np.repeat(np.arange(len(named)), [len(rows) for rows in named]), np.concatenate([*named])
    first = np.searchsorted(entitlement, wanted, "left")
    count = np.searchsorted(entitlement, wanted, "right") - first
    # Each run of grants, one after the other: its first place plus how far into the run.
    places = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    active = known_true(held["active"]).to_numpy()[places]
    return np.repeat(pair, count) * len(view.people) + held["person"].to_numpy()[places], active


def _told(
    view: View, conflict: Conflict, rows: pd.DataFrame, named: Sequence[np.ndarray], held: pd.DataFrame
) -> pd.DataFrame:
    """The people who hold both sides of one pair, in words."""
    rows = rows.set_axis(pd.Index(rows["person"]))
    left, right = (_names(view, held[held["entitlement"].isin(each)], rows.index) for each in named)
    control = f"; compensating control: {conflict.compensating_control}" if conflict.compensating_control else ""
    return rows.assign(
        value=conflict.name,
        expected=f"not both{control}",
        risk=conflict.risk,
        actual="holds " + left + " and " + right,
        **({"owner": conflict.owner} if conflict.owner else {}),
    )


def _people_with_account(view: View) -> dict[str, np.ndarray]:
    """For each app in some pair, which people own an account there, or may own one, active or not."""
    accounts, perhaps = view.accounts, possible_owners(view)
    counted = (~accounts["nhi"]).to_numpy()
    found = {}
    for app in {side.app for conflict in view.policy.conflicts for side in (conflict.left, conflict.right)}:
        having = np.zeros(len(view.people) + 1, dtype=bool)
        mine = counted & (accounts["app"] == app).to_numpy(dtype=bool)
        having[accounts["owner_row"].to_numpy()[mine]] = True
        having[perhaps["person"].to_numpy()[mine[perhaps["account"]]]] = True
        found[app] = having[:-1]
    return found


def _proven(view: View, side: What) -> bool:
    facts = view.facts[side.app]
    return facts.walk == "complete" and facts.entitlements == "complete"


def _names(view: View, side: pd.DataFrame, people: pd.Index) -> pd.Series:
    """What each person holds of one side, in words."""
    mine = side[side["person"].isin(people) & known_true(side["active"])]
    held = view.entitlements.take(mine["entitlement"].to_numpy()).set_axis(mine.index).astype("str")
    text = held["app"] + " " + held["attribute"] + " " + held["display"].fillna(held["value"])
    told = pd.DataFrame({"person": mine["person"], "text": text}).drop_duplicates()
    return joined_by(told["person"].to_numpy(), told["text"]).reindex(people).astype("str")
