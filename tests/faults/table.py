"""Makes ``docs/misbehaviour.md`` of the scenarios: ``python -m tests.faults.table --write``."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import Final

from tests.faults.scenario import Scenario
from tests.faults.scenarios import ALL, NOT_PLAYED

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "misbehaviour.md"

HEADINGS: Final = {
    "well-behaved": "Servers that deserve `complete`",
    "paging": "Index paging and totals",
    "cursor": "Cursors, and servers that a profile describes",
    "envelope": "The list envelope",
    "rows": "Rows",
    "groups": "Groups and members",
    "witnesses": "What only a witness sees",
    "scope": "Whom the endpoint shows",
    "transport": "The network and the server's temper",
}

OPENING: Final = """\
# What servers do, and what scimaudit says

Real SCIM service providers cut lists short, lie about totals, lose rows between pages and answer with log-in pages.
Each row below is a server that the test suite plays over loopback, byte by byte; the lister is run against it.

- **walk**: did every row arrive that the endpoint gives? **scope**: does the endpoint show every account of the app?
- Several words in a cell: each of them is right, for the server leaves that much open. An error's name stands where
  nothing useful could be had.
- For all of them holds: a walk that is called `complete` brought exactly the true accounts; a value is the truth or
  absent, never invented; no byte reaches another origin; nothing but GET is sent; the token is never shown.
- M and L numbers are those of the catalogue of misbehaviour that the tests follow.

This page is made of the scenarios by `python -m tests.faults.table --write`; a test compares the two.
"""


def document() -> str:
    """The whole page."""
    order = list(HEADINGS)
    ordered = sorted(ALL, key=lambda scenario: order.index(scenario.family))
    parts = [OPENING, f"{len(ALL)} scenarios.\n"]
    for family, members in groupby(ordered, key=lambda scenario: scenario.family):
        parts.append(f"## {HEADINGS[family]}\n")
        parts.append("| scenario | the server | walk | scope | entitlements | catalogue |\n|---|---|---|---|---|---|")
        parts += [_row(scenario) for scenario in members]
        parts.append("")
    parts.append("## Not played\n")
    parts += [f"- {entry}: {why}." for entry, why in NOT_PLAYED.items()]
    return "\n".join(parts) + "\n"


def _row(scenario: Scenario) -> str:
    walk = _words((*sorted(scenario.walk), *scenario.names_of_errors))
    scope = _words(sorted(scenario.scope)) if scenario.walk else ""
    grants = _words(sorted(scenario.entitlements)) if scenario.entitlements else ""
    cells = (f"`{scenario.name}`", _plain(scenario.story), walk, scope, grants, scenario.catalogue)
    return "| " + " | ".join(cells) + " |"


def _words(words: tuple[str, ...] | list[str]) -> str:
    return " or ".join(f"`{word}`" for word in words)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(document(), "utf-8")
    else:
        sys.stdout.write(document())
