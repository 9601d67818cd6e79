"""How power over each app is held: for ever, for a while, or on request."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.result import PowerLine
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


def power_lines(view: View) -> tuple[PowerLine, ...]:
    """One line per app with a source, over privileged rights of accounts that are not known to be inactive."""
    grants = view.grants
    live = np.append(~known_false(view.accounts["active"]).to_numpy(), False)[grants["account"]]
    mine = grants[live & known_true(grants["privileged"]).to_numpy()]
    eligible = view.entitlements["eligible"].take(mine["entitlement"].to_numpy()).to_numpy()
    ending = view.tenure["end"].loc[mine.index].notna().to_numpy()
    how = pd.Series(np.select([eligible, ending], ["eligible", "ending"], "standing"), index=mine.index, dtype="str")
    rights = pd.crosstab(mine["app"].astype("str"), how)
    holders = mine.groupby("app", observed=True)["account"].nunique()
    unsaid = grants.loc[live & grants["privileged"].isna().to_numpy(), "app"].value_counts()
    return tuple(
        PowerLine(
            app=app,
            accounts=int(holders.get(app, 0)),
            **{name: int(rights.get(name, pd.Series()).get(app, 0)) for name in ("standing", "ending", "eligible")},
            # Where the app has patterns, what fits none of them gives no power.
            unsaid=0 if facts.privileged else int(unsaid.get(app, 0)),
        )
        for app, facts in view.facts.items()
        if facts.listed
    )
