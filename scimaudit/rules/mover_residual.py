"""Finding kind ``mover-residual``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy import entitlements
from scimaudit.policy.entitlements import ALLOWED, DENIED, NOT_ALLOWED, SILENT, UNKNOWN
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Right left over from a former post",
    family="excess",
    severity="medium",
    action="{remove}; it belonged to the person's former post.",
    stopped_by=("entitlement_removal",),
    remedy="remove",
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2", "nist-800-53-r5/PS-5",
        "cis-8.1/6.8",
    ),
)  # fmt: skip
def mover_residual(view: View) -> Judgement:
    """Entitlements that policy allowed in a former post and does not allow in the present one.

    Detects: an entitlement on an active account that no rule allows its owner today, or that a rule denies, and
    that the rules of today would allow them as they were before. What people were before is told by earlier
    snapshots, and by the roster columns ``previous_department`` and ``previous_title``.

    Why: movers collect rights; whoever has passed through three departments can do what no single one of them may.

    Not evaluable: an entitlement that no rule allows and that no known former post explains, for the post may lie
    further back than the record reaches (``excess`` reports it all the same); what no rule names or depends on an
    empty column; an account of unknown activity. Nothing passes where the app's entitlements or the roster are not
    proven.

    Remediation: remove it, and add the removal of the former post's rights to the mover process.
    """
    verdict = view.policed
    barred = pd.Series(np.isin(verdict, [DENIED, NOT_ALLOWED]), index=view.grants.index)
    within = _population(view)
    former = _allowed_before(view, np.flatnonzero(barred & within))
    grants = view.grants
    explained = np.zeros(len(grants), dtype=bool)
    explained[grants.index.get_indexer(former.index)] = True
    found = judge(
        grants,
        within=within,
        fails=known_true(grants["active"]) & explained,
        unknown=because(
            grants.index,
            (grants["active"].isna(), "semantics-unknown"),
            (verdict == UNKNOWN, "semantics-unknown"),
            (verdict == SILENT, "policy-silent"),
            (barred & ~explained, "too-young"),
            (view.unproven(grants["app"]), "walk-unproven"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    rows = found.failed
    state = view.past.take(former["state"].reindex(rows.index).to_numpy()).set_axis(rows.index)
    name = rows["display"].astype("str").fillna(rows["value"].astype("str"))
    return found.saying(
        expected="not held: allowed only as " + _post(state) + _until(state, view),
        actual="holds " + rows["attribute"].astype("str") + " " + name + _through(rows),
    )


def _population(view: View) -> pd.Series:
    accounts = view.accounts
    human = (accounts["situation"] == "matched") & ~accounts["nhi"] & ~known_false(accounts["active"])
    return pd.Series(np.append(human, False)[view.grants["account"]], view.grants.index)


def _allowed_before(view: View, rows: np.ndarray) -> pd.DataFrame:
    """Of these grants, those that the rules allow a former state of their owner: ``state``, the latest such one."""
    grants, past = view.grants, view.past
    person, entitlement, table = entitlements.verdicts(view.policy.rules, past, view.entitlements)
    asked = pd.DataFrame(
        {
            "grant": grants.index[rows],
            "person_row": view.accounts["owner_row"].to_numpy()[grants["account"].to_numpy()[rows]],
            "entitlement": grants["entitlement"].to_numpy()[rows],
        }
    )
    states = pd.DataFrame({"person_row": past["person_row"], "state": np.arange(len(past)), "until": past["until"]})
    both = asked.merge(states, on="person_row", how="inner", validate="m:m")
    allowed = both[table[person[both["state"]], entitlement[both["entitlement"]]] == ALLOWED]
    ordered = allowed.sort_values(["until", "state"], na_position="first")
    latest: pd.DataFrame = ordered.drop_duplicates("grant", keep="last")[["grant", "state"]]
    return latest.set_index("grant")


def _post(state: pd.DataFrame) -> pd.Series:
    department, title = (state[name].astype("str") for name in ("department", "title"))
    both = department.str.cat(title, sep=" / ")
    return both.fillna(department).fillna(title).fillna("what they were before")


def _until(state: pd.DataFrame, view: View) -> pd.Series:
    day: pd.Series = ", until " + state["until"].dt.tz_convert(view.zone).dt.strftime("%Y-%m-%d")
    return day.fillna("")


def _through(rows: pd.DataFrame) -> pd.Series:
    return (" through " + rows["via"].astype("str")).fillna("")
