"""What auditors ask for, as data: one TOML file per framework, with titles in our words.

Controls that a rule itself names stand in its declaration; a framework may add others by kind (``[kinds]``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True)
class Threshold:
    """A limit that a control sets, as settings of the rule that looks for what is beyond it (``[[thresholds]]``)."""

    control: str
    kind: str
    settings: Mapping[str, int]


@dataclass(frozen=True)
class Framework:
    """One framework.

    :param controls: control id to its title in our words.
    :param kinds: finding kind to the controls it is relevant to, beyond those that the rule declares.
    """

    id: str
    title: str
    controls: Mapping[str, str]
    kinds: Mapping[str, tuple[str, ...]]
    thresholds: tuple[Threshold, ...] = ()


@cache
def frameworks() -> tuple[Framework, ...]:
    """All of them, by id."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        data = tomllib.loads(path.read_text("utf-8"))
        kinds = {kind: tuple(names) for kind, names in data.get("kinds", {}).items()}
        limits = tuple(Threshold(**limit) for limit in data.get("thresholds", ()))
        found.append(Framework(data["id"], data["title"], data["controls"], kinds, limits))
    return tuple(found)


def relevant(kind: str) -> tuple[str, ...]:
    """The controls that frameworks add to a kind, as ``framework/control``."""
    return tuple(f"{each.id}/{name}" for each in frameworks() for name in each.kinds.get(kind, ()))
