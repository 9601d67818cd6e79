"""Whether whoever approved a right may approve it: its owner by the catalogue, by a rule, or the app's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from scimaudit import identifiers
from scimaudit.view.columns import taken
from scimaudit.view.holders import holders

if TYPE_CHECKING:
    from scimaudit.view import View

_NOBODY: Final = "\0"
"""Stands before a text that means nobody in particular; no person_id begins so."""


def signed(view: View, approval: np.ndarray) -> pd.DataFrame:
    """For each grant what is to be said of its approval.

    :param approval: position in the policy's approvals, -1 for none, as :func:`scimaudit.view.tenure.tenure` has it.
    :returns: flags, all false where there is no approval: ``by_holder`` (who holds it signed), ``unentitled`` (somebody
        signed who answers neither for the right nor for the app), ``unsettled`` (nobody is registered who could sign),
        ``unclear`` (signer or holder is nobody in particular, so they may be one).
    """
    grants = view.grants
    rows = np.flatnonzero(approval >= 0)
    found = pd.DataFrame(False, index=grants.index, columns=["by_holder", "unentitled", "unsettled", "unclear"])
    if not len(rows):
        return found
    owners = pd.DataFrame(list(_owners(view)), columns=["entitlement", "owner"])
    texts = sorted({line.approved_by for line in view.policy.approvals} | set(owners["owner"]))
    names = _one_name(view, texts)
    signers = pd.Series([names[line.approved_by] for line in view.policy.approvals], dtype="str")
    mine = pd.DataFrame({"entitlement": grants["entitlement"].to_numpy()[rows]}, index=grants.index[rows])
    mine["name"] = taken(signers, approval[rows], mine.index)
    may = pd.MultiIndex.from_arrays([owners["entitlement"], owners["owner"].map(names)])
    known = mine["entitlement"].isin(owners["entitlement"])
    entitled = pd.MultiIndex.from_frame(mine).isin(may)
    found.loc[mine.index, "by_holder"] = (mine["name"] == grants["person_id"].iloc[rows].astype("str")).to_numpy()
    found.loc[mine.index, "unentitled"] = known & ~entitled
    found.loc[mine.index, "unsettled"] = ~known
    human = np.append(~view.accounts["nhi"].to_numpy(), True)[grants["account"].to_numpy()[rows]]
    nobody = grants["person_id"].iloc[rows].isna().to_numpy()
    found.loc[mine.index, "unclear"] = mine["name"].str.startswith(_NOBODY).to_numpy() | (human & nobody)
    return found


def _one_name(view: View, texts: list[str]) -> pd.Series:
    """Each text as the person it means, or, where it means nobody in particular, as itself."""
    known = holders(view.people, texts)["person_id"]
    plain = pd.Series([f"{_NOBODY}{identifiers.key(text)}" for text in known.index], index=known.index, dtype="str")
    return known.fillna(plain)


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
