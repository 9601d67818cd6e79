"""Finding kind ``peer-outlier``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy.entitlements import ALLOWED, UNKNOWN
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Hardly any peer holds this",
    family="excess",
    severity="info",
    action="Ask the manager whether the person needs it; if so, say it in the policy.",
    stopped_by=("entitlement_removal",),
    remedy="remove",
    decide=True,
    controls=("soc2/CC6.3", "iso27001-2022/A.5.18", "nist-800-53-r5/AC-6", "nist-800-53-r5/AC-6(7)"),
)
def peer_outlier(
    view: View, *, columns: str = "department, title", least_peers: int = 5, percent: float = 25.0
) -> Judgement:
    """Rights that few people in the same post hold.

    Detects: a right on an active account of a current person, held by less than ``percent`` of at least
    ``least_peers`` current people whose ``columns`` (of people, separated by commas) are all the same. What a rule
    of the policy allows is not judged. It is advice, never more than info.

    Why: what nobody else in the same post needs is often left from another post, or was given to the wrong person.

    Not evaluable: people who lack one of the ``columns`` or have too few peers, accounts and people of unknown
    status, and what a rule allows depending on an empty column. Nothing passes where the app's entitlements or the
    roster are not proven.

    Remediation: remove it, or write the rule that allows it, and the advice ends.
    """
    people, grants = view.people, view.grants
    keys = [people[name.strip()].astype("str") for name in columns.split(",")]
    group, names = pd.factorize(pd.MultiIndex.from_arrays(keys))
    complete = np.logical_and.reduce([key.notna().to_numpy() for key in keys])
    counted = known_true(people["current"]).to_numpy() & complete
    sizes = np.bincount(group[counted], minlength=len(names))
    owner = np.append(view.accounts["owner_row"].to_numpy(), -1)[grants["account"]]
    within, sure = _judged(view, owner)
    mine = np.append(np.where(counted, group, -1), -1)[owner]
    number = _holders(mine, owner, grants["entitlement"].to_numpy(), within & sure & (mine >= 0))
    peers = np.append(sizes, 0)[mine]
    alone = (peers < least_peers) | (mine < 0)
    share = number * 100 < percent * np.maximum(peers, 1)
    unproven = view.unproven(grants["app"])
    found = judge(
        grants,
        within=pd.Series(within, grants.index),
        fails=pd.Series(sure & ~alone & share & ~unproven, grants.index),
        unknown=because(
            grants.index,
            (~sure, "semantics-unknown"),
            (alone, "no-peers"),
            (unproven, "walk-unproven"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    rows = found.failed.index
    place = grants.index.get_indexer(rows)
    said = [
        f"{int(number[at])} of {int(peers[at])} in {' / '.join(names[mine[at]])} hold this" for at in place.tolist()
    ]
    name = found.failed["display"].astype("str").fillna(found.failed["value"].astype("str"))
    return found.saying(
        expected=f"held by at least {percent:g} % of the peers",
        actual="holds " + name + "; " + pd.Series(said, rows, dtype="str"),
    )


def _judged(view: View, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which grants are the population, and of which all that is needed is known.

    :param owner: for each grant the position of the account's owner in people, -1 for none.
    """
    people, accounts, grants = view.people, view.accounts, view.grants
    human = np.append(~accounts["nhi"] & (accounts["situation"] == "matched"), False)[grants["account"]]
    working = np.append(~known_false(people["current"]), False)[owner]
    employed = np.append(known_true(people["current"]), False)[owner]
    live = human & ~known_false(grants["active"]).to_numpy() & (owner >= 0) & working
    sure = (view.policed != UNKNOWN) & known_true(grants["active"]).to_numpy() & employed
    return live & (view.policed != ALLOWED), sure


def _holders(group: np.ndarray, owner: np.ndarray, entitlement: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """For each counted grant, how many people of the owner's group hold the entitlement; 0 for the others."""
    rows = np.flatnonzero(counted)
    wide = int(entitlement.max(initial=0)) + 1
    key, _ = pd.factorize(group[rows].astype(np.int64) * wide + entitlement[rows])
    # A person with two accounts is one holder.
    once = ~pd.Series(key * (int(owner.max(initial=0)) + 1) + owner[rows]).duplicated().to_numpy()
    number = np.zeros(len(group), dtype=np.int64)
    number[rows] = np.bincount(key[once], minlength=int(key.max(initial=0)) + 1)[key]
    return number
