"""How long rights may be held: by the app's own word, by their approval, by the policy."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scimaudit import identifiers
from scimaudit.policy.entitlements import rows_named
from scimaudit.view.columns import day_begins, known_true, taken
from scimaudit.view.signed import signed

if TYPE_CHECKING:
    from scimaudit.policy.approvals import Approval
    from scimaudit.view import View


def tenure(view: View) -> pd.DataFrame:
    """The privileged grants, and all others of which an approval, an end or a wish of the policy is known.

    :returns: some rows of the grants, with ``approval`` (position in the policy's approvals, -1 for none), ``needs`` (a
        rule of the policy wants an approval for the entitlement), ``days`` (most days by the policy, null for no
        limit), ``end`` (the earliest end that is known, UTC) and ``by`` (who says so); ``void``, ``unclear`` and
        ``unregistered`` as :func:`scimaudit.view.signed.signed` has them. Only an approval that counts gives an end
        that is still to come.
    """
    place = view.grants["entitlement"].to_numpy()
    approval = _approvals(view)
    needs, limits = _policy(view)
    some = known_true(view.grants["privileged"]).to_numpy() | (approval >= 0)
    some |= (needs | np.isfinite(limits) | view.entitlements["ends"].notna().to_numpy())[place]
    some |= view.grants["expires_at"].notna().to_numpy()
    rows = np.flatnonzero(some)
    grants = view.grants.take(rows)
    days = pd.Series(limits[place[rows]], index=grants.index)
    days = days.mask(np.isinf(days)).astype("Int64")
    signing = pd.Series(approval[rows], index=grants.index)
    lines = signing[signing >= 0]
    standing = signed(view, lines, days.loc[lines.index]).reindex(grants.index)
    standing["unregistered"] = known_true(standing["unregistered"].astype("boolean"))
    ends = _ends(view, grants, _ending(view, approval[rows], standing), days)
    end = ends.min(axis=1)
    by = pd.Series(None, index=grants.index, dtype="str")
    for name in reversed(ends.columns):
        by = by.mask((ends[name] == end).to_numpy(), name)
    told = {"approval": approval[rows], "needs": needs[place[rows]], "days": days, "end": end, "by": by}
    return pd.concat([grants.assign(**told), standing], axis=1)


def _ending(view: View, approval: np.ndarray, standing: pd.DataFrame) -> np.ndarray:
    """The approvals that tell an end: those that count, and those that would be over even if they did."""
    over = np.array([*(each.until is not None and each.until < view.today for each in view.policy.approvals), False])
    counts = standing[["void", "unclear"]].isna().all(axis=1).to_numpy()
    return np.where(counts | over[approval], approval, -1)


def _ends(view: View, grants: pd.DataFrame, approval: np.ndarray, days: pd.Series) -> pd.DataFrame:
    """When each of these grants ends, a column for each who says so."""
    until = pd.Series([each.until for each in view.policy.approvals], dtype="datetime64[us]")
    place = grants["entitlement"].to_numpy()
    named = view.entitlements["ends"].dt.as_unit("us").take(place).set_axis(grants.index)
    limit = pd.to_timedelta(days.fillna(0).astype("int64"), unit="D")
    return pd.DataFrame(
        {
            "the app": grants["expires_at"],
            "its name": _midnight_after(named, view.zone),
            "its approval": _midnight_after(taken(until, approval, grants.index), view.zone),
            "the policy": (grants["granted_at"] + limit).where(days.notna()),
        },
        index=grants.index,
    )


def _midnight_after(days: pd.Series, zone: tzinfo) -> pd.Series:
    """When each day is over in the organisation's zone, UTC: the last day counts."""
    return day_begins(days + pd.Timedelta(days=1), zone)


