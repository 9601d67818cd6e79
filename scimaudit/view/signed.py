"""Whether an approval counts: by somebody else than the holder, who worked here that day and may approve the right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scimaudit.policy.entitlements import rows_named
from scimaudit.view import signing
from scimaudit.view.columns import known_true, taken
from scimaudit.view.holders import holders

if TYPE_CHECKING:
    from scimaudit.view import View


def signed(view: View, approval: pd.Series, days: pd.Series) -> pd.DataFrame:
    """For each grant what is to be said of its approval.

    :param approval: position of each grant's approval in the policy's, -1 for none; indexed as some of the grants.
    :param days: the most days that the policy gives each grant, null for no limit; indexed likewise.
    :returns: indexed as ``approval``: ``void`` (why it does not count, null where it does), ``unclear`` (why that
        cannot be told) and ``unregistered`` (nobody is registered for certain who could approve the right). A void one
        is not unclear too; where there is no approval nothing is said.
    """
    if approval.empty:
        said = {"void": "str", "unclear": "str", "unregistered": "bool"}
        return pd.DataFrame(index=approval.index, columns=list(said)).astype(said)
    lines = view.policy.approvals
    places = approval.to_numpy()

    def of_line(values: Iterable[object], kind: str) -> pd.Series:
        return taken(pd.Series(list(values), dtype=kind), places, approval.index)

    told = signing.judged(view, [line.approved_by for line in lines], [line.approved_on for line in lines])
    by, trouble = of_line((line.approved_by for line in lines), "str"), of_line(told["trouble"], "str")
    person = of_line(told["person_id"], "str")
    holder, machine = _holder(view, approval.index)
    same = (person == holder).fillna(value=False).astype(bool)
    apart = person.notna() & (holder.notna() | machine) & ~same
    entitled, barred = _entitled(view, approval.index, person)
    day = of_line((str(line.approved_on) for line in lines), "str")
    early = known_true(of_line((line.approved_on > view.today for line in lines), "boolean"))
    there = by.notna()
    lasts = of_line((line.until and (line.until - line.approved_on).days for line in lines), "Int64")
    long = known_true(lasts > days)
    void = _sentences(
        by + " approved it and holds it", there & same,
        by + " " + trouble, trouble.fillna("") != "",
        by + " answers neither for it nor for the app", there & barred,
        "it was approved on " + day + ", which is still to come", early,
        "it lasts " + lasts.astype("str") + " days, more than the " + days.astype("str") + " of the policy", long,
    )  # fmt: skip
    open_one = there & void.isna()
    unclear = _sentences(
        "whether " + by + " approved it for themselves cannot be told: the holder or the approver is unclear",
        open_one & ~apart,
        "whether " + by + " worked here that day is unclear",
        open_one & known_true(of_line(told["unclear"], "boolean")),
    )  # fmt: skip
    return pd.DataFrame({"void": void, "unclear": unclear, "unregistered": open_one & ~entitled}, index=approval.index)


def _sentences(*told: pd.Series) -> pd.Series:
    """Texts and flags in turn as one text: those whose flag holds, or null where none does."""
    found = pd.Series("", index=told[0].index, dtype="str")
    for text, flag in zip(told[::2], told[1::2], strict=True):
        found = found.mask(flag, found + "; " + text)
    found = found.str.removeprefix("; ")
    return found.mask(found == "")


def _holder(view: View, grants: pd.Index) -> tuple[pd.Series, pd.Series]:
    """For each grant the person who gains by it, the owner of a machine too; and whether it is a machine's."""
    account = view.grants["account"].loc[grants].to_numpy()
    machine = pd.Series(np.append(view.accounts["nhi"].to_numpy(dtype=bool), False)[account], grants)
    owner = taken(view.accounts["nhi_owner"], account, grants)
    named = holders(view.people, owner.dropna().unique())["person_id"]
    answering = owner.map(named).astype("str")
    return view.grants["person_id"].loc[grants].astype("str").mask(machine, answering), machine


def _entitled(view: View, grants: pd.Index, person: pd.Series) -> tuple[pd.Series, pd.Series]:
    """For each grant whether the person is registered as who may approve it, and whether they certainly are not."""
    owners = pd.DataFrame(list(_owners(view)), columns=["entitlement", "owner"])
    who = holders(view.people, owners["owner"].unique())
    # A null never joins: an owner who is nobody in particular is not the approver who is nobody in particular.
    known = owners.assign(person=owners["owner"].map(who["person_id"])).dropna(subset=["person"])
    right = view.grants["entitlement"].loc[grants]
    entitled = pd.MultiIndex.from_arrays([right, person]).isin(
        pd.MultiIndex.from_frame(known[["entitlement", "person"]])
    )
    blurred = owners["owner"].map(who["state"]).ne("stranger") & ~owners.index.isin(known.index)
    settled = right.isin(owners["entitlement"]) & ~right.isin(owners.loc[blurred, "entitlement"])
    return pd.Series(entitled, grants), settled & person.notna() & ~entitled


def _owners(view: View) -> Iterator[tuple[int, str]]:
    """Entitlements, by position, with each who answers for them."""
    rights = view.entitlements
    for place in np.flatnonzero(rights["owner"].notna()):
        yield int(place), str(rights["owner"].iloc[place])
    owned = [rule for rule in view.policy.rules if rule.owner and not rule.deny]
    for rule, places in zip(owned, rows_named([rule.what for rule in owned], rights), strict=True):
        yield from ((int(place), rule.owner) for place in places)
    for app, facts in view.facts.items():
        names = [name for name in (facts.owner, *facts.delegates) if name]
        for place in np.flatnonzero(rights["app"] == app) if names else ():
            yield from ((int(place), name) for name in names)
