"""What people decided about findings: exceptions and dispositions, applied and judged.

An exception counts only while it lasts and only when whoever approved it may: the registered owner of the app or a
declared delegate, who works here, is not the subject and did not ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from scimaudit import identifiers
from scimaudit.errors import PolicyError
from scimaudit.policy.exceptions import Waiver
from scimaudit.result import ExceptionLine
from scimaudit.view import View, signing
from scimaudit.view.holders import holders
from scimaudit.view.inputs import exception_frame


@dataclass(frozen=True)
class Limits:
    """How far an exception may reach.

    :param days: longest life, from approval to expiry.
    :param findings: most findings that one may cover.
    """

    days: int = 90
    findings: int = 10


def settle(rows: pd.DataFrame, view: View, kinds: Sequence[str], limits: Limits) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Findings with their ``disposition`` and ``exception_id``, and the exceptions as :attr:`View.exceptions` has them.

    :param rows: findings with ``finding_id`` and what identifies them.
    :param kinds: the finding kinds there are.
    :raises PolicyError: an exception names a kind that there is not.
    """
    waivers = view.policy.exceptions
    known(waivers, kinds)
    troubles = _troubles(waivers, view, limits)
    disposition = pd.Series("open", index=rows.index, dtype="str")
    covering = pd.Series(None, index=rows.index, dtype="str")
    lines: dict[str, tuple[object, ...]] = {}
    keyed = rows.assign(user_name_key=rows["user_name"].map(identifiers.key, na_action="ignore"))
    named = holders(view.people, [waiver.person for waiver in waivers if waiver.person])
    subjects = dict(zip(named.index, named["person_id"], strict=True))
    # By id, so that of two that cover one finding the same one counts wherever they stand.
    for waiver in sorted(waivers, key=lambda waiver: waiver.id):
        trouble = troubles[waiver.id]
        state = "invalid" if trouble else "expired" if waiver.expires < view.today else "valid"
        hit = _covered(keyed, waiver, subjects) & (disposition == "open")
        used = int(hit.sum())
        if state == "valid" and used > limits.findings:
            state, trouble = "invalid", f"it covers {used} findings, more than {limits.findings}"
        if state == "valid":
            disposition = disposition.mask(hit, "excepted")
            covering = covering.mask(hit, waiver.id)
        lines[waiver.id] = (
            waiver.id,
            waiver.app or None,
            state,
            trouble or None,
            used,
            waiver.approver,
            waiver.expires,
        )
    told = _decided(rows, view)
    disposition = disposition.mask((disposition == "open") & told.notna(), told)
    exceptions = exception_frame([lines[waiver.id] for waiver in waivers])
    return rows.assign(disposition=disposition, exception_id=covering), exceptions


def _decided(rows: pd.DataFrame, view: View) -> pd.Series:
    """What somebody decided of each finding, or null: somebody who worked here that day, and not its subject."""
    lines = [line for line in view.policy.dispositions if line.holds(view.today)]
    signer = signing.judged(view, [line.by for line in lines], [line.on for line in lines])
    good = (signer["trouble"] == "") & ~signer["unclear"]
    told = pd.DataFrame({"word": [line.disposition for line in lines], "by": signer["person_id"]}).astype("str")
    told.index = pd.Index([line.finding_id for line in lines], dtype="str")
    mine = told[good.to_numpy()].reindex(rows["finding_id"])
    own = (mine["by"] == rows["person_id"].to_numpy()).to_numpy()
    return pd.Series(mine["word"].to_numpy(), index=rows.index, dtype="str").mask(own)


def known(waivers: Sequence[Waiver], kinds: Sequence[str]) -> None:
    """Whether every exception names a kind that there is.

    :raises PolicyError: one does not; names its file and line.
    """
    for waiver in waivers:
        if waiver.kind not in kinds:
            raise PolicyError(
                f"{waiver.place or 'an exception'} ({waiver.id}) names the kind {waiver.kind!r}",
                hint="known kinds: " + ", ".join(kinds),
            )


def _covered(rows: pd.DataFrame, waiver: Waiver, subjects: Mapping[str, str]) -> pd.Series:
    """The findings that an exception speaks of: equal in every part, never by a piece of a name."""
    account = rows["account_id"].isna()
    if waiver.account:
        key = identifiers.key(waiver.account)
        account = (rows["account_id"] == waiver.account) | (rows["user_name_key"] == key)
    person = pd.Series(True, index=rows.index)
    if waiver.person:
        person = rows["person_id"] == subjects.get(waiver.person, "")
    elif not waiver.account:
        person = rows["person_id"].isna()
    found: pd.Series = (
        (rows["kind"] == waiver.kind)
        & _same(rows["app"], waiver.app)
        & (account if waiver.account or not waiver.person else True)
        & person
        & _same(rows["value"], waiver.value)
    )
    return found & (rows["attribute"] == waiver.attribute if waiver.attribute else True)


