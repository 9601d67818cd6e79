"""Finding kind ``break-glass-unready``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.plural import count
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true, taken


@rule(
    title="Break-glass account without its evidence",
    family="orphan",
    severity="medium",
    stopped_by=("sign_in",),
    action="Seal the secret, set an alarm on its use, test it, and write all three into nhi.csv.",
    controls=(
        "soc2/CC6.1", "iso27001-2022/A.5.16", "iso27001-2022/A.8.2", "pci-dss-4.0.1/8.2.2", "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-6(5)", "cis-8.1/5.4",
    ),
)  # fmt: skip
def break_glass_unready(view: View, *, test_days: int = 90) -> Judgement:
    """Emergency accounts of which nobody can show that they are sealed, watched and working.

    Detects: an active break-glass account whose line in ``policy/nhi.csv`` does not say where its secret lies
    (``vaulted``), what tells that it was used (``monitored``), or when it was last tested (``last_test``), whose last
    test is more than ``test_days`` ago or still to come, or with a sign-in on record more than a day after it.
    Emergency accounts are meant to be unused, so they are outside ``dormant`` and ``never-used``.

    Why: such an account stands outside every sign-in control; unsealed it is a back door, untested it is no way in.

    Not evaluable: an account without fault whose listings supply no sign-in time, for nothing tells that it lay
    unused; an account of unknown activity.

    Remediation: two people seal the secret, an alarm tells of each sign-in, a test each quarter shows that both work.
    """
    accounts = view.accounts
    lines = view.policy.nhi
    counts = accounts["nhi"].to_numpy()
    place = np.where(counts, accounts["nhi_line"], -1)
    said = {
        name: taken(pd.Series([getattr(line, name) or None for line in lines], dtype=kind), place, accounts.index)
        for name, kind in (("vaulted", "str"), ("monitored", "str"), ("last_test", "datetime64[s]"))
    }
    tested, today = said["last_test"], pd.Timestamp(view.today)
    used = accounts["last_login"].dt.tz_convert(view.zone).dt.tz_localize(None).dt.normalize()
    lacks = {
        "it is in no line of the register that counts": ~accounts["nhi"],
        "nobody says where its secret lies": accounts["nhi"] & said["vaulted"].isna(),
        "nothing is said to tell of its use": accounts["nhi"] & said["monitored"].isna(),
        "no test is on record": accounts["nhi"] & tested.isna(),
        f"its last test is more than {count(test_days, 'day')} ago": (today - tested).dt.days > test_days,
        "its last test is still to come": tested > today,
        "it was signed in to since its last test": (used - tested).dt.days > 1,
    }
    troubles = pd.DataFrame({text: known_true(mask.astype("boolean")) for text, mask in lacks.items()})
    found = judge(
        accounts,
        within=(accounts["account_kind"] == "break-glass") & ~known_false(accounts["active"]),
        fails=known_true(accounts["active"]) & troubles.any(axis=1),
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (accounts["last_login"].isna() & ~view.supplied("last_login"), "attribute-absent"),
        ),
    )
    return found.saying(
        expected=f"sealed, watched, and tested within {count(test_days, 'day')}",
        actual=_told(troubles.loc[found.failed.index]),
    )


def _told(troubles: pd.DataFrame) -> pd.Series:
    """What is wrong with each account, in words."""
    said = pd.Series("", index=troubles.index, dtype="str")
    for text in troubles.columns:
        said = said.mask(troubles[text], said + "; " + text)
    return said.str.removeprefix("; ")
