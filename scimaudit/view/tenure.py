"""How long rights may be held: by the app's own word, by their approval, by the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scimaudit import identifiers
from scimaudit.view.columns import known_true, taken

if TYPE_CHECKING:
    from scimaudit.view import View


def tenure(view: View) -> pd.DataFrame:
    """The privileged grants, and all others of which an approval, an end or a wish of the policy is known.

    :returns: some rows of the grants, with ``approval`` (position in the policy's approvals, -1 for none), ``needs`` (a
        rule of the policy wants an approval for the entitlement), ``days`` (most days by the policy, null for no
        limit), ``end`` (the earliest end that is known, UTC) and ``by`` (who says so).
    """
    place = view.grants["entitlement"].to_numpy()
    approval = _approvals(view)
    needs, limits = _policy(view)
    told = known_true(view.grants["privileged"]).to_numpy() | (approval >= 0)
    told |= (needs | np.isfinite(limits))[place] | view.grants["expires_at"].notna().to_numpy()
    rows = np.flatnonzero(told)
    grants = view.grants.take(rows)
    days = pd.Series(limits[place[rows]], index=grants.index)
    days = days.mask(np.isinf(days)).astype("Int64")
    ends = _ends(view, grants, approval[rows], days)
    end = ends.min(axis=1)
    by = pd.Series(None, index=grants.index, dtype="str")
    for name in reversed(ends.columns):
        by = by.mask((ends[name] == end).to_numpy(), name)
    return grants.assign(approval=approval[rows], needs=needs[place[rows]], days=days, end=end, by=by)


def _ends(view: View, grants: pd.DataFrame, approval: np.ndarray, days: pd.Series) -> pd.DataFrame:
    """When each of these grants ends, a column for each who says so."""
    until = pd.Series([each.until for each in view.policy.approvals], dtype="datetime64[us]")
    # The last day counts, so the end is the midnight after it, in the organisation's zone.
    last = taken(until, approval, grants.index) + pd.Timedelta(days=1)
    limit = pd.to_timedelta(days.fillna(0).astype("int64"), unit="D")
    return pd.DataFrame(
        {
            "the app": grants["expires_at"],
            "its approval": last.dt.tz_localize(view.zone).dt.tz_convert("UTC"),
            "the policy": (grants["granted_at"] + limit).where(days.notna()),
        },
        index=grants.index,
    )


def _approvals(view: View) -> np.ndarray:
    """Position of each grant's approval; an account is named by id or userName, a right by id or name."""
    grants = view.grants
    found = np.full(len(grants), -1, dtype=np.int64)
    lines = view.policy.approvals
    if not lines:
        return found
    signed = pd.DataFrame(
        {
            "app": [line.app for line in lines],
            "account": [line.account for line in lines],
            "key": [identifiers.key(line.account) for line in lines],
            "right": [line.value for line in lines],
            "place": range(len(lines)),
        }
    ).astype(dict.fromkeys(("app", "account", "key", "right"), "str"))
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
        }
    )
    for account in ("account", "key"):
        for right in ("value", "display"):
            # A null never joins: an account without a name is not the account of a line without one.
            asked = held.dropna(subset=[account, right]).reset_index()
            both = asked.merge(
                signed.dropna(subset=[account]), left_on=["app", account, right], right_on=["app", account, "right"]
            )
            found[rows[both["index"]]] = both["place"]
    return found


def _policy(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Whether the policy wants an approval for each entitlement, and how many days it gives at most."""
    needs = np.zeros(len(view.entitlements), dtype=bool)
    days = np.full(len(view.entitlements), np.inf)
    for rule in view.policy.rules:
        if rule.deny or not (rule.requires_approval or rule.days):
            continue
        named = rule.what.names(view.entitlements)
        needs |= named & rule.requires_approval
        if rule.days:
            days[named] = np.minimum(days[named], rule.days)
    return needs, days
