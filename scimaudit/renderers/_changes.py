"""What the reports show of the audit before: what came, went and changed since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scimaudit.renderers._over_time import Cell, Sheet
from scimaudit.result import Audit, ChangeLine

_HEAD: Final = ("came", "came back", "gone", "changed", "cannot be told", "stayed")


def context(audit: Audit, names: Mapping[str, str]) -> dict[str, Any]:
    """What the templates are given.

    :param names: app to the name to show.
    """
    lines = [line for line in audit.over_time.changes if any(_counts(line)[:-1])]
    return {
        "before": audit.over_time.before,
        "change_head": list(_HEAD),
        "changes": [
            {
                "what": line.what,
                "app": names.get(line.app, line.app),
                "counts": _counts(line),
                "doubt": line.unproven > 0,
            }
            for line in lines
        ],
        "changed_findings": _counts(_all_findings(audit)) if audit.over_time.before else [],
    }


def sheet(audit: Audit) -> list[Sheet]:
    """The table of a workbook; none for a first audit."""
    rows: list[tuple[Cell, ...]] = [(line.what, line.app, *_counts(line)) for line in audit.over_time.changes]
    found = Sheet("Changes", ("what", "app", *_HEAD), (12, 18, 8, 10, 8, 10, 14, 10), tuple(rows))
    return [found] if rows else []


def _counts(line: ChangeLine) -> list[int]:
    return [line.came, line.came_back, line.gone, line.changed, line.unproven, line.stayed]


def _all_findings(audit: Audit) -> ChangeLine:
    columns = [_counts(line) for line in audit.over_time.changes if line.what == "findings"]
    came, back, gone, changed, unproven, stayed = (sum(column) for column in zip(*columns, strict=True))
    return ChangeLine("findings", "", came, gone, changed, back, stayed, unproven)
