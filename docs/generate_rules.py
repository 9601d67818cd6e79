"""Writes ``docs/rules.md`` from the rules themselves: ``python docs/generate_rules.py``.

Examples come from the golden reports of the sample company, so they are findings that an audit made.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import scimaudit
from scimaudit import rules
from scimaudit.ledger import HELPS
from scimaudit.tables import FAMILIES, NOT_EVALUABLE

TARGET = Path(__file__).with_name("rules.md")
SAMPLE = Path(__file__).parents[1] / "sample-data"
HEAD = """# Finding kinds

<!-- Written by docs/generate_rules.py from the docstrings in scimaudit/rules/. Change those, then run it again. -->

Each kind is judged over a population and sorts it into failed, passed and not evaluable; the three add up, and the
ledger of checks shows them per app. What cannot be judged is never a pass, and what is known to be wrong is a finding
even where something else is unknown. Settings go under `[rules.KIND]` in `scimaudit.toml`, next to `severity` and
`enabled`. A finding is *relevant to* the controls named; whether a control is met, the assessor decides.

Base severity rises by one step for a privileged account or an app marked `regulated`, and by what the rule itself says.

The roster is *proven* when every roster was listed to its end, is not older than its limit and holds no unread row that
nobody has acknowledged. An account's activity is *unknown* when its listings do not say whether it is active. Examples
are from the [sample company](../sample-data/README.md).
"""


REASONS = {
    "walk-unproven": "the listing is not proven to have been read to its end, so what is missing may be there",
    "scope-unproven": "nothing proves that the listing shows every account of the app",
    "roster-unproven": "the roster is not proven (see above), so nobody's absence from it, or status, is certain",
    "attribute-absent": "a column that the rule asks for is empty, or no source tells it",
    "semantics-unknown": "a value is there, and what it means is not known: a status word, a date, an unclear owner",
    "policy-silent": "no line of the policy speaks of it",
    "no-peers": "too few people are comparable",
    "too-young": "the account, the right or the history is not old enough yet",
}


def _reasons() -> str:
    """What each reason means for which a row is not evaluable, and what would help."""
    lines = ["Why a row could not be judged, by the words that the ledger uses:", ""]
    lines += ["| reason | what it means | what would make it evaluable, as a rule |", "|---|---|---|"]
    lines += [f"| `{reason}` | {REASONS[reason]} | {HELPS[reason]} |" for reason in NOT_EVALUABLE]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    kinds = [rules.load(kind) for kind in rules.names()]
    found, silent = _found(), _silent()
    parts = [HEAD, _reasons(), _overview(kinds)]
    for family in FAMILIES:
        mine = [rule for rule in kinds if rule.family == family]
        if mine:
            parts.append(f"## Family: {family}\n")
            parts.extend(_section(rule, found[rule.kind], silent[rule.kind]) for rule in mine)
    return "\n".join([*parts, _controls()])


def _overview(kinds: list[rules.Rule]) -> str:
    lines = ["| kind | family | base severity | in short |", "|---|---|---|---|"]
    lines += [f"| [`{rule.kind}`](#{rule.kind}) | {rule.family} | {rule.severity} | {rule.title} |" for rule in kinds]
    return "\n".join(lines) + "\n"


def _section(rule: rules.Rule, finding: Mapping[str, str], silent: str) -> str:
    said = rule.sections
    short = " ".join(rule.doc.partition("\n\n")[0].replace("``", "`").split())
    settings = ", ".join(f"`{name} = {_toml(p.default)}`" for name, p in rule.settings.items()) or "none"
    parts = {
        "Detects": said["Detects"],
        "Why": said["Why"],
        "Example": f"{_example(finding)} Silent for {silent}.",
        "Not evaluable": said["Not evaluable"],
        "Settings": settings,
        "Controls": ", ".join(f"`{control}`" for control in rule.controls),
        "Remediation": said["Remediation"],
    }
    facts = (
        f"*{rule.title}.* Severity: {rule.severity}. Action: {rule.action.replace(rules.REMOVE, 'Take the right away')}"
    )
    body = [f"**{name}:** {text}" for name, text in parts.items()]
    return "\n\n".join([f"### {rule.kind}", facts, short, *body]) + "\n"


def _example(finding: Mapping[str, str]) -> str:
    """A finding as a sentence."""
    somebody = finding["user_name"] or finding["person_name"]
    where = [f"`{finding[name]}`" for name in ("app", "user_name" if somebody else "value") if finding[name]]
    place = ", ".join([*where, *([finding["person_name"]] if finding["person_name"] else [])])
    return (
        f"{place}: {finding['actual']}. Expected: {finding['expected']}. Severity {finding['severity']}:"
        f" {finding['severity_why']}."
    )


def _found() -> dict[str, Mapping[str, str]]:
    """The first finding of each kind in the golden reports."""
    expected = SAMPLE / "expected"
    head, *lines = (expected / "findings.csv").read_text("utf-8").splitlines()
    names = next(csv.reader([head]))
    rows = [dict(zip(names, map(_shown, json.loads(line)), strict=True)) for line in lines]
    night = json.loads((expected / "broken-night.json").read_text("utf-8"))
    rows += [{name: str(cell or "") for name, cell in row.items()} for row in night["findings"]]
    first: dict[str, Mapping[str, str]] = {}
    for row in rows:
        first.setdefault(row["kind"], row)
    return first


def _shown(cell: str) -> str:
    """A cell without the marks that keep a spreadsheet from taking it for a formula."""
    return re.sub(r"⟦U\+([0-9A-F]{4,6})⟧", lambda mark: chr(int(mark[1], 16)), cell)


def _silent() -> dict[str, str]:
    """The near miss of each kind, as the sample company's README tells it."""
    text = (SAMPLE / "README.md").read_text("utf-8")
    return dict(re.findall(r"^\| `([a-z-]+)` \| .+? \| (.+?) \|$", text, re.MULTILINE))


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def _controls() -> str:
    lines = ["## Controls\n", "In our words; the text of the standard decides.\n"]
    for path in sorted((Path(scimaudit.__file__).parent / "frameworks").glob("*.toml")):
        data = tomllib.loads(path.read_text("utf-8"))
        lines += [f"### {data['title']}\n", "| id | in short |", "|---|---|"]
        lines += [f"| `{data['id']}/{name}` | {title} |" for name, title in data["controls"].items()]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(page(), "utf-8", newline="\n")
