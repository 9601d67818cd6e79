"""Who decided what: rights, exceptions, dispositions, links and scopes, each with whoever answers for it, or nobody."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from scimaudit import identifiers
from scimaudit.plural import count
from scimaudit.policy.approvals import Approval
from scimaudit.policy.entitlements import EntitlementRule, rows_named
from scimaudit.policy.matching import people_of
from scimaudit.result import ApprovalLine, PolicyWord
from scimaudit.view import View, signing
from scimaudit.view.columns import known_true, taken
from scimaudit.view.holders import holders

STATES: Final = ("nobody", "does not count", "unclear", "counts")
WHATS: Final = ("finding", "right", "power", "exception", "disposition", "link", "scope")


@dataclass(frozen=True)
class Accepted:
    """An unproven scope that somebody answers for."""

    app: str
    by: str
    until: date
    reason: str


def approval_lines(
    view: View, findings: pd.DataFrame, links: pd.DataFrame | None, scopes: Sequence[Accepted]
) -> tuple[ApprovalLine, ...]:
    """Every right of which somebody must say yes, and everything that somebody decided; what nobody decided first.

    :param view: with its settled exceptions.
    :param findings: settled rows of :data:`scimaudit.tables.FINDINGS`.
    :param links: the decisions of ``links.csv``, with their ``line``.
    """
    found = [
        *right_lines(view), *_powers(view), *_exceptions(view), *_dispositions(view, findings), *_links(view, links),
        *_scopes(view, scopes),
    ]  # fmt: skip
    return ordered(found)


def ordered(lines: Sequence[ApprovalLine]) -> tuple[ApprovalLine, ...]:
    """What nobody decided first, then what does not count, rights before other decisions."""

    def rank(line: ApprovalLine) -> tuple[object, ...]:
        state = STATES.index(line.state) if line.needed or line.what != "right" else len(STATES)
        place = (line.app, line.account, line.account_id, line.attribute, line.value, line.kind, line.id, line.subject)
        return (WHATS.index(line.what), state, *place)

    return tuple(sorted(lines, key=rank))


def right_lines(view: View, *, everything: bool = False) -> list[ApprovalLine]:
    """The rights of which somebody must say yes, with who did, and what the policy says of each.

    :param everything: also the rights of which nobody must.
    """
    told = ["approval", "needs", "void", "unclear", "unregistered", "end", "by"]
    known = view.tenure[told].reindex(view.grants.index)
    grants = view.grants.assign(
        approval=known["approval"].fillna(-1).astype("int64"),
        needed=known_true(known["needs"].astype("boolean")),
        unregistered=known_true(known["unregistered"].astype("boolean")),
        void=known["void"],
        unclear=known["unclear"],
        over=_over(view, known),
    )
    grants["untold"] = _untold(view)
    grants["privileged"] = known_true(grants["privileged"])
    grants["needed"] |= grants["privileged"]
    rows = (grants if everything else grants[grants["needed"]]).sort_values(
        "privileged", ascending=False, kind="stable"
    )
    # A right that is held directly and through a group is one right.
    rows = rows.drop_duplicates(["app", "account_id", "attribute", "value"])
    place = rows["account"].to_numpy()
    rows["user_name"] = taken(view.accounts["user_name"], place, rows.index)
    person = rows["person_id"].cat.codes.to_numpy()
    rows["person"] = taken(view.people["display_name"], person, rows.index)
    words = _words(view, person, rows["entitlement"].to_numpy())
    texts = [
        "app",
        "account_id",
        "user_name",
        "person_id",
        "person",
        "attribute",
        "value",
        "display",
        "void",
        "unclear",
        "over",
    ]
    plain = rows[texts].astype("str").fillna("")
    plain["user_name"] = plain["user_name"].where(plain["user_name"] != "", plain["account_id"])
    plain["display"] = plain["display"].where(plain["display"] != "", plain["value"])
    flags = rows[["privileged", "needed", "untold", "active", "approval", "unregistered"]].to_dict("records")
    found = []
    for text, flag, said in zip(plain.to_dict("records"), flags, words, strict=True):
        line = view.policy.approvals[flag["approval"]] if flag["approval"] >= 0 else None
        state, trouble = _standing(line, text, flag, view)
        found.append(
            ApprovalLine(
                what="right",
                app=text["app"],
                account_id=text["account_id"],
                account=text["user_name"],
                person_id=text["person_id"],
                person=text["person"],
                subject=text["display"],
                attribute=text["attribute"],
                value=text["value"],
                privileged=bool(flag["privileged"]),
                needed=bool(flag["needed"]),
                active=None if pd.isna(flag["active"]) else bool(flag["active"]),
                **_signature(line),
                state=state,
                trouble=trouble,
                where="policy/approvals.csv" if line else "",
                rules=said,
            )
        )
    return found


def _over(view: View, known: pd.DataFrame) -> pd.Series:
    """That the right itself is over, in words, where others than its approval say so; else null."""
    day = known["end"].dt.tz_convert(view.zone).dt.strftime("%Y-%m-%d").astype("str")
    over = (known["end"] <= pd.Timestamp(view.as_of)) & (known["by"] != "its approval")
    said: pd.Series = "the right was over on " + day + ", as " + known["by"] + " says"
    return said.where(over.fillna(value=False))


def _signature(line: Approval | None) -> dict[str, str]:
    if line is None:
        return {"by": "", "on": "", "until": "", "reason": ""}
    until = line.until.isoformat() if line.until else ""
    return {"by": line.approved_by, "on": line.approved_on.isoformat(), "until": until, "reason": line.reason}


def _standing(
    line: Approval | None, text: Mapping[Hashable, str], flag: Mapping[Hashable, Any], view: View
) -> tuple[str, str]:
    """Whether an approval counts, and why not."""
    if line is None:
        kept = "" if view.policy.approvals else ", and the policy folder has no approvals at all"
        asked = "" if flag["needed"] else "; no rule asks for an approval"
        if not flag["needed"] and flag["untold"]:
            asked = "; nobody has said whether it gives power"
        return "nobody", f"nobody approved it{kept}{asked}"
    wrong = _wrong(
        (text["void"], bool(text["void"])),
        (text["over"], bool(text["over"])),
        (f"it ran out on {line.until}", line.until is not None and line.until < view.today),
    )
    if wrong:
        return "does not count", "; ".join(wrong)
    if text["unclear"]:
        return "unclear", text["unclear"]
    if flag["unregistered"]:
        may = f"whether {line.approved_by} may approve it is unclear"
        return "unclear", f"{may}: nobody is registered for certain who could"
    return "counts", ""


def _words(view: View, person: np.ndarray, entitlement: np.ndarray) -> list[tuple[PolicyWord, ...]]:
    """For each right what the rules of the policy say of it and its holder; nothing where nobody owns the account."""
    rules = sorted(view.policy.rules, key=lambda rule: rule.name)
    people, whose = np.unique(person, return_inverse=True)
    rights, which = np.unique(entitlement, return_inverse=True)
    # -1, nobody, is a person of whom nothing is known.
    certain, possible = people_of(rules, view.people.reset_index(drop=True).reindex(people))
    certain[people < 0] = possible[people < 0] = False
    named = np.zeros((len(rules), len(rights)), dtype=bool)
    for place, rows in enumerate(rows_named([rule.what for rule in rules], view.entitlements.take(rights))):
        named[place, rows] = True
    said: dict[tuple[int, int], tuple[PolicyWord, ...]] = {}
    pairs = list(zip(whose.tolist(), which.tolist(), strict=True))
    for who, what in dict.fromkeys(pairs):
        speaking = np.flatnonzero(named[:, what] & possible[who])
        said[who, what] = tuple(_word(rules[place], bool(certain[who, place])) for place in speaking)
    return [said[pair] for pair in pairs]


def _word(rule: EntitlementRule, certain: bool) -> PolicyWord:
    sure, perhaps = ("denies", "may deny") if rule.deny else ("allows", "may allow")
    return PolicyWord(rule.name, sure if certain else perhaps, rule.why, rule.owner)


def _untold(view: View) -> pd.Series:
    """The grants of which neither the app nor its configuration says whether they give power."""
    declared = [app for app, facts in view.facts.items() if facts.privileged]
    untold: pd.Series = view.grants["privileged"].isna() & ~view.grants["app"].isin(declared)
    return untold


def _powers(view: View) -> list[ApprovalLine]:
    """The apps where nobody has said which rights give power: there no right is asked to be approved."""
    rights = view.grants.loc[_untold(view), ["app", "entitlement"]].drop_duplicates()["app"].value_counts()
    return [
        ApprovalLine(
            "power",
            str(app),
            "which rights give power",
            "nobody",
            f"nobody has said which of {count(number, 'right gives', 'rights give')} power",
            where="scimaudit.toml",
        )
        for app, number in rights.items()
        if number
    ]


def _exceptions(view: View) -> list[ApprovalLine]:
    who = holders(view.people, [waiver.person for waiver in view.policy.exceptions if waiver.person])["person_id"]
    lines = []
    settled = view.exceptions[["state", "trouble", "used"]].to_dict("records")
    for waiver, row in zip(view.policy.exceptions, settled, strict=True):
        trouble = row["trouble"] if isinstance(row["trouble"], str) else ""
        if row["state"] == "expired":
            trouble = f"it ran out on {waiver.expires}"
        elif row["state"] == "valid" and not row["used"]:
            trouble = "it covers no finding"
        about = _account(view, waiver.app, waiver.account)
        if waiver.person:
            named = who[waiver.person]
            about["person_id"] = named if isinstance(named, str) else waiver.person
        lines.append(
            ApprovalLine(
                "exception",
                waiver.app,
                " ".join(part for part in (f"{waiver.id}:", waiver.kind, waiver.attribute, waiver.value) if part),
                "counts" if row["state"] == "valid" else "does not count",
                trouble,
                **_named(view, about),
                by=waiver.approver,
                on=_day(waiver.approved),
                until=_day(waiver.expires),
                reason=waiver.reason,
                where="policy/exceptions.toml",
                kind=waiver.kind,
                id=waiver.id,
            )
        )
    return lines


def _dispositions(view: View, findings: pd.DataFrame) -> list[ApprovalLine]:
    decided = view.policy.dispositions
    rows = findings[findings["finding_id"].isin([line.finding_id for line in decided])]
    names = ["app", "account_id", "user_name", "person_id", "kind"]
    known = rows.set_index("finding_id")[names].astype("str").fillna("").to_dict("index")
    signer = signing.judged(view, [line.by for line in decided], [line.on for line in decided])
    lines = []
    for line, by in zip(decided, signer.to_dict("records"), strict=True):
        row = known.get(line.finding_id, dict.fromkeys(names, ""))
        wrong = _wrong(
            ("there is no such finding", line.finding_id not in known),
            (f"{line.by} {by['trouble']}", bool(by["trouble"])),
            (f"whether {line.by} worked here that day is unclear", bool(by["unclear"])),
            (f"{line.by} is its subject", by["person_id"] == row["person_id"]),
            (f"it ran out on {line.until}", line.until is not None and line.until < view.today),
            (f"it was decided on {line.on}, which is still to come", line.on > view.today),
        )
        about = {"account_id": row["account_id"], "account": row["user_name"], "person_id": row["person_id"]}
        lines.append(
            ApprovalLine(
                "disposition",
                row["app"],
                f"{row['kind']} {line.finding_id} is {line.disposition}".strip(),
                "does not count" if wrong else "counts",
                "; ".join(wrong),
                **_named(view, about),
                by=line.by,
                on=_day(line.on),
                until=_day(line.until),
                reason=line.reason,
                where="policy/dispositions.csv",
                kind=row["kind"],
                id=line.finding_id,
            )
        )
    return lines


def _links(view: View, links: pd.DataFrame | None) -> list[ApprovalLine]:
    if links is None:
        return []
    lines = []
    strangers = _strangers(view, links["decided_by"])
    listed = set(view.people["person_id"])
    for row in links.to_dict("records"):
        until = None if pd.isna(row["until"]) else row["until"].date()
        app, person, by = str(row["app"]), str(row["person_id"]), str(row["decided_by"])
        account = _account(view, app, str(row["account_id"]))
        wrong = _wrong(
            ("there is no such account", not account["account"]),
            ("there is no such person", person != "nobody" and person not in listed),
            (f"it ran out on {until}", until is not None and until < view.today),
        )
        whose = "nobody's" if person == "nobody" else f"that of {person}"
        about = account | {"account_id": str(row["account_id"]), "person_id": "" if person == "nobody" else person}
        lines.append(
            ApprovalLine(
                "link",
                app,
                f"the account {'is' if row['relation'] == 'is' else 'is not'} {whose}",
                "does not count" if wrong else "counts",
                "; ".join([*wrong, *strangers[by]]),
                **_named(view, about),
                by=by,
                on=_day(row["decided_on"].date()),
                until=_day(until),
                reason=str(row["reason"]),
                where=f"policy/links.csv line {row['line']}",
            )
        )
    return lines


def _scopes(view: View, scopes: Sequence[Accepted]) -> list[ApprovalLine]:
    strangers = _strangers(view, [each.by for each in scopes])
    lines = []
    for each in scopes:
        wrong = _wrong((f"it ran out on {each.until}", each.until < view.today))
        lines.append(
            ApprovalLine(
                "scope",
                each.app,
                f"the listing need not show every account (scope {view.facts[each.app].scope})",
                "does not count" if wrong else "counts",
                "; ".join([*wrong, *strangers[each.by]]),
                by=each.by,
                until=_day(each.until),
                reason=each.reason,
                where="scimaudit.toml",
            )
        )
    return lines


def _wrong(*troubles: tuple[str, bool]) -> list[str]:
    """The troubles that there are."""
    return [text for text, so in troubles if so]


def _strangers(view: View, texts: Sequence[str] | pd.Series) -> Mapping[str, list[str]]:
    """What is to be said of each who decided, where the roster does not know them."""
    who = holders(view.people, texts)
    return {
        str(text): [f"{text} is nobody in the roster"] if state == "stranger" else []
        for text, state in who["state"].items()
    }


def _account(view: View, app: str, text: str) -> dict[str, str]:
    """The account that a policy file means by its id or user name; empty where there is none, or several."""
    if not text:
        return {"account_id": "", "account": "", "person_id": ""}
    own = view.accounts[(view.accounts["app"] == app)]
    mine = own[(own["account_id"] == text) | (own["user_name_key"] == identifiers.key(text)).fillna(value=False)]
    if len(mine) != 1:
        return {"account_id": text, "account": "", "person_id": ""}
    row = mine[["account_id", "user_name", "person_id"]].astype("str").fillna("").iloc[0]
    name = str(row["user_name"]) or str(row["account_id"])
    return {"account_id": str(row["account_id"]), "account": name, "person_id": str(row["person_id"])}


def _named(view: View, about: Mapping[str, str]) -> dict[str, Any]:
    """An account and a person with the person's name."""
    names = view.people.loc[view.people["person_id"] == about["person_id"], "display_name"].dropna()
    return {**about, "person": str(names.iloc[0]) if len(names) else ""}


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
