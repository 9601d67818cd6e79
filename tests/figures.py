"""What the suite measured of its own reach: how many faults, kills, flips; told in the summary and in docs/reliability.md.

A commit plays a part of it; with ``SCIMAUDIT_NIGHTLY=1`` all of it is played.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

VARIABLE: Final = "SCIMAUDIT_TEST_FIGURES"
NIGHTLY: Final = os.environ.get("SCIMAUDIT_NIGHTLY") == "1"


def size(commit: int, nightly: int) -> int:
    """How often to play something: for each commit, or for ``make nightly``."""
    return nightly if NIGHTLY else commit


def record(
    name: str,
    *,
    counts: Mapping[str, int],
    most: Mapping[str, int] | None = None,
    told: Mapping[str, str] | None = None,
) -> None:
    """Note figures under a name; what several tests or workers note under one name is put together.

    :param counts: they are added. ``most``: the largest stands. ``told``: words, such as a seed; all of them stand.
    """
    line = {"name": name, "counts": dict(counts), "most": dict(most or {}), "told": dict(told or {})}
    if VARIABLE in os.environ:
        with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def together(lines: Iterable[str]) -> dict[str, dict[str, str]]:
    """Name to its figures as words, by name."""
    found: dict[str, dict[str, int | list[str]]] = {}
    for line in lines:
        noted = json.loads(line)
        row = found.setdefault(noted["name"], {})
        for key, value in noted["counts"].items():
            row[key] = row.get(key, 0) + value
        for key, value in noted["most"].items():
            row[key] = max(row.get(key, value), value)
        for key, value in noted["told"].items():
            said = row.setdefault(key, [])
            if value not in said:
                said.append(value)
    return {
        name: {key: ", ".join(sorted(value)) if isinstance(value, list) else f"{value:,}" for key, value in row.items()}
        for name, row in sorted(found.items())
    }


def noted() -> dict[str, dict[str, str]]:
    """All figures so far, over every worker."""
    path = Path(os.environ[VARIABLE])
    return together(path.read_text("utf-8").splitlines() if path.exists() else ())


def sentence(row: Mapping[str, str]) -> str:
    """Figures as one sentence: ``2,000 schedules; 0 silent outcomes; seed 7``."""
    return "; ".join(
        f"{value} {key}" if value[:1].isdigit() and key != "seed" else f"{key} {value}" for key, value in row.items()
    )


def write(rows: Mapping[str, Mapping[str, str]]) -> None:
    """Put figures of today and of this machine into docs/reliability.md."""
    path = Path(__file__).parent.parent / "docs/reliability.md"
    on = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores"
    path.write_text(page(rows, path.read_text("utf-8") if path.exists() else "", on=on), "utf-8")


_HEAD: Final = """\
# Reliability

What `make nightly` and `make mutation` measured, as they printed it; written by those commands. Each commit plays a
smaller part of the same tests and prints the same figures. A test that injected nothing fails, and so does one silent
outcome. A row keeps the figures of the last run that played it.

| what | figures | measured |
|---|---|---|
"""
_ROW: Final = re.compile(r"^\| (?P<name>[^|]+) \| (?P<told>[^|]+) \| (?P<on>\d{4}-\d\d-\d\d[^|]*) \|$", re.MULTILINE)


def page(rows: Mapping[str, Mapping[str, str]], former: str, *, on: str) -> str:
    """The text of docs/reliability.md.

    :param former: the page as it was; what was not played this time keeps its row.
    :param on: the day, and on what it was measured.
    """
    told = {
        found["name"]: f"| {found['name']} | {found['told']} | {found['on']} |\n" for found in _ROW.finditer(former)
    }
    told |= {name: f"| {name} | {sentence(row)} | {on} |\n" for name, row in rows.items()}
    return _HEAD + "".join(told[name] for name in sorted(told))
