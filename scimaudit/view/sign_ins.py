"""What the sign-in times of an app tell, and of whom they tell nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from scimaudit.view import View


def unseen_use(view: View) -> pd.Series:
    """For each account, whether sign-in times do not show its use: a machine's, where they are those of people.

    See ``interactive_sign_ins`` of an app. Nobody can say that such an account is idle.
    """
    accounts = view.accounts
    machine = accounts["account_kind"] == "service"
    return machine & view.of_app(accounts["app"], "interactive_sign_ins")
