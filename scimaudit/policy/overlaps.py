"""Which entitlements two policy lines both name, told from the lines alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from scimaudit.policy import patterns
from scimaudit.policy.entitlements import EntitlementRule, What


class Denials:
    """Deny rules, to be asked which of them name all that another rule names."""

    def __init__(self, rules: Sequence[EntitlementRule]) -> None:
        self._exact: dict[tuple[str, str], list[EntitlementRule]] = defaultdict(list)
        self._wide: dict[str, dict[str, list[EntitlementRule]]] = defaultdict(lambda: defaultdict(list))
        for rule in rules:
            for value in rule.what.exact:
                self._exact[rule.what.app, value].append(rule)
            for pattern in rule.what.patterns:
                self._wide[rule.what.app][patterns.head(pattern)].append(rule)

    def over(self, what: What) -> list[EntitlementRule]:
        """The deny rules that name every entitlement that is meant, whatever there is."""
        if not what.exact and not what.patterns:
            return []
        first = what.exact[0] if what.exact else what.patterns[0]
        near = [*self._exact.get((what.app, first), ())] if what.exact else []
        asked = {rule.name: rule for rule in (*near, *self._beginning(what.app, first, exact=bool(what.exact)))}
        return [asked[name] for name in sorted(asked) if covers(asked[name].what, what)]

    def _beginning(self, app: str, first: str, *, exact: bool) -> list[EntitlementRule]:
        """Deny rules with a pattern that begins as the text or pattern does, so that it can take it in."""
        wide = self._wide.get(app, {})
        start = first.lower() if exact else patterns.head(first)
        # Beyond ASCII a letter can have more than one counterpart.
        heads = [start[:end] for end in range(len(start) + 1)] if first.isascii() else list(wide)
        return [rule for each in heads for rule in wide.get(each, ())]


def covers(wide: What, narrow: What) -> bool:
    """Whether every entitlement that the one names is named by the other; false where that cannot be told."""
    return (
        wide.app == narrow.app
        and wide.attribute in (None, narrow.attribute)
        and all(value in wide.exact or _fits(value, wide.patterns) for value in narrow.exact)
        and all(any(patterns.within(inner, outer) for outer in wide.patterns) for inner in narrow.patterns)
    )


def shared(left: What, right: What) -> str:
    """A right that both name for certain, or a pattern of which each right is named by both; empty where there is none.

    Patterns that only might meet in some right are not told here: that depends on the rights there are.
    """
    if left.app != right.app or (left.attribute != right.attribute and None not in (left.attribute, right.attribute)):
        return ""
    for one, other in ((left, right), (right, left)):
        for value in one.exact:
            if value in other.exact or _fits(value, other.patterns):
                return value
        for inner in one.patterns:
            if any(patterns.within(inner, outer) for outer in other.patterns):
                return inner
    return ""


def _fits(value: str, wide: Sequence[str]) -> bool:
    expression = patterns.compiled(wide)
    return expression is not None and expression.fullmatch(value) is not None
