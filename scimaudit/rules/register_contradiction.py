"""Finding kind ``register-contradiction``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import AppFacts, View
from scimaudit.view.columns import known_true

_AUTOMATIC = ("scim", "jit")


@rule(
    title="Control register and data contradict each other",
    family="control",
    severity="high",
    action="Correct the register, or repair the control that it claims.",
    controls=(
        "soc2/CC6.2", "soc2/CC6.3", "iso27001-2022/A.5.16", "iso27001-2022/A.5.18", "nist-800-53-r5/AC-2",
        "nist-800-53-r5/AC-2(1)",
    ),
)  # fmt: skip
def register_contradiction(view: View, *, share: float = 50.0) -> Judgement:
    """Claims about who creates, disables and clears accounts that the accounts themselves refute, and gaps.

    Detects: per app with a ``register``, provisioning is said to create accounts, and more than ``share`` percent of
    them carry no link to it (``externalId``); something is said to disable accounts by itself, and leavers' accounts
    are active; sign-in is governed and nothing disables accounts; accounts arise at sign-in and nothing disables them;
    nothing removes entitlements. An app without a register is not evaluable: nobody has said what controls it.

    Why: single sign-on keeps people out of one door; it is not the removal of the account, its tokens and its rights.

    Remediation: name the control that really does it, with its owner; where there is none, build one.
    """
    rows = pd.DataFrame(
        [line for facts in view.facts.values() if facts.listed for line in _claims(view, facts, share)],
        columns=["app", "value", "refuted", "expected", "actual", "silent"],
    ).astype({"app": "str", "value": "str", "expected": "str", "actual": "str", "refuted": bool, "silent": bool})
    rows["app"] = pd.Categorical(rows["app"], categories=list(view.facts))
    return judge(rows, fails=rows["refuted"], unknown=because(rows.index, (rows["silent"].to_numpy(), "policy-silent")))


def _claims(view: View, app: AppFacts, share: float) -> list[tuple[str, str, bool, str, str, bool]]:
    if not any((app.sign_in, app.create, app.disable, app.entitlement_removal)):
        return [(app.app, "register", False, "a register", "none", True)]
    mine = view.accounts[view.accounts["app"] == app.app]
    humans = mine[~mine["nhi"]]
    claims = []
    if app.create == "scim":
        unlinked = int((humans["external_id"].isna() & view.supplied("external_id").loc[humans.index]).sum())
        most = unlinked * 100 > share * max(len(humans), 1)
        claims.append(
            ("create", most, "accounts are created by scim", f"{unlinked} of {len(humans)} have no externalId")
        )
    if app.disable in _AUTOMATIC:
        left = int((known_true(humans["owner_ended"]) & known_true(humans["active"])).sum())
        claims.append(
            ("disable", left > 0, f"accounts are disabled by {app.disable}", f"{left} accounts of leavers are active")
        )
    if app.disable is not None or app.sign_in is not None:
        nothing = app.disable in (None, "none")
        how = (
            "accounts arise at sign-in"
            if app.create == "jit"
            else f"sign-in is by {app.sign_in or 'nothing that is named'}"
        )
        claims.append(("lifecycle", nothing, "something disables accounts", f"{how}, and nothing disables accounts"))
    if app.entitlement_removal is not None:
        none = app.entitlement_removal == "none"
        claims.append(("removal", none, "something removes entitlements", "no control removes entitlements"))
    return [(app.app, name, wrong, due, is_so, False) for name, wrong, due, is_so in claims]
