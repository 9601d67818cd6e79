"""Lines of policy files that cannot mean what they say, as the files, the people, the accounts and the rights tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from scimaudit.policy import Policy, defects, lines, nhi, overlaps, patterns
from scimaudit.policy.catalogue import Described
from scimaudit.policy.entitlements import What, rows_named
from scimaudit.policy.lines import Line, Remark
from scimaudit.view import signing
from scimaudit.view.columns import known_false
from scimaudit.view.tenure import approved

if TYPE_CHECKING:
    from scimaudit.view import View
    from scimaudit.view.inputs import AppFacts


def population(policy: Policy, apps: Iterable[AppFacts]) -> list[Line]:
    """Every line that is judged: those of the policy files, and apps with an owner or patterns."""
    said = [app for app in apps if app.owner or app.privileged or app.admin_accounts or app.non_human]
    return [*lines.of_policy(policy), *map(_of_app, said)]


def of_files(policy: Policy, apps: Iterable[AppFacts], today: date) -> list[Remark]:
    """What the files alone tell."""
    return [*defects.of_files(policy, today), *_configured(apps)]


def of_view(view: View) -> list[Remark]:
    """What the files tell, and what people, accounts and rights tell of them."""
    return [
        *of_files(view.policy, view.facts.values(), view.today),
        *signing.owners(view, _owned(view)),
        *signing.signatures(view),
        *signing.machines(view),
        *_meeting(view),
        *_people(view),
        *_over(view),
        *_unmet(view),
        *_unheld(view),
        *_decided(view),
    ]


def _of_app(app: AppFacts) -> Line:
    return Line("scimaudit.toml", app.app, app.app, f"scimaudit.toml, apps.{app.app}")


def _configured(apps: Iterable[AppFacts]) -> Iterator[Remark]:
    """Patterns of the configuration that fit everything: then nothing is told apart by them."""
    for app in apps:
        for name, told, severity in (
            ("privileged", app.privileged, ""),
            ("admin_accounts", app.admin_accounts, "high"),
            ("non_human", app.non_human, "high"),
        ):
            wide = [text for text in told if patterns.everything(text)]
            if wide:
                line = _of_app(app)
                said = f"{line.where}: {name} has {wide[0]!r}, which fits everything"
                yield Remark(line, f"everything {name}", "patterns that tell some from others", said, severity=severity)


def _owned(view: View) -> Iterator[tuple[Line, str]]:
    """Lines with an owner; those of the register have kinds of their own."""
    yield from ((lines.of_rule(rule), rule.owner) for rule in view.policy.rules if rule.owner)
    yield from ((lines.of_pair(pair), pair.owner) for pair in view.policy.conflicts if pair.owner)
    yield from ((lines.of_described(each), each.owner) for each in view.policy.catalogue if each.owner)
    yield from ((_of_app(app), app.owner) for app in view.facts.values() if app.owner)


def _meeting(view: View) -> Iterator[Remark]:
    """Conflicting pairs whose patterns meet in a right that there is."""
    pairs = [pair for pair in view.policy.conflicts if not overlaps.shared(pair.left, pair.right)]
    lefts = rows_named([pair.left for pair in pairs], view.entitlements)
    rights = rows_named([pair.right for pair in pairs], view.entitlements)
    for pair, left, right in zip(pairs, lefts, rights, strict=True):
        both = np.intersect1d(left, right)
        if len(both):
            line, value = lines.of_pair(pair), str(view.entitlements["value"].iloc[both[0]])
            said = f"{line.where}: {value} is on both sides: who holds it conflicts alone"
            yield Remark(line, "both-sides", "two sides that differ", said)


def _people(view: View) -> Iterator[Remark]:
    """Patterns of the register that fit accounts of people, whom the rules about people then do not see."""
    register = view.policy.nhi
    wide = [place for place, line in enumerate(register) if patterns.is_pattern(line.account)]
    live = [place for place in wide if not register[place].expired(view.today)]
    accounts = view.accounts
    hidden = accounts[accounts["nhi_line"].isin(live) & (accounts["situation"] == "matched")]
    names = hidden["user_name"].astype("str").fillna(hidden["account_id"].astype("str"))
    told = names.groupby(hidden["nhi_line"]).agg(lambda mine: _some(sorted(mine)))
    for place, some in told.items():
        line = lines.of_account(register[int(str(place))])
        said = f"{line.where}: {line.name!r} fits accounts of people: {some}"
        yield Remark(line, "people", "a pattern that fits no person's account", said, severity="high")


def _some(names: Sequence[str]) -> str:
    """The first two names, and how many more there are."""
    if len(names) > 2:
        return f"{', '.join(names[:2])} and {len(names) - 2:,} more"
    return " and ".join(names)


def _over(view: View) -> Iterator[Remark]:
    """Lines of the register that have ended and cover no account; of one that does, ``nhi-unowned`` tells."""
    if not any(each.expired(view.today) for each in view.policy.nhi):
        return
    live = view.accounts[~known_false(view.accounts["active"])]
    covering = set(nhi.registered(view.policy.nhi, live).tolist())
    for place, each in enumerate(view.policy.nhi):
        if each.expired(view.today) and place not in covering:
            line = lines.of_account(each)
            said = f"{line.where}: it ended on {each.expires} and covers no active account"
            yield Remark(line, "over", "a line that still counts", said)


def _unmet(view: View) -> Iterator[Remark]:
    """Approvals of rights that nobody holds, or that have ended; of a right held too long ``grant-expired`` tells."""
    pairs = approved(view)
    met = set(pairs["approval"].tolist())
    grants = view.grants.take(pairs["grant"].to_numpy())
    told = ~known_false(grants["active"]).to_numpy() & (grants["account"] >= 0).to_numpy()
    held = set(pairs["approval"][told].tolist())
    for place, each in enumerate(view.policy.approvals):
        line = lines.of_approval(each)
        if each.until is not None and each.until < view.today:
            if place not in held:
                said = f"{line.where}: it ended on {each.until}, and no active account holds the right"
                yield Remark(line, "over", "an approval that still counts", said)
        elif place in met:
            continue
        elif _all_rights(view, each.app):
            said = f"{line.where}: no account {each.account} holds {each.value}"
            yield Remark(line, "unused", "a right that is held", said)
        else:
            yield Remark(line, "unused", unknown="walk-unproven")


def _unheld(view: View) -> Iterator[Remark]:
    """Pairs and lines of the catalogue that name no right that there is."""
    sides = [
        (lines.of_pair(pair), what, f"its {side} side names")
        for pair in view.policy.conflicts
        for side, what in (("left", pair.left), ("right", pair.right))
    ]
    sides += [(lines.of_described(each), _meant(each), "it names") for each in view.policy.catalogue]
    named = rows_named([what for _, what, _ in sides], view.entitlements)
    empty = [side for side, rows in zip(sides, named, strict=True) if not len(rows)]
    proven = {what.app: _all_rights(view, what.app) for _, what, _ in empty}
    missing: dict[Line, list[str]] = {}
    for line, what, says in empty:
        if proven[what.app]:
            missing.setdefault(line, []).append(f"{says} no right that anybody holds in {what.app}")
    for line, said in missing.items():
        yield Remark(line, "unused", "rights that there are", f"{line.where}: {' and '.join(said)}")
    for line in dict.fromkeys(line for line, what, _ in empty if not proven[what.app]):
        if line not in missing:
            yield Remark(line, "unused", unknown="walk-unproven")


def _meant(line: Described) -> What:
    """The rights that a line of the catalogue describes."""
    pattern = patterns.is_pattern(line.value)
    exact, fitting = (() if pattern else (line.value,)), ((line.value,) if pattern else ())
    return What(line.app, line.attribute or None, exact, fitting)


def _all_rights(view: View, app: str) -> bool:
    facts = view.facts[app]
    return facts.walk == "complete" and facts.entitlements == "complete"


def _decided(view: View) -> Iterator[Remark]:
    """Decisions about accounts or people that there are not; they are not applied."""
    links = view.policy.links
    named = view.accounts[view.accounts["account_id"].isin([each.account_id for each in links])]
    accounts = set(zip(named["app"].astype("str"), named["account_id"], strict=True))
    asked = view.people["person_id"].isin([each.person_id for each in links])
    people = {*view.people.loc[asked, "person_id"], "nobody"}
    for each in links:
        line = lines.of_link(each)
        if each.person_id not in people:
            said = f"{line.where}: nobody in the roster has the person_id {each.person_id}"
            yield Remark(line, "unused", "an account and a person that exist", said)
        elif (each.app, each.account_id) in accounts:
            continue
        elif view.facts[each.app].walk == "complete":
            said = f"{line.where}: {each.app} has no account {each.account_id}"
            yield Remark(line, "unused", "an account and a person that exist", said)
        else:
            yield Remark(line, "unused", unknown="walk-unproven")
