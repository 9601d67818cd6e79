"""Finding kind ``excess``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy.entitlements import DENIED, NOT_ALLOWED, SILENT, UNKNOWN
from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Entitlement that no policy allows",
    family="excess",
    severity="medium",
    action="{remove}, or add the rule that allows it.",
    stopped_by=("entitlement_removal",),
    remedy="remove",
    decide=True,
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.5.15", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "nist-800-53-r5/AC-2(3)",
        "nist-800-53-r5/AC-6", "nist-800-53-r5/PS-5", "cis-8.1/6.8",
    ),
)  # fmt: skip
def excess(view: View) -> Judgement:
    """Entitlements that people hold and policy does not allow them.

    Detects: an entitlement on an active account whose owner is denied it by a rule of ``policy/entitlements.toml``,
    or to whom no rule allows it. In an app that is declared ``closed``, what no rule names is excess too. An
    account that shows no entitlement counts as one row.

    Why: rights pile up with every change of post; each is a way in that nobody needs.

    Not evaluable: what no allowing rule names, unless the app is declared ``closed``; what depends on a column that
    is empty for the owner; an account of unknown activity. Nothing passes where the app's entitlements are not
    proven listed, and no entitlement while the roster is not proven.

    Remediation: remove what is not needed; where it is, write the rule, so that the next audit knows.
    """
    verdict = view.policed
    judged = judge(view.grants, **_grants_judged(view, verdict))
    told = judged.saying(expected=_expected(verdict[judged.failed.index], judged.failed), actual=_actual)
    return merged([told, _holding_nothing(view)])


def _population(view: View) -> pd.Series:
    accounts = view.accounts
    human: pd.Series = (accounts["situation"] == "matched") & ~accounts["nhi"] & ~known_false(accounts["active"])
    return human


def _grants_judged(view: View, verdict: np.ndarray) -> dict[str, pd.Series]:
    grants = view.grants
    closed = view.of_app(grants["app"], "closed")
    wrong = pd.Series(np.isin(verdict, [DENIED, NOT_ALLOWED]), index=grants.index) | (closed & (verdict == SILENT))
    return {
        "within": pd.Series(np.append(_population(view).to_numpy(), False)[grants["account"]], index=grants.index),
        "fails": wrong & known_true(grants["active"]),
        "unknown": because(
            grants.index,
            (grants["active"].isna(), "semantics-unknown"),
            (verdict == UNKNOWN, "semantics-unknown"),
            (verdict == SILENT, "policy-silent"),
            (view.unproven(grants["app"]), "walk-unproven"),
            (view.roster_unproven, "roster-unproven"),
        ),
    }


def _holding_nothing(view: View) -> Judgement:
    accounts = view.accounts
    places = view.grants["account"].to_numpy()
    held = np.bincount(places[places >= 0], minlength=len(accounts)) > 0
    return judge(
        accounts,
        within=_population(view) & ~held,
        fails=pd.Series(False, index=accounts.index),
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (view.unproven(accounts["app"]), "walk-unproven"),
        ),
    )


def _expected(verdict: np.ndarray, failed: pd.DataFrame) -> pd.Series:
    text = pd.Series("not held: no rule allows it", index=failed.index, dtype="str")
    text = text.mask(verdict == SILENT, "not held: the app is closed and no rule names it")
    return text.mask(verdict == DENIED, "not held: a rule denies it")


def _actual(failed: pd.DataFrame) -> pd.Series:
    name = failed["display"].astype("str").fillna(failed["value"].astype("str"))
    through = (" through " + failed["via"].astype("str")).fillna("")
    text: pd.Series = "holds " + failed["attribute"].astype("str") + " " + name + through
    return text
