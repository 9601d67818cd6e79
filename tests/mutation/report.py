"""What mutmut left in mutants/ as a table, and every survivor that nobody has explained: python -m tests.mutation.report

With ``--write-reliability`` each module of which every mutant was run becomes a row of docs/reliability.md.

A mutant is killed by a test that fails (or never ends), or caught by mypy. A survivor counts as explained where
equivalent.toml says why nothing can tell it from the original, or where only the words of a sentence for people differ.
One that is ``harmless`` there can be told, and does no harm: it stays a survivor, and is not shown.
Ends with 1 where tests kill fewer than 90 % of what mypy lets pass and nothing explains, where an explanation explains
nothing any more, and where a mutant was not run.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutmut.stats import status_by_exit_code

from tests import figures

ROOT = Path(__file__).parent.parent.parent
LEAST = 90.0
COLUMNS = ("mutants", "killed by tests", "caught by types", "explained", "wording", "survivors", "not run")
_STRING = re.compile(r'[fr]*"(?:[^"\\]|\\.)*"')
_KILLED = {"killed": "killed by tests", "timeout": "killed by tests", "caught by type check": "caught by types"}


@dataclass(frozen=True)
class Mutant:
    """A change: the function it is in, and its lines before and after."""

    function: str
    was: str
    now: str

    @property
    def wording(self) -> bool:
        """Whether nothing but the words of a sentence differ."""
        was, now = (_STRING.sub(_unread, text) for text in (self.was, self.now))
        return was == now


def _unread(literal: re.Match[str]) -> str:
    """A sentence loses its words; a single word may be looked up by somebody, and an f-string holds code."""
    return '" "' if " " in literal[0] and literal[0][0] == '"' else literal[0]


def mutants(meta: Path) -> Iterator[tuple[str, Mutant]]:
    """What became of each mutant of a module, and the mutant."""
    source = meta.with_suffix("")
    lines = source.read_text("utf-8").splitlines()
    spans = json.loads(source.with_name(source.name + ".spans").read_text("utf-8"))["spans"]

    def text(name: str) -> list[str]:
        first, last = spans[name]
        return [line.strip().replace(name, "") for line in lines[first - 1 : last]]

    for key, code in json.loads(meta.read_text("utf-8"))["exit_code_by_key"].items():
        module, _, name = key.rpartition(".")
        before = text(name.partition("__mutmut_")[0] + "__mutmut_orig")
        changed = [line for line in difflib.ndiff(before, text(name)) if line[0] in "+-"]
        was, now = ("\n".join(line[2:] for line in changed if line[0] == sign) for sign in "-+")
        short = name.partition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        yield status_by_exit_code[code], Mutant(f"{module}.{short}", was, now)


def main() -> int:
    told = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text("utf-8")).get("mutant", [])
    explained = {Mutant(each["function"], each["was"], each["now"]): each["why"] for each in told}
    harmless = {Mutant(each["function"], each["was"], each["now"]) for each in told if each.get("harmless")}
    unused = set(explained)
    total: Counter[str] = Counter()
    rows, alive = [], []
    for meta in sorted((ROOT / "mutants").rglob("*.py.meta")):
        count: Counter[str] = Counter()
        for status, mutant in mutants(meta):
            count["mutants"] += 1
            if status in _KILLED:
                count[_KILLED[status]] += 1
            elif status in ("not checked", "skipped"):
                count["not run"] += 1
            elif mutant in explained:
                count["survivors" if mutant in harmless else "explained"] += 1
                unused.discard(mutant)
            elif mutant.wording:
                count["wording"] += 1
            else:
                count["survivors"] += 1
                alive.append(mutant)
        if count:
            rows.append((meta.relative_to(ROOT / "mutants").as_posix().removesuffix(".meta"), count))
            total += count
    for mutant in alive:
        print(f"{mutant.function}\n  - {mutant.was}\n  + {mutant.now}".replace("\n  + \n", "\n"))  # noqa: T201 - a script
    print("| module | " + " | ".join(COLUMNS) + " | killed |\n|---" * 1 + "|---:" * (len(COLUMNS) + 1) + "|")  # noqa: T201
    for name, count in [*rows, ("all", total)]:
        print(f"| {name} | " + " | ".join(f"{count[column]:,}" for column in COLUMNS) + f" | {share(count):.1f} % |")  # noqa: T201
    for mutant in sorted(unused, key=lambda each: each.function):
        print(f"explains nothing: {mutant.function}: {mutant.was}")  # noqa: T201
    if "--write-reliability" in sys.argv:
        whole = {name: count for name, count in rows if not count["not run"]}
        figures.write({f"Mutants of {name}": _words(count) for name, count in whole.items()})
    return int(share(total) < LEAST or bool(unused) or bool(total["not run"]))


def _words(count: Counter[str]) -> dict[str, str]:
    """The figures of a module as words."""
    return {column: f"{count[column]:,}" for column in COLUMNS if column != "not run"} | {
        "killed": f"{share(count):.1f} %"
    }


def share(count: Counter[str]) -> float:
    """Per cent killed by tests, of what mypy let pass and something could tell from the original; 0 where none ran."""
    return 100 * count["killed by tests"] / max(count["killed by tests"] + count["survivors"], 1)


if __name__ == "__main__":
    sys.exit(main())
