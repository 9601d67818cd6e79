"""What a campaign decides on: the rights and accounts of one audit, with what a reviewer should know of each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pandas as pd

from scimaudit.policy.entitlements import rows_named
from scimaudit.result import ApprovalLine, Audit
from scimaudit.review.campaign import Item
from scimaudit.summaries.approvals import right_lines
from scimaudit.tables import COUNTED
from scimaudit.view import View
from scimaudit.view.holders import holders

_AGAINST: Final = frozenset(
    {
        "leaver-active", "external-expired", "disabled-residual", "rehire-residual", "prestart", "excess",
        "mover-residual", "sod", "privileged-unapproved", "grant-expired", "standing-privilege", "dormant",
        "never-used", "nhi-owner-left", "revoke-not-done", "revoke-regressed",
    }
)  # fmt: skip
"""Kinds of finding that speak for taking the right away."""


def population(
    view: View, audit: Audit, *, campaign: str, apps: Sequence[str], privileged_only: bool
) -> tuple[list[Item], list[str]]:
    """Every direct right of the apps, and every account that holds none and is not known to be inactive.

    :returns: the items without their reviewers, by app, account and right; and what is left out, in words.
    """
    facts = _account_facts(view)
    against = _findings(audit)
    conflicts = _conflicts(view, audit)
    meanings = _meanings(view)
    direct = view.grants[view.grants["type"].astype("str") == "direct"]
    held = set(zip(*(direct[name].astype("str") for name in ("app", "account_id", "attribute", "value")), strict=True))
    items, through = [], 0
    signers = _signers(view)
    for line in right_lines(view, everything=True):
        if line.app not in apps or (privileged_only and not line.privileged):
            continue
        if (line.app, line.account_id, line.attribute, line.value) not in held:
            through += 1
            continue
        if (line.app, line.account_id) in facts:
            pairs = conflicts.get((line.person_id, line.app, line.attribute, line.value), [])
            items.append(_right(campaign, line, facts, against, pairs, meanings, signers))
    with_rights = {(item.app, item.account_id) for item in items}
    empty = 0
    for key, fact in facts.items():
        if key[0] not in apps or privileged_only or key in with_rights:
            continue
        if fact["active"] is False:
            empty += 1
            continue
        items.append(_account(campaign, key, fact, against))
    said = [
        (through, "held through a group, decided with the right that gives it"),
        (empty, "inactive accounts that hold nothing"),
    ]
    left_out = [f"{number:,} {words}" for number, words in said if number]
    if privileged_only:
        left_out.append("rights that are not known to be privileged")
    return sorted(
        items, key=lambda item: (item.app, item.account, item.account_id, item.attribute, item.value)
    ), left_out


def rights_owners(view: View) -> dict[tuple[str, str, str], str]:
    """Who answers for a right, by (app, attribute, value), as the catalogue has it."""
    rows = view.entitlements.dropna(subset=["owner"])[["app", "attribute", "value", "owner"]].astype("str")
    return {(app, attribute, value): owner for app, attribute, value, owner in rows.itertuples(index=False)}


def _item_id(campaign: str, *parts: str) -> str:
    return hashlib.sha256("\0".join((campaign, *parts)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _right(
    campaign: str,
    line: ApprovalLine,
    facts: Mapping[tuple[str, str], dict[str, Any]],
    against: Mapping[tuple[str, str], list[dict[str, str]]],
    pairs: Sequence[dict[str, str]],
    meanings: Mapping[tuple[str, str, str], tuple[str, str]],
    signers: Mapping[str, str],
) -> Item:
    fact = facts[line.app, line.account_id]
    findings = [
        each
        for each in against.get((line.app, line.account_id), [])
        if each["value"] in ("", line.value) and (not each["value"] or each["attribute"] == line.attribute)
    ]
    findings = [*pairs, *findings]
    title, risk = meanings.get((line.app, line.attribute, line.value), ("", ""))
    means = "; ".join(filter(None, [title, "gives power over the app" if line.privileged else "", risk]))
    allows = [word for word in line.rules if word.says == "allows"]
    recommended, because = _recommended(findings, fact, allowed=bool(allows), approval=line)
    return Item(
        item_id=_item_id(campaign, line.app, line.account_id, line.attribute, line.value),
        **_of_account(line.app, line.account_id, fact),
        attribute=line.attribute,
        value=line.value,
        display=line.subject,
        privileged=line.privileged,
        means=means,
        why=_why(line),
        unusual=_unusual(findings, fact),
        recommended=recommended,
        because=because,
        granted_by=signers.get(line.by, "") if line.by else "",
    )


def _account(
    campaign: str,
    key: tuple[str, str],
    fact: dict[str, Any],
    against: Mapping[tuple[str, str], list[dict[str, str]]],
) -> Item:
    findings = against.get(key, [])
    recommended, because = _recommended(findings, fact, allowed=False, approval=None)
    return Item(
        item_id=_item_id(campaign, *key, "", ""),
        **_of_account(*key, fact),
        attribute="",
        value="",
        display="",
        privileged=False,
        means="the account itself; it holds no right that is listed",
        why="",
        unusual=_unusual(findings, fact),
        recommended=recommended,
        because=because,
        granted_by="",
    )


def _of_account(app: str, account_id: str, fact: Mapping[str, Any]) -> dict[str, Any]:
    names = ("account", "account_kind", "active", "last_login", "person_id", "person", "subjects")
    return {"app": app, "account_id": account_id, **{name: fact[name] for name in names}}


def _why(line: ApprovalLine) -> str:
    said = [f"{word.rule} {word.says} it" + (f": {word.why}" if word.why else "") for word in line.rules]
    if line.by:
        end = f" until {line.until}" if line.until else ""
        trouble = f" ({line.trouble})" if line.trouble else ""
        said.append(f"approved by {line.by} on {line.on}{end}{trouble}")
    elif line.needed:
        said.append("needs an approval, and nobody gave one")
    return "; ".join(said) or "no rule of the policy names it"


def _unusual(findings: Sequence[Mapping[str, str]], fact: Mapping[str, Any]) -> str:
    said = [f"{each['title']}: {each['actual']}" + each["aside"] for each in findings]
    if fact["active"] is None:
        said.append("nobody tells whether the account is active")
    if not fact["person_id"] and not fact["registered"]:
        said.append(f"{fact['situation']}: nobody is known to own the account")
    return "; ".join(said)


def _recommended(
    findings: Sequence[Mapping[str, str]], fact: Mapping[str, Any], *, allowed: bool, approval: ApprovalLine | None
) -> tuple[str, str]:
    """What to do by what is known, and why; nothing where it takes a person to tell."""
    speaking = [each for each in findings if each["kind"] in _AGAINST and not each["aside"]]
    if speaking:
        return "revoke", speaking[0]["title"]
    doubt = findings or fact["active"] is None or not (fact["person_id"] or fact["registered"])
    if allowed and not doubt and not (approval and approval.needed and approval.trouble):
        return "certify", "the policy allows it, and nothing speaks against it"
    return "", ""


def _findings(audit: Audit) -> dict[tuple[str, str], list[dict[str, str]]]:
    """What is wrong with each account, the worst first."""
    titles = {kind.kind: kind.title for kind in audit.kinds}
    rows = audit.findings.dropna(subset=["app", "account_id"])
    names = ["app", "account_id", "kind", "attribute", "value", "actual", "disposition"]
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    plain: list[dict[str, Any]] = rows[names].astype("str").fillna("").to_dict("records")  # type: ignore[assignment]
    for row in plain:
        aside = "" if row["disposition"] in COUNTED else f" ({row['disposition']})"
        told = {**row, "title": titles.get(row["kind"], row["kind"]), "aside": aside}
        found.setdefault((row["app"], row["account_id"]), []).append(told)
    return found


def _conflicts(view: View, audit: Audit) -> dict[tuple[str, str, str, str], list[dict[str, str]]]:
    """Conflicting pairs by each right of theirs: (person_id, app, attribute, value) to what is wrong."""
    rows = audit.findings[(audit.findings["kind"] == "sod") & audit.findings["person_id"].notna()]
    pairs = {pair.name: pair for pair in view.policy.conflicts}
    titles = {kind.kind: kind.title for kind in audit.kinds}
    found: dict[tuple[str, str, str, str], list[dict[str, str]]] = {}
    plain: list[dict[str, Any]] = rows[["person_id", "value", "actual", "disposition"]].astype("str").to_dict("records")  # type: ignore[assignment]
    for row in plain:
        pair = pairs[row["value"]]
        aside = "" if row["disposition"] in COUNTED else f" ({row['disposition']})"
        told = {
            "kind": "sod",
            "title": titles["sod"],
            "actual": row["actual"],
            "value": "",
            "attribute": "",
            "aside": aside,
        }
        for places in rows_named([pair.left, pair.right], view.entitlements):
            rights = view.entitlements.iloc[places][["app", "attribute", "value"]].astype("str")
            for right in rights.itertuples(index=False, name=None):
                found.setdefault((row["person_id"], *right), []).append(told)
    return found


def _meanings(view: View) -> dict[tuple[str, str, str], tuple[str, str]]:
    rows = view.entitlements[["app", "attribute", "value", "title", "risk"]].astype("str").fillna("")
    return {(app, kind, value): (title, risk) for app, kind, value, title, risk in rows.itertuples(index=False)}


def _signers(view: View) -> dict[str, str]:
    texts = {line.approved_by for line in view.policy.approvals}
    return {str(text): str(person) for text, person in holders(view.people, texts)["person_id"].dropna().items()}


def _account_facts(view: View) -> dict[tuple[str, str], dict[str, Any]]:
    """What the packets say of each account, by app and account_id."""
    accounts = view.accounts
    answering = holders(view.people, accounts["nhi_owner"].dropna().unique())["person_id"]
    plain = accounts[["app", "account_id", "user_name", "account_kind", "situation", "person_id", "nhi_owner"]]
    rows = plain.astype("str").fillna("")
    registered = accounts["nhi"].tolist()
    persons = accounts["owner_display_name"].astype("str").fillna("").tolist()
    active = [None if pd.isna(flag) else bool(flag) for flag in accounts["active"]]
    logins = [_day(moment) for moment in accounts["last_login"]]
    found = {}
    records = zip(
        rows.to_dict("records"), persons, active, logins, accounts["runners_up"].tolist(), registered, strict=True
    )
    for row, person, flag, login, others, machine_line in records:
        possible = list(others) if row["situation"] == "ambiguous" and others is not None else []
        machine = answering.get(row["nhi_owner"]) if row["nhi_owner"] else None
        subjects = {row["person_id"], *possible, machine if isinstance(machine, str) else ""} - {""}
        found[row["app"], row["account_id"]] = {
            "account": row["user_name"] or row["account_id"],
            "account_kind": row["account_kind"],
            "active": flag,
            "last_login": login,
            "person_id": row["person_id"],
            "person": person or (f"{row['nhi_owner']} answers for it" if row["nhi_owner"] else ""),
            "registered": bool(machine_line),
            "situation": row["situation"],
            "subjects": tuple(sorted(subjects)),
        }
    return found


def _day(moment: datetime | pd.Timestamp) -> str:
    return "" if pd.isna(moment) else f"{moment:%Y-%m-%d}"
