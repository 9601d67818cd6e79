"""What the policy says of every grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scimaudit.policy import entitlements

if TYPE_CHECKING:
    from scimaudit.view import View


def policed(view: View) -> np.ndarray:
    """For each grant ``ALLOWED``, ``DENIED``, ``NOT_ALLOWED`` or ``SILENT`` of :mod:`scimaudit.policy.entitlements`.

    What it says of a grant whose account has no owner means nothing.
    """
    person, entitlement, table = entitlements.verdicts(view.policy.rules, view.people, view.entitlements)
    # Code -1, an account without an owner, reads the last place.
    mine = np.append(person, 0)[view.grants["person_id"].cat.codes]
    found: np.ndarray = table[mine, entitlement[view.grants["entitlement"]]]
    return found
