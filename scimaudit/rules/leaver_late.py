"""Finding kind ``leaver-late``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View


@rule(
    title="Leaver's account was closed too late",
    family="control",
    severity="medium",
    action="Find out why the leaver process reached this app late, and what the account was used for meanwhile.",
    stopped_by=(),
    controls=(
        "soc2/CC6.2", "soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/8.2.5", "nist-800-53-r5/AC-2",
        "nist-800-53-r5/PS-4", "cis-8.1/6.2",
    ),
)  # fmt: skip
def leaver_late(view: View) -> Judgement:
    """Accounts of leavers that are closed, and were closed later than the app's limit allows.

    Detects: an account that a listing still showed active longer than the app's ``sla_hours`` after the end of its
    owner's last day, and that a later listing shows inactive, or proves gone. Earlier snapshots tell; how far back they
    count is `history_days`. An account that is still active is ``leaver-active``.

    Why: a control that works late has not worked; for that long somebody who had left could sign in.

    Not evaluable: an account that was closed between two listings of which one lies within the limit and one beyond it,
    and one of whose closing no listing, or no last day in the roster, tells.

    Remediation: look at how the account was closed, and by whom: a feed that runs seldom, a ticket that waited, a
    review that found it. Take snapshots more often than the limit, so that what was in time can be shown.
    """
    spans = view.spans
    rows = spans.assign(app=pd.Categorical(spans["app"], categories=list(view.facts)))
    late = rows["verdict"] == "late"
    found = judge(
        rows,
        within=(rows["event"] == "leaver") & (rows["verdict"] != "open"),
        fails=late,
        unknown=because(
            rows.index,
            ((rows["verdict"] == "not evaluable") & rows["due"].isna(), "attribute-absent"),
            (rows["verdict"] == "not evaluable", "walk-unproven"),
            (rows["verdict"] == "unclear", "too-young"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    failed = found.failed
    end = _day(failed["due"] - pd.Timedelta(seconds=1), view)
    limit = failed["sla_hours"].map("{:g}".format).astype("str")
    return found.saying(
        expected="closed within " + limit + " hours of the end of " + end,
        actual="still active on " + _day(failed["after"], view) + ", closed by " + _day(failed["by"], view),
    )


def _day(moments: pd.Series, view: View) -> pd.Series:
    day: pd.Series = moments.dt.tz_convert(view.zone).dt.strftime("%Y-%m-%d")
    return day