def _same(column: pd.Series, text: str) -> pd.Series:
    return column.astype("str") == text if text else column.isna()


def _troubles(waivers: Sequence[Waiver], view: View, limits: Limits) -> dict[str, str]:
    """Why each exception does not count, or nothing; expiry is no trouble."""
    owners = {waiver.id: _owners(waiver, view) for waiver in waivers}
    texts = {text for waiver in waivers for text in (waiver.approver, waiver.requested_by, waiver.person) if text}
    who = holders(view.people, texts | {owner for names in owners.values() for owner in names})
    own = _own(view)
    return {waiver.id: _trouble(waiver, view, limits, owners[waiver.id], who, own) for waiver in waivers}


def _owners(waiver: Waiver, view: View) -> tuple[str, ...]:
    """Who may approve: the app's owner and delegates; for a pair across apps, the pair's owner."""
    if waiver.app:
        facts = view.facts[waiver.app]
        return tuple(name for name in (facts.owner, *facts.delegates) if name)
    return tuple(pair.owner for pair in view.policy.conflicts if pair.name == waiver.value and pair.owner)


def _trouble(
    waiver: Waiver, view: View, limits: Limits, owners: tuple[str, ...], who: pd.DataFrame, own: Mapping[str, str]
) -> str:
    approver = str(who["state"][waiver.approver])
    person = who["person_id"]
    if approver != "live":
        return {
            "stranger": f"its approver {waiver.approver} is nobody in the roster",
            "left": f"its approver {waiver.approver} does not work here any more",
            "unclear": f"whether its approver {waiver.approver} works here is unclear",
        }[approver]
    if not owners:
        return "nobody is registered who could approve it"
    if not any(_one(person, waiver.approver, owner) for owner in owners):
        return f"{waiver.approver} may not approve it; {' or '.join(owners)} may"
    if _one(person, waiver.approver, waiver.requested_by):
        return f"{waiver.approver} approved what they asked for"
    if person[waiver.approver] in _subjects(waiver, view, person, own):
        return f"{waiver.approver} approved an exception for themselves"
    if waiver.approved > view.today:
        return f"it was approved on {waiver.approved}, which is still to come"
    if waiver.expires - waiver.approved > timedelta(days=limits.days):
        return f"it lasts {(waiver.expires - waiver.approved).days} days, more than {limits.days}"
    return ""


def _one(person: pd.Series, left: str, right: str) -> bool:
    """Whether two texts mean the same person."""
    same = identifiers.key(left) == identifiers.key(right)
    return same or (isinstance(person[left], str) and person[left] == person[right])


def _subjects(waiver: Waiver, view: View, person: pd.Series, own: Mapping[str, str]) -> set[str]:
    """The people whom the exception favours, or may favour where an account has several possible owners."""
    found = {person[waiver.person]} if waiver.person else set()
    if waiver.account:
        accounts = view.accounts[view.accounts["app"] == waiver.app]
        key = identifiers.key(waiver.account)
        mine = accounts[(accounts["account_id"] == waiver.account) | (accounts["user_name_key"] == key)]
        found |= set(mine["person_id"].dropna().astype("str")) | set(mine["nhi_owner"].dropna().map(own))
        found |= set(mine.loc[mine["situation"] == "ambiguous", "runners_up"].explode().dropna())
    return {name for name in found if isinstance(name, str)}


def _own(view: View) -> Mapping[str, str]:
    owners = view.accounts["nhi_owner"].dropna().unique()
    meant = holders(view.people, owners)
    return dict(zip(meant.index, meant["person_id"], strict=True))


def with_late(rows: pd.DataFrame, late: pd.DataFrame) -> pd.DataFrame:
    """Settled findings with those that judge the settling itself; nothing excepts these."""
    if late.empty:
        return rows
    own = late.assign(disposition="open", exception_id=pd.Series(None, index=late.index, dtype="str"))
    return pd.concat([rows, own], ignore_index=True) if len(rows) else own


def lines(view: View) -> tuple[ExceptionLine, ...]:
    """Every exception with what came of it, in the order of the file."""
    states = view.exceptions[["state", "trouble", "used"]].to_dict("records")
    return tuple(
        ExceptionLine(
            id=waiver.id,
            kind=waiver.kind,
            app=waiver.app,
            subject=", ".join(text for text in (waiver.account, waiver.person, waiver.attribute, waiver.value) if text),
            reason=waiver.reason,
            compensating_control=waiver.compensating_control,
            requested_by=waiver.requested_by,
            approver=waiver.approver,
            approved=waiver.approved.isoformat(),
            expires=waiver.expires.isoformat(),
            ticket=waiver.ticket,
            state=str(row["state"]),
            trouble=row["trouble"] if isinstance(row["trouble"], str) else "",
            covers=int(row["used"]),
        )
        for waiver, row in zip(view.policy.exceptions, states, strict=True)
    )
