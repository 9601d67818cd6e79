"""Finding kind ``nhi-unowned``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import NON_HUMAN, View
from scimaudit.view.columns import arrow, known_false, known_true

_LEFT = "its registered owner has left"


@rule(
    title="Non-human account without a live owner",
    family="orphan",
    severity="medium",
    action="Name a current person as its owner in nhi.csv, or disable the account.",
    controls=(
        "soc2/CC6.1", "soc2/CC6.3", "iso27001-2022/A.5.16", "iso27001-2022/A.8.2", "pci-dss-4.0.1/7.2.5",
        "pci-dss-4.0.1/8.6.1", "nist-800-53-r5/AC-2", "nist-800-53-r5/AC-2(3)", "cis-8.1/5.5",
    ),
)  # fmt: skip
def nhi_unowned(view: View) -> Judgement:
    """Service, bot, shared and break-glass accounts that no current person answers for.

    Detects: an active account that a listing or the register calls non-human, and that has no line in
    ``policy/nhi.csv``, a line without an owner, an expired line, or an owner who is not in the system of record or
    does not work here any more. An owner who has left raises the severity by one step.

    Why: nobody rotates the secrets of a machine account that nobody owns, and nobody dares to switch it off.

    Remediation: find out what depends on it, name a person, set a review date; or disable it and see what breaks.
    """
    accounts = view.accounts
    registered = accounts["nhi_kind"].notna()
    owner = _owner_states(view).reindex(accounts["nhi_owner"].to_numpy()).set_axis(accounts.index)
    trouble = pd.Series(None, index=accounts.index, dtype="str")
    trouble = trouble.mask(owner == "left", _LEFT).mask(
        owner == "stranger", "its registered owner is not in the roster"
    )
    trouble = trouble.mask(registered & accounts["nhi_owner"].isna(), "its line in the register names no owner")
    trouble = trouble.mask(registered & ~accounts["nhi"], "its line in the register has expired")
    trouble = trouble.mask(~registered, "it is not in the register")
    found = judge(
        accounts,
        within=(registered | accounts["account_kind"].isin(NON_HUMAN)) & ~known_false(accounts["active"]),
        fails=known_true(accounts["active"]) & trouble.notna(),
        unknown=because(
            accounts.index,
            (accounts["active"].isna() | (owner == "unclear"), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    why = trouble.loc[found.failed.index]
    return found.saying(
        owner=None,
        expected="a current person who answers for it",
        actual="active " + found.failed["account_kind"].astype("str") + " account; " + why,
        bump=(why == _LEFT).astype(int),
        why=why.where(why == _LEFT),
    )


def _owner_states(view: View) -> pd.Series:
    """Owner as registered to ``live``, ``left``, ``stranger`` (nobody has that key) or ``unclear``."""
    owners = view.accounts["nhi_owner"].dropna().unique()
    keys = pd.Series([identifiers.key(owner) for owner in owners], index=owners, dtype="str")
    rows, texts = _people_keys(view.people, keys)
    current = view.people["current"].take(rows).reset_index(drop=True)
    counted = pd.DataFrame({"live": known_true(current), "left": known_false(current), "people": 1})
    sums = counted.groupby(texts).sum().reindex(keys)
    state = np.select(
        [sums["people"].isna(), sums["live"] == sums["people"], sums["left"] == sums["people"]],
        ["stranger", "live", "left"],
        "unclear",
    )
    return pd.Series(state, index=owners, dtype="str")


def _people_keys(people: pd.DataFrame, wanted: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """Which people answer to which of the keys wanted; each pair once."""
    place = np.arange(len(people))
    found = [
        pd.DataFrame({"row": place, "key": identifiers.keys(arrow(people["person_id"]).cast(pa.string())).to_pandas()}),
        pd.DataFrame({"row": place, "key": people["user_name_key"].to_numpy()}),
        pd.DataFrame({"row": place, "key": people["employee_number_key"].to_numpy()}),
    ]
    for name in ("email_keys", "alias_keys"):
        lists = arrow(people[name])
        rows, texts = pc.list_parent_indices(lists).to_numpy(), pc.list_flatten(lists).to_pandas()
        found.append(pd.DataFrame({"row": rows, "key": texts}))
    pairs = pd.concat([frame.astype({"key": "str"}) for frame in found], ignore_index=True)
    pairs = pairs[pairs["key"].isin(wanted)].drop_duplicates(ignore_index=True)
    return pairs["row"].to_numpy(), pairs["key"]
