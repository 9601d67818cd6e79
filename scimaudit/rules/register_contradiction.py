"""Finding kind ``register-contradiction``."""

from __future__ import annotations

from typing import Final

import pandas as pd

from scimaudit.plural import count
from scimaudit.rules import Judgement, judge, rule
from scimaudit.tables import CONTROLLED
from scimaudit.view import AppFacts, View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.holders import holders

_AUTOMATIC: Final = frozenset({"scim", "jit"})
_GOVERNED: Final = frozenset({"saml", "oidc"})
_NOTHING: Final = ("none",)


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
    """Claims about who governs sign-in, accounts and rights that the accounts themselves refute, and gaps.

    Detects: per app, of its five controls (``register``): SCIM is said to create accounts, and more than ``share``
    percent of them carry no link to it (``externalId``); something is said to disable accounts by itself, or sign-in
    is governed by ``saml`` or ``oidc``, and leavers' accounts are active; accounts arise at sign-in, or sign-in is
    governed, and nothing disables them; nothing removes entitlements; two mechanisms write the same (medium); who
    answers for a control has left or is in no roster.

    Why: single sign-on keeps people out of one door; it is not the removal of the account, its tokens and its rights.

    Not evaluable: a control of which nobody has said what it is. A claim that the data cannot refute: too few
    listings tell ``externalId``, an account of nobody, or of somebody who may be gone, may be active, or the walk is
    not proven. That
    disabling works, and that owners are here, is not evaluable while the roster is not proven either.

    Remediation: name the control that really does it, with its owner; where there is none, build one.
    """
    known = holders(view.people, {owner for facts in view.facts.values() for owner in facts.control_owners.values()})
    rows = pd.DataFrame(
        [claim for facts in view.facts.values() if facts.listed for claim in _claims(view, facts, share, known)],
        columns=["app", "value", "refuted", "expected", "actual", "unknown"],
    ).astype({"app": "str", "value": "str", "expected": "str", "actual": "str", "refuted": bool, "unknown": "str"})
    rows["app"] = pd.Categorical(rows["app"], categories=list(view.facts))
    found = judge(rows, fails=rows["refuted"], unknown=rows["unknown"])
    mild = found.failed["value"].str.startswith("writers of ")
    return found.saying(severity=pd.Series(None, index=mild.index, dtype="str").mask(mild, "medium"))


_Claim = tuple[str, str, bool, str, str, str | None]


def _claims(view: View, app: AppFacts, share: float, known: pd.DataFrame) -> list[_Claim]:
    return [
        *_unsaid(app),
        *_of_links(view, app, share),
        *_of_leavers(view, app),
        *_of_register(app),
        *_of_owners(view, app, known),
    ]


def _unsaid(app: AppFacts) -> list[_Claim]:
    """Controls of which nobody has said what they are."""
    return [
        (app.app, name, False, "a mechanism, or none", "nobody has said", "policy-silent")
        for name in CONTROLLED
        if name not in app.register and not (name == "disable" and app.register)
    ]


def _of_links(view: View, app: AppFacts, share: float) -> list[_Claim]:
    """Whether the accounts carry the link of the provisioning that is said to make them."""
    if "scim" not in app.register.get("create", ()):
        return []
    humans = _humans(view, app)
    told = view.supplied("external_id").loc[humans.index]
    unlinked, untold = int((humans["external_id"].isna() & told).sum()), int((~told).sum())
    refuted = unlinked * 100 > share * max(len(humans), 1)
    is_so = f"{unlinked} of {len(humans)} have no externalId"
    tipping = not told.any() or (unlinked + untold) * 100 > share * len(humans)
    unknown = "attribute-absent" if tipping else _walk(app)
    return [(app.app, "create", refuted, "accounts are created by scim", is_so, unknown)]


def _of_leavers(view: View, app: AppFacts) -> list[_Claim]:
    """Whether accounts of leavers live on beside what is said to end them."""
    disable, sign_in = app.register.get("disable", ()), app.register.get("sign_in", ())
    humans = _humans(view, app)
    ended, active = humans["owner_ended"], humans["active"]
    left = int((known_true(ended) & known_true(active)).sum())
    # Where a roster leaves out who has left, their accounts are the ones that nobody owns.
    unclear = ~known_false(ended) & ~known_false(active)
    roster = "roster-unproven" if view.roster_unproven else None
    unknown = "semantics-unknown" if unclear.any() else _walk(app) or roster
    lives = count(left, "account of a leaver is active", "accounts of leavers are active")
    claims: list[_Claim] = []
    if set(disable) & _AUTOMATIC:
        due = f"accounts are disabled by {' and '.join(disable)}"
        claims.append((app.app, "disable", left > 0, due, lives, unknown))
    if set(sign_in) & _GOVERNED:
        due = f"what {' and '.join(sign_in)} keeps out is disabled too"
        claims.append((app.app, "sign_in", left > 0, due, f"sign-in is governed, and {lives}", unknown))
    return claims


def _of_register(app: AppFacts) -> list[_Claim]:
    """What the register itself leaves open, and what it has done twice."""
    claims: list[_Claim] = []
    disable, create = app.register.get("disable", _NOTHING), app.register.get("create", ())
    if app.register:
        how = "accounts arise at sign-in" if "jit" in create else f"sign-in is by {_mechanisms(app, 'sign_in')}"
        is_so = f"{how}, and nothing disables accounts"
        claims.append((app.app, "lifecycle", disable == _NOTHING, "something disables accounts", is_so, None))
    removal = app.register.get("entitlement_removal")
    if removal is not None:
        due, is_so = "something removes entitlements", "no control removes entitlements"
        claims.append((app.app, "removal", removal == _NOTHING, due, is_so, None))
    for name in ("create", "update", "disable"):
        by = app.register.get(name)
        if by is not None:
            is_so = f"{_mechanisms(app, name)} both {name} accounts"
            claims.append(
                (app.app, f"writers of {name}", len(by) > 1, f"one mechanism to {name} accounts", is_so, None)
            )
    return claims


def _of_owners(view: View, app: AppFacts, known: pd.DataFrame) -> list[_Claim]:
    """Whether who answers for a control is here to answer."""
    unproven = "roster-unproven" if view.roster_unproven else None
    claims: list[_Claim] = []
    for name, owner in app.control_owners.items():
        state = str(known["state"][owner])
        is_so = f"{owner} {'has left' if state == 'left' else 'is in no roster'}"
        unknown = "semantics-unknown" if state == "unclear" else unproven
        due = f"somebody here answers for {name}"
        claims.append((app.app, f"owner of {name}", state in ("left", "stranger"), due, is_so, unknown))
    return claims


def _humans(view: View, app: AppFacts) -> pd.DataFrame:
    return view.accounts[(view.accounts["app"] == app.app) & ~view.accounts["nhi"]]


def _walk(app: AppFacts) -> str | None:
    return None if app.walk == "complete" else "walk-unproven"


def _mechanisms(app: AppFacts, name: str) -> str:
    return " and ".join(app.register.get(name, ())) or "nothing that is named"
