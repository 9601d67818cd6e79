"""Writes ``docs/rules.md`` from the rules themselves: ``python docs/generate_rules.py``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import scimaudit
from scimaudit import rules
from scimaudit.tables import FAMILIES

TARGET = Path(__file__).with_name("rules.md")
HEAD = """# Finding kinds

<!-- Written by docs/generate_rules.py from the docstrings in scimaudit/rules/. Change those, then run it again. -->

Each kind is judged over a population and sorts it into failed, passed and not evaluable; the three add up, and the
ledger of checks shows them per app. What cannot be judged is never a pass. Settings go under `[rules.KIND]` in
`scimaudit.toml`, next to `severity` and `enabled`. A finding is *relevant to* the controls named; whether a control is
met, the assessor decides.

Base severity rises by one step for a privileged account or an app marked `regulated`, and by what the rule itself says.
"""


def page() -> str:
    """The whole page."""
    kinds = [rules.load(kind) for kind in rules.names()]
    parts = [HEAD, _overview(kinds)]
    for family in FAMILIES:
        mine = [rule for rule in kinds if rule.family == family]
        if mine:
            parts.append(f"## Family: {family}\n")
            parts.extend(_section(rule) for rule in mine)
    return "\n".join([*parts, _controls()])


def _overview(kinds: list[rules.Rule]) -> str:
    lines = ["| kind | family | base severity | in short |", "|---|---|---|---|"]
    lines += [f"| [`{rule.kind}`](#{rule.kind}) | {rule.family} | {rule.severity} | {rule.title} |" for rule in kinds]
    return "\n".join(lines) + "\n"


def _section(rule: rules.Rule) -> str:
    paragraphs = [" ".join(text.split()) for text in rule.doc.replace("``", "`").split("\n\n")]
    for head in ("Detects", "Why", "Remediation"):
        paragraphs = [
            text.replace(f"{head}:", f"**{head}:**", 1) if text.startswith(head) else text for text in paragraphs
        ]
    settings = ", ".join(f"`{name} = {_toml(p.default)}`" for name, p in rule.settings.items()) or "none"
    controls = ", ".join(f"`{control}`" for control in rule.controls)
    facts = f"Severity: {rule.severity}. Settings: {settings}. Action: {rule.action}\n\nRelevant to: {controls}"
    return "\n\n".join([f"### {rule.kind}", f"*{rule.title}.* {facts}", *paragraphs]) + "\n"


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