def _approvals(view: View) -> np.ndarray:
    """Position of each grant's approval, or -1; of several the latest counts, in whatever order they stand."""
    found = np.full(len(view.grants), -1, dtype=np.int64)
    lines = view.policy.approvals
    order = sorted(range(len(lines)), key=lambda place: _age(lines[place]))
    rank = np.empty(len(lines), dtype=np.int64)
    rank[order] = np.arange(len(lines))
    pairs = approved(view)
    np.maximum.at(found, pairs["grant"].to_numpy(), rank[pairs["approval"].to_numpy()])
    found[found >= 0] = np.array(order, dtype=np.int64)[found[found >= 0]]
    return found


def _age(line: Approval) -> tuple[int, int, str, str, str]:
    # Of two of one day the one that ends first: it gives less.
    last = (line.until or date.max).toordinal()
    return line.approved_on.toordinal(), -last, line.approved_by, line.account, line.value


def approved(view: View) -> pd.DataFrame:
    """Every ``grant`` and ``approval`` (positions) that belong together.

    An account is named by id or userName, a right by id or name; a line that names an id names nothing by that text.
    """
    grants = view.grants
    lines = view.policy.approvals
    none = pd.DataFrame({"grant": [], "approval": []}, dtype=np.int64)
    if not lines:
        return none
    signed = pd.DataFrame(
        {
            "app": [line.app for line in lines],
            "account": [line.account for line in lines],
            "key": [identifiers.key(line.account) for line in lines],
            "right": [line.value for line in lines],
            "kind": [line.attribute for line in lines],
            "place": range(len(lines)),
        }
    ).astype(dict.fromkeys(("app", "account", "key", "right", "kind"), "str"))
    rights = view.entitlements[["value", "display"]].isin(set(signed["right"])).any(axis=1).to_numpy()
    rows = np.flatnonzero(rights[grants["entitlement"]])
    mine = grants.iloc[rows]
    held = pd.DataFrame(
        {
            "app": mine["app"].astype("str").to_numpy(),
            "account": mine["account_id"].astype("str").to_numpy(),
            "key": taken(view.accounts["user_name_key"], mine["account"].to_numpy(), mine.index).to_numpy(),
            "value": mine["value"].astype("str").to_numpy(),
            "display": mine["display"].astype("str").to_numpy(),
            "attribute": mine["attribute"].astype("str").to_numpy(),
        }
    )
    found = [none.assign(account="", right="")]
    for account in ("account", "key"):
        for right in ("value", "display"):
            # A null never joins: an account without a name is not the account of a line without one.
            asked = held.dropna(subset=[account, right]).reset_index()
            both = asked.merge(
                signed.dropna(subset=[account]),
                left_on=["app", account, right],
                right_on=["app", account, "right"],
                validate="m:m",
            )
            both = both[(both["kind"] == "") | (both["kind"] == both["attribute"])]
            pairs = {"grant": rows[both["index"]], "approval": both["place"], "account": account, "right": right}
            found.append(pd.DataFrame(pairs))
    every = pd.concat(found, ignore_index=True)
    for name, weaker in (("account", "key"), ("right", "display")):
        by_id = every["approval"].isin(every.loc[every[name] != weaker, "approval"])
        every = every[~by_id | (every[name] != weaker)]
    return every[["grant", "approval"]].drop_duplicates(ignore_index=True)


def _policy(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Whether the policy wants an approval for each entitlement, and how many days it gives at most."""
    needs = np.zeros(len(view.entitlements), dtype=bool)
    days = np.full(len(view.entitlements), np.inf)
    bounding = [rule for rule in view.policy.rules if not rule.deny and (rule.requires_approval or rule.days)]
    rows = rows_named([rule.what for rule in bounding], view.entitlements)
    for rule, named in zip(bounding, rows, strict=True):
        needs[named] |= rule.requires_approval
        if rule.days:
            days[named] = np.minimum(days[named], rule.days)
    # What is activated anew each time is limited then, not while it may be.
    days[view.entitlements["eligible"].to_numpy()] = np.inf
    return needs, days
