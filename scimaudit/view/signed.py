"""Who signed what: whether an approver is somebody, somebody else than the holder, and may approve the right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scimaudit.view.columns import known_true, taken
from scimaudit.view.holders import holders

if TYPE_CHECKING:
    from scimaudit.view import View


def signed(view: View, approval: pd.Series) -> pd.DataFrame:
    """For each grant what is known of whoever approved it.

    :param approval: position of each grant's approval in the policy's, -1 for none, as
        :func:`scimaudit.view.tenure.tenure` gives it; indexed as some of the grants.
    :returns: indexed as ``approval``: ``signer`` (``live``, ``left``, ``stranger`` or ``unclear``, null for no
        approval), ``by_holder`` (the approver is the owner of the account), ``by_somebody_else`` (and certainly is
        not; both are false where it cannot be told), ``entitled`` (the approver is registered as who may approve the
        right: its owner by the catalogue, of a rule that allows it, the app's, a delegate), ``barred`` (others are,
        and the approver certainly is not one of them) and ``early`` (it is dated on a day that is still to come).
    """
    lines = view.policy.approvals
    owners = pd.DataFrame(list(_owners(view)), columns=["entitlement", "owner"])
    who = holders(view.people, {line.approved_by for line in lines} | set(owners["owner"]))
    places = approval.to_numpy()
    state, person = (
        taken(pd.Series([who[name][line.approved_by] for line in lines], dtype="str"), places, approval.index)
        for name in ("state", "person_id")
    )
    rows = view.grants[["person_id", "account", "entitlement"]].loc[approval.index]
    holder = rows["person_id"].astype("str")
    registered = np.append(view.accounts["nhi"].to_numpy(dtype=bool), False)[rows["account"]]
    same = (person == holder).fillna(value=False).astype(bool)
    told_apart = (person.notna() & (holder.notna() | registered)) & ~same
    # A null never joins: an owner who is nobody in particular is not the approver who is nobody in particular.
    known = owners.assign(person=owners["owner"].map(who["person_id"])).dropna(subset=["person"])
    may = pd.MultiIndex.from_frame(known[["entitlement", "person"]])
    entitled = pd.MultiIndex.from_arrays([rows["entitlement"], person]).isin(may)
    unclear = owners["owner"].map(who["state"]).ne("stranger") & ~owners.index.isin(known.index)
    settled = rows["entitlement"].isin(owners["entitlement"])
    settled &= ~rows["entitlement"].isin(owners.loc[unclear, "entitlement"])
    early = pd.Series([line.approved_on > view.today for line in lines], dtype="boolean")
    return pd.DataFrame(
        {
            "signer": state,
            "by_holder": same,
            "by_somebody_else": told_apart,
            "entitled": entitled,
            "barred": settled & person.notna() & ~entitled,
            "early": known_true(taken(early, places, approval.index)),
        },
        index=approval.index,
    )


def _owners(view: View) -> Iterator[tuple[int, str]]:
    """Entitlements, by position, with each who answers for them."""
    rights = view.entitlements
    for place in np.flatnonzero(rights["owner"].notna()):
        yield int(place), str(rights["owner"].iloc[place])
    for rule in view.policy.rules:
        if rule.owner and not rule.deny:
            for place in np.flatnonzero(rule.what.names(rights)):
                yield int(place), rule.owner
    for app, facts in view.facts.items():
        names = [name for name in (facts.owner, *facts.delegates) if name]
        for place in np.flatnonzero(rights["app"] == app) if names else ():
            yield from ((int(place), name) for name in names)
