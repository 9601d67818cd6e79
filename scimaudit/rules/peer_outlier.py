"""Finding kind ``peer-outlier``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy.entitlements import ALLOWED, UNKNOWN
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.policed import policed


@rule(
    title="Hardly any peer holds this",
    family="excess",
    severity="info",
    action="Ask the manager whether the person needs it; if so, say it in the policy.",
    stopped_by=("entitlement_removal",),
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
    human = np.append((~view.accounts["nhi"] & (view.accounts["situation"] == "matched")).to_numpy(), False)[
        grants["account"]
    ]
    working = np.append(~known_false(people["current"]).to_numpy(), False)[owner]
    employed = np.append(known_true(people["current"]).to_numpy(), False)[owner]
    live = human & ~known_false(grants["active"]).to_numpy() & (owner >= 0) & working
    policy = policed(view)
    within = live & (policy != ALLOWED)
    sure = (policy != UNKNOWN) & known_true(grants["active"]).to_numpy() & employed
    entitlement = grants["entitlement"].to_numpy()
    mine = np.append(np.where(counted, group, -1), -1)[owner]
    held = pd.DataFrame({"group": mine, "entitlement": entitlement, "owner": owner})[within & sure & (mine >= 0)]
    holders = held.drop_duplicates().groupby(["group", "entitlement"]).size()
    here = pd.MultiIndex.from_arrays([mine, entitlement])
    number = holders.reindex(here).fillna(0).to_numpy()
    peers = np.append(sizes, 0)[mine]
    alone = (peers < least_peers) | (mine < 0)
    share = number * 100 < percent * np.maximum(peers, 1)
    found = judge(
        grants,
        within=pd.Series(within, grants.index),
        fails=pd.Series(sure & ~alone & share, grants.index)
        & (view.of_app(grants["app"], "entitlements") == "complete"),
        unknown=because(
            grants.index,
            (~sure, "semantics-unknown"),
            (alone, "no-peers"),
            (view.of_app(grants["app"], "entitlements") != "complete", "walk-unproven"),
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
