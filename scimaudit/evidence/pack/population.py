"""``population.csv``: every account of every app, as it was listed."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import pyarrow as pa

from scimaudit.evidence.pack import cells
from scimaudit.tables import ENTITLEMENTS
from scimaudit.view import View
from scimaudit.view.columns import joined_by

FIELDS: Final = (
    "app", "account_id", "user_name", "emails", "external_id", "active", "created", "modified", "last_sign_in",
    "last_sign_in_semantics", "type", "owner", "groups", "roles", "entitlements", "license_sku", cells.PROOF,
)  # fmt: skip
NONE: Final = "none"
"""What an account holds of a kind of rights where its app's rights are proven listed, and others hold some."""


def population(view: View, app: str, proof: str) -> pa.Table:
    """The accounts of one app: :data:`FIELDS`.

    :param view: of that app alone.
    """
    rows = view.accounts
    told: dict[str, Any] = {name: rows[name] for name in ("app", "account_id", "user_name", "emails", "external_id")}
    told |= {
        "active": rows["active"],
        "created": rows["created"],
        "modified": rows["last_modified"],
        "last_sign_in": rows["last_login"],
        "last_sign_in_semantics": _semantics(view, app),
        "type": rows["account_kind"],
        "owner": owner(rows),
        cells.PROOF: pd.Series(proof, index=rows.index, dtype="str"),
    }
    whole = view.facts[app].entitlements == "complete"
    names = dict(zip(ENTITLEMENTS, ("groups", "roles", "entitlements", "license_sku"), strict=True))
    told |= {names[each]: _held(view, each, whole=whole) for each in ENTITLEMENTS}
    return cells.table(FIELDS, told)


def owner(rows: pd.DataFrame) -> pd.Series:
    """Who answers for each account: the person, a machine's owner by the register, or that nobody is known to."""
    nobody = "nobody: " + rows["situation"].astype("str")
    machine = rows["nhi_owner"].astype("str").fillna("nobody: the register names no owner")
    found: pd.Series = rows["person_id"].astype("str").fillna(nobody)
    return found.mask(rows["nhi"].to_numpy(dtype=bool), machine)


def right(view: View) -> pd.Series:
    """The name of every grant, its id beside it where that is another, and what it is held through."""
    grants = view.grants
    value, display = grants["value"].astype("str"), grants["display"].astype("str")
    name = (display + " (" + value + ")").where(display != value, value).fillna(value)
    return name + (" through " + grants["via"].astype("str")).fillna("")


def _held(view: View, attribute: str, *, whole: bool) -> pd.Series:
    """What each account holds of one kind of rights, names joined; null where no listing tells."""
    grants, size = view.grants, len(view.accounts)
    mine = (grants["attribute"] == attribute).to_numpy(dtype=bool) & (grants["account"] >= 0).to_numpy()
    found = pd.Series(None, index=view.accounts.index, dtype="str")
    if mine.any():
        names = joined_by(grants["account"].to_numpy()[mine], right(view)[mine])
        found = names.reindex(range(size)).set_axis(view.accounts.index)
        # Of a kind that nobody here is seen to hold, nothing proves that the app would show it.
        found = found.fillna(NONE) if whole else found
    return found


def _semantics(view: View, app: str) -> pd.Series:
    """Which field the last sign-in is of, and whether it is known to be that of a person at a screen."""
    said = {True: "of people at a screen", False: "not of people at a screen", None: "nobody says whose sign-ins"}
    source = view.accounts["last_login_source"].astype("str")
    return source + f"; {said[view.facts[app].interactive_sign_ins]}"


def kinds(view: View) -> dict[str, int]:
    """How many accounts there are of each kind."""
    counts = view.accounts["account_kind"].value_counts()
    return {str(kind): int(number) for kind, number in counts.items()}


def listings(view: View) -> dict[str, int]:
    """How many accounts each listing shows."""
    names = view.accounts["listings"].explode().astype("str").value_counts()
    return {str(name): int(number) for name, number in names.items()}
