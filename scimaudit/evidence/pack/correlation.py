"""``correlation.csv``: whose each account is, by what, and since when that is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.evidence.pack import cells
from scimaudit.view import View
from scimaudit.view.columns import arrow

FIELDS: Final = (
    "app", "account_id", "person_id", "rule_id", "keys_compared", "confidence", "tier", "runners_up", "decided_by",
    "decided_at", "link_age_days", cells.PROOF,
)  # fmt: skip
_KEY: Final = ["app", "account_id"]


def correlation(view: View, proof: str, before: pd.DataFrame | None, since: datetime | None) -> pa.Table:
    """The accounts of one app: :data:`FIELDS`.

    :param view: of that app alone.
    :param before: ``app``, ``account_id`` and ``person_id`` of the links of the audit before; None where there is none.
    :param since: when that one judged.
    """
    rows = view.accounts
    tier, matched = rows["tier"].astype("str"), rows["situation"] == "matched"
    keys = _joined(rows["keys"])
    human = tier.eq("T0").fillna(False) | rows["decided_by"].notna()
    told: dict[str, Any] = {
        "app": rows["app"],
        "account_id": rows["account_id"],
        "person_id": rows["person_id"].astype("str").fillna("nobody: " + rows["situation"].astype("str")),
        "rule_id": _rule(keys, tier, rows),
        "keys_compared": _compared(keys, rows, matched),
        "confidence": rows["confidence"].astype("str").where(tier.notna(), cells.NOT_APPLICABLE),
        "tier": tier.fillna(cells.NOT_APPLICABLE),
        "runners_up": (_joined(rows["runners_up"]) + f"; scores {cells.NA}").fillna("none"),
        "decided_by": rows["decided_by"].astype("str").fillna("rule"),
        "decided_at": _decided_at(view, rows, human),
        "link_age_days": _age(rows, matched, before, since, view.as_of),
        cells.PROOF: pd.Series(proof, index=rows.index, dtype="str"),
    }
    return cells.table(FIELDS, told)


def _joined(lists: pd.Series) -> pd.Series:
    """Lists as text; null where one is empty."""
    found = pd.Series(pc.binary_join(arrow(lists), "; ").to_pandas(), dtype="str").set_axis(lists.index)
    return found.mask(found == "")


def _compared(keys: pd.Series, rows: pd.DataFrame, matched: pd.Series) -> pd.Series:
    """The keys that agree; where they give no owner, why they do not."""
    # What to type to settle it is for the operator, not for the record.
    why = rows["link_reason"].astype("str").str.replace(r"(?s); decide with .*", "", regex=True)
    told = (keys + "; not accepted: " + why).fillna(keys).fillna("none agrees: " + why)
    return keys.where(matched & keys.notna(), told)


def _rule(keys: pd.Series, tier: pd.Series, rows: pd.DataFrame) -> pd.Series:
    """The tier and the attribute that it compares: ``T2 employee_number``."""
    named = keys.str.extract(r"^(T\d \S+)", expand=False)
    told = named.fillna(tier).astype("str")
    return told.fillna("none: " + rows["situation"].astype("str"))


def _decided_at(view: View, rows: pd.DataFrame, human: pd.Series) -> pd.Series:
    """The day of a person's decision; the moment judged where a rule decided."""
    lines = sorted((each for each in view.policy.links if each.relation == "is"), key=lambda each: each.decided_on)
    days = {(each.app, each.account_id): each.decided_on for each in lines if each.decided_on <= view.today}
    pairs = zip(rows["app"].astype("str"), rows["account_id"].astype("str"), human, strict=True)
    moment = cells.cell(view.as_of)
    told = [cells.cell(days.get((app, account))) if by else moment for app, account, by in pairs]
    return pd.Series(told, index=rows.index, dtype="str")


def _age(
    rows: pd.DataFrame, matched: pd.Series, before: pd.DataFrame | None, since: datetime | None, now: datetime
) -> pd.Series:
    """For how many days each link is known to have stood: only the audit before is asked, so it is a lower bound."""
    if before is None or since is None:
        return pd.Series(cells.NA, index=rows.index, dtype="str").where(matched, cells.NOT_APPLICABLE)
    was = before.set_index(_KEY)["person_id"]
    now_of = pd.MultiIndex.from_arrays([rows[name].astype("str") for name in _KEY])
    same = pd.Series(was.reindex(now_of).to_numpy(), index=rows.index) == rows["person_id"].astype("str")
    told = pd.Series("0: new since the audit before", index=rows.index, dtype="str")
    told = told.mask(same.fillna(False).astype(bool), f"at least {(now - since).days}")
    return told.where(matched, cells.NOT_APPLICABLE)
