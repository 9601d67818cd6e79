"""Finding kind ``leaver-active``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Leaver's account is active",
    family="orphan",
    severity="high",
    action="Disable the account, revoke its sessions and tokens, and remove its entitlements.",
    stopped_by=("disable",),
    remedy="disable",
    controls=(
        "soc2/CC6.2", "soc2/CC6.3", "iso27001-2022/A.5.16", "iso27001-2022/A.5.18", "pci-dss-4.0.1/8.2.5",
        "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-2(3)", "nist-800-53-r5/PS-4", "cis-8.1/6.2",
    ),
)  # fmt: skip
def leaver_active(view: View, *, grace_days: int = 0) -> Judgement:
    """Active accounts of people who have left.

    Detects: an account that is active while the one person it belongs to is terminated in the system of record, or
    has an end date that has passed (end dates are inclusive). An account whose owner is ambiguous is never reported
    here. Sign-in after the end date raises the severity by one step. ``grace_days`` lets that many days after the
    end date go unreported; a termination without a date has no grace.

    Why: an account that outlives its owner's employment is access that nobody is entitled to and nobody watches.

    Not evaluable: an account of unknown activity, and one that is not inactive while its owner's status is unknown
    or the roster is not proven. A known leaver's active account fails all the same.

    Remediation: disable the account first, then its sessions, tokens and keys; hand over what it owns; then find
    out which step of the leaver process did not reach this app.
    """
    accounts = view.accounts
    ended = known_true(accounts["owner_ended"])
    in_grace = (accounts["owner_days_since_end"] <= grace_days).fillna(False).astype(bool)
    maybe_active = ~known_false(accounts["active"])
    found = judge(
        accounts,
        within=(accounts["situation"] == "matched") & ~accounts["nhi"],
        fails=ended & ~in_grace & known_true(accounts["active"]),
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (maybe_active & accounts["owner_ended"].isna(), "semantics-unknown"),
            (maybe_active & view.roster_unproven, "roster-unproven"),
        ),
    )
    used = _used_after_end(view, found.failed)
    return found.saying(
        expected=lambda rows: "inactive: " + rows["owner_display_name"].fillna(rows["person_id"]) + _left(rows),
        actual=lambda rows: "active" + _since(rows) + pd.Series("", rows.index).mask(used, ", used after the end date"),
        bump=used.astype(int),
        why=pd.Series(None, found.failed.index, dtype="str").mask(used, "used after the end date"),
    )


def _used_after_end(view: View, rows: pd.DataFrame) -> pd.Series:
    signed_in = rows["last_login"].dt.tz_convert(view.zone).dt.tz_localize(None).dt.normalize()
    later: pd.Series = signed_in > rows["owner_end_date"]
    return later


def _left(rows: pd.DataFrame) -> pd.Series:
    day: pd.Series = " left on " + rows["owner_end_date"].dt.strftime("%Y-%m-%d")
    return day.where(rows["owner_days_since_end"].notna().to_numpy(dtype=bool), " is terminated")


def _since(rows: pd.DataFrame) -> pd.Series:
    days = rows["owner_days_since_end"]
    text: pd.Series = ", " + days.astype("str") + " days after the end date"
    return text.where(days.notna().to_numpy(dtype=bool), "")
