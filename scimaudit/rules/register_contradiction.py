"""Finding kind ``register-contradiction``."""

from __future__ import annotations

import pandas as pd

from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import AppFacts, View
from scimaudit.view.columns import known_false, known_true

_AUTOMATIC = ("scim", "jit")


@rule(
    title="Control register and data contradict each other",
    family="control",
    severity="high",
    action="Correct the register, or repair the control that it claims.",
    stopped_by=(),
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
    Nor is a claim that the data cannot refute: no listing tells ``externalId``, the walk is not proven, or whether an
    account is active or its person gone is not known.

    Why: single sign-on keeps people out of one door; it is not the removal of the account, its tokens and its rights.

    Remediation: name the control that really does it, with its owner; where there is none, build one.
    """
    rows = pd.DataFrame(
        [line for facts in view.facts.values() if facts.listed for line in _claims(view, facts, share)],
        columns=["app", "value", "refuted", "expected", "actual", "unknown"],
    ).astype({"app": "str", "value": "str", "expected": "str", "actual": "str", "refuted": bool, "unknown": "str"})
    rows["app"] = pd.Categorical(rows["app"], categories=list(view.facts))
    return judge(rows, fails=rows["refuted"], unknown=rows["unknown"])


_Claim = tuple[str, str, bool, str, str, str | None]


def _claims(view: View, app: AppFacts, share: float) -> list[_Claim]:
    if not any((app.sign_in, app.create, app.disable, app.entitlement_removal)):
        return [(app.app, "register", False, "a register", "none", "policy-silent")]
    humans = view.accounts[(view.accounts["app"] == app.app) & ~view.accounts["nhi"]]
    walk = None if app.walk == "complete" else "walk-unproven"
    return [*_of_data(view, app, humans, share, walk), *_of_register(app)]


def _of_data(view: View, app: AppFacts, humans: pd.DataFrame, share: float, walk: str | None) -> list[_Claim]:
    """What the accounts refute, bear out, or cannot tell."""
    claims: list[_Claim] = []
    if app.create == "scim":
        told = view.supplied("external_id").loc[humans.index]
        unlinked = int((humans["external_id"].isna() & told).sum())
        claims.append(
            (
                app.app, "create", unlinked * 100 > share * max(len(humans), 1), "accounts are created by scim",
                f"{unlinked} of {len(humans)} have no externalId", walk if told.any() else "attribute-absent",
            )
        )  # fmt: skip
    if app.disable in _AUTOMATIC:
        ended, active = humans["owner_ended"], humans["active"]
        left = int((known_true(ended) & known_true(active)).sum())
        owned = humans["situation"] == "matched"
        unclear = owned & ~known_false(ended) & ~known_false(active)
        roster = "roster-unproven" if view.roster_unproven else None
        claims.append(
            (
                app.app, "disable", left > 0, f"accounts are disabled by {app.disable}",
                f"{left} accounts of leavers are active", "semantics-unknown" if unclear.any() else walk or roster,
            )
        )  # fmt: skip
    return claims


def _of_register(app: AppFacts) -> list[_Claim]:
    """What the register itself leaves open."""
    claims: list[_Claim] = []
    if app.disable is not None or app.sign_in is not None:
        nothing = app.disable in (None, "none")
        how = (
            "accounts arise at sign-in"
            if app.create == "jit"
            else f"sign-in is by {app.sign_in or 'nothing that is named'}"
        )
        due, is_so = "something disables accounts", f"{how}, and nothing disables accounts"
        claims.append((app.app, "lifecycle", nothing, due, is_so, None))
    if app.entitlement_removal is not None:
        none = app.entitlement_removal == "none"
        due, is_so = "something removes entitlements", "no control removes entitlements"
        claims.append((app.app, "removal", none, due, is_so, None))
    return claims
