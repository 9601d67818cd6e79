"""Finding kind ``attribute-drift``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.compared import fed, first


@rule(
    title="Attribute differs from the system of record",
    family="drift",
    severity="low",
    action="Correct the attribute in the app, or its mapping in the feed.",
    stopped_by=("update",),
    controls=(
        "soc2/CC6.2", "iso27001-2022/A.5.16", "pci-dss-4.0.1/8.2.4", "nist-800-53-r5/AC-2(1)", "cis-8.1/5.6",
    ),
)  # fmt: skip
def attribute_drift(view: View) -> Judgement:
    """Account attributes that the roster feeds and that say something else.

    Detects: in apps that the roster feeds, an active account whose attribute differs from its owner's after the
    app's normaliser (``exact``, ``text``: white space and case do not count, ``text-accents``: accents neither).
    Severity stands in the app's ``drift`` settings, per attribute. The primary mail address may be any address or
    alias of the person. One row per attribute.

    Why: department and title decide what people may hold; a stale one keeps the rights of the former post alive.

    Not evaluable: an attribute that either side lacks, and an account of unknown activity. Nothing passes while the
    roster is not proven.

    Remediation: correct the value, and repair the mapping that should have carried it.
    """
    return merged([_judged(view, name) for name in view.alike])


def _judged(view: View, attribute: str) -> Judgement:
    accounts = view.accounts
    severities = {facts.app: facts.drift[attribute] for facts in fed(view, attribute)}
    same, known = view.alike[attribute]
    differs = pd.Series(known & ~same, index=accounts.index)
    found = judge(
        accounts,
        within=(accounts["situation"] == "matched")
        & ~accounts["nhi"]
        & ~known_false(accounts["active"])
        & accounts["app"].isin(severities),
        fails=differs & known_true(accounts["active"]),
        unknown=because(
            accounts.index,
            (~known, "attribute-absent"),
            (accounts["active"].isna(), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    rows = found.failed
    if rows.empty:
        return found.saying(attribute=attribute, expected="", actual="", severity="")
    owned = view.people[attribute].take(rows["owner_row"].to_numpy()).set_axis(rows.index)
    return found.saying(
        attribute=attribute,
        expected=_shown(owned),
        actual=_shown(rows[attribute]),
        severity=rows["app"].astype("str").map(severities),
    )


def _shown(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.ArrowDtype):
        return first(column)
    return column.astype("str")
