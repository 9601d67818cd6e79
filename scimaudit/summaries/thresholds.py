"""Limits that frameworks set beside the organisation's own: what each of them would find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimaudit import rules
from scimaudit.frameworks import Threshold, frameworks
from scimaudit.result import ThresholdLine
from scimaudit.rules import Judgement
from scimaudit.view import View


def threshold_lines(
    view: View, judged: Mapping[str, Judgement], settings: Mapping[str, Mapping[str, Any]]
) -> tuple[ThresholdLine, ...]:
    """One line per limit of a framework whose rule is not switched off.

    :param judged: kind to what it found with the organisation's own settings.
    :param settings: kind to the settings that differ from the rule's defaults.
    """
    return tuple(
        _line(view, f"{each.id}/{limit.control}", limit, judged[limit.kind], settings.get(limit.kind, {}))
        for each in frameworks()
        for limit in each.thresholds
        if limit.kind in judged
    )


def _line(view: View, control: str, limit: Threshold, own: Judgement, changed: Mapping[str, Any]) -> ThresholdLine:
    rule = rules.load(limit.kind)
    defaults = {name: parameter.default for name, parameter in rule.settings.items()}
    mine = defaults | {name: value for name, value in changed.items() if name in defaults}
    theirs = {**mine, **limit.settings}
    found = own if theirs == mine else rule.check(view, **theirs)
    return ThresholdLine(
        control=control,
        kind=limit.kind,
        limit=_words(limit.settings),
        own=_words({name: mine[name] for name in limit.settings}),
        beyond=len(found.failed),
        beyond_own=len(own.failed),
        judged=int((found.ledger["population"] - found.ledger["not_evaluable"]).sum()),
        not_evaluable=int(found.ledger["not_evaluable"].sum()),
    )


def _words(settings: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items())
