"""What reviews revoked, as rules on it mark rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from scimaudit.view import View


def revoked(view: View) -> pd.DataFrame:
    """:attr:`scimaudit.view.Reviewed.revocations`, with ``app`` as a category of the view's apps."""
    rows = view.reviewed.revocations
    apps = pd.Categorical(rows["app"], categories=list(view.facts))
    person = rows["person_id"].mask(rows["person_id"] == "")
    return rows.assign(app=apps, person_id=person)


def said(rows: pd.DataFrame) -> pd.Series:
    """What was decided, in words."""
    what = (rows["attribute"] + " " + rows["display"]).fillna("the account")
    day = rows["decided_at"].dt.strftime("%Y-%m-%d")
    told: pd.Series = "without " + what + ", as " + rows["reviewer"] + " decided in " + rows["campaign"] + " on " + day
    return told
