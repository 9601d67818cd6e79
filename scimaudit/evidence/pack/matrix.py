"""``access-matrix.csv``: who holds what in which app, and what the policy says of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.population import right
from scimaudit.policy.entitlements import ALLOWED, DENIED, NOT_ALLOWED, SILENT
from scimaudit.tables import ENTITLEMENTS
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true, taken

FIELDS: Final = ("person_id", "app", "entitlement", "held", "policy_verdict", "granted_at", cells.PROOF)
_EXCESS: Final = ("excess", "mover-residual", "rehire-residual", "grant-expired")
"""Findings of a right that say that it should not be held."""
_ADVICE: Final = ("peer-outlier",)
_MISSING: Final = ("birthright-missing", "missing-account")


def matrix(view: View, app: str, proof: str, findings: pd.DataFrame) -> pa.Table:
    """The rights that are held in one app, accounts that hold none, and what is missing: :data:`FIELDS`.

    :param view: of that app alone.
    :param findings: all findings of the audit, those that somebody set aside included: a right stays excess then.
    """
    mine = findings[(findings["app"] == app).to_numpy(dtype=bool)]
    parts = [_grants(view, app, mine, findings), _without(view, app), _missing(app, mine)]
    rows = pd.concat(parts, ignore_index=True).assign(**{cells.PROOF: proof})
    return cells.table(FIELDS, {name: rows[name] for name in FIELDS})


def _grants(view: View, app: str, mine: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    grants, accounts = view.grants, view.accounts
    place = grants["account"].to_numpy()
    through = "inherited through " + grants["via"].astype("str")
    indirect = (grants["type"] == "indirect").to_numpy(dtype=bool)
    held = pd.Series("direct", index=grants.index, dtype="str")
    held = held.mask(indirect, through.fillna(f"inherited; through what: {cells.NA}"))
    who = taken(_holder(accounts), place, grants.index)
    unlisted = "nobody: no listing shows the account " + grants["account_id"].astype("str")
    granted = pd.Series(cells.column(grants["granted_at"]).to_pylist(), index=grants.index, dtype="str")
    return pd.DataFrame(
        {
            "person_id": who.fillna(unlisted),
            "app": app,
            "entitlement": grants["attribute"].astype("str") + " " + right(view),
            "held": held,
            "policy_verdict": _verdicts(view, app, mine, findings),
            "granted_at": granted,
        }
    )


def _holder(accounts: pd.DataFrame) -> pd.Series:
    """The person of each account, or that there is none and whose it is said to be."""
    name = accounts["account_id"].astype("str")
    nobody = "nobody: " + accounts["situation"].astype("str") + " account " + name
    found: pd.Series = accounts["person_id"].astype("str").fillna(nobody)
    return found.mask(accounts["nhi"].to_numpy(dtype=bool), "no person: account of a machine " + name)


def _verdicts(view: View, app: str, mine: pd.DataFrame, findings: pd.DataFrame) -> pd.Series:
    """``expected``, ``excess``, ``SoD``, or ``unknown`` and why.

    A right is expected only where the rule ``excess`` would pass it, and no finding speaks against it.
    """
    grants, accounts = view.grants, view.accounts
    place, says = grants["account"].to_numpy(), view.policed
    owned = ((accounts["situation"] == "matched") & ~accounts["nhi"]).to_numpy(dtype=bool)
    owned = np.append(owned, False)[place]
    ended = np.append(known_true(accounts["owner_ended"]).to_numpy(), False)[place]
    current = np.append(known_true(accounts["owner_current"]).to_numpy(), False)[place]
    closed = view.of_app(grants["app"], "closed").to_numpy(dtype=bool)
    kinds = _found(grants, mine)
    torn = _torn(view, app, findings)
    spoken = kinds.notna().to_numpy()
    wrong = kinds.isin(_EXCESS).to_numpy() | (owned & ended) | (owned & np.isin(says, [DENIED, NOT_ALLOWED]))
    wrong |= owned & closed & (says == SILENT)
    told = np.select(
        [
            torn,
            wrong,
            spoken,
            ~owned,
            says == SILENT,
            says != ALLOWED,
            grants["active"].isna().to_numpy(),
            known_false(grants["active"]).to_numpy(),
            ~current,
            view.unproven(grants["app"]),
            np.full(len(grants), view.roster_unproven),
        ],
        [
            "SoD",
            "excess",
            ("unknown: a finding speaks against it: " + kinds.fillna("")).to_numpy(dtype=object),
            "unknown: the account is no one person's",
            "unknown: no rule of the policy speaks of it",
            "unknown: the policy depends on what is not known of the person",
            "unknown: nobody says whether the account is active",
            "unknown: held by an inactive account",
            "unknown: nobody says that the person works here now",
            "unknown: the rights of the app are not proven listed",
            "unknown: the roster is not proven",
        ],
        "expected",
    )
    return pd.Series(told, index=grants.index, dtype="str")


def _found(grants: pd.DataFrame, mine: pd.DataFrame) -> pd.Series:
    """The kind of the finding of each right, that of excess before others; null where there is none."""
    rows = mine[mine["attribute"].isin(ENTITLEMENTS).to_numpy() & mine["account_id"].notna().to_numpy()]
    rows = rows[~rows["kind"].isin(_ADVICE).to_numpy()]
    names = ["account_id", "attribute", "value"]
    told = rows[names].astype("str").assign(kind=rows["kind"].astype("str"), late=~rows["kind"].isin(_EXCESS))
    told = told.sort_values(["late", "kind"], kind="stable").drop_duplicates(names)
    asked = pd.MultiIndex.from_frame(grants[names].astype("str"))
    found = told.set_index(names)["kind"].reindex(asked)
    return pd.Series(found.to_numpy(), index=grants.index, dtype="str")


def _torn(view: View, app: str, findings: pd.DataFrame) -> np.ndarray:
    """Which rights are a side of a conflicting pair that their person is found to hold."""
    grants = view.grants
    found = np.zeros(len(grants), dtype=bool)
    rows = findings.loc[(findings["kind"] == "sod").to_numpy(dtype=bool), ["value", "person_id"]].astype("str")
    people = grants["person_id"].astype("str")
    for pair in view.policy.conflicts:
        if app not in (pair.left.app, pair.right.app):
            continue
        holders = people.isin(rows.loc[rows["value"] == pair.name, "person_id"]).to_numpy(dtype=bool)
        if holders.any():
            sides = pair.left.names(view.entitlements) | pair.right.names(view.entitlements)
            found |= holders & sides[grants["entitlement"].to_numpy()]
    live = ~known_false(grants["active"])
    return np.asarray(found & live.to_numpy(), dtype=bool)


def _without(view: View, app: str) -> pd.DataFrame:
    """Accounts of which no right is listed: a way in all the same."""
    places = view.grants["account"].to_numpy()
    held = np.bincount(places[places >= 0], minlength=len(view.accounts)) > 0
    whole = view.facts[app].entitlements == "complete"
    return pd.DataFrame(
        {
            "person_id": _holder(view.accounts)[~held],
            "app": app,
            "entitlement": "none: the account alone" if whole else f"rights of the account: {cells.NA}",
            "held": "account",
            "policy_verdict": "unknown: the policy speaks of rights, and none is listed",
            "granted_at": cells.column(view.accounts["created"][~held]).to_pylist(),
        }
    )


def _missing(app: str, mine: pd.DataFrame) -> pd.DataFrame:
    """What the policy gives and nobody holds, by the findings."""
    rows = mine[mine["kind"].isin(_MISSING).to_numpy()]
    told: dict[str, Any] = {
        "person_id": rows["person_id"].astype("str"),
        "app": app,
        "entitlement": rows["expected"].astype("str"),
        "held": "not held",
        "policy_verdict": "missing",
        "granted_at": cells.NOT_APPLICABLE,
    }
    return pd.DataFrame(told, index=rows.index)
