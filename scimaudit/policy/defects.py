"""Lines of policy files that cannot mean what they say, as far as the files alone tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from scimaudit.policy import lines, overlaps, patterns, satisfiable
from scimaudit.policy.entitlements import EntitlementRule
from scimaudit.policy.lines import Line, Remark
from scimaudit.policy.links import Link

if TYPE_CHECKING:
    from scimaudit.policy import Policy

MOST_DENIALS: Final = 200
"""Deny rules that one allowing rule is compared with; beyond them it is not evaluable."""


def of_files(policy: Policy, today: date) -> Iterator[Remark]:
    """Everything that the files tell without people, accounts and rights."""
    yield from unreachable(policy.rules)
    yield from contradicted(policy.rules)
    yield from repeated(policy.rules)
    yield from allowing_everything(policy.rules)
    yield from registering_everything(policy)
    yield from describing_everything(policy)
    yield from both_sides(policy)
    yield from days(policy, today)


def unreachable(rules: Iterable[EntitlementRule]) -> Iterator[Remark]:
    """Rules that nobody can ever meet."""
    for rule in rules:
        line, possible = lines.of_rule(rule), satisfiable.reachable(rule.who)
        if possible is False:
            yield _defect(line, "unreachable", "people whom it can speak of", f"nobody can ever meet {rule.text}")
        elif possible is None:
            yield Remark(line, "unreachable", unknown="semantics-unknown")


def contradicted(rules: Sequence[EntitlementRule]) -> Iterator[Remark]:
    """Allowing rules all of whose people and entitlements one deny rule denies."""
    denials = overlaps.Denials([rule for rule in rules if rule.deny])
    for rule in rules:
        if rule.deny or satisfiable.reachable(rule.who) is False:
            continue
        over = denials.over(rule.what)
        undecided = len(over) > MOST_DENIALS
        for deny in over[:MOST_DENIALS]:
            implied = satisfiable.implies(rule.who, deny.who)
            undecided |= implied is None
            if implied:
                said = f"{deny.name} ({lines.of_rule(deny).where}) denies all of it to all of them"
                yield _defect(lines.of_rule(rule), "contradicted", "somebody who may hold something by it", said)
                break
        else:
            if undecided:
                yield Remark(lines.of_rule(rule), "contradicted", unknown="semantics-unknown")


def repeated(rules: Iterable[EntitlementRule]) -> Iterator[Remark]:
    """Rules that say what another one says; of two, the one whose name comes later."""
    first: dict[object, EntitlementRule] = {}
    for rule in sorted(rules, key=lambda rule: rule.name):
        what = rule.what
        said = (
            rule.who, what.app, what.attribute, frozenset(what.exact), frozenset(what.patterns), rule.deny,
            rule.birthright, rule.days, rule.requires_approval,
        )  # fmt: skip
        same = first.setdefault(said, rule)
        if same is not rule:
            told = f"says the same as {same.name} ({lines.of_rule(same).where})"
            yield _defect(lines.of_rule(rule), "repeated", "a rule that says something of its own", told)


def allowing_everything(rules: Iterable[EntitlementRule]) -> Iterator[Remark]:
    """Allowing rules whose patterns fit every right."""
    for rule in rules:
        wide = [] if rule.deny else [text for text in rule.what.patterns if patterns.everything(text)]
        if wide:
            yield _defect(lines.of_rule(rule), "everything", "rights that are named", f"{wide[0]!r} fits every right")


def registering_everything(policy: Policy) -> Iterator[Remark]:
    """Lines of the register that make every account of an app non-human, and so take it out of the other rules."""
    for each in policy.nhi:
        if patterns.everything(each.account):
            line, said = lines.of_account(each), f"{each.account!r} fits every account, people's as well"
            yield _defect(line, "everything", "accounts that are named", said, severity="high")


def describing_everything(policy: Policy) -> Iterator[Remark]:
    """Lines of the catalogue by which no right of an app is power, or every one is held for a while only."""
    for each in policy.catalogue:
        if not patterns.everything(each.value):
            continue
        line, due = lines.of_described(each), "rights that are named"
        if each.privileged is False:
            said = f"{each.value!r} fits every right: nothing of the app would be power"
            yield _defect(line, "everything privileged", due, said, severity="high")
        if each.eligible:
            said = f"{each.value!r} fits every right: nothing of the app would be held for good"
            yield _defect(line, "everything eligible", due, said, severity="high")


def both_sides(policy: Policy) -> Iterator[Remark]:
    """Conflicting pairs of which one right is both sides."""
    for pair in policy.conflicts:
        shared = overlaps.shared(pair.left, pair.right)
        if shared:
            said = f"{shared} is on both sides: who holds it conflicts alone"
            yield _defect(lines.of_pair(pair), "both-sides", "two sides that differ", said)


def days(policy: Policy, today: date) -> Iterator[Remark]:
    """Lines whose days are still to come, or have passed and nothing else reports it."""
    past = "a day that is not still to come"
    for approval in policy.approvals:
        if approval.approved_on > today:
            yield _defect(lines.of_approval(approval), "day", past, f"approved on {approval.approved_on}")
    for decision in policy.dispositions:
        line = lines.of_disposition(decision)
        if decision.on > today:
            yield _defect(line, "day", past, f"decided on {decision.on}")
        elif decision.until is not None and decision.until < today:
            yield _defect(line, "over", "a line that still counts", f"it ended on {decision.until}")
    followed = _followed(policy.links, today)
    for link in policy.links:
        if link.decided_on > today:
            yield _defect(lines.of_link(link), "day", past, f"decided on {link.decided_on}")
        elif link.until is not None and link.until < today and (link.app, link.account_id) not in followed:
            said = f"it ended on {link.until}, and nothing was decided since"
            yield _defect(lines.of_link(link), "over", "a decision that still counts", said)


def _followed(links: Iterable[Link], today: date) -> set[tuple[str, str]]:
    """Accounts of which some decision still counts: an older one that has ended is their history."""
    return {(link.app, link.account_id) for link in links if link.until is None or link.until >= today}


def _defect(line: Line, check: str, expected: str, said: str, *, severity: str = "") -> Remark:
    return Remark(line, check, expected, f"{line.where}: {said}", severity=severity)
