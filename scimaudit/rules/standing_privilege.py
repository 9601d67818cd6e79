"""Finding kind ``standing-privilege``."""

from __future__ import annotations

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Privileged right without an end",
    family="excess",
    severity="medium",
    action="Give it an end in approvals.csv or in the app, or replace it by just-in-time access.",
    stopped_by=("entitlement_removal",),
    controls=("soc2/CC6.3", "iso27001-2022/A.8.2", "nist-800-53-r5/AC-2(2)", "nist-800-53-r5/AC-6", "cis-8.1/5.4"),
)
def standing_privilege(view: View, *, every_app: bool = False) -> Judgement:
    """Power that is held for ever where the policy gives it for a while.

    Detects: a privileged right on an account that is not inactive, that a rule with ``days`` names, and for which
    neither the app, nor its name, nor an approval tells an end or when it was granted. With ``every_app`` every
    privileged right must have an end. A right that ``policy/catalogue.csv`` calls ``eligible`` is outside: it is
    activated for a while, not held.

    Why: standing power is what an attacker who takes over the account inherits.

    Not evaluable: a right on an account of unknown activity, and one whose approval is unclear.

    Remediation: make the right eligible instead of held, and let it be asked for when it is needed.
    """
    grants = view.tenure
    on_request = view.entitlements["eligible"].take(grants["entitlement"].to_numpy()).set_axis(grants.index)
    wanted = known_true(grants["privileged"]) & (grants["days"].notna() | every_app) & ~on_request
    found = judge(
        grants,
        within=wanted & ~known_false(grants["active"]) & (grants["account"] >= 0),
        fails=known_true(grants["active"]) & grants["end"].isna() & grants["unclear"].isna(),
        unknown=because(
            grants.index,
            (grants["active"].isna() | (grants["unclear"].notna() & grants["end"].isna()), "semantics-unknown"),
        ),
    )
    name = found.failed["display"].astype("str").fillna(found.failed["value"].astype("str"))
    days = found.failed["days"]
    most = days.astype("str") + " days at most"
    return found.saying(
        expected=most.where(days.notna(), "held for a while only"),
        actual="holds " + found.failed["attribute"].astype("str") + " " + name + " without an end",
    )
