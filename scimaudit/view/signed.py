"""Who signed what: whether an approver is somebody, and somebody else than the holder of the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scimaudit.view.columns import taken
from scimaudit.view.holders import holders

if TYPE_CHECKING:
    from scimaudit.view import View


def signed(view: View, approval: pd.Series) -> pd.DataFrame:
    """For each grant what is known of whoever approved it.

    :param approval: position of each grant's approval in the policy's, -1 for none, as
        :func:`scimaudit.view.tenure.tenure` gives it; indexed as some of the grants.
    :returns: indexed as ``approval``: ``signer`` (``live``, ``left``, ``stranger`` or ``unclear``, null for no
        approval), ``by_holder`` (the approver is the owner of the account) and ``by_somebody_else`` (and certainly is
        not; both are false where it cannot be told).
    """
    lines = view.policy.approvals
    who = holders(view.people, [line.approved_by for line in lines])
    places = approval.to_numpy()
    state, person = (
        taken(pd.Series([who[name][line.approved_by] for line in lines], dtype="str"), places, approval.index)
        for name in ("state", "person_id")
    )
    rows = view.grants[["person_id", "account"]].loc[approval.index]
    holder = rows["person_id"].astype("str")
    registered = np.append(view.accounts["nhi"].to_numpy(dtype=bool), False)[rows["account"]]
    same = (person == holder).fillna(value=False).astype(bool)
    told_apart = (person.notna() & (holder.notna() | registered)) & ~same
    return pd.DataFrame({"signer": state, "by_holder": same, "by_somebody_else": told_apart}, index=approval.index)
