"""What changed since the audit before, counted."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from scimaudit.history import changes
from scimaudit.history.trail import Former
from scimaudit.result import ChangeLine
from scimaudit.result.over_time import Changed
from scimaudit.snapshot.store import Snapshot


def change_lines(former: Former | None, trail: pd.DataFrame, snapshot: Snapshot, *, percent: float) -> list[ChangeLine]:
    """One line for the people, one for each app's accounts, grants and findings, one for findings without an app.

    :param trail: the trail of the present audit, which goes on from ``former``.
    :param percent: see :func:`scimaudit.history.sightings.showings`.
    :raises IntegrityError: a snapshot cannot be read.
    """
    if former is None:
        return []
    found = changes.of_findings(former.trail, trail)
    apps = sorted({line.app for each in (former.snapshot, snapshot) for line in each.manifest.apps})
    lines = [_line("people", "", changes.of_people(former.snapshot, snapshot))]
    for app in apps:
        accounts = changes.of_accounts(former.snapshot, snapshot, app, percent=percent)
        grants = changes.of_grants(former.snapshot, snapshot, app, percent=percent)
        stayed = changes.stayed_grants(former.snapshot, snapshot, app)
        lines.append(_line("accounts", app, accounts))
        lines.append(_line("grants", app, grants, stayed))
        lines.append(_line("findings", app, found[(found["app"] == app).to_numpy(dtype=bool)]))
    lines.append(_line("findings", "", found[found["app"].isna().to_numpy()]))
    return lines


def _line(what: Changed, app: str, rows: pd.DataFrame, stayed: int = 0) -> ChangeLine:
    once = rows if what in ("findings", "grants") else rows.drop_duplicates("id")
    counts = Counter(once["change"].astype("str"))
    return ChangeLine(
        what, app, counts["came"], counts["gone"], counts["changed"], counts["came back"],
        counts["stayed"] + stayed, counts["unproven"],
    )  # fmt: skip
