"""Finding kind ``sod``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy.entitlements import What
from scimaudit.policy.sod import Conflict
from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import joined_by, known_false, known_true
from scimaudit.view.possible import possible_owners


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
    pair, over the people with an account in either app. A person passes only when one side is proven not held: that
    app's accounts and entitlements are proven listed and show none.

    Why: who can both make and approve a payment needs no accomplice.

    Not evaluable: a person of whom neither side is proven not held: the accounts or entitlements of the app are not
    proven listed, or what shows is on an account of unknown activity or with several possible owners. Nobody passes
    while the roster is not proven.

    Remediation: move one side to somebody else. Where the pair cannot be split, operate the compensating control
    and record the exception with its owner and end.
    """
    held, having = _held(view), _people_with_account(view)
    return merged([_judged(view, conflict, held, having) for conflict in view.policy.conflicts])


def _held(view: View) -> pd.DataFrame:
    """Grants that occur in some pair, on accounts that are not known to be inactive, of people or of candidates."""
    named = np.zeros(len(view.entitlements), dtype=bool)
    for conflict in view.policy.conflicts:
        named |= conflict.left.names(view.entitlements) | conflict.right.names(view.entitlements)
    grants = view.grants
    rows = named[grants["entitlement"]] & ~known_false(grants["active"]).to_numpy()
    slim = grants.loc[rows, ["account", "entitlement", "active"]]
    human = np.append((~view.accounts["nhi"]).to_numpy(), False)[slim["account"]]
    person = np.append(view.accounts["owner_row"].to_numpy(), -1)[slim["account"]]
    mine: pd.DataFrame = slim.assign(person=person)[human & (person >= 0)]
    perhaps = slim[human].merge(possible_owners(view), on="account", how="inner", validate="m:m")
    if perhaps.empty:
        return mine
    # Whose account it is nobody knows, so that a person holds it is no more than possible.
    doubtful = perhaps.assign(active=pd.array([None] * len(perhaps), dtype="boolean"))
    both: pd.DataFrame = pd.concat([mine, doubtful], ignore_index=True)
    return both


def _judged(view: View, conflict: Conflict, held: pd.DataFrame, having: dict[str, np.ndarray]) -> Judgement:
    sides = (conflict.left, conflict.right)
    one_app = conflict.left.app == conflict.right.app
    rows = view.people.loc[having[sides[0].app] | having[sides[1].app], ["person_id"]].assign(
        value=conflict.name, **({"app": sides[0].app} if one_app else {})
    )
    mine = [held[side.names(view.entitlements)[held["entitlement"]]] for side in sides]
    live = [rows.index.isin(side.loc[known_true(side["active"]), "person"]) for side in mine]
    maybe = [rows.index.isin(side["person"]) for side in mine]
    cleared = [~maybe[place] & _proven(view, side) for place, side in enumerate(sides)]
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
    failed = found.failed.index
    if failed.empty:
        return found
    control = f"; compensating control: {conflict.compensating_control}" if conflict.compensating_control else ""
    return found.saying(
        expected=f"not both{control}",
        risk=conflict.risk,
        actual="holds " + _names(view, mine[0], failed) + " and " + _names(view, mine[1], failed),
        **({"owner": conflict.owner} if conflict.owner else {}),
    )


def _people_with_account(view: View) -> dict[str, np.ndarray]:
    """For each app in some pair, which people own an account there, active or not."""
    accounts = view.accounts
    counted = (~accounts["nhi"]).to_numpy()
    found = {}
    for app in {side.app for conflict in view.policy.conflicts for side in (conflict.left, conflict.right)}:
        having = np.zeros(len(view.people) + 1, dtype=bool)
        having[accounts["owner_row"].to_numpy()[counted & (accounts["app"] == app).to_numpy()]] = True
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
