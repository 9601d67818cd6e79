"""Finding kind ``review-overdue``."""

from __future__ import annotations

import pandas as pd

from scimaudit.plural import count
from scimaudit.rules import Judgement, judge, merged, rule
from scimaudit.view import View


@rule(
    title="Review is overdue",
    family="control",
    severity="medium",
    action="Let whoever answers for it decide, and set the next date.",
    stopped_by=(),
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "pci-dss-4.0.1/7.2.5.1", "nist-800-53-r5/AC-2",
        "cis-8.1/5.1", "cis-8.1/5.5",
    ),
)  # fmt: skip
def review_overdue(view: View, *, campaign_days: int = 0) -> Judgement:
    """What nobody looked at in time: lines of the register of non-humans, campaigns, and apps without one.

    Detects: a line of ``policy/nhi.csv`` whose ``review_date`` has passed, or that has none, for it is never looked at;
    an access review that is open past its due date, for each app in it; and, where ``campaign_days`` is more than 0, an
    app that has no review which was closed within so many days.

    Why: a machine account does not leave, and rights do not end by themselves; only a date makes anybody ask.

    Not evaluable: never: what has no date is a finding.

    Remediation: confirm or disable the account and set the next date; decide what is left in the campaign and close it;
    open a campaign for the app.
    """
    parts = [_register(view), _open(view)]
    if campaign_days:
        parts.append(_apps(view, campaign_days))
    return merged(parts)


def _register(view: View) -> Judgement:
    lines = view.policy.nhi
    rows = pd.DataFrame(
        {
            "app": pd.Categorical([line.app for line in lines], categories=list(view.facts)),
            "value": pd.array([line.account for line in lines], dtype="str"),
            "owner": pd.array([line.owner or None for line in lines], dtype="str"),
            "due": pd.Series([line.review_date for line in lines], dtype="datetime64[s]"),
        }
    )
    late = (rows["due"] < pd.Timestamp(view.today)) | rows["due"].isna()
    found = judge(rows, fails=late)
    said = ("review was due on " + found.failed["due"].dt.strftime("%Y-%m-%d")).fillna("no review date is set")
    return found.saying(expected="a review date that is still to come", actual=found.failed["value"] + ": " + said)


def _open(view: View) -> Judgement:
    campaigns = view.reviewed.campaigns
    known = campaigns[campaigns["app"].isin(list(view.facts))].reset_index(drop=True)
    rows = known.assign(app=pd.Categorical(known["app"], categories=list(view.facts)), value=known["campaign"])
    closed = rows["closed_at"].notna() & (rows["closed_at"] <= pd.Timestamp(view.as_of))
    found = judge(rows, fails=~closed & (rows["due"] < pd.Timestamp(view.today)))
    due = found.failed["due"].dt.strftime("%Y-%m-%d")
    left = found.failed["undecided"].astype("str") + " of " + found.failed["items"].astype("str")
    said = "open, and was due on " + due + "; " + left + " are not decided"
    return found.saying(expected="closed by " + due, actual=said)


def _apps(view: View, days: int) -> Judgement:
    campaigns = view.reviewed.campaigns
    # A campaign that closes with nothing decided has reviewed nothing.
    idle = (campaigns["items"] > 0) & (campaigns["undecided"] == campaigns["items"])
    ended = campaigns[(campaigns["closed_at"] <= pd.Timestamp(view.as_of)) & ~idle]
    last = ended.groupby("app")["closed_at"].max()
    listed = [name for name, facts in view.facts.items() if facts.listed]
    rows = pd.DataFrame({"app": pd.Categorical(listed, categories=list(view.facts))})
    closed = last.reindex(rows["app"].astype("str")).set_axis(rows.index)
    recent = (closed >= pd.Timestamp(view.as_of) - pd.Timedelta(days=days)).astype(bool)
    found = judge(rows.assign(closed=closed), fails=~recent)
    said = ("last reviewed on " + found.failed["closed"].dt.strftime("%Y-%m-%d")).fillna("never reviewed")
    return found.saying(expected=f"an access review within {count(days, 'day')}", actual=said)
